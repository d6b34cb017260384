"""Evaluate Requires-Dist lines for one target."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.model.installed import Distribution, parse_lenient_requirement

InstalledSet = Mapping[NormalizedName, Distribution]
"""What is installed together, by name."""


@lru_cache(maxsize=65536)  # by the line: a marker's own hash is dear
def _evaluate_marker(line: str, environment: tuple[tuple[str, str], ...], extra: str) -> bool:
    wanted = parse_lenient_requirement(line)
    try:
        return wanted is None or wanted.marker is None or wanted.marker.evaluate({**dict(environment), "extra": extra})
    except ValueError:  # a comparison that old metadata makes and that no standard defines
        return False


def select_active_requirements(
    lines: Iterable[str], environment: Mapping[str, str], extras: Iterable[str] = ()
) -> Iterator[Requirement]:
    """Yield the requirements among `lines` whose markers match.

    They are evaluated in the marker `environment`, with each of these extras. A line whose version follows no standard
    asks for any version.
    """
    frozen = tuple(sorted(environment.items()))
    asked = ("", *sorted(extras))
    for line in lines:
        wanted = parse_lenient_requirement(line)
        if wanted is None:
            continue
        if wanted.marker is None or any(_evaluate_marker(line, frozen, extra) for extra in asked):
            yield wanted


def get_required_name(wanted: Requirement) -> NormalizedName:
    """Return the normalized name of the required package."""
    return canonicalize_name(wanted.name)


def is_satisfied_by(wanted: Requirement, version: Version) -> bool:
    """Return True if `version` satisfies the requirement.

    A pinned pre-release counts like any version.
    """
    return wanted.specifier.contains(version, prereleases=True)


def get_lower_bounds(wanted: Requirement) -> tuple[Version, ...]:
    """Return the lower bounds that the requirement states."""
    clauses = (clause for clause in wanted.specifier if clause.operator in {">=", ">", "~=", "=="})
    return tuple(Version(clause.version.removesuffix(".*")) for clause in clauses)


def collect_requirements(
    side: InstalledSet,
    start: NormalizedName,
    environment: Mapping[str, str],
    extras: Mapping[NormalizedName, frozenset[str]],
    through: frozenset[NormalizedName] = frozenset(),
) -> Iterator[Requirement]:
    """Yield all that `start` requires in `side`, directly or through others.

    That is its own requirements, those of the extras that it requires of others, and those of the packages in
    `through` that it brings along.
    """  # one sentence
    todo = [(start, frozenset(extras.get(start, frozenset())), True)]
    seen = set(todo)
    while todo:
        name, asked, whole = todo.pop()
        plain = set() if whole else set(select_active_requirements(side[name].requires, environment))
        for wanted in select_active_requirements(side[name].requires, environment, asked):
            if wanted in plain:
                continue
            yield wanted
            other = get_required_name(wanted)
            step = (other, frozenset(wanted.extras), other in through)
            if other in side and other != start and step not in seen and (step[1] or step[2]):
                seen.add(step)
                todo.append(step)


UNSAFE_PACKAGES = frozenset(map(canonicalize_name, ("distribute", "pip", "setuptools", "wheel")))
"""What pip-compile leaves out of a lockfile unless it is told otherwise."""
NOT_INSTALLED = "which is not installed"
ExtrasByName = Mapping[NormalizedName, frozenset[str]]


def collect_installed_requirements(
    distributions: Iterable[Distribution], markers: Mapping[str, str], extras: ExtrasByName | None = None
) -> Iterator[tuple[Distribution, Requirement]]:
    """Yield every active requirement with the distribution that has it.

    A requirement is active if its marker holds in `markers`. Extras are followed, starting from `extras`.
    """
    installed = {distribution.name: distribution for distribution in distributions}
    asked = {name: set((extras or {}).get(name, ())) for name in installed}
    waiting = deque(installed)
    done: dict[NormalizedName, set[str]] = {}
    while waiting:
        name = waiting.popleft()
        if done.get(name) == asked[name]:
            continue
        done[name] = set(asked[name])
        for wanted in select_active_requirements(installed[name].requires, markers, asked[name]):
            other = get_required_name(wanted)
            if other in installed and not wanted.extras <= asked[other]:
                asked[other] |= wanted.extras
                waiting.append(other)
    for name, distribution in installed.items():
        yield from (
            (distribution, wanted) for wanted in select_active_requirements(distribution.requires, markers, asked[name])
        )


def find_inconsistencies(
    distributions: Iterable[Distribution],
    markers: Mapping[str, str],
    extras: ExtrasByName | None = None,
    unsafe: frozenset[NormalizedName] = UNSAFE_PACKAGES,
    unversioned: frozenset[NormalizedName] = frozenset(),
) -> tuple[str, ...]:
    """Return requirements that the installed do not meet, a sentence each.

    In order. A missing unsafe package is none. Of `unversioned` packages the version is made up: any satisfies.
    """
    installed: InstalledSet = {distribution.name: distribution for distribution in distributions}
    unmet = (
        _describe_unmet_requirement(distribution, wanted, installed, unsafe)
        for distribution, wanted in collect_installed_requirements(installed.values(), markers, extras)
        if get_required_name(wanted) not in unversioned
    )
    return tuple(sorted({sentence for sentence in unmet if sentence}))


def _describe_unmet_requirement(
    distribution: Distribution, wanted: Requirement, installed: InstalledSet, unsafe: frozenset[NormalizedName]
) -> str:
    """Describe a requirement that is not met, or return an empty string."""
    found = installed.get(get_required_name(wanted))
    who = f"{distribution.name} {distribution.version} requires {wanted.name}{wanted.specifier}"
    if found is None:
        return "" if get_required_name(wanted) in unsafe else f"{who}, {NOT_INSTALLED}"
    return "" if is_satisfied_by(wanted, found.version) else f"{who}, but {found.name} {found.version} is installed"


def collect_unsafe_requirements(
    distributions: Iterable[Distribution],
    markers: Mapping[str, str],
    extras: ExtrasByName | None = None,
    unsafe: frozenset[NormalizedName] = UNSAFE_PACKAGES,
) -> dict[NormalizedName, SpecifierSet]:
    """Collect the combined specifiers that are required of each unsafe package."""
    asked: dict[NormalizedName, SpecifierSet] = {}
    for _, wanted in collect_installed_requirements(distributions, markers, extras):
        if get_required_name(wanted) in unsafe:
            asked[get_required_name(wanted)] = asked.get(get_required_name(wanted), SpecifierSet()) & wanted.specifier
    return asked
