"""Choose the Python of a lockfile that does not name one.

Used if neither the user nor the header names it.
"""

import posixpath
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from packaging.specifiers import SpecifierSet

from depcheck.checking.discovery.files.project_files import list_python_ranges
from depcheck.checking.discovery.files.repo_files import RepoFiles, list_parent_folders
from depcheck.checking.discovery.installs.python_evidence import PythonEvidence
from depcheck.core.lockfiles.formats.known_formats import parse_header
from depcheck.core.lockfiles.origin import find_marker_bound, infer_newest_python
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.targets.pythons import PythonGuess, find_newest_maintained, is_maintained, rank_guesses

_PYTHON_MINORS = tuple(f"3.{minor}" for minor in range(6, 30))
_LOWEST_SERVED_MINOR = 8  # a range without a lower end does not mean an interpreter that is long gone
_PYTHON_BY_ERA = {"<1.6.1": "3.6", ">=1.6.1,<6.2": "3.8"}  # what was current then and builds what was released then
_PYTHON_IN_PATH = re.compile(
    r"(?:(?<![A-Za-z0-9])(?:cp|py|python)[-_]?|(?<=[-_])(?=3\.)|^(?=3\.))(?P<major>[23])\.?(?P<minor>\d{1,2})(?![.]?\d)",
    re.IGNORECASE,
)


def guess_pythons(
    tree: RepoFiles, evidence: PythonEvidence, name: str, locks: Sequence[LockfileSpec]
) -> list[PythonGuess]:
    """Return Pythons that `locks` may be for, the likeliest first.

    `locks` are those of the environment `name`.

    What files of the repository state for them, then what the pins tell: backports, and markers that hold for older
    Pythons alone. Then the lowest that the project's own range allows, what is tested, the era of the lockfile's
    wording, and the interpreter that runs us; none that did not exist when they were committed, none long dead.
    """
    day = max((lock.committed_at.date() for lock in locks if lock.committed_at), default=None)
    pins = [entry.pin for lock in locks if not lock.lockfile.is_universal for entry in lock.lockfile.entries]
    bound, backport = find_marker_bound(pins), infer_newest_python(pins)
    found = [*evidence.find_stated(name)]
    found += [PythonGuess(backport, "for which the backports among its pins are asked")] if backport else []
    lowest = _find_project_range(tree, posixpath.dirname(name), day)
    found += [lowest] if lowest else []
    found += [PythonGuess(bound, "for which some of its pins are alone")] if bound else []
    found += evidence.find_targets()
    found += evidence.find_tested()
    eras = [
        _PYTHON_BY_ERA[era]
        for era in (parse_header(lock.lockfile.header).writer_versions for lock in locks)
        if era in _PYTHON_BY_ERA
    ]
    found += [PythonGuess(min(eras), "which was current when its header was worded so")] if eras else []
    running = find_newest_maintained(day, f"{sys.version_info.major}.{sys.version_info.minor}")
    found += [PythonGuess(running, "which depcheck runs with, or was the newest when it was committed")]
    return list(rank_guesses(found, day, bound))


def add_guesses(spec: EnvironmentSpec, guesses: Sequence[PythonGuess]) -> EnvironmentSpec:
    """Return `spec` with the first guess applied and the others kept.

    For the case that it does not fit.
    """
    first, *others = guesses
    said = (
        f"No file names the Python of {spec.name}: {first.python} was taken, {first.reason}. If it is another, name it "
        "with --python."
    )
    notes = spec.notes if first.is_stated else (said, *spec.notes)
    return replace(spec, python=first.python, python_reason=first.reason, other_pythons=tuple(others), notes=notes)


def _find_project_range(tree: RepoFiles, folder: str, day: date | None) -> PythonGuess | None:
    """Return the lowest maintained Python that the nearest project allows."""
    for above in list_parent_folders(folder):
        for path, stated in list_python_ranges(tree, above):
            try:
                allowed = _list_allowed(SpecifierSet(stated))
            except ValueError:  # no specifier, or numbers longer than Python reads
                continue
            if allowed:
                python = next((each for each in allowed if is_maintained(each, day)), allowed[0])
                return PythonGuess(python, f"the lowest maintained one that {path} allows ({stated})")
    return None


def find_python_in_path(path: str) -> str:
    """Return the Python that a path names, as "3.10", or empty.

    Examples: `requirements-py310.txt`, `py3.10/dev.txt`.
    """
    found = [match for part in path.split("/") for match in _PYTHON_IN_PATH.finditer(part)]
    return f"{found[-1]['major']}.{found[-1]['minor']}" if found else ""


def _list_allowed(allowed: SpecifierSet) -> list[str]:
    """Return allowed minor versions, low ones first: `>=3.9.2` allows 3.9.

    Some release of each is allowed.
    """
    bounded = any(specifier.operator in {">=", ">", "~=", "=="} for specifier in allowed)
    minors = _PYTHON_MINORS if bounded else _PYTHON_MINORS[_LOWEST_SERVED_MINOR - 6 :]
    return [minor for minor in minors if any(allowed.contains(f"{minor}.{p}") for p in (0, 99))]
