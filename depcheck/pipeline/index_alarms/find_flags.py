"""Find releases that must never be run."""

from collections.abc import Iterable, Iterator

from packaging.specifiers import SpecifierSet

from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.index_facts.flags import BAN_SOURCE, ReleaseFlag
from depcheck.core.model.pins import Pins
from depcheck.pipeline.context import EnvironmentCase


def find_flags(case: EnvironmentCase, releases: Iterable[ReleaseId]) -> tuple[ReleaseFlag, ...]:
    """Find the releases that must not be run, by name.

    Cost: as the index's own lookup says; what was asked about within a day is not asked again.
    """
    wanted = sorted(set(releases))
    banned = [flag for each in wanted for flag in _find_bans(case, each)]
    return (*banned, *case.ports.index.find_flags(wanted)) if case.settings.advisories else tuple(banned)


def list_locked_releases(case: EnvironmentCase) -> Iterator[ReleaseId]:
    """List what the committed lockfiles pin, for all targets."""
    for lock in case.spec.lockfiles:
        for entry in () if lock.is_unlocked else lock.lockfile.entries:
            if entry.pin.version:
                yield entry.pin.name, entry.pin.version


def find_flagged_pins(case: EnvironmentCase, pins: Pins) -> tuple[ReleaseFlag, ...]:
    """Find the pins that must not be run."""
    return find_flags(case, ((pin.name, pin.version) for pin in pins.values() if pin.version))


def _find_bans(case: EnvironmentCase, release: ReleaseId) -> Iterator[ReleaseFlag]:
    name, version = release
    for ban in case.bans_in_force:
        if ban.package == name and not SpecifierSet(ban.allowed).contains(version, prereleases=True):
            yield ReleaseFlag(name, version, BAN_SOURCE, ban.reason)
            return
