"""Read the requirements that a project's own files state, without running anything."""

import ast
import configparser
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from packaging.utils import canonicalize_name

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.tool_config import read_repo_toml
from depcheck.core.lockfiles.requirement_line import refuse_control_characters, split_logical_lines
from depcheck.core.model.errors import LockfileError

_EXTRAS_SECTION = "options.extras_require"
_MOST_BYTES, _MOST_LINES = 256 << 10, 5000  # of a project's file; the parsers of longer ones can take for ever
_DYNAMIC_KEYS = frozenset({"dependencies", "optional-dependencies"})
_EXACT_VERSION = re.compile(r"(?:==)?\s*(\d[\w.+!-]*)")


def read_project_requirements(tree: RepoFiles, path: str, extras: frozenset[str]) -> list[str]:
    """Read the requirements of a pyproject.toml, setup.cfg or setup.py.

    Those of `extras` (`*` for all) are included. A build reads all three files of a folder: what the first
    leaves open is stated in the others, or in files that it names. What a setup.py computes, and what a
    build backend adds, only a build would tell; it is left out.
    """
    if not tree.has_file(path):
        return []
    folder = posixpath.dirname(path)
    content = _read_pyproject(tree, posixpath.join(folder, "pyproject.toml"))
    project = _as_dict(content.get("project"))
    found = _list_pyproject_requirements(content, extras)
    if project and _DYNAMIC_KEYS.isdisjoint(_as_texts(project.get("dynamic"))):
        return found
    found += _parse_setup_cfg(_read_bounded_text(tree, posixpath.join(folder, "setup.cfg")), extras)
    found += _parse_setup_py(_read_bounded_text(tree, posixpath.join(folder, "setup.py")), extras)
    found += _list_poetry_requirements(content) if not project else []
    return [*found, *_list_dynamic_requirements(tree, folder, content, extras)]


def read_extra_names(tree: RepoFiles, path: str) -> list[str]:
    """Read the names of the extras that a project's files state."""
    folder = posixpath.dirname(path)
    content = _read_pyproject(tree, posixpath.join(folder, "pyproject.toml"))
    parser = _parsed_cfg(_read_bounded_text(tree, posixpath.join(folder, "setup.cfg")))
    sections = parser.options(_EXTRAS_SECTION) if parser and parser.has_section(_EXTRAS_SECTION) else []
    called = _list_setup_keywords(_read_bounded_text(tree, posixpath.join(folder, "setup.py")))
    tables = [each.value for each in called if each.arg == "extras_require" and isinstance(each.value, ast.Dict)]
    keys = [key.value for table in tables for key in table.keys if isinstance(key, ast.Constant)]
    stated = [key for key in keys if isinstance(key, str)]
    return [*_as_dict(_as_dict(content.get("project")).get("optional-dependencies")), *sections, *stated]


def find_project_name(tree: RepoFiles) -> str:
    """Find the normalized name in the repository's project files, or empty."""
    content = _read_pyproject(tree, "pyproject.toml")
    tool = _as_dict(content.get("tool"))
    named = _as_dict(content.get("project")).get("name") or _as_dict(tool.get("poetry")).get("name")
    parser = _parsed_cfg(_read_bounded_text(tree, "setup.cfg"))
    stated = named or (parser.get("metadata", "name", fallback="") if parser else "")
    return canonicalize_name(stated.strip()) if isinstance(stated, str) else ""


def has_project_table(tree: RepoFiles, path: str) -> bool:
    """Return True unless a project file only configures tools."""
    name = posixpath.basename(path)
    if name == "setup.cfg":
        parser = _parsed_cfg(_read_bounded_text(tree, path))
        return parser is None or parser.has_section("metadata") or parser.has_section("options")
    if name != "pyproject.toml":
        return True
    try:
        return bool({"project", "build-system"} & read_repo_toml(tree, path).keys())
    except LockfileError:
        return True


def list_python_ranges(tree: RepoFiles, folder: str) -> Iterator[tuple[str, str]]:
    """Yield each range of Pythons in project files of `folder`."""
    path = posixpath.join(folder, "pyproject.toml")
    content = _read_pyproject(tree, path)
    stated = _as_dict(content.get("project")).get("requires-python")
    poetry = _as_dict(_as_dict(_as_dict(content.get("tool")).get("poetry")).get("dependencies")).get("python")
    for text in (stated, re.sub(r"\^\s*", ">=", poetry) if isinstance(poetry, str) else ""):
        if isinstance(text, str) and text:
            yield path, text
    path = posixpath.join(folder, "setup.cfg")
    if text := _read_ini_value(_read_bounded_text(tree, path), "options", "python_requires"):
        yield path, text
    path = posixpath.join(folder, "setup.py")
    for keyword in _list_setup_keywords(_read_bounded_text(tree, path)):
        if keyword.arg == "python_requires" and isinstance(keyword.value, ast.Constant):
            yield path, str(keyword.value.value)


