"""Sources: what they include, and which packages they name."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.projects import stated
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
        found.update(name for name in map(_name, _stated(tree, path, asked)) if name)
    return frozenset(found)


def names_in(text: str) -> frozenset[NormalizedName]:
    """The packages that the lines of a requirements text name."""
    names = (_name(line.joined) for line in logical_lines(text) if line.joined)
    return frozenset(name for name in names if name)


def unpinned(tree: Tree, files: Iterable[str], extras: Iterable[str] = ()) -> tuple[str, ...]:
    """The requirements of sources that name no single release, such as `celery>=4`, each once, by name.

    `~=4.1` and `==4.*` are loose too: a stranger's next release is inside of them.
    """
    asked = frozenset(extras)
    lines = (line for path in files for line in _stated(tree, path, asked))
    return tuple(sorted({found for found in map(_loose, lines) if found}))


def _stated(tree: Tree, path: str, extras: frozenset[str]) -> list[str]:
    return stated(tree, path, extras) if is_project_file(path) else _lines(tree, path)


def _loose(line: str) -> str:
    try:
        wanted = Requirement(re.split(r"\s--?\w", line, maxsplit=1)[0])
    except (ValueError, RecursionError):
        return ""
    exact = any(each.operator in {"==", "==="} and not each.version.endswith("*") for each in wanted.specifier)
    return "" if wanted.url or exact else f"{canonicalize_name(wanted.name)}{wanted.specifier}"


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
