"""How a repository runs its tests, read from its files.

tox, nox, hatch, and lines of workflows and makefiles.
"""

import ast
import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from depcheck.checking.suites.command_words import to_test_command
from depcheck.checking.suites.suite_files import read_small_text
from depcheck.core.text import toml
from depcheck.untrusted_files import list_beneath

MOST_COMMANDS = 3
_ENVIRONMENTS = ("testenv", "testenv:test", "testenv:tests", "testenv:unit", "testenv:py", "testenv:py3")
_POSARGS = re.compile(r"\{(?:posargs|args)(?::((?:[^{}]|\{[^{}]*\})*))?\}|\[\]$")
_REFERENCE = re.compile(r"\{\[([^\]{}]+)\]([\w-]+)\}")
_FACTOR = re.compile(r"^[!\w{},.-]+:\s+")
_SESSION = re.compile(r"(?:unit_?)?tests?(?:_.*)?|pytest")
_MANAGE = re.compile(r"\bmanage\.py[ \t]+(test(?:[ \t]+[\w./:=@-]+)*)")
_LINES_OF = ("Makefile", ".travis.yml", ".gitlab-ci.yml")


def find_stated_commands(root: Path) -> list[str]:
    """Find the first test commands of tox, nox or hatch."""

    def exists(path: str) -> bool:
        try:
            return not Path(path).is_absolute() and (root / path).exists()
        except OSError:  # a word longer than a file name may be
            return False

    for words_of in (_of_tox, _of_nox, _of_hatch):
        found = [to_test_command(words, exists) for words in words_of(root)]
        if any(found):
            return [command for command in dict.fromkeys(found) if command][:MOST_COMMANDS]
    return []


def find_django_test_words(root: Path) -> list[str]:
    """Find what follows `manage.py` where a workflow or makefile tests."""
    workflows = [path.as_posix() for path in list_beneath(root, ".github/workflows")][:20]
    found = (match for path in (*_LINES_OF, *workflows) for match in _MANAGE.finditer(read_small_text(root, path)))
    first = next(found, None)
    return [word for word in first[1].split() if word not in {"--parallel", "--keepdb"}] if first else ["test"]


def _of_tox(root: Path) -> Iterator[list[str]]:
    pyproject = _table(read_small_text(root, "pyproject.toml"), "tool", "tox")
    legacy = pyproject.get("legacy_tox_ini")
    for text in (
        read_small_text(root, "tox.ini"),
        legacy if isinstance(legacy, str) else "",
        read_small_text(root, "setup.cfg"),
    ):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(text)
        except configparser.Error:
            continue
        for section in _ENVIRONMENTS:
            for line in _lines(parser, section, "commands"):
                yield from _split(line)
    for table in (pyproject.get("env_run_base"), _table(read_small_text(root, "tox.toml"), "env_run_base")):
        yield from _arrays(table.get("commands") if isinstance(table, dict) else None)


def _lines(parser: configparser.RawConfigParser, section: str, key: str, depth: int = 3) -> Iterator[str]:
    """List a value's lines with what it refers to, without factors."""
    text = parser.get(section, key, fallback="").replace("\\\n", " ") if parser.has_section(section) else ""
    for line in (line.strip() for line in text.splitlines()):
        reference = _REFERENCE.fullmatch(line)
        if reference and depth:
            yield from _lines(parser, reference[1], reference[2], depth - 1)
        elif line and not line.startswith("#"):
            yield _FACTOR.sub("", line).lstrip("-! ")


def _split(line: str) -> Iterator[list[str]]:
    line = _POSARGS.sub(lambda found: found[1] or "", line)
    for name, value in (
        ("toxinidir", "."),
        ("tox_root", "."),
        ("envpython", "python"),
        ("envbindir", "bin"),
        ("/", "/"),
    ):
        line = line.replace(f"{{{name}}}", value)
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    yield [word.removeprefix("./") or "." for word in words]


def _arrays(commands: object) -> Iterator[list[str]]:
    """Read commands of tox's TOML: lists of texts and tables.

    Tables stand for what people add.
    """
    for command in commands if isinstance(commands, list) else ():
        words: list[str] = []
        for each in command if isinstance(command, list) else ():
            default = each.get("default") if isinstance(each, dict) else [each]
            words += [word for word in default if isinstance(word, str)] if isinstance(default, list) else []
        yield from _split(shlex.join(words).replace("'", ""))


def _of_nox(root: Path) -> Iterator[list[str]]:
    """List the words of `session.run(…)` in sessions for tests.

    Literal ones, in sessions that are named so.
    """
    try:
        module = ast.parse(read_small_text(root, "noxfile.py"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    sessions = [node for node in module.body if isinstance(node, ast.FunctionDef) and _SESSION.fullmatch(node.name)]
    for call in (node for session in sessions for node in ast.walk(session) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run":
            words = [each.value for each in call.args if isinstance(each, ast.Constant)]
            yield [word for word in words if isinstance(word, str)]


def _of_hatch(root: Path) -> Iterator[list[str]]:
    environments = _table(read_small_text(root, "pyproject.toml"), "tool", "hatch", "envs")
    for name in ("hatch-test", "test", "default"):
        environment = environments.get(name)
        scripts = environment.get("scripts") if isinstance(environment, dict) else None
        for script in ("run", "test", "tests", "unit"):
            value = scripts.get(script) if isinstance(scripts, dict) else None
            for line in value if isinstance(value, list) else [value]:
                yield from _split(line) if isinstance(line, str) else ()


def _table(text: str, *way: str) -> dict[str, Any]:
    try:
        found: object = toml.parse_toml(text)
    except ValueError:
        return {}
    for key in way:
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}
