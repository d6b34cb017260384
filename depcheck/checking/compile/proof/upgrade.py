"""Prediction of the pins that pip's resolver must choose.

docs/foresight.md holds the proof. In short: follow everything that pip could ever pin. If one release of
each project, the newest that all of that accepts, meets every requirement seen on the way, then no pin is
ever older than it and no choice ever fails. What the sources reach through such releases alone can be no
newer either. Anything that this leaves open is not predicted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.compile.proof.closure import (
    Closure,
    RequirementEdge,
    RequiresLookup,
    is_active_requirement,
    prove_closure,
)
from depcheck.core.model.installed import is_valid_requires_dist
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.requirements import get_required_name, select_active_requirements

CandidateLookup = Callable[[NormalizedName], Sequence[Version] | None]
"""All versions that pip has a candidate for, newest first, without yanked ones; None where that is not certain."""
MOST_PREDICTION_STEPS = 5000


class UnpredictableUpgradeError(Exception):
    """An error for an upgrade that only the resolver can decide."""


@dataclass(frozen=True, slots=True)
class UpgradeInputs:
    """The active requirements of the sources, and lookups of versions and metadata.

    Requirements whose markers do not hold are left out.
    """

    direct: Sequence[Requirement]
    constraints: Sequence[Requirement]
    candidate_lookup: CandidateLookup
    requires_lookup: RequiresLookup
    markers: Mapping[str, str]

    @classmethod
    def from_requirements(
        cls,
        direct: Iterable[Requirement],
        constraints: Iterable[Requirement],
        choices: CandidateLookup,
        stated: RequiresLookup,
        markers: Mapping[str, str],
    ) -> "UpgradeInputs":
        """Build the inputs from requirements, dropping those whose markers do not hold."""
        asking = [each for each in direct if is_active_requirement(each, markers)]
        constraining = [each for each in constraints if is_active_requirement(each, markers)]
        return cls(asking, constraining, choices, stated, markers)

    def collect_source_specifiers(self) -> dict[NormalizedName, set[SpecifierSet]]:
        """Collect the specifiers of all sources and constraints by name.

        They hold from the first step of the resolution on.
        """
        found: dict[NormalizedName, set[SpecifierSet]] = {}
        for wanted in chain(self.direct, self.constraints):
            found.setdefault(get_required_name(wanted), set()).add(_get_specifier(wanted))
        return found

    def list_versions(self, name: NormalizedName, *, lets_in: bool = False) -> Iterator[Version]:
        """Yield the versions of `name` that pip considers, newest first.

        Pre-releases are included only if there is nothing else. Raises UnpredictableUpgradeError at a pre-release
        beside other versions if a specifier allows it (`lets_in`).
        """
        versions = self.candidate_lookup(name) or ()
        only = all(version.is_prerelease for version in versions)
        for version in versions:
            if version.is_prerelease and not only and lets_in:
                raise UnpredictableUpgradeError(f"{name} {version} may count")
            if only or not version.is_prerelease:
                yield version

    def list_requirements(self, pin: Pin, extras: frozenset[str]) -> list[Requirement]:
        """List the active requirements of a release with these extras.

        Raises UnpredictableUpgradeError if only a build would tell.
        """
        lines = self.requires_lookup(pin)
        if lines is None or not all(map(is_valid_requires_dist, lines)):
            raise UnpredictableUpgradeError(str(pin))
        return list(select_active_requirements(lines, self.markers, extras))


@dataclass(slots=True)
class _RequestedNames:
    """The specifiers and extras that are requested of each name so far."""

    specifiers: dict[NormalizedName, dict[SpecifierSet, None]] = field(default_factory=dict)
    extras: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)

    def add_requirements(self, demands: Iterable[Requirement]) -> dict[NormalizedName, None]:
        """Add requirements and return the names for which something is new.

        The result is a dict with None values, used as an ordered set.
        """
        return {get_required_name(wanted): None for wanted in demands if self._add_requirement(wanted)}

    def _add_requirement(self, wanted: Requirement) -> bool:
        """Add one requirement and return True if it was new."""
        name, specifier = get_required_name(wanted), _get_specifier(wanted)
        known = self.specifiers.setdefault(name, {})
        extras = self.extras.get(name)
        grown = frozenset(wanted.extras) | (extras or frozenset())
        if specifier in known and grown == extras:
            return False
        known[specifier] = None
        self.extras[name] = grown
        return True


def predict_upgrade(asked: UpgradeInputs) -> tuple[Pins, Closure]:
    """Predict the pins that pip resolves to, and which package requires which.

    Raises UnpredictableUpgradeError if the result does not follow. Cost: one candidate lookup for each name,
    and one metadata lookup for each release that could be pinned on the way, hardly more than the pins.
    """
    possible = _PossibleReleases(asked, asked.collect_source_specifiers())
    possible.explore_releases()
    lowest = {name: versions[-1] for name, versions in possible.versions.items()}
    pins = {
        name: Pin(name, version)
        for name, version in _find_certain_versions(asked, possible.source_specifiers, lowest).items()
    }
    found = prove_closure(asked.direct, asked.constraints, pins, asked.requires_lookup, asked.markers)
    # Whoever asked for a pin at any time may stand in its annotation; and over what is left behind and asks for each
    # other resolvelib stumbles (RecursionError in _has_route_to_root).
    traces = {edge for edge in possible.edges if edge[1] in pins}
    left_behind = {edge[:2] for edge in possible.edges if edge[0] not in pins and edge[1] not in pins}
    if found is None or _has_cycle(left_behind) or not traces <= found.edges:
        raise UnpredictableUpgradeError("what is pinned on the way leaves a trace")
    return pins, found


@dataclass(slots=True)
class _PossibleReleases:
    """All releases that pip could pin in any order of requests."""

    inputs: UpgradeInputs
    source_specifiers: Mapping[NormalizedName, set[SpecifierSet]]
    versions: dict[NormalizedName, list[Version]] = field(default_factory=dict)
    edges: set[RequirementEdge] = field(default_factory=set)
    requested_names: _RequestedNames = field(default_factory=_RequestedNames)

    def explore_releases(self) -> None:
        """Explore all reachable names until nothing new is requested."""
        waiting = self.requested_names.add_requirements(self.inputs.direct)
        steps = 0
        while waiting:
            name = next(iter(waiting))
            del waiting[name]
            waiting |= self._explore_name(name)
            steps += 1
            if steps > MOST_PREDICTION_STEPS:
                raise UnpredictableUpgradeError(f"more than {MOST_PREDICTION_STEPS} steps")

    def _explore_name(self, name: NormalizedName) -> dict[NormalizedName, None]:
        """Explore one name's releases and return names with new requests."""
        extras = self.requested_names.extras[name]
        self.versions[name] = tops = self._find_newest_versions(name)
        if extras and len(tops) > 1:  # `name` and `name[extra]` would be pinned apart
            raise UnpredictableUpgradeError(f"{name} with extras {sorted(extras)}")
        demands = [each for version in tops for each in self.inputs.list_requirements(Pin(name, version), extras)]
        self.edges |= {(name, get_required_name(wanted), frozenset(wanted.extras)) for wanted in demands}
        return self.requested_names.add_requirements(demands)

    def _find_newest_versions(self, name: NormalizedName) -> list[Version]:
        """Find each version that is newest under some subset of the requests.

        Order: newest first. The last one meets all requests.
        """
        always, asked = self.source_specifiers.get(name, set()), tuple(self.requested_names.specifiers[name])
        accepted: list[frozenset[int]] = []
        tops: list[Version] = []
        lets_in = any(each.prereleases for each in (*always, *asked))
        for version in self.inputs.list_versions(name, lets_in=lets_in):
            if not _is_accepted(always, version):
                continue
            accepting = frozenset(place for place, each in enumerate(asked) if _is_accepted((each,), version))
            if any(accepting <= newer for newer in accepted):
                continue
            accepted.append(accepting)
            tops.append(version)
            if len(accepting) == len(asked):
                return tops
        raise UnpredictableUpgradeError(f"no release of {name} meets all that could be asked of it")


