"""Installed distributions, their Requires-Dist metadata, and the own package."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

_NAME_BEFORE_VERSION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*\(?\s*[<>=!~]")
_LONGEST_LINE = 4000  # characters; longer ones are no requirement, and may hold numbers that Python does not read


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution.

    `requires` are its Requires-Dist lines as written. `modules` are its top-level import names,
    `all_modules` the dotted names of every module. `requires_python` is as written, or empty.
    """

    name: NormalizedName
    version: Version
    requires: tuple[str, ...] = ()
    modules: frozenset[str] = frozenset()
    requires_python: str = ""
    all_modules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnInstallation:
    """How the repository's own package was installed beside the pins.

    `wheel` is the built file, `has_version` says whether its version is known and not made up, `beside` are releases
    that the project requires and the pins do not name, `remarks` sentences for people.
    """

    name: NormalizedName | None = None
    wheel: str = ""
    editable: bool = False
    has_version: bool = True
    beside: Mapping[NormalizedName, Version] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def parse_required_names(distribution: Distribution) -> frozenset[NormalizedName]:
    """Parse the names of all packages that a distribution requires.

    Extras and markers are ignored. Lines that cannot be parsed are skipped.
    """
    found = map(parse_requires_dist_line, distribution.requires)
    return frozenset(canonicalize_name(wanted.name) for wanted in found if wanted)


def is_valid_requires_dist(line: str) -> bool:
    """Return True if a Requires-Dist line follows PEP 508 and PEP 440.

    Counterexamples: `click>=7.*`, `pytz>dev`.
    """
    return parse_requires_dist_line(line) is not None


@lru_cache(65536)  # the sets of a night say the same lines again and again
def parse_requires_dist_line(line: str) -> Requirement | None:
    """Parse a Requires-Dist line.

    Returns None for a line that follows no standard, is nested too deeply, or is too long. The result is
    cached and shared, so callers must not change it.
    """
    try:
        return Requirement(line) if len(line) <= _LONGEST_LINE else None
    except (InvalidRequirement, RecursionError):
        return None


@lru_cache(65536)
def parse_lenient_requirement(line: str) -> Requirement | None:
    """Parse a Requires-Dist line, or its name and marker alone.

    Returns None where not even these can be read. Older installers took `pytz (>dev)` as asking for pytz. The result
    is cached and shared, so callers must not change it.
    """
    parsed = parse_requires_dist_line(line)
    if parsed is not None or not (found := _NAME_BEFORE_VERSION.match(line)):
        return parsed
    marker = line.partition(";")[2].strip()
    name = found[1] + (found[2] or "")
    return parse_requires_dist_line(f"{name} ; {marker}" if marker else name)


def add_dependents(names: Iterable[str], installed: Iterable[Distribution]) -> frozenset[str]:
    """Add the installed packages that directly require one of `names`."""
    wanted = frozenset(names)
    return wanted | {d.name for d in installed if not wanted.isdisjoint(parse_required_names(d))}
