"""Find the companions that a culprit needs at a release in between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.installed import Distribution
from depcheck.core.model.requirements import (
    InstalledSet,
    get_lower_bounds,
    get_required_name,
    is_satisfied_by,
    select_active_requirements,
)
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.model import Mixture, PackageNames

ReleaseLister = Callable[[NormalizedName], Sequence[Version]]
RequiresDistLookup = Callable[[NormalizedName, Version], tuple[str, ...] | None]

_MAX_LOOKUPS = 12  # metadata look-ups for one companion that has to stand in between


@dataclass(frozen=True, slots=True)
class Placement:
    """The mixture to install for one probe.

    `is_consistent` says that all packages accept each other's versions. An inconsistent mixture can still be
    tried, as trials are installed without a resolver. But if no version of another package fits the release
    (`is_excluded`), no resolver could have chosen it.
    """  # one sentence

    mixture: Mixture
    is_consistent: bool
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The two sides and the index's metadata.

    `markers` is the target's marker environment. `list_releases` returns visible versions in version order.
    `get_requires_dist` returns None if only a build could find it out; then the baseline's own requirements are
    assumed. `by_day` says that trials can resolve a set as of the day of a release, `other_is_bad` that releases
    which fail in another way directly before the first bad one count as bad.
    """

    before: InstalledSet
    after: InstalledSet
    coupling: Coupling
    markers: Mapping[str, str]
    list_releases: ReleaseLister
    get_requires_dist: RequiresDistLookup
    by_day: bool = False
    other_is_bad: bool = False

    def place_companions(self, head: NormalizedName, release: Version, ground: PackageNames) -> Placement:
        """Find the mixture for `head` at `release`.

        Everything else is as in the closed set `ground` if possible. A package that does not fit is given its other
        side; if neither side fits, the newest release that does.
        """
        draft = _Draft(self, dict.fromkeys(self._add_derived(ground - {head})), {})
        draft.set_release(head, release)
        todo, fixed = [head], {head}
        consistent, excluded = True, False
        while todo:
            name = todo.pop()
            for other, wanted in draft.find_misfits(name):
                if other in fixed or not draft.move_package(other, wanted):
                    consistent = False
                    excluded = excluded or (name == head and other not in draft.guessed_names)
                    continue
                fixed.add(other)
                todo.append(other)
        return Placement(draft.to_mixture(ground - {head}, head), consistent, excluded)

    def _add_derived(self, moved: PackageNames) -> PackageNames:
        return self.coupling.add_derived(moved)

    def find_missing_names(self, name: NormalizedName) -> PackageNames:
        """Find the requirements of `name` that neither side has installed.

        Lockfiles may leave packages out, such as setuptools.
        """
        sides = [side for side in (self.before, self.after) if name in side]
        asked = [
            {get_required_name(w) for w in select_active_requirements(side[name].requires, self.markers)} - side.keys()
            for side in sides
        ]
        return frozenset().union(*asked) - self.before.keys() - self.after.keys()

    def find_distribution(self, name: NormalizedName, version: Version) -> Distribution | None:
        """Find the metadata of a release.

        None if only a build could find it out.
        """
        for side in (self.before, self.after):
            if name in side and side[name].version == version:
                return side[name]
        lines = self.get_requires_dist(name, version)
        return None if lines is None else Distribution(name, version, lines)


