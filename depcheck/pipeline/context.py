"""The context of one environment that is checked, and its lockfile sets."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.config.bans import Ban
from depcheck.core.config.cooldown import CooldownException
from depcheck.core.config.rules import Rule, select_active_rules, to_allowed_specifiers
from depcheck.core.config.settings import Settings
from depcheck.core.config.stated_package import is_in_force
from depcheck.core.lockfiles.diff import find_requirer_path, is_direct_pin
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.index_view import IndexView, build_index_view
from depcheck.core.model.pins import Pin, Pins
from depcheck.ports import Ports


@dataclass(frozen=True, slots=True)
class EnvironmentCase:
    """One environment with the ports and settings to check it.

    `markers` is the target's marker environment. `now` is the moment of the run, aware UTC. `current_view`
    is what the index shows to new machines at that moment. With `least_age_days`, an upgrade takes releases that are
    at least so old, and those in `taken_early`. `barred` are specifiers that keep flagged releases away. If
    `is_closed`, the network is closed to commands, whatever the releases' age.
    """

    spec: EnvironmentSpec
    ports: Ports
    settings: Settings
    markers: Mapping[str, str]
    now: datetime
    least_age_days: float = 0
    taken_early: frozenset[tuple[NormalizedName, Version]] = frozenset()
    barred: tuple[tuple[NormalizedName, str], ...] = ()
    is_closed: bool = False

    @property
    def moment(self) -> datetime:
        """The moment that is judged: now, or `as-of`."""
        return self.settings.as_of or self.now

    @property
    def current_view(self) -> IndexView:
        """The index view as of now, or as of `as-of`."""
        return self.get_view_at(self.settings.as_of)

    def get_view_at(self, until: datetime | None) -> IndexView:
        """Return the index view of a moment, for this interpreter.

        What is banned or flagged is in none.
        """
        view = build_index_view(until, self.spec.python)
        bans = tuple((ban.package, ban.allowed) for ban in self.bans_in_force)
        return replace(view, specifiers=(*view.specifiers, *bans, *self.barred))

    @property
    def committed_pins(self) -> Pins:
        """The pins of the committed lockfiles for this target.

        Upper layers come first. Lockfiles that cannot be parsed are left out.
        """
        found: dict[NormalizedName, Pin] = {}
        for lock in self.spec.lockfiles:
            with suppress(LockfileError):
                found.update(lock.lockfile.select_pins(self.markers))
        return found

    def add_notes(self, *sets: LockSet) -> "EnvironmentCase":
        """Return the case with what the compiles of `sets` noted."""
        notes = dict.fromkeys(note for each in sets for note in each.notes)
        return replace(self, spec=replace(self.spec, notes=(*self.spec.notes, *notes))) if notes else self

    def add_trimmed(self, found: LockSet) -> "EnvironmentCase":
        """Return the case with lines that people remove after a compile."""
        trimmed = dict(found.trimmed)
        if not trimmed:
            return self
        locks = tuple(
            replace(lock, trimmed_packages=trimmed.get(lock.path, frozenset())) for lock in self.spec.lockfiles
        )
        notes = (
            f"{path} is committed without {', '.join(map(_to_line, sorted(names)[:6]))}, which its compile writes: the "
            "lines are taken out afterwards, and what is proposed is without them too."
            for path, names in trimmed.items()
        )
        return replace(self, spec=replace(self.spec, lockfiles=locks, notes=(*self.spec.notes, *notes)))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules of the maintainers, including expired ones."""
        return (*self.settings.holds, *self.settings.ignores)

    @property
    def rules_in_force(self) -> tuple[Rule, ...]:
        """The rules that are in force on the day that is checked."""
        return select_active_rules(self.rules, self.moment.date())

    @property
    def bans_in_force(self) -> tuple[Ban, ...]:
        """The bans that are in force on the day that is checked."""
        return tuple(each for each in self.settings.bans if is_in_force(each.last_day, self.moment.date()))

    @property
    def exceptions_in_force(self) -> tuple[CooldownException, ...]:
        """The exceptions from the cooldown that are in force on that day."""
        chosen = self.settings.cooldown_exceptions
        return tuple(each for each in chosen if is_in_force(each.last_day, self.moment.date()))

    def apply_rules(self, world: IndexView, committed: Pins) -> IndexView:
        """Return `world` without the releases that the rules exclude."""
        return replace(world, specifiers=(*world.specifiers, *to_allowed_specifiers(self.rules_in_force, committed)))

    def get_upgrade_view(self, committed: Pins) -> IndexView:
        """Return the index view that an upgrade may take releases from.

        It is the current view without what the rules exclude, and with `least_age_days` without younger ones.
        A cooldown never removes committed releases; a rule may.
        """
        return self.apply_rules(self.get_cooldown_view(committed), committed)

    def get_cooldown_view(self, committed: Pins) -> IndexView:
        """Return the index view for an upgrade, before the rules."""
        if not self.least_age_days:
            return self.current_view
        view = self.get_old_view()
        locks = [] if self.spec.lockfiles[0].is_unlocked else self.spec.lockfiles
        pins = {*committed.values(), *(entry.pin for lock in locks for entry in lock.lockfile.entries)} if locks else ()
        releases = ((pin.name, pin.version) for pin in pins if pin.version)
        gone = frozenset(each for each in releases if not self.is_shown(*each, view))
        return replace(view, pinned=gone | self.taken_early)

    def get_old_view(self) -> IndexView:
        """Return the index view of what is at least `least_age_days` old.

        Exceptions from the cooldown are of any age.
        """
        view = self.get_aged_view(self.least_age_days)
        exempt = tuple((each.package, self.moment) for each in self.exceptions_in_force)
        return replace(view, uploaded_before_by_project=(*view.uploaded_before_by_project, *exempt))

    def get_aged_view(self, days: float) -> IndexView:
        """Return the index view of what is at least `days` old."""
        return self.get_view_at(_go_back(self.moment, days))

    def is_shown(self, name: NormalizedName, version: Version, view: IndexView) -> bool:
        """Return True if the view shows any file of a release."""
        return any(release.version == version for release in self.ports.index.list_releases(name, view))


