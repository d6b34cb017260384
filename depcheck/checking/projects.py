"""The requirements that a project's own files state, as far as they can be read without running anything."""

import ast
import configparser
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from packaging.utils import canonicalize_name

from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.errors import LockfileError
from depcheck.core.lines import logical_lines, refuse_controls

_EXTRAS = "options.extras_require"
_MOST_BYTES, _MOST_LINES = 256 << 10, 5000  # of a project's file; the parsers of longer ones can take for ever
_OPEN = frozenset({"dependencies", "optional-dependencies"})
_EXACT = re.compile(r"(?:==)?\s*(\d[\w.+!-]*)")


def stated(tree: Tree, path: str, extras: frozenset[str]) -> list[str]:
    """The requirements of a pyproject.toml, setup.cfg or setup.py, with those of `extras` (`*` for all).

    A build reads all three of a folder: what the first leaves open stands in the others, or in files that it names.
    What a setup.py works out, and what a build backend adds, only a build would tell: it is left out.
    """
    if not tree.has(path):
        return []
    folder = posixpath.dirname(path)
    content = _content(tree, posixpath.join(folder, "pyproject.toml"))
    project = _dict(content.get("project"))
    found = _of_pyproject(content, extras)
    if project and _OPEN.isdisjoint(_texts(project.get("dynamic"))):
        return found
    found += _of_setup_cfg(_text(tree, posixpath.join(folder, "setup.cfg")), extras)
    found += _of_setup_py(_text(tree, posixpath.join(folder, "setup.py")), extras)
    found += _of_poetry(content) if not project else []
    return [*found, *_of_files(tree, folder, content, extras)]


def project_name(tree: Tree) -> str:
    """The normalized name that the repository's own project files state, or empty."""
    content = _content(tree, "pyproject.toml")
    tool = _dict(content.get("tool"))
    named = _dict(content.get("project")).get("name") or _dict(tool.get("poetry")).get("name")
    parser = _parsed_cfg(_text(tree, "setup.cfg"))
    stated = named or (parser.get("metadata", "name", fallback="") if parser else "")
    return canonicalize_name(stated.strip()) if isinstance(stated, str) else ""


def _content(tree: Tree, path: str) -> dict[str, Any]:
    try:
        return read_toml(tree, path) if tree.has(path) else {}
    except LockfileError:
        return {}


def _text(tree: Tree, path: str) -> str:
    try:
        text = tree.read(path) if tree.has(path) else ""
    except LockfileError:
        return ""
    return text if len(text) <= _MOST_BYTES and text.count("\n") <= _MOST_LINES else ""


def _plain(text: str) -> str:
    """`text`, or nothing where it holds what tools disagree about."""
    with suppress(LockfileError):
        refuse_controls(text)
        return text
    return ""


def _of_pyproject(content: dict[str, Any], extras: frozenset[str]) -> list[str]:
    project = _dict(content.get("project"))
    optional = _dict(project.get("optional-dependencies")) | _dict(content.get("dependency-groups"))
    wanted = [lines for extra, lines in optional.items() if extra in extras or "*" in extras]
    return [line for lines in (project.get("dependencies"), *wanted) for line in _texts(lines)]


def _of_files(tree: Tree, folder: str, content: dict[str, Any], extras: frozenset[str]) -> Iterator[str]:
    """The lines of the files that `[tool.setuptools.dynamic]` names."""
    dynamic = _dict(_dict(_dict(content.get("tool")).get("setuptools")).get("dynamic"))
    optional = _dict(dynamic.get("optional-dependencies"))
    wanted = [table for extra, table in optional.items() if extra in extras or "*" in extras]
    for table in map(_dict, (dynamic.get("dependencies"), *wanted)):
        named = table.get("file")
        for name in [named] if isinstance(named, str) else _texts(named):
            lines = logical_lines(_plain(_text(tree, posixpath.normpath(posixpath.join(folder, name)))))
            yield from (line.joined for line in lines if line.joined and not line.joined.startswith("-"))


def _of_poetry(content: dict[str, Any]) -> list[str]:
    """The names of Poetry's own table, each with its version where it is exactly one; optional ones left out."""
    poetry = _dict(_dict(content.get("tool")).get("poetry"))
    found = []
    for name, value in _dict(poetry.get("dependencies")).items():
        table = value if isinstance(value, dict) else {"version": value}
        version = table.get("version")
        if name.lower() != "python" and isinstance(version, str) and table.get("optional") is not True:
            exact = _EXACT.fullmatch(version.strip())
            found.append(f"{name}=={exact[1]}" if exact else name)
    return found


def _parsed_cfg(text: str) -> configparser.ConfigParser | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser


def _of_setup_cfg(text: str, extras: frozenset[str]) -> list[str]:
    parser = _parsed_cfg(text)
    if parser is None:
        return []
    optional = dict(parser.items(_EXTRAS)) if parser.has_section(_EXTRAS) else {}
    wanted = [lines for extra, lines in optional.items() if extra in extras or "*" in extras]
    required = parser.get("options", "install_requires", fallback="")
    lines = (line.strip() for block in (required, *wanted) for line in block.replace(";;", "\n").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "file:"))]


def _of_setup_py(text: str, extras: frozenset[str]) -> Iterator[str]:
    """The literal `install_requires` and `extras_require` of the call of `setup`."""
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for keyword in (keyword for call in calls if _called(call) == "setup" for keyword in call.keywords):
        try:
            value = ast.literal_eval(keyword.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
        if keyword.arg == "install_requires":
            yield from value.splitlines() if isinstance(value, str) else _texts([*value])
        elif keyword.arg == "extras_require":
            for extra, lines in _dict(value).items():
                yield from _texts([*lines]) if extra in extras or "*" in extras else ()


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
