"""The requirements that a project's own files state, as far as they can be read without running anything."""

import ast
import configparser
from collections.abc import Iterator
from typing import Any

from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.errors import LockfileError

_EXTRAS = "options.extras_require"


def stated(tree: Tree, path: str, extras: frozenset[str]) -> list[str]:
    """The requirements of a pyproject.toml, setup.cfg or setup.py, with those of `extras` (`*` for all).

    What a setup.py works out, and what a build backend adds, only a build would tell: it is left out.
    """
    if not tree.has(path):
        return []
    try:
        if path.endswith("pyproject.toml"):
            return _of_pyproject(read_toml(tree, path), extras)
        text = tree.read(path)
    except LockfileError:
        return []
    return _of_setup_cfg(text, extras) if path.endswith("setup.cfg") else list(_of_setup_py(text, extras))


def _of_pyproject(content: dict[str, Any], extras: frozenset[str]) -> list[str]:
    project = _dict(content.get("project"))
    optional = _dict(project.get("optional-dependencies")) | _dict(content.get("dependency-groups"))
    wanted = [lines for extra, lines in optional.items() if extra in extras or "*" in extras]
    return [line for lines in (project.get("dependencies"), *wanted) for line in _texts(lines)]


def _of_setup_cfg(text: str, extras: frozenset[str]) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
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
