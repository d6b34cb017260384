"""Find releases that are too young to be proposed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.advisories import Advisory, ReleaseId
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_facts.caution_reports import Outlook, WaitingReport
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.releases import Release
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.pipeline.context import EnvironmentCase

Texts = Iterable[tuple[str, str]]
"""Texts of lockfiles, with their paths."""


def list_young_releases(case: EnvironmentCase, committed: LockSet, files: Texts) -> tuple[ReleaseId, ...]:
    """List releases of `files` that are young and not committed, by name.

    Lines for all interpreters and platforms count. A committed release with new hashes counts where some of its files
    are young. Where nothing is locked, nothing is committed.
    """
    kept = set() if case.spec.lockfiles[0].is_unlocked else {_identify_pin(pin) for pin in _list_pins(committed.files)}
    found = {(pin.name, pin.version) for pin in _list_pins(files) if pin.version and _identify_pin(pin) not in kept}
    return tuple(sorted((name, version) for name, version in found if not is_old_enough(case, name, version)))


def is_old_enough(case: EnvironmentCase, name: NormalizedName, version: Version) -> bool:
    """Return True if all files of a release may be proposed."""
    if (name, version) in case.taken_early:
        return True
    return _find_release(case, name, version, case.get_old_view()) == find_current_release(case, name, version)


def find_current_release(case: EnvironmentCase, name: NormalizedName, version: Version) -> Release | None:
    """Find a release in what the index shows to new machines."""
    return _find_release(case, name, version, case.current_view)


def list_undated_packages(case: EnvironmentCase, files: Texts) -> tuple[str, ...]:
    """List the packages of `files` whose index tells no upload times."""
    found = {(pin.name, pin.version) for pin in _list_pins(files) if pin.version}
    releases = ((name, find_current_release(case, name, version)) for name, version in sorted(found))
    return tuple(dict.fromkeys(name for name, release in releases if release and release.uploaded_at is None))


def take_security_fixes(case: EnvironmentCase, committed: LockSet, young: Sequence[ReleaseId]) -> EnvironmentCase:
    """Return the case with young releases that fix a committed pin.

    Only the releases that an advisory names as fixed, and none where an old enough one is among them. A replay of the
    past knows no advisories.
    """
    if case.settings.as_of is not None or not case.settings.advisories:
        return case
    names = {name for name, _ in young}
    pins = {(pin.name, pin.version) for pin in _list_pins(committed.files) if pin.name in names and pin.version}
    fixes = (fix for pin in sorted(pins) for known in _fetch_advisories(case, pin) for fix in _list_fixes(case, known))
    return replace(case, taken_early=frozenset(fixes))


def to_waiting_reports(
    case: EnvironmentCase, report: EnvironmentReport, young: Sequence[ReleaseId]
) -> tuple[WaitingReport, ...]:
    """Describe each young release: its day, and if it works."""
    broken = {name: culprit.headline for culprit in report.culprits for name in culprit.packages}
    files = report.proposal.files.items() if report.proposal and report.proposal.verified else ()
    works = {(pin.name, pin.version) for pin in _list_pins(files)}
    return tuple(_to_waiting_report(case, report, each, broken, each in works) for each in young)


def _to_waiting_report(
    case: EnvironmentCase,
    report: EnvironmentReport,
    young: ReleaseId,
    broken: dict[str, str],
    was_verified: bool,  # noqa: FBT001  # private, with one caller
) -> WaitingReport:
    name, version = young
    release = find_current_release(case, name, version)
    at = release.uploaded_at if release else None
    outlook = Outlook.WORKS if report.status is Status.SAFE or was_verified else Outlook.UNKNOWN
    return WaitingReport(
        package=name,
        version=str(version),
        released_at=at,
        due_at=_add_days(at, case.settings.cooldown_days) if at else None,
        outlook=Outlook.BREAKS if name in broken else outlook,
        headline=broken.get(name, ""),
    )


def _add_days(moment: datetime, days: float) -> datetime | None:
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return None


def _fetch_advisories(case: EnvironmentCase, pin: ReleaseId) -> tuple[Advisory, ...]:
    try:
        return case.ports.index.fetch_advisories(*pin)
    except IndexUnavailableError:  # a note of the report says so
        return ()


def _list_fixes(case: EnvironmentCase, advisory: Advisory) -> Iterator[ReleaseId]:
    """Yield the releases that fix `advisory` and are taken early."""
    fixes = [(advisory.package, version) for text in advisory.fixed_in if (version := _parse_version(text))]
    if any(case.is_shown(name, version, case.get_old_view()) for name, version in fixes):
        return
    since = _add_days(case.moment, -case.settings.cooldown_security_days)
    for name, version in fixes:
        release = find_current_release(case, name, version)
        if release and release.uploaded_at and since and release.uploaded_at <= since:
            yield name, version


def _parse_version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _find_release(case: EnvironmentCase, name: NormalizedName, version: Version, view: IndexView) -> Release | None:
    return next((each for each in case.ports.index.list_releases(name, view) if each.version == version), None)


def _list_pins(files: Texts) -> list[Pin]:
    return [entry.pin for _, text in files for entry in parse_lockfile(text).entries]


def _identify_pin(pin: Pin) -> tuple[NormalizedName, Version | None, frozenset[str]]:
    return pin.name, pin.version, pin.hashes
