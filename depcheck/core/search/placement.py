"""Which companions have to move for a culprit to stand at a release in between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.distributions import Distribution
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.requirements import Side, accepts, active, floors, target
from depcheck.core.search.values import Mixture, Names

Releases = Callable[[NormalizedName], Sequence[Version]]
Requires = Callable[[NormalizedName, Version], tuple[str, ...] | None]

_LOOKUPS = 12  # metadata look-ups for one companion that has to stand in between


@dataclass(frozen=True, slots=True)
class Placement:
    """What to install for one probe. `consistent` says whether everybody accepts what stands beside them;
    without that it can be tried still, since trials are installed without a resolver. But where nothing at all
    could stand beside the release (`excluded`), nobody could have chosen it.
    """  # noqa: D205  # one sentence

    mixture: Mixture
    consistent: bool
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The two sides and the index's metadata. `releases` are visible versions in version order; `requires` is
    None where only a build would tell: then the baseline's own requirements are assumed.
    """  # noqa: D205  # one sentence

    before: Side
    after: Side
    coupling: Coupling
    environment: Mapping[str, str]
    releases: Releases
    requires: Requires

    def companions_for(self, head: NormalizedName, release: Version, ground: Names) -> Placement:
        """The mixture for `head` at `release`, everything else as in the closed set `ground` where possible.

        Whoever does not fit is given its other side; where neither side fits, the newest release that does.
        """
        draft = _Draft(self, dict.fromkeys(self._stand(ground - {head})), {})
        draft.put(head, release)
        todo, fixed = [head], {head}
        consistent, excluded = True, False
        while todo:
            name = todo.pop()
            for other, wanted in draft.misfits(name):
                if other in fixed or not draft.move(other, wanted):
                    consistent = False
                    excluded = excluded or (name == head and other not in draft.guessed)
                    continue
                fixed.add(other)
                todo.append(other)
        return Placement(draft.mixture(ground - {head}, head), consistent, excluded)

    def _stand(self, moved: Names) -> Names:
        return self.coupling.complete(moved)

    def missing(self, name: NormalizedName) -> Names:
        """What a side's own `name` asks for in vain: lockfiles may leave packages out, such as setuptools."""
        sides = [side for side in (self.before, self.after) if name in side]
        asked = [{target(w) for w in active(side[name].requires, self.environment)} - side.keys() for side in sides]
        return frozenset().union(*asked) - self.before.keys() - self.after.keys()

    def distribution(self, name: NormalizedName, version: Version) -> Distribution | None:
        """What is known about a release; None where only a build would tell."""
        for side in (self.before, self.after):
            if name in side and side[name].version == version:
                return side[name]
        lines = self.requires(name, version)
        return None if lines is None else Distribution(name, version, lines)


@dataclass(slots=True)
class _Draft:
    """A mixture in the making: names moved to the new side, and releases in between."""

    place: Place
    moved: dict[NormalizedName, None]
    at: dict[NormalizedName, Distribution] = field(default_factory=dict)
    guessed: set[NormalizedName] = field(default_factory=set)  # whose releases or requirements are not known

    def put(self, name: NormalizedName, version: Version) -> None:
        self.moved.pop(name, None)
        self.at[name] = self.look_up(name, version)

    def look_up(self, name: NormalizedName, version: Version) -> Distribution:
        found = self.place.distribution(name, version)
        if found is None:
            self.guessed.add(name)
        fallback = self.place.before.get(name)
        return found or Distribution(name, version, fallback.requires if fallback else ())

    def standing(self, name: NormalizedName) -> Distribution | None:
        if name in self.at:
            return self.at[name]
        return (self.place.after if name in self.moved else self.place.before).get(name)

    def misfits(self, name: NormalizedName) -> list[tuple[NormalizedName, list[Requirement]]]:
        """Who has to change because of `name`: whom it does not accept, and who does not accept it."""
        found = []
        stands = self.standing(name)
        if stands is None:
            return []
        tolerated = self.place.missing(name) | {name}
        for wanted in active(stands.requires, self.place.environment):
            beside = self.standing(target(wanted))
            unmet = beside is None or not accepts(wanted, beside.version)
            if unmet and target(wanted) not in tolerated:
                found.append((target(wanted), [wanted]))
        for other in sorted({*self.place.before, *self.place.after} - {name}):
            beside = self.standing(other)
            if beside is not None and not self.suits(beside, name, stands.version):
                found.append((other, []))
        return found

    def suits(self, distribution: Distribution, name: NormalizedName, version: Version) -> bool:
        """Whether `distribution` accepts `name` at `version`."""
        lines = active(distribution.requires, self.place.environment)
        return all(accepts(wanted, version) for wanted in lines if target(wanted) == name)

    def move(self, name: NormalizedName, wanted: Sequence[Requirement]) -> bool:
        """Give `name` its other side or a release in between, whichever all that stands beside it fits."""
        other = (self.place.before if name in self.moved else self.place.after).get(name)
        if other is not None and self.fits(other, wanted):
            if name in self.moved:
                del self.moved[name]
            else:
                self.moved[name] = None
            return True
        between = self.between(name, wanted)
        low, high = 0, len(between)
        for attempt in range(_LOOKUPS):
            if low >= high:
                break
            at = (low + high) // 2 if attempt else high - 1
            distribution = self.look_up(name, between[at])
            if self.fits(distribution, wanted):
                self.moved.pop(name, None)
                self.at[name] = distribution
                return True
            low, high = (low, at) if self.too_new(distribution) else (at + 1, high)
        return False

    def too_new(self, distribution: Distribution) -> bool:
        """Whether it asks for something newer than what is placed (then an older release may fit)."""
        for wanted in active(distribution.requires, self.place.environment):
            placed = self.at.get(target(wanted))
            if placed is not None and not accepts(wanted, placed.version):
                return any(floor > placed.version for floor in floors(wanted))
        return False

    def fits(self, distribution: Distribution, wanted: Sequence[Requirement]) -> bool:
        """Whether it is accepted, and accepts all releases that are already placed."""
        accepted = all(accepts(requirement, distribution.version) for requirement in wanted)
        return accepted and all(self.suits(distribution, name, placed.version) for name, placed in self.at.items())

    def between(self, name: NormalizedName, wanted: Sequence[Requirement]) -> list[Version]:
        """Releases of `name` between its two sides that are accepted, in version order."""
        sides = [side[name].version for side in (self.place.before, self.place.after) if name in side]
        known = len(sides) == 2  # noqa: PLR2004  # both sides
        released = self.place.releases(name)
        if not released:
            self.guessed.add(name)
        return [
            version
            for version in released
            if not known or min(sides) < version < max(sides)
            if all(accepts(requirement, version) for requirement in wanted)
        ]

    def mixture(self, ground: Names, head: NormalizedName) -> Mixture:
        """What to install: derived packages come and go by what stands."""
        moved = frozenset(self.moved)
        coupling = self.place.coupling
        moved |= coupling.complete((moved & coupling.chosen) | ground & moved)
        wants = {target(wanted) for wanted in active(self.at[head].requires, self.place.environment)}
        for gone, keepers in coupling.removed.items():
            others = keepers - moved - {head}
            if head in keepers and gone not in wants and not others:
                moved |= {gone}
        for come, bringers in coupling.added.items():
            if come in moved and not (bringers & moved) and come not in wants:
                moved -= {come}
        return Mixture(moved, tuple(sorted((name, d.version) for name, d in self.at.items())))
