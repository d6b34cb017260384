"""What every compiled lockfile must keep to, whoever wrote it.

To build a source distribution is to run it, as the user who also runs the compiler: it could write the result. So each
pin must be asked for by a source or by another pin's metadata, accepted by all who ask for it, and have the files of
the index. No pin may be older than before, and not all may be as before, while a newer release is accepted by all and
conflicts with no pin. (That each is the newest one cannot be asked: resolvers do not look again at what they gave up.)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name, is_normalized_name
from packaging.version import Version

from depcheck.core.model.installed import parse_lenient_requirement
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.requirements import get_required_name, is_satisfied_by, select_active_requirements

Candidates = Callable[[NormalizedName], Sequence[Version] | None]
PinRequirements = Callable[[Pin], tuple[str, ...] | None]
PinHashes = Callable[[Pin], frozenset[str] | None]
MOST_DEPTH = 3  # of what a newer release asks for that is not pinned


@dataclass(frozen=True, slots=True)
class LawScope:
    """What of a compile is known: where less is, less is asked.

    `knows_sources`: all requirements of the sources, with their ranges. Else whatever was committed may have been asked
    for. `keeps_ranges`: what it resolved for is this interpreter, and no option replaces ranges. `takes_newest`: from
    the pages of the index, and the newest of them. `shows_all`: no pin is left out that a plain compile would write.
    """

    knows_sources: bool = True
    keeps_ranges: bool = True
    takes_newest: bool = True
    shows_all: bool = True

    @property
    def is_whole(self) -> bool:
        """True if the whole result follows from what is known."""
        return self.knows_sources and self.keeps_ranges


@dataclass(frozen=True, slots=True)
class CompileLaw:
    """Check every compiled lockfile without trusting the compile.

    `unsafe` are packages that a compiler may leave out of its result, `committed` the pins before the compile.
    """

    direct: Sequence[Requirement]
    constraints: Sequence[Requirement]
    get_requirements: PinRequirements
    list_candidates: Candidates
    get_hashes: PinHashes
    markers: Mapping[str, str]
    unsafe: frozenset[NormalizedName]
    committed: Pins
    scope: LawScope = LawScope()

    def is_active(self, wanted: Requirement) -> bool:
        """Return True if a line of a source counts for this interpreter."""
        return wanted.marker is None or wanted.marker.evaluate({**self.markers, "extra": ""})


def find_compile_breach(law: CompileLaw, pins: Pins) -> str:
    """Return what of `pins` breaks the law, or nothing."""
    asking = _RequirementWalk(law, pins)
    if name := asking.follow_requirements():
        return f"leaves out {name}, which is asked for"
    return next(filter(None, (_find_pin_breach(law, pins, asking, pins[name]) for name in sorted(pins))), "")


@dataclass(slots=True)
class _RequirementWalk:
    """Who asks for which pin, from the sources on."""

    law: CompileLaw
    pins: Pins
    wanted: dict[NormalizedName, list[Requirement]] = field(default_factory=dict)
    silent: set[NormalizedName] = field(default_factory=set)

    def follow_requirements(self) -> str:
        """Follow all requirements to a name that is not pinned.

        Empty for none.
        """
        extras: dict[NormalizedName, frozenset[str]] = {}
        scope = self.law.scope
        waiting = [each for each in self.law.direct if not scope.keeps_ranges or self.law.is_active(each)]
        if not scope.knows_sources:
            named = self.law.committed.keys() & self.pins.keys()
            waiting += [Requirement(name) for name in sorted(named) if is_normalized_name(name)]
        while waiting:
            asked = waiting.pop()
            name = get_required_name(asked)
            if name not in self.pins:
                is_sure = scope.is_whole or (scope.keeps_ranges and self.law.is_active(asked))
                if name in self.law.unsafe or not (scope.shows_all and is_sure):
                    continue
                return name
            self.wanted.setdefault(name, []).append(asked)
            grown = extras.get(name, frozenset()) | asked.extras
            if name not in extras or grown != extras[name]:
                extras[name] = grown
                waiting += self._list_requirements(self.pins[name], grown)
        return ""

    def is_silent(self, requirers: Iterable[str]) -> bool:
        """Return True if a requirer does not say what for.

        So does a folder or archive that a lockfile names by its address: the compiler tells its name alone.
        """
        if self.silent.intersection(requirers) or all(map(is_normalized_name, self.pins)):
            return bool(self.silent.intersection(requirers))
        return any(is_normalized_name(name) and name not in self.pins for name in map(canonicalize_name, requirers))

    def _list_requirements(self, pin: Pin, extras: Iterable[str]) -> list[Requirement]:
        lines = self.law.get_requirements(pin) if pin.version is not None else None
        if lines is None:
            self.silent.add(pin.name)
        if not self.law.scope.is_whole:  # for which markers and extras is not known
            return [found for found in map(parse_lenient_requirement, lines or ()) if found]
        return list(select_active_requirements(lines or (), self.law.markers, extras))


def _find_pin_breach(law: CompileLaw, pins: Pins, asking: _RequirementWalk, pin: Pin) -> str:
    if pin.version is None:
        return ""
    wanted = asking.wanted.get(pin.name, [])
    if not wanted:
        is_unknown = not law.scope.knows_sources and not law.committed  # nothing was locked, and no source tells
        is_unasked = not is_unknown and not asking.is_silent(pin.requirers)
        return f"holds {pin}, which nothing asks for" if is_unasked else ""
    limits = [each for each in law.constraints if get_required_name(each) == pin.name and law.is_active(each)]
    if not law.scope.is_whole:
        wanted = [each for each in wanted if law.is_active(each)]
    for each in (*wanted, *limits) if law.scope.keeps_ranges else ():
        if not is_satisfied_by(each, pin.version) and not each.url:
            return f"holds {pin}, while {each} is asked for"
    known = law.get_hashes(pin) if pin.hashes else None
    if known is not None and not pin.hashes <= known:
        return f"holds {pin} with hashes that its index does not have"
    if asking.is_silent(pin.requirers) or not _is_suspicious(law, pins, pin):
        return ""  # who asks for it does not say what for
    newer = _find_newer(law, pins, pin, [*wanted, *limits])
    return f"holds {pin}, though {pin.name} {newer} is accepted by all that ask for it" if newer else ""


def _is_suspicious(law: CompileLaw, pins: Pins, pin: Pin) -> bool:
    """Return True for a pin that went back or never moved."""
    before = law.committed.get(pin.name)
    if not law.scope.keeps_ranges or before is None or before.version is None or pin.version is None:
        return False
    unmoved = {name: each.version for name, each in pins.items()} == {
        name: each.version for name, each in law.committed.items()
    }
    return pin.version < before.version or (unmoved and law.scope.takes_newest)


def _find_newer(law: CompileLaw, pins: Pins, pin: Pin, wanted: Sequence[Requirement]) -> Version | None:
    """Return the newest release that could replace `pin` without a conflict."""
    if pin.version is None or any(each.url for each in wanted):
        return None
    before = law.committed.get(pin.name)
    known = before.version if before else None
    for version in law.list_candidates(pin.name) or ():
        if version <= pin.version:
            return None
        if not (law.scope.knows_sources and law.scope.takes_newest) and version != known:  # something may forbid it
            continue
        if version.is_prerelease and not pin.version.is_prerelease:
            continue
        if all(is_satisfied_by(each, version) for each in wanted) and _can_be_added(
            law, pins, Pin(pin.name, version, pin.extras), 0
        ):
            return version
    return None


def _can_be_added(law: CompileLaw, pins: Pins, pin: Pin, depth: int) -> bool:
    """Return True if `pin`'s requirements are pinned or could be added.

    False also where that is not known.
    """
    lines = law.get_requirements(pin)
    if lines is None or depth > MOST_DEPTH:
        return False
    for asked in select_active_requirements(lines, law.markers, pin.extras):
        name = get_required_name(asked)
        if name in pins:
            held = pins[name].version
            if asked.url or held is None or not is_satisfied_by(asked, held):
                return False
        elif name not in law.unsafe:
            choices = [
                each
                for each in law.list_candidates(name) or ()
                if is_satisfied_by(asked, each) and not each.is_prerelease
            ]
            if not choices or not _can_be_added(law, pins, Pin(name, choices[0], frozenset(asked.extras)), depth + 1):
                return False
    return True