def _find_certain_versions(
    asked: UpgradeInputs, always: Mapping[NormalizedName, set[SpecifierSet]], lowest: Mapping[NormalizedName, Version]
) -> dict[NormalizedName, Version]:
    """Find the versions that cannot be newer than `lowest`.

    Only releases that are reached through such versions count. Raises UnpredictableUpgradeError if any name
    is left.
    """
    names, certain = _RequestedNames(), dict[NormalizedName, Version]()
    changed = bool(names.add_requirements(asked.direct))
    while changed:
        changed = False
        for name in list(names.specifiers):
            known = {*always.get(name, ()), *names.specifiers[name]}
            newest = next((each for each in asked.list_versions(name) if _is_accepted(known, each)), None)
            if newest == lowest[name]:
                certain[name] = newest
                demands = asked.list_requirements(Pin(name, newest), names.extras[name])
                changed = bool(names.add_requirements(demands)) or changed
    if certain.keys() != names.specifiers.keys():
        raise UnpredictableUpgradeError("some could be newer")
    return certain


def _has_cycle(pairs: AbstractSet[tuple[NormalizedName, NormalizedName]]) -> bool:
    """Return True if some of the pairs form a cycle."""
    while pairs:
        asking = {parent for parent, _ in pairs}
        rest = {pair for pair in pairs if pair[1] in asking}
        if rest == pairs:
            return True
        pairs = rest
    return False


def _is_accepted(specifiers: Iterable[SpecifierSet], version: Version) -> bool:
    """Return True if all specifiers accept the version, pre-releases included."""
    return all(each.contains(version, prereleases=True) for each in specifiers)


def _get_specifier(wanted: Requirement) -> SpecifierSet:
    """Return the specifier of a requirement, or raise UnpredictableUpgradeError for a URL."""
    if wanted.url:
        raise UnpredictableUpgradeError(str(wanted))
    return wanted.specifier
