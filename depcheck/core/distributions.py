"""What is installed, by its own metadata."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

_LONGEST_LINE = 4000  # characters; longer ones are no requirement, and may hold numbers that Python does not read


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution.

    `requires` are its Requires-Dist lines as written; `modules` its top-level import names;
    `requires_python` as written or empty.
    """

    name: NormalizedName
    version: Version
    requires: tuple[str, ...] = ()
    modules: frozenset[str] = frozenset()
    requires_python: str = ""


def required_names(distribution: Distribution) -> frozenset[NormalizedName]:
    """The names in a distribution's requirements, extras and markers aside; what cannot be parsed is left out."""
    found = map(requirement, distribution.requires)
    return frozenset(canonicalize_name(wanted.name) for wanted in found if wanted)


def is_standard(line: str) -> bool:
    """Whether a Requires-Dist line follows PEP 508 and 440; `click>=7.*` and `pytz>dev` do not."""
    return requirement(line) is not None


@lru_cache(65536)  # the sets of a night say the same lines again and again
def requirement(line: str) -> Requirement | None:
    """What a Requires-Dist line asks for; None where it follows no standard, or is nested or long beyond reason.

    It is shared: nobody may change it.
    """
    try:
        return Requirement(line) if len(line) <= _LONGEST_LINE else None
    except (InvalidRequirement, RecursionError):
        return None


def with_dependents(names: Iterable[str], installed: Iterable[Distribution]) -> frozenset[str]:
    """`names` and those of `installed` that name one of them as a requirement."""
    wanted = frozenset(names)
    return wanted | {d.name for d in installed if not wanted.isdisjoint(required_names(d))}
