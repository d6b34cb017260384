"""For which Python a lockfile is, where neither the user nor its header says."""

import posixpath
import re
import sys
from collections.abc import Sequence
from typing import Any

from packaging.specifiers import SpecifierSet

from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.backports import newest_python
from depcheck.core.environments import LockfileSpec
from depcheck.core.errors import LockfileError
from depcheck.core.header import read_header

_MINORS = tuple(f"3.{minor}" for minor in range(6, 30))
_LOWEST_SERVED = 8  # a range without a lower end does not mean an interpreter that is long gone
_OF_ERA = {"<1.6.1": "3.6", ">=1.6.1,<6.2": "3.8"}  # what was current then and builds what was released then
_VERSION = re.compile(r"^\s*(?:cpython-|python-?)?(\d+\.\d+)", re.IGNORECASE)

_IN_NAME = re.compile(
    r"(?:(?<![A-Za-z0-9])(?:cp|py|python)[-_]?|(?<=[-_])(?=3\.)|^(?=3\.))(?P<major>[23])\.?(?P<minor>\d{1,2})(?![.]?\d)",
    re.IGNORECASE,
)


def target_python(tree: Tree, folder: str, locks: Sequence[LockfileSpec] = ()) -> str:
    """The Python for lockfiles in `folder`, as "3.10".

    The nearest `.python-version` upwards, then what the backports among the pins of `locks` tell, then the lowest
    version that the nearest `requires-python` allows, then the era of the lockfile's wording, then the interpreter
    that runs us.
    """
    for above in _upwards(folder):
        stated = _stated(tree, posixpath.join(above, ".python-version"))
        if stated:
            return stated
    told = newest_python(entry.pin for lock in locks for entry in lock.lockfile.entries)
    if told:
        return told
    for above in _upwards(folder):
        lowest = _lowest(tree, posixpath.join(above, "pyproject.toml"))
        if lowest:
            return lowest
    eras = [_OF_ERA[era] for era in (read_header(lock.lockfile.header).era for lock in locks) if era in _OF_ERA]
    return min(eras) if eras else f"{sys.version_info.major}.{sys.version_info.minor}"


def python_in_name(path: str) -> str:
    """The Python that a path names, as "3.10", or empty: `requirements-py310.txt`, `py3.10/dev.txt`."""
    found = [match for part in path.split("/") for match in _IN_NAME.finditer(part)]
    return f"{found[-1]['major']}.{found[-1]['minor']}" if found else ""


def _upwards(folder: str) -> list[str]:
    found = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found


def _stated(tree: Tree, path: str) -> str:
    if not tree.has(path):
        return ""
    lines = (line for line in tree.head(path).splitlines() if line.strip() and not line.startswith("#"))
    match = _VERSION.match(next(lines, ""))
    return match[1] if match else ""


def _lowest(tree: Tree, path: str) -> str:
    if not tree.has(path):
        return ""
    try:
        project: Any = read_toml(tree, path).get("project")
    except LockfileError:
        return ""
    stated = project.get("requires-python") if isinstance(project, dict) else None
    try:
        return _first_allowed(SpecifierSet(stated)) if isinstance(stated, str) and stated else ""
    except ValueError:  # no specifier, or numbers longer than Python reads
        return ""


def _first_allowed(allowed: SpecifierSet) -> str:
    """The lowest minor version of which some release is allowed: `>=3.9.2` allows 3.9."""
    bounded = any(specifier.operator in {">=", ">", "~=", "=="} for specifier in allowed)
    minors = _MINORS if bounded else _MINORS[_LOWEST_SERVED - 6 :]
    return next((minor for minor in minors if any(allowed.contains(f"{minor}.{p}") for p in (0, 99))), "")
