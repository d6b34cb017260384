"""One environment under judgement, and the values that its story is told with."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from packaging.utils import NormalizedName

from depcheck.core.environments import EnvironmentSpec
from depcheck.core.eras import as_of
from depcheck.core.errors import LockfileError
from depcheck.core.lockfile import parse_lockfile
from depcheck.core.pins import Pin, Pins
from depcheck.core.rules import Rule, allowed, in_force
from depcheck.core.settings import Settings
from depcheck.core.world import World
from depcheck.ports import Ports


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged, with what, and by which settings. `markers` is the target's marker environment.

    `now` is the moment of the run, aware UTC; `today` the world that new machines meet at that moment.
    """

    spec: EnvironmentSpec
    ports: Ports
    settings: Settings
    markers: Mapping[str, str]
    now: datetime

    @property
    def today(self) -> World:
        """Everything released up to now, or up to the date asked for."""
        return self.as_of(self.settings.as_of)

    def as_of(self, until: datetime | None) -> World:
        """The world up to a moment, for this interpreter."""
        return as_of(until, self.spec.python)

    @property
    def committed(self) -> Pins:
        """What the committed lockfiles pin for this target, where they can be read; upper layers first."""
        found: dict[NormalizedName, Pin] = {}
        for lock in self.spec.lockfiles:
            with suppress(LockfileError):
                found.update(lock.lockfile.pins(self.markers))
        return found

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules of the maintainers, those that have run out too."""
        return (*self.settings.holds, *self.settings.ignores)

    @property
    def rules_in_force(self) -> tuple[Rule, ...]:
        """The rules that hold on the day that is judged."""
        return in_force(self.rules, (self.settings.as_of or self.now).date())

    def ruled(self, world: World, committed: Pins) -> World:
        """`world` less what the rules keep away."""
        return replace(world, allowed=(*world.allowed, *allowed(self.rules_in_force, committed)))

    def upgraded(self, committed: Pins) -> World:
        """The world that an upgrade may take from: today less the cooldown and what the rules keep away.

        A cooldown never takes away what is committed; a rule may.
        """
        return self.ruled(self.unruled(committed), committed)

    def unruled(self, committed: Pins) -> World:
        """The same without the rules."""
        if not self.settings.cooldown_days:
            return self.today
        horizon = (self.settings.as_of or self.now) - timedelta(days=self.settings.cooldown_days)
        kept = frozenset((pin.name, pin.version) for pin in committed.values() if pin.version)
        return replace(self.as_of(horizon), keep=kept)


@dataclass(frozen=True, slots=True)
class LockSet:
    """All lockfiles of an environment: `files` by path with their whole text, `pins` what they install together."""

    files: tuple[tuple[str, str], ...]
    pins: Pins
    by_file: tuple[tuple[str, Pins], ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One package that lockfiles of one environment pin differently; `pins` by path, in layer order."""

    name: NormalizedName
    pins: tuple[tuple[str, Pin], ...]

    def __str__(self) -> str:
        return ", ".join(f"{path} pins {pin}" for path, pin in self.pins)


class LayersDisagreeError(Exception):
    """Lockfiles that are installed together pin packages differently; `found` in name order."""

    def __init__(self, found: tuple[Disagreement, ...]) -> None:
        more = f"; and {len(found) - 3} packages more" if len(found) > 3 else ""  # noqa: PLR2004  # three fit a line
        super().__init__("; ".join(map(str, found[:3])) + more)
        self.found = found


def lock_set(files: tuple[tuple[str, str], ...], markers: Mapping[str, str]) -> LockSet:
    """Parse the files for one target.

    Raises:
        LayersDisagreeError: Two files pin one package differently.
        LockfileError: A file cannot be read.
    """
    by_file = tuple((path, parse_lockfile(text).pins(markers)) for path, text in files)
    if found := tuple(_disagreements(by_file)):
        raise LayersDisagreeError(found)
    return LockSet(files, {name: pin for _, pins in reversed(by_file) for name, pin in pins.items()}, by_file)


def _disagreements(by_file: tuple[tuple[str, Pins], ...]) -> Iterator[Disagreement]:
    for name in sorted({name for _, pins in by_file for name in pins}):
        stated = tuple((path, pins[name]) for path, pins in by_file if name in pins)
        if len({(pin.version, pin.reference) for _, pin in stated}) > 1:
            yield Disagreement(name, stated)