@dataclass(slots=True)
class _Draft:
    """A mixture under construction.

    Some names are moved to the new side, others are at releases in between.
    """

    space: SearchSpace
    candidate_names: dict[NormalizedName, None]
    exact_distributions: dict[NormalizedName, Distribution] = field(default_factory=dict)
    guessed_names: set[NormalizedName] = field(default_factory=set)  # whose releases or requirements are not known

    def set_release(self, name: NormalizedName, version: Version) -> None:
        self.candidate_names.pop(name, None)
        self.exact_distributions[name] = self.look_up_release(name, version)

    def look_up_release(self, name: NormalizedName, version: Version) -> Distribution:
        found = self.space.find_distribution(name, version)
        if found is None:
            self.guessed_names.add(name)
        fallback = self.space.before.get(name)
        return found or Distribution(name, version, fallback.requires if fallback else ())

    def get_distribution(self, name: NormalizedName) -> Distribution | None:
        if name in self.exact_distributions:
            return self.exact_distributions[name]
        return (self.space.after if name in self.candidate_names else self.space.before).get(name)

    def find_misfits(self, name: NormalizedName) -> list[tuple[NormalizedName, list[Requirement]]]:
        """Find the packages that have to change because of `name`.

        Those that it does not accept (with its requirement), and those that do not accept it.
        """
        found = []
        stands = self.get_distribution(name)
        if stands is None:
            return []
        tolerated = self.space.find_missing_names(name) | {name}
        for wanted in select_active_requirements(stands.requires, self.space.markers):
            beside = self.get_distribution(get_required_name(wanted))
            unmet = beside is None or not is_satisfied_by(wanted, beside.version)
            if unmet and get_required_name(wanted) not in tolerated:
                found.append((get_required_name(wanted), [wanted]))
        for other in sorted({*self.space.before, *self.space.after} - {name}):
            beside = self.get_distribution(other)
            if beside is not None and not self.is_version_accepted(beside, name, stands.version):
                found.append((other, []))
        return found

    def is_version_accepted(self, distribution: Distribution, name: NormalizedName, version: Version) -> bool:
        """Return True if `distribution` accepts `name` at `version`."""
        lines = select_active_requirements(distribution.requires, self.space.markers)
        return all(is_satisfied_by(wanted, version) for wanted in lines if get_required_name(wanted) == name)

    def move_package(self, name: NormalizedName, wanted: Sequence[Requirement]) -> bool:
        """Give `name` its other side, or a release in between, that fits.

        Returns False if none fits.
        """
        other = (self.space.before if name in self.candidate_names else self.space.after).get(name)
        if other is not None and self.is_fitting(other, wanted):
            if name in self.candidate_names:
                del self.candidate_names[name]
            else:
                self.candidate_names[name] = None
            return True
        between = self.list_releases_between(name, wanted)
        low, high = 0, len(between)
        for attempt in range(_MAX_LOOKUPS):
            if low >= high:
                break
            at = (low + high) // 2 if attempt else high - 1
            distribution = self.look_up_release(name, between[at])
            if self.is_fitting(distribution, wanted):
                self.candidate_names.pop(name, None)
                self.exact_distributions[name] = distribution
                return True
            low, high = (low, at) if self.is_too_new(distribution) else (at + 1, high)
        return False

    def is_too_new(self, distribution: Distribution) -> bool:
        """Return True if it requires a newer version than one placed.

        Then an older release may fit.
        """
        for wanted in select_active_requirements(distribution.requires, self.space.markers):
            placed = self.exact_distributions.get(get_required_name(wanted))
            if placed is not None and not is_satisfied_by(wanted, placed.version):
                return any(floor > placed.version for floor in get_lower_bounds(wanted))
        return False

    def is_fitting(self, distribution: Distribution, wanted: Sequence[Requirement]) -> bool:
        """Return True if it is accepted, and accepts all placed releases.

        `wanted` are the requirements that have to accept it.
        """
        accepted = all(is_satisfied_by(requirement, distribution.version) for requirement in wanted)
        return accepted and all(
            self.is_version_accepted(distribution, name, placed.version)
            for name, placed in self.exact_distributions.items()
        )

    def list_releases_between(self, name: NormalizedName, wanted: Sequence[Requirement]) -> list[Version]:
        """List accepted releases of `name` between its two sides.

        In version order. All accepted releases if only one side has it.
        """
        sides = [side[name].version for side in (self.space.before, self.space.after) if name in side]
        known = len(sides) == 2  # noqa: PLR2004  # both sides
        released = self.space.list_releases(name)
        if not released:
            self.guessed_names.add(name)
        return [
            version
            for version in released
            if not known or min(sides) < version < max(sides)
            if all(is_satisfied_by(requirement, version) for requirement in wanted)
        ]

    def to_mixture(self, ground: PackageNames, head: NormalizedName) -> Mixture:
        """Convert the draft to the mixture to install.

        Derived packages are added and removed to match.
        """
        moved = frozenset(self.candidate_names)
        coupling = self.space.coupling
        moved |= coupling.add_derived((moved & coupling.choices) | ground & moved)
        wants = {
            get_required_name(wanted)
            for wanted in select_active_requirements(self.exact_distributions[head].requires, self.space.markers)
        }
        for gone, keepers in coupling.keepers_of_removed.items():
            others = keepers - moved - {head}
            if head in keepers and gone not in wants and not others:
                moved |= {gone}
        for come, bringers in coupling.bringers_of_added.items():
            if come in moved and not (bringers & moved) and come not in wants:
                moved -= {come}
        return Mixture(moved, tuple(sorted((name, d.version) for name, d in self.exact_distributions.items())))
