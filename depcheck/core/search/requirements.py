"""Requires-Dist lines, read for one target."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.distributions import Distribution, requirement

Side = Mapping[NormalizedName, Distribution]
"""What is installed together, by name."""


@lru_cache(maxsize=65536)  # by the line: a marker's own hash is dear
def _holds(line: str, environment: tuple[tuple[str, str], ...], extra: str) -> bool:
    wanted = requirement(line)
    try:
        return wanted is None or wanted.marker is None or wanted.marker.evaluate({**dict(environment), "extra": extra})
    except ValueError:  # a comparison that old metadata makes and that no standard defines
        return False


def active(lines: Iterable[str], environment: Mapping[str, str], extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """The requirements among `lines` that count in the marker `environment` with these extras."""
    frozen = tuple(sorted(environment.items()))
    asked = ("", *sorted(extras))
    for line in lines:
        wanted = requirement(line)
        if wanted is None:
            continue
        if wanted.marker is None or any(_holds(line, frozen, extra) for extra in asked):
            yield wanted


def target(wanted: Requirement) -> NormalizedName:
    """Whom a requirement asks for."""
    return canonicalize_name(wanted.name)


def accepts(wanted: Requirement, version: Version) -> bool:
    """Whether `version` satisfies the requirement; a pinned pre-release counts like any version."""
    return wanted.specifier.contains(version, prereleases=True)


def floors(wanted: Requirement) -> tuple[Version, ...]:
    """The lower bounds that the requirement states."""
    clauses = (clause for clause in wanted.specifier if clause.operator in {">=", ">", "~=", "=="})
    return tuple(Version(clause.version.removesuffix(".*")) for clause in clauses)


def demands(
    side: Side,
    start: NormalizedName,
    environment: Mapping[str, str],
    extras: Mapping[NormalizedName, frozenset[str]],
    through: frozenset[NormalizedName] = frozenset(),
) -> Iterator[Requirement]:
    """All that `start` asks for in `side`: its own requirements, those of the extras it asks of others,
    and those of the packages in `through` that it brings along.
    """  # noqa: D205  # one sentence
    todo = [(start, frozenset(extras.get(start, frozenset())), True)]
    seen = set(todo)
    while todo:
        name, asked, whole = todo.pop()
        plain = set() if whole else set(active(side[name].requires, environment))
        for wanted in active(side[name].requires, environment, asked):
            if wanted in plain:
                continue
            yield wanted
            other = target(wanted)
            step = (other, frozenset(wanted.extras), other in through)
            if other in side and other != start and step not in seen and (step[1] or step[2]):
                seen.add(step)
                todo.append(step)
