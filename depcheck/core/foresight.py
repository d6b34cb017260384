"""What pip must resolve to, where that follows whichever way its resolver goes. The law is in docs/foresight.md.

In short: follow everything that pip could ever pin. If one release of each project, the newest that all of that
accepts, meets every requirement seen on the way, then no pin is ever older than it and no choice ever fails; and what
the sources reach through such releases alone can be no newer either. What is left open by this is not foreseen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.closure import Closure, Edge, Stated, closure, counts
from depcheck.core.distributions import is_standard
from depcheck.core.pins import Pin, Pins
from depcheck.core.search.requirements import active, target

Choices = Callable[[NormalizedName], Sequence[Version] | None]
"""All versions that pip has a candidate for, newest first, without yanked ones; None where that is not certain."""
MOST_STEPS = 5000


class UnforeseenError(Exception):
    """Something that only the resolver can decide."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sources ask for, and where versions come from; what does not count for the markers is left out."""

    direct: Sequence[Requirement]
    constraints: Sequence[Requirement]
    choices: Choices
    stated: Stated
    markers: Mapping[str, str]

    @classmethod
    def here(
        cls,
        direct: Iterable[Requirement],
        constraints: Iterable[Requirement],
        choices: Choices,
        stated: Stated,
        markers: Mapping[str, str],
    ) -> "Asked":
        """Of requirements with any markers."""
        asking = [each for each in direct if counts(each, markers)]
        constraining = [each for each in constraints if counts(each, markers)]
        return cls(asking, constraining, choices, stated, markers)

    def always(self) -> dict[NormalizedName, set[SpecifierSet]]:
        """What holds from the first step on: the specifiers of all sources and constraints, by name."""
        found: dict[NormalizedName, set[SpecifierSet]] = {}
        for wanted in chain(self.direct, self.constraints):
            found.setdefault(target(wanted), set()).add(_specifier(wanted))
        return found

    def listed(self, name: NormalizedName, *, lets_in: bool = False) -> Iterator[Version]:
        """The versions of `name` that pip looks at, newest first: pre-releases only where there is nothing else.

        Raises UnforeseenError at a pre-release beside others if some specifier `lets_in` those.
        """
        versions = self.choices(name) or ()
        only = all(version.is_prerelease for version in versions)
        for version in versions:
            if version.is_prerelease and not only and lets_in:
                raise UnforeseenError(f"{name} {version} may count")
            if only or not version.is_prerelease:
                yield version

    def demands(self, pin: Pin, extras: frozenset[str]) -> list[Requirement]:
        """What a release asks for; raises UnforeseenError where only a build would tell."""
        lines = self.stated(pin)
        if lines is None or not all(map(is_standard, lines)):
            raise UnforeseenError(str(pin))
        return list(active(lines, self.markers, extras))


@dataclass(slots=True)
class _Names:
    """What is asked of each name, growing."""

    specifiers: dict[NormalizedName, dict[SpecifierSet, None]] = field(default_factory=dict)
    extras: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)

    def ask_all(self, demands: Iterable[Requirement]) -> dict[NormalizedName, None]:
        """Whom these ask for anything new."""
        return {target(wanted): None for wanted in demands if self._ask(wanted)}

    def _ask(self, wanted: Requirement) -> bool:
        name, specifier = target(wanted), _specifier(wanted)
        known = self.specifiers.setdefault(name, {})
        extras = self.extras.get(name)
        grown = frozenset(wanted.extras) | (extras or frozenset())
        if specifier in known and grown == extras:
            return False
        known[specifier] = None
        self.extras[name] = grown
        return True


def foreseen(asked: Asked) -> tuple[Pins, Closure]:
    """The pins that pip resolves to, and who asks for whom.

    Raises UnforeseenError where that does not follow. Cost: `choices` once for each name, `stated` for each release
    that could be pinned on the way, which are hardly more than the pins.
    """
    possible = _Possible(asked, asked.always())
    possible.follow()
    lowest = {name: versions[-1] for name, versions in possible.versions.items()}
    pins = {name: Pin(name, version) for name, version in _forced(asked, possible.always, lowest).items()}
    found = closure(asked.direct, asked.constraints, pins, asked.stated, asked.markers)
    # Whoever asked for a pin at any time may stand in its annotation; and over what is left behind and asks for each
    # other resolvelib stumbles (RecursionError in _has_route_to_root).
    traces = {edge for edge in possible.edges if edge[1] in pins}
    left_behind = {edge[:2] for edge in possible.edges if edge[0] not in pins and edge[1] not in pins}
    if found is None or _circular(left_behind) or not traces <= found.edges:
        raise UnforeseenError("what is pinned on the way leaves a trace")
    return pins, found


