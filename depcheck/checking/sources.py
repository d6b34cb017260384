"""Sources: what they include, and which packages they name."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.errors import LockfileError
from depcheck.core.lines import logical_lines, refuse_controls

_INCLUDE = re.compile(r"^(-r|-c|--requirement|--constraint)(?:\s*=\s*|\s*)([^\s].*)$")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]*)")
PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_MOST_INCLUDED = 200


def is_project_file(path: str) -> bool:
    """Whether a source describes a project instead of listing requirements."""
    return posixpath.basename(path) in PROJECT_FILES


def reached(tree: Tree, sources: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All files that these lead to by `-r` (with themselves) and by `-c`, each once, in the order met.

    Files that are not there or cannot be read lead nowhere: the compiler will say so.
    """
    included, constraints = dict.fromkeys(sources), dict[str, None]()
    todo = list(included)
    while todo and len(included) < _MOST_INCLUDED:
        path = todo.pop(0)
        for option, target in () if is_project_file(path) else _includes(tree, path):
            if option in {"-c", "--constraint"}:
                constraints[target] = None
            elif target not in included:
                included[target] = None
                todo.append(target)
    return tuple(included), tuple(constraints)


def direct_names(tree: Tree, files: Iterable[str], extras: Iterable[str] = ()) -> frozenset[NormalizedName]:
    """The packages that sources name themselves; `extras` are those asked for of a project (`*` for all)."""
    asked = frozenset(extras)
    found: set[NormalizedName] = set()
    for path in files:
        lines = _of_project(tree, path, asked) if is_project_file(path) else _lines(tree, path)
        found.update(name for name in map(_name, lines) if name)
    return frozenset(found)


def names_in(text: str) -> frozenset[NormalizedName]:
    """The packages that the lines of a requirements text name."""
    names = (_name(line.joined) for line in logical_lines(text) if line.joined)
    return frozenset(name for name in names if name)


def is_pinned(tree: Tree, path: str) -> bool:
    """Whether every requirement of a file is pinned with `==`, and there is one at least."""
    stated = [line for line in _lines(tree, path) if not line.startswith("-")]
    return bool(stated) and all(re.search(r"={2,3}|\s@\s", line) for line in stated)


def _lines(tree: Tree, path: str) -> list[str]:
    """The joined logical lines with something on them; none for a file that cannot be read."""
    try:
        text = tree.read(path).removeprefix("\ufeff")
        refuse_controls(text)
    except LockfileError:
        return []
    return [line.joined for line in logical_lines(text) if line.joined]


def _includes(tree: Tree, path: str) -> Iterator[tuple[str, str]]:
    for line in _lines(tree, path):
        match = _INCLUDE.match(line)
        if match and "://" not in match[2]:
            yield match[1], posixpath.normpath(posixpath.join(posixpath.dirname(path), match[2].strip()))


def _name(line: str) -> NormalizedName | None:
    egg = _EGG.search(line)
    if egg:
        return canonicalize_name(egg[1])
    try:
        return canonicalize_name(Requirement(re.split(r"\s--?\w", line, maxsplit=1)[0]).name)
    except (ValueError, RecursionError):
        return None


def _of_project(tree: Tree, path: str, extras: frozenset[str]) -> list[str]:
    """The requirements that a pyproject.toml states itself; what only a build would tell is left to it."""
    if not path.endswith("pyproject.toml") or not tree.has(path):
        return []
    try:
        content = read_toml(tree, path)
    except LockfileError:
        return []
    project = _dict(content.get("project"))
    optional = _dict(project.get("optional-dependencies")) | _dict(content.get("dependency-groups"))
    wanted = [lines for extra, lines in optional.items() if extra in extras or "*" in extras]
    return [line for lines in (project.get("dependencies"), *wanted) for line in _texts(lines)]


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
