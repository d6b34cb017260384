"""The test environment of tox: its commands, variables and packages.

Of tox.ini, setup.cfg, or the tables of pyproject.toml and tox.toml.
"""

import configparser
import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from depcheck.checking.suites.suite_files import read_small_text
from depcheck.checking.suites.suite_recipe import SuiteRecipe, split_own_extras
from depcheck.core.text import toml

_BASE = "testenv"
_SECTIONS = (_BASE, "testenv:test", "testenv:tests", "testenv:unit", "testenv:py", "testenv:py3")
_POSARGS = re.compile(r"\{(?:posargs|args)(?::((?:[^{}]|\{[^{}]*\})*))?\}|\[\]$")
_REFERENCE = re.compile(r"\{\[([^\]{}]+)\]([\w-]+)\}")
_DEFAULT = re.compile(r"\{env:\w+:([^{}]*)\}")
_FACTOR = re.compile(r"^(?P<factor>[!\w{},.-]+):\s+")
_NOT_TESTS = re.compile(r"doc|lint|type|mypy|flake|black|format|cover|build|pre-?commit|check")
_MOST_DEPTH = 3


def find_tox_recipes(root: Path) -> Iterator[SuiteRecipe]:
    """Yield the recipe of each likely environment that has commands."""
    pyproject = get_toml_table(read_small_text(root, "pyproject.toml"), "tool", "tox")
    legacy = pyproject.get("legacy_tox_ini")
    texts = (
        ("tox.ini", read_small_text(root, "tox.ini")),
        ("pyproject.toml", legacy if isinstance(legacy, str) else ""),
        ("setup.cfg", read_small_text(root, "setup.cfg")),
    )
    for file, text in texts:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(text)
        except configparser.Error:
            continue
        yield from (_read_section(parser, section, file) for section in _SECTIONS if parser.has_section(section))
    tables = (("pyproject.toml", pyproject), ("tox.toml", get_toml_table(read_small_text(root, "tox.toml"))))
    yield from (_read_table(table, file) for file, top in tables if (table := get_table(top, "env_run_base")))


def _read_section(parser: configparser.RawConfigParser, section: str, file: str) -> SuiteRecipe:
    def read(*keys: str) -> list[str]:
        places = [(place, key) for place in dict.fromkeys((section, _BASE)) for key in keys]
        place = next((each for each in places if parser.has_option(*each)), None)
        return list(_list_lines(parser, *place)) if place else []

    folder = _clean_folder(next(iter(read("changedir", "change_dir")), ""))
    above = posixpath.relpath(".", folder or ".")
    requirements, extras = split_own_extras(_list_requirements(read("deps")))
    settings = [_expand(line, above).partition("=") for line in read("setenv", "set_env") if not _FACTOR.match(line)]
    return SuiteRecipe(
        commands=_split_all(read("commands"), above),
        preparation=_split_all((line for line in read("commands_pre") if not _FACTOR.match(line)), above),
        settings=tuple((name.strip(), value.strip()) for name, mark, value in settings if mark),
        folder=folder,
        requirements=requirements,
        extras=(*extras, *_list_names(read("extras"))),
        groups=_list_names(read("dependency_groups")),
        label=f"{section} of {file}",
    )


def _list_lines(
    parser: configparser.RawConfigParser, section: str, key: str, depth: int = _MOST_DEPTH
) -> Iterator[str]:
    """List a value's lines with what it refers to, with their factors."""
    text = parser.get(section, key, fallback="").replace("\\\n", " ") if parser.has_section(section) else ""
    for line in (line.strip() for line in text.splitlines()):
        factor = _FACTOR.match(line)
        reference = _REFERENCE.fullmatch(line[factor.end() :] if factor else line)
        if reference and depth:
            yield from _list_lines(parser, reference[1], reference[2], depth - 1)
        elif line and not line.startswith("#"):
            yield line


def _list_requirements(lines: Iterable[str]) -> Iterator[str]:
    """List what is installed for the tests, whatever their factors.

    `django42: django>=4.2,<5` is one of several: a fresh installation takes the newest.
    """
    for line in lines:
        factor = _FACTOR.match(line)
        text = _expand(line[factor.end() :] if factor else line, ".").split(" #")[0].strip()
        if factor is None:
            yield text
        elif not _NOT_TESTS.search(factor["factor"]) and not text.startswith("-"):
            try:
                yield Requirement(text).name
            except InvalidRequirement:
                continue


def _list_names(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        name.strip() for line in lines if not _FACTOR.match(line) for name in line.split(",") if "{" not in name
    )


def _clean_folder(text: str) -> str:
    folder = posixpath.normpath(_expand(text, ".")) if text else ""
    return "" if folder.startswith(("/", "..", "{")) or folder == "." or "{" in folder else folder


def _expand(line: str, above: str) -> str:
    """Fill in what tox fills in and a shell can know.

    `above` leads from the working directory to the repository.
    """
    line = _DEFAULT.sub(lambda found: found[1], _POSARGS.sub(lambda found: found[1] or "", line))
    values = {"toxinidir": above, "tox_root": above, "envpython": "python", "envbindir": "bin", "/": "/", ":": ":"}
    for name, value in values.items():
        line = line.replace(f"{{{name}}}", value)
    return line


def _split_all(lines: Iterable[str], above: str) -> tuple[tuple[str, ...], ...]:
    return tuple(words for line in lines for words in split_words(_expand(_FACTOR.sub("", line).lstrip("-! "), above)))


def split_words(line: str) -> Iterator[tuple[str, ...]]:
    """Yield a command line's words, if its quotes are closed."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    yield tuple(word.removeprefix("./") or "." for word in words)


def _read_table(table: Mapping[str, Any], file: str) -> SuiteRecipe:
    folder = _clean_folder(to_text(table.get("change_dir")))
    above = posixpath.relpath(".", folder or ".")
    settings = table.get("set_env")
    requirements, extras = split_own_extras(list_texts(table.get("deps")))
    return SuiteRecipe(
        commands=tuple(_list_arrays(table.get("commands"), above)),
        preparation=tuple(_list_arrays(table.get("commands_pre"), above)),
        settings=tuple((name, _expand(to_text(value), above)) for name, value in settings.items())
        if isinstance(settings, dict)
        else (),
        folder=folder,
        requirements=requirements,
        extras=(*extras, *list_texts(table.get("extras"))),
        groups=tuple(list_texts(table.get("dependency_groups"))),
        label=f"env_run_base of {file}",
    )


def _list_arrays(commands: object, above: str) -> Iterator[tuple[str, ...]]:
    """Read commands of tox's TOML: lists of texts and tables.

    Tables stand for what people add.
    """
    for command in commands if isinstance(commands, list) else ():
        words: list[str] = []
        for each in command if isinstance(command, list) else ():
            words += list_texts(each.get("default") if isinstance(each, dict) else [each])
        yield from split_words(_expand(shlex.join(words).replace("'", ""), above))


def list_texts(value: object) -> list[str]:
    """List the texts of a TOML array, or of one text's lines."""
    if isinstance(value, str):
        return value.splitlines()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def to_text(value: object) -> str:
    """Return a TOML text, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def get_table(found: object, *way: str) -> dict[str, Any]:
    """Return the table that `way` leads to, or an empty one."""
    for key in way:
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def get_toml_table(text: str, *way: str) -> dict[str, Any]:
    """Parse TOML and return the table that `way` leads to.

    An empty one where there is none, or for what is no TOML.
    """
    try:
        return get_table(toml.parse_toml(text), *way)
    except ValueError:
        return {}