@dataclass(slots=True)
class _Possible:
    """All releases that could be pinned at any time, whatever is asked for first."""

    asked: Asked
    always: Mapping[NormalizedName, set[SpecifierSet]]
    versions: dict[NormalizedName, list[Version]] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    names: _Names = field(default_factory=_Names)

    def follow(self) -> None:
        """Go on until nothing new is asked for."""
        waiting = self.names.ask_all(self.asked.direct)
        steps = 0
        while waiting:
            name = next(iter(waiting))
            del waiting[name]
            waiting |= self._step(name)
            steps += 1
            if steps > MOST_STEPS:
                raise UnforeseenError(f"more than {MOST_STEPS} steps")

    def _step(self, name: NormalizedName) -> dict[NormalizedName, None]:
        """Follow all that could be pinned of `name`; who is asked for something new."""
        extras = self.names.extras[name]
        self.versions[name] = tops = self._tops(name)
        if extras and len(tops) > 1:  # `name` and `name[extra]` would be pinned apart
            raise UnforeseenError(f"{name} with extras {sorted(extras)}")
        demands = [each for version in tops for each in self.asked.demands(Pin(name, version), extras)]
        self.edges |= {(name, target(wanted), frozenset(wanted.extras)) for wanted in demands}
        return self.names.ask_all(demands)

    def _tops(self, name: NormalizedName) -> list[Version]:
        """Each version that is the newest under some of what is asked, newest first; the last one is under all."""
        always, asked = self.always.get(name, set()), tuple(self.names.specifiers[name])
        accepted: list[frozenset[int]] = []
        tops: list[Version] = []
        lets_in = any(each.prereleases for each in (*always, *asked))
        for version in self.asked.listed(name, lets_in=lets_in):
            if not _accept(always, version):
                continue
            accepting = frozenset(place for place, each in enumerate(asked) if _accept((each,), version))
            if any(accepting <= newer for newer in accepted):
                continue
            accepted.append(accepting)
            tops.append(version)
            if len(accepting) == len(asked):
                return tops
        raise UnforeseenError(f"no release of {name} meets all that could be asked of it")


def _forced(
    asked: Asked, always: Mapping[NormalizedName, set[SpecifierSet]], lowest: Mapping[NormalizedName, Version]
) -> dict[NormalizedName, Version]:
    """What is reached through releases alone that can be no newer than `lowest`."""
    names, certain = _Names(), dict[NormalizedName, Version]()
    changed = bool(names.ask_all(asked.direct))
    while changed:
        changed = False
        for name in list(names.specifiers):
            known = {*always.get(name, ()), *names.specifiers[name]}
            newest = next((each for each in asked.listed(name) if _accept(known, each)), None)
            if newest == lowest[name]:
                certain[name] = newest
                demands = asked.demands(Pin(name, newest), names.extras[name])
                changed = bool(names.ask_all(demands)) or changed
    if certain.keys() != names.specifiers.keys():
        raise UnforeseenError("some could be newer")
    return certain


def _circular(pairs: AbstractSet[tuple[NormalizedName, NormalizedName]]) -> bool:
    """Whether some of these ask for each other, or for themselves."""
    while pairs:
        asking = {parent for parent, _ in pairs}
        rest = {pair for pair in pairs if pair[1] in asking}
        if rest == pairs:
            return True
        pairs = rest
    return False


def _accept(specifiers: Iterable[SpecifierSet], version: Version) -> bool:
    return all(each.contains(version, prereleases=True) for each in specifiers)


def _specifier(wanted: Requirement) -> SpecifierSet:
    """What is asked; raises UnforeseenError for an address."""
    if wanted.url:
        raise UnforeseenError(str(wanted))
    return wanted.specifier