def _go_back(moment: datetime, days: float) -> datetime:
    try:
        return moment - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def find_source_paths(case: EnvironmentCase, names: Iterable[NormalizedName]) -> dict[str, tuple[str, ...]]:
    """Find the path from a source to each of `names`.

    The paths are taken from the committed lockfiles and the sources.
    """
    wanted = list(names)
    found: dict[str, tuple[str, ...]] = {}
    for lock in case.spec.lockfiles:  # lower layers first: an upper one only repeats what they hold
        pins, layers = lock.lockfile.select_pins(case.markers), lock.layer_labels
        for name in wanted:
            path = find_requirer_path(name, pins, {}, lock.direct_names, layers)
            if lock.sources and (
                path or name in lock.direct_names or (name in pins and is_direct_pin(pins[name], (), layers))
            ):
                found.setdefault(str(name), (lock.sources[0], *path, name))
    return found


def find_hold_sources(case: EnvironmentCase, name: NormalizedName, pins: Mapping[str, Pins]) -> tuple[str, ...]:
    """Return the sources in which a line about `name` works.

    `pins` are the fresh set's by lockfile. An upper lockfile is compiled upon a lower one, whose pin wins.
    """
    locks = {lock.path: lock for lock in case.spec.lockfiles}
    having = [
        path for path in locks if name in pins.get(path, {}) or name in locks[path].lockfile.select_pins(case.markers)
    ]
    lowest = [locks[path] for path in having if not set(having) & set(locks[path].layers)]
    return tuple(dict.fromkeys(lock.sources[0] for lock in lowest if lock.sources))


def list_direct_packages(case: EnvironmentCase) -> frozenset[NormalizedName]:
    """Return the packages that the sources name."""
    return frozenset(name for lock in case.spec.lockfiles for name in lock.direct_names)


def list_direct_pins(case: EnvironmentCase, pins: Pins) -> frozenset[NormalizedName]:
    """Return the names in `pins` that a source asks for."""
    layers = frozenset[str]().union(*(lock.layer_labels for lock in case.spec.lockfiles))
    return frozenset(pin.name for pin in pins.values() if is_direct_pin(pin, list_direct_packages(case), layers))


def _to_line(name: str) -> str:
    """Return how a lockfile writes what has no name of its own."""
    return name if name[:1].isalnum() else f"-e {name}"
