"""Compute which change brings which others along.

Between baseline and candidate, only those sets make sense in which every installed package accepts the
versions of the others. The metadata of both sides shows which these are: if x's new side does not accept
y's old side, x needs y; if y's old side does not accept x's new one, x needs y as well (the dependent comes
along). Needs are directed: moving Flask 1.1 to 2.0 brings Werkzeug, moving Werkzeug brings no other
package.

Packages that only one side has mostly follow from others: an added one comes with the first that requires
it, a removed one goes when the last that required it has changed. They are *derived*, never chosen.

Assumption: both sides are consistent in themselves. A requirement that a side violates already is no
constraint.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from depcheck.core.model.installed import Distribution
from depcheck.core.model.requirements import (
    InstalledSet,
    collect_requirements,
    get_required_name,
    is_satisfied_by,
    select_active_requirements,
)
from depcheck.core.search.model import PackageNames

_EXTRA_MARKER = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Coupling:
    """The lattice of sets that can be installed.

    `choices` are the changes that a search chooses among. `closures` maps each to all that it brings along,
    itself included. `bringers_of_added` and `keepers_of_removed` map each derived package to the choices that
    bring it (in the new side), or that keep it (in the old side).
    """

    choices: PackageNames
    closures: Mapping[NormalizedName, PackageNames]
    bringers_of_added: Mapping[NormalizedName, PackageNames]
    keepers_of_removed: Mapping[NormalizedName, PackageNames]

    def get_closure(self, names: Iterable[NormalizedName]) -> PackageNames:
        """Return the smallest closed set of choices that contains `names`."""
        return frozenset().union(*(self.closures[name] for name in names))

    def get_group(self, name: NormalizedName) -> PackageNames:
        """Return the choices that only change together with `name`, itself included."""
        return frozenset(other for other in self.closures[name] if name in self.closures[other])

    def exclude_names(self, names: Iterable[NormalizedName], within: PackageNames | None = None) -> PackageNames:
        """Return the largest closed set without any of `names`.

        Inside the closed set `within`, by default all choices.
        """
        unwanted = frozenset(names)
        pool = self.choices if within is None else within
        return frozenset(name for name in pool if not self.closures[name] & unwanted)

    def add_derived(self, moved: PackageNames) -> PackageNames:
        """Add the packages that follow from the changes `moved`.

        The result is the names to take from the candidate: `moved`, and the added and removed packages derived from
        it.
        """
        come = {name for name, by in self.bringers_of_added.items() if by & moved}
        go = {name for name, keepers in self.keepers_of_removed.items() if keepers <= moved}
        return moved | come | go


def compute_coupling(
    before: InstalledSet,
    after: InstalledSet,
    changed: PackageNames,
    environment: Mapping[str, str],
    extras: Mapping[NormalizedName, frozenset[str]] | None = None,
) -> Coupling:
    """Compute the coupling of the `changed` names of two installed sets.

    `environment` is the target's marker environment (packaging.markers.default_environment there). `extras` are
    those that the sources ask for; extras that are not given are inferred from each side.
    """
    new = _SideRequirements(after, environment, {**_infer_requested_extras(after, environment), **(extras or {})})
    old = _SideRequirements(before, environment, {**_infer_requested_extras(before, environment), **(extras or {})})
    both = frozenset(name for name in changed if name in before and name in after)
    only_new = frozenset(name for name in changed if name not in before and name in after)
    only_old = frozenset(name for name in changed if name in before and name not in after)
    elsewhere = changed - both - only_new - only_old  # metadata unknown: free to move
    added, free_new = new.split_derived(both, only_new)
    removed, free_old = old.split_derived(both, only_old)
    chosen = both | free_new | free_old | elsewhere
    needs: dict[NormalizedName, set[NormalizedName]] = {name: set() for name in chosen}
    for name in sorted(both | free_new):
        for wanted in new.list_requirements(name, only_new):
            other = get_required_name(wanted)
            if other in both and other != name and not is_satisfied_by(wanted, before[other].version):
                needs[name].add(other)
    for name in sorted(both | free_old):
        for wanted in old.list_requirements(name, only_old):
            other = get_required_name(wanted)
            refused = other in both and not is_satisfied_by(wanted, after[other].version)
            if other != name and refused and is_satisfied_by(wanted, before[other].version):
                needs[other].add(name)
    return Coupling(chosen, {name: _find_reachable(name, needs) for name in chosen}, added, removed)


@dataclass(frozen=True, slots=True)
class _SideRequirements:
    """The requirements of each package of one side."""

    side: InstalledSet
    markers: Mapping[str, str]
    extras: Mapping[NormalizedName, frozenset[str]]

    def list_requirements(self, name: NormalizedName, through: PackageNames) -> Iterator[Requirement]:
        return collect_requirements(self.side, name, self.markers, self.extras, through)

    def find_required(self, name: NormalizedName, through: PackageNames) -> PackageNames:
        return frozenset(get_required_name(wanted) for wanted in self.list_requirements(name, through)) & through

    def split_derived(
        self, both: PackageNames, only: PackageNames
    ) -> tuple[dict[NormalizedName, PackageNames], PackageNames]:
        """Split `only` into packages that others bring, and the free ones.

        The former are mapped to the packages that bring them.
        """
        reached = {name: self.find_required(name, only) for name in both}
        orphans = only - frozenset().union(*reached.values())
        among = {name: self.find_required(name, only) - {name} for name in orphans}
        free = orphans - frozenset().union(*among.values()) or orphans
        reached |= {name: among[name] for name in free}
        derived = frozenset().union(*reached.values()) - free
        bringers = {name: frozenset(by for by, brought in reached.items() if name in brought) for name in derived}
        return bringers, only - derived


def _infer_requested_extras(side: InstalledSet, environment: Mapping[str, str]) -> dict[NormalizedName, frozenset[str]]:
    """Infer the extras that sources must have asked for.

    All requirements of such an extra are installed, and some of them for no other reason.
    """
    plain = {name: list(select_active_requirements(side[name].requires, environment)) for name in side}
    explained = {get_required_name(wanted) for lines in plain.values() for wanted in lines}
    found: dict[NormalizedName, frozenset[str]] = {}
    for name, distribution in side.items():
        for extra in sorted(_list_extras(distribution)):
            brought = [
                w
                for w in select_active_requirements(distribution.requires, environment, [extra])
                if w not in plain[name]
            ]
            there = [get_required_name(w) for w in brought if _is_met(w, side)]
            if len(there) == len(brought) and not explained.issuperset(there):
                found[name] = found.get(name, frozenset()) | {extra}
    return found


def _list_extras(distribution: Distribution) -> set[str]:
    return {match for line in distribution.requires for match in _EXTRA_MARKER.findall(line)}


def _is_met(wanted: Requirement, side: InstalledSet) -> bool:
    return get_required_name(wanted) in side and is_satisfied_by(wanted, side[get_required_name(wanted)].version)


def _find_reachable(
    start: NormalizedName, needs: Mapping[NormalizedName, set[NormalizedName]]
) -> frozenset[NormalizedName]:
    seen, todo = {start}, [start]
    while todo:
        for other in needs[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return frozenset(seen)
