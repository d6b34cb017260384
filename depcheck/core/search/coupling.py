"""Which change brings which along.

The sets between baseline and candidate that make sense are those in which every installed package accepts
what stands beside it. The two sides' own metadata say which these are: where x's new side does not accept
y's old side, x needs y; where y's old side does not accept x's new one, x needs y as well (the dependent
comes along). Needs are directed: moving Flask 1.1 to 2.0 brings Werkzeug, moving Werkzeug brings nobody.

Packages that only one side has mostly follow from others: an added one comes with the first that requires
it, a removed one goes when the last that required it has moved. They are *derived*, never chosen.

Assumption: both sides are consistent in themselves. What a side violates already is no constraint.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from depcheck.core.distributions import Distribution
from depcheck.core.search.requirements import Side, accepts, active, demands, target
from depcheck.core.search.values import Names

_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Coupling:
    """The lattice of sets that can be installed.

    `chosen` are the changes that a search chooses among. `reach` maps each to all that it brings along,
    itself included. `added` and `removed` map each derived package to the chosen ones that bring it (in the
    new side), or that keep it (in the old side).
    """

    chosen: Names
    reach: Mapping[NormalizedName, Names]
    added: Mapping[NormalizedName, Names]
    removed: Mapping[NormalizedName, Names]

    def closure(self, names: Iterable[NormalizedName]) -> Names:
        """The smallest closed set that contains `names`, over chosen changes."""
        return frozenset().union(*(self.reach[name] for name in names))

    def group(self, name: NormalizedName) -> Names:
        """Those that only move together with `name`, itself included."""
        return frozenset(other for other in self.reach[name] if name in self.reach[other])

    def without(self, names: Iterable[NormalizedName], within: Names | None = None) -> Names:
        """The largest closed set inside the closed set `within` (default: all) without any of `names`."""
        unwanted = frozenset(names)
        pool = self.chosen if within is None else within
        return frozenset(name for name in pool if not self.reach[name] & unwanted)

    def complete(self, moved: Names) -> Names:
        """`moved` and the added and removed packages that follow from it: what to splice."""
        come = {name for name, by in self.added.items() if by & moved}
        go = {name for name, keepers in self.removed.items() if keepers <= moved}
        return moved | come | go


def couple(
    before: Side,
    after: Side,
    changed: Names,
    environment: Mapping[str, str],
    extras: Mapping[NormalizedName, frozenset[str]] | None = None,
) -> Coupling:
    """Couple the `changed` names of two installed sets.

    `environment` is the target's marker environment (packaging.markers.default_environment there). `extras`
    are those that the sources ask for; where they are not known, see `_asked_extras`.
    """
    new = _Brought(after, environment, {**_asked_extras(after, environment), **(extras or {})})
    old = _Brought(before, environment, {**_asked_extras(before, environment), **(extras or {})})
    both = frozenset(name for name in changed if name in before and name in after)
    only_new = frozenset(name for name in changed if name not in before and name in after)
    only_old = frozenset(name for name in changed if name in before and name not in after)
    elsewhere = changed - both - only_new - only_old  # metadata unknown: free to move
    added, free_new = new.derive(both, only_new)
    removed, free_old = old.derive(both, only_old)
    chosen = both | free_new | free_old | elsewhere
    needs: dict[NormalizedName, set[NormalizedName]] = {name: set() for name in chosen}
    for name in sorted(both | free_new):
        for wanted in new.demands(name, only_new):
            other = target(wanted)
            if other in both and other != name and not accepts(wanted, before[other].version):
                needs[name].add(other)
    for name in sorted(both | free_old):
        for wanted in old.demands(name, only_old):
            other = target(wanted)
            refused = other in both and not accepts(wanted, after[other].version)
            if other != name and refused and accepts(wanted, before[other].version):
                needs[other].add(name)
    return Coupling(chosen, {name: _reach(name, needs) for name in chosen}, added, removed)


@dataclass(frozen=True, slots=True)
class _Brought:
    """What each package of one side asks for."""

    side: Side
    environment: Mapping[str, str]
    extras: Mapping[NormalizedName, frozenset[str]]

    def demands(self, name: NormalizedName, through: Names) -> Iterator[Requirement]:
        return demands(self.side, name, self.environment, self.extras, through)

    def reached(self, name: NormalizedName, through: Names) -> Names:
        return frozenset(target(wanted) for wanted in self.demands(name, through)) & through

    def derive(self, both: Names, only: Names) -> tuple[dict[NormalizedName, Names], Names]:
        """Those of `only` that others bring, each with its bringers; and those that nobody brings."""
        reached = {name: self.reached(name, only) for name in both}
        orphans = only - frozenset().union(*reached.values())
        among = {name: self.reached(name, only) - {name} for name in orphans}
        free = orphans - frozenset().union(*among.values()) or orphans
        reached |= {name: among[name] for name in free}
        derived = frozenset().union(*reached.values()) - free
        bringers = {name: frozenset(by for by, brought in reached.items() if name in brought) for name in derived}
        return bringers, only - derived


def _asked_extras(side: Side, environment: Mapping[str, str]) -> dict[NormalizedName, frozenset[str]]:
    """Extras that sources must have asked for: all that they require is there, and some of it for no other reason."""
    plain = {name: list(active(side[name].requires, environment)) for name in side}
    explained = {target(wanted) for lines in plain.values() for wanted in lines}
    found: dict[NormalizedName, frozenset[str]] = {}
    for name, distribution in side.items():
        for extra in sorted(_extras_of(distribution)):
            brought = [w for w in active(distribution.requires, environment, [extra]) if w not in plain[name]]
            there = [target(w) for w in brought if _met(w, side)]
            if len(there) == len(brought) and not explained.issuperset(there):
                found[name] = found.get(name, frozenset()) | {extra}
    return found


def _extras_of(distribution: Distribution) -> set[str]:
    return {match for line in distribution.requires for match in _EXTRA.findall(line)}


def _met(wanted: Requirement, side: Side) -> bool:
    return target(wanted) in side and accepts(wanted, side[target(wanted)].version)


def _reach(start: NormalizedName, needs: Mapping[NormalizedName, set[NormalizedName]]) -> frozenset[NormalizedName]:
    seen, todo = {start}, [start]
    while todo:
        for other in needs[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return frozenset(seen)
