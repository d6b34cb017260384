"""One environment under judgement, and the values that its story is told with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from packaging.utils import NormalizedName

from depcheck.core.environments import EnvironmentSpec
from depcheck.core.eras import as_of
from depcheck.core.lockfile import parse_lockfile
from depcheck.core.pins import Pin, Pins
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

    def upgraded(self, committed: Pins) -> World:
        """The world that an upgrade may take from: today less the cooldown, never less than is committed."""
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


class LayersDisagreeError(Exception):
    """Two lockfiles that are installed together pin one package differently."""


def lock_set(files: tuple[tuple[str, str], ...], markers: Mapping[str, str]) -> LockSet:
    """Parse the files for one target.

    Raises:
        LayersDisagreeError: Two files pin one package differently.
        LockfileError: A file cannot be read.
    """
    together: dict[NormalizedName, Pin] = {}
    by_file = []
    for path, text in files:
        pins = parse_lockfile(text).pins(markers)
        by_file.append((path, pins))
        for name, pin in pins.items():
            other = together.setdefault(name, pin)
            if other.version != pin.version or other.reference != pin.reference:
                raise LayersDisagreeError(f"{path} pins {pin}, another lockfile of the environment {other}")
    return LockSet(files, together, tuple(by_file))
