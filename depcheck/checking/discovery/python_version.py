"""Choose the Python of a lockfile that does not name one.

Used if neither the user nor the header names it.
"""

import posixpath
import re
import sys
from collections.abc import Sequence
from typing import Any

from packaging.specifiers import SpecifierSet

from depcheck.checking.discovery.repo_files import RepoFiles
from depcheck.checking.discovery.tool_config import read_repo_toml
from depcheck.core.lockfiles.header import parse_header
from depcheck.core.lockfiles.origin import infer_newest_python
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError

_PYTHON_MINORS = tuple(f"3.{minor}" for minor in range(6, 30))
_LOWEST_SERVED_MINOR = 8  # a range without a lower end does not mean an interpreter that is long gone
_PYTHON_BY_ERA = {"<1.6.1": "3.6", ">=1.6.1,<6.2": "3.8"}  # what was current then and builds what was released then
_PYTHON_VERSION = re.compile(r"^\s*(?:cpython-|python-?)?(\d+\.\d+)", re.IGNORECASE)

_PYTHON_IN_PATH = re.compile(
    r"(?:(?<![A-Za-z0-9])(?:cp|py|python)[-_]?|(?<=[-_])(?=3\.)|^(?=3\.))(?P<major>[23])\.?(?P<minor>\d{1,2})(?![.]?\d)",
    re.IGNORECASE,
)


def choose_target_python(tree: RepoFiles, folder: str, locks: Sequence[LockfileSpec] = ()) -> str:
    """Choose the Python for lockfiles in `folder`, as "3.10".

    Order: the nearest `.python-version` upwards, what the backports among the pins of `locks` tell, the
    lowest version that the nearest `requires-python` allows, the era of the lockfile's wording, the
    interpreter that runs this program.
    """
    for above in _list_folder_and_parents(folder):
        stated = _read_python_version_file(tree, posixpath.join(above, ".python-version"))
        if stated:
            return stated
    told = infer_newest_python(entry.pin for lock in locks for entry in lock.lockfile.entries)
    if told:
        return told
    for above in _list_folder_and_parents(folder):
        lowest = _read_lowest_python(tree, posixpath.join(above, "pyproject.toml"))
        if lowest:
            return lowest
    eras = [
        _PYTHON_BY_ERA[era]
        for era in (parse_header(lock.lockfile.header).writer_versions for lock in locks)
        if era in _PYTHON_BY_ERA
    ]
    return min(eras) if eras else f"{sys.version_info.major}.{sys.version_info.minor}"


def find_python_in_path(path: str) -> str:
    """Return the Python that a path names, as "3.10", or empty.

    Examples: `requirements-py310.txt`, `py3.10/dev.txt`.
    """
    found = [match for part in path.split("/") for match in _PYTHON_IN_PATH.finditer(part)]
    return f"{found[-1]['major']}.{found[-1]['minor']}" if found else ""


def _list_folder_and_parents(folder: str) -> list[str]:
    found = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found


def _read_python_version_file(tree: RepoFiles, path: str) -> str:
    if not tree.has_file(path):
        return ""
    lines = (line for line in tree.read_head(path).splitlines() if line.strip() and not line.startswith("#"))
    match = _PYTHON_VERSION.match(next(lines, ""))
    return match[1] if match else ""


def _read_lowest_python(tree: RepoFiles, path: str) -> str:
    if not tree.has_file(path):
        return ""
    try:
        project: Any = read_repo_toml(tree, path).get("project")
    except LockfileError:
        return ""
    stated = project.get("requires-python") if isinstance(project, dict) else None
    try:
        return _find_lowest_allowed(SpecifierSet(stated)) if isinstance(stated, str) and stated else ""
    except ValueError:  # no specifier, or numbers longer than Python reads
        return ""


def _find_lowest_allowed(allowed: SpecifierSet) -> str:
    """Return the lowest minor version of which some release is allowed.

    For example, `>=3.9.2` allows 3.9.
    """
    bounded = any(specifier.operator in {">=", ">", "~=", "=="} for specifier in allowed)
    minors = _PYTHON_MINORS if bounded else _PYTHON_MINORS[_LOWEST_SERVED_MINOR - 6 :]
    return next((minor for minor in minors if any(allowed.contains(f"{minor}.{p}") for p in (0, 99))), "")