def _read_pyproject(tree: RepoFiles, path: str) -> dict[str, Any]:
    try:
        return read_repo_toml(tree, path) if tree.has_file(path) else {}
    except LockfileError:
        return {}


def _read_bounded_text(tree: RepoFiles, path: str) -> str:
    try:
        text = tree.read_text(path) if tree.has_file(path) else ""
    except LockfileError:
        return ""
    return text if len(text) <= _MOST_BYTES and text.count("\n") <= _MOST_LINES else ""


def _drop_ambiguous_text(text: str) -> str:
    """Return `text`, or empty if tools would disagree about it."""
    with suppress(LockfileError):
        refuse_control_characters(text)
        return text
    return ""


def _list_pyproject_requirements(content: dict[str, Any], extras: frozenset[str]) -> list[str]:
    project = _as_dict(content.get("project"))
    optional = _as_dict(project.get("optional-dependencies")) | _as_dict(content.get("dependency-groups"))
    wanted = [lines for extra, lines in optional.items() if extra in extras or "*" in extras]
    return [line for lines in (project.get("dependencies"), *wanted) for line in _as_texts(lines)]


def _list_dynamic_requirements(
    tree: RepoFiles, folder: str, content: dict[str, Any], extras: frozenset[str]
) -> Iterator[str]:
    """List the lines of the files that `[tool.setuptools.dynamic]` names."""
    dynamic = _as_dict(_as_dict(_as_dict(content.get("tool")).get("setuptools")).get("dynamic"))
    optional = _as_dict(dynamic.get("optional-dependencies"))
    wanted = [table for extra, table in optional.items() if extra in extras or "*" in extras]
    for table in map(_as_dict, (dynamic.get("dependencies"), *wanted)):
        named = table.get("file")
        for name in [named] if isinstance(named, str) else _as_texts(named):
            lines = split_logical_lines(
                _drop_ambiguous_text(_read_bounded_text(tree, posixpath.normpath(posixpath.join(folder, name))))
            )
            yield from (line.content for line in lines if line.content and not line.content.startswith("-"))


def _list_poetry_requirements(content: dict[str, Any]) -> list[str]:
    """List the names of Poetry's own table, with exact versions if given.

    Optional dependencies are left out.
    """
    poetry = _as_dict(_as_dict(content.get("tool")).get("poetry"))
    found = []
    for name, value in _as_dict(poetry.get("dependencies")).items():
        table = value if isinstance(value, dict) else {"version": value}
        version = table.get("version")
        if name.lower() != "python" and isinstance(version, str) and table.get("optional") is not True:
            exact = _EXACT_VERSION.fullmatch(version.strip())
            found.append(f"{name}=={exact[1]}" if exact else name)
    return found


def _parsed_cfg(text: str) -> configparser.ConfigParser | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser


def _parse_setup_cfg(text: str, extras: frozenset[str]) -> list[str]:
    parser = _parsed_cfg(text)
    if parser is None:
        return []
    optional = dict(parser.items(_EXTRAS_SECTION)) if parser.has_section(_EXTRAS_SECTION) else {}
    wanted = [lines for extra, lines in optional.items() if extra in extras or "*" in extras]
    required = parser.get("options", "install_requires", fallback="")
    lines = (line.strip() for block in (required, *wanted) for line in block.replace(";;", "\n").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "file:"))]


def _parse_setup_py(text: str, extras: frozenset[str]) -> Iterator[str]:
    """Parse the literal `install_requires` and `extras_require` of `setup()`."""
    for keyword in _list_setup_keywords(text):
        try:
            value = ast.literal_eval(keyword.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
        if keyword.arg == "install_requires":
            yield from value.splitlines() if isinstance(value, str) else _as_texts([*value])
        elif keyword.arg == "extras_require":
            for extra, lines in _as_dict(value).items():
                yield from _as_texts([*lines]) if extra in extras or "*" in extras else ()


def _list_setup_keywords(text: str) -> list[ast.keyword]:
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [keyword for call in calls if _get_called_name(call) == "setup" for keyword in call.keywords]


def _read_ini_value(text: str, section: str, key: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""
    return parser.get(section, key, fallback="").strip()


def _get_called_name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _as_texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
