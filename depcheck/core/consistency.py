"""Whether what is installed together fits together, by its own metadata."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.distributions import Distribution
from depcheck.core.search.requirements import Side, accepts, active, target

UNSAFE = frozenset(map(canonicalize_name, ("distribute", "pip", "setuptools", "wheel")))
"""What pip-compile leaves out of a lockfile unless it is told otherwise."""
Extras = Mapping[NormalizedName, frozenset[str]]


def requirements(
    distributions: Iterable[Distribution], markers: Mapping[str, str], extras: Extras | None = None
) -> Iterator[tuple[Distribution, Requirement]]:
    """Every requirement that counts for this target, with who has it; extras are followed from `extras` on."""
    installed = {distribution.name: distribution for distribution in distributions}
    asked = {name: set((extras or {}).get(name, ())) for name in installed}
    waiting = deque(installed)
    done: dict[NormalizedName, set[str]] = {}
    while waiting:
        name = waiting.popleft()
        if done.get(name) == asked[name]:
            continue
        done[name] = set(asked[name])
        for wanted in active(installed[name].requires, markers, asked[name]):
            other = target(wanted)
            if other in installed and not wanted.extras <= asked[other]:
                asked[other] |= wanted.extras
                waiting.append(other)
    for name, distribution in installed.items():
        yield from ((distribution, wanted) for wanted in active(distribution.requires, markers, asked[name]))


def inconsistencies(
    distributions: Iterable[Distribution],
    markers: Mapping[str, str],
    extras: Extras | None = None,
    unsafe: frozenset[NormalizedName] = UNSAFE,
) -> tuple[str, ...]:
    """Requirements that the installed do not meet, a sentence each, in order; a missing unsafe package is none."""
    installed: Side = {distribution.name: distribution for distribution in distributions}
    unmet = (
        _unmet(distribution, wanted, installed, unsafe)
        for distribution, wanted in requirements(installed.values(), markers, extras)
    )
    return tuple(sorted({sentence for sentence in unmet if sentence}))


def _unmet(distribution: Distribution, wanted: Requirement, installed: Side, unsafe: frozenset[NormalizedName]) -> str:
    found = installed.get(target(wanted))
    who = f"{distribution.name} {distribution.version} requires {wanted.name}{wanted.specifier}"
    if found is None:
        return "" if target(wanted) in unsafe else f"{who}, which is not installed"
    return "" if accepts(wanted, found.version) else f"{who}, but {found.name} {found.version} is installed"


def unsafe_demands(
    distributions: Iterable[Distribution],
    markers: Mapping[str, str],
    extras: Extras | None = None,
    unsafe: frozenset[NormalizedName] = UNSAFE,
) -> dict[NormalizedName, SpecifierSet]:
    """The unsafe packages that some of `distributions` require, with all that is asked of each."""
    asked: dict[NormalizedName, SpecifierSet] = {}
    for _, wanted in requirements(distributions, markers, extras):
        if target(wanted) in unsafe:
            asked[target(wanted)] = asked.get(target(wanted), SpecifierSet()) & wanted.specifier
    return asked
