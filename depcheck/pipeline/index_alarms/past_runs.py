"""What earlier runs installed, against what is known today."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.pins import Pins
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.index_alarms.find_flags import find_flags

REMEMBERED_DAYS = 30
_MOST_NAMED = 4
_RAN_SETS = frozenset({Status.SAFE, Status.BREAKS, Status.FLAKY, Status.BASELINE_BROKEN})


def annotate_past_runs(case: EnvironmentCase, report: EnvironmentReport, fresh: Pins) -> EnvironmentReport:
    """Tell of releases that earlier runs installed, if flagged since.

    Those called malicious or quarantined begin the reason; yanked ones are notes. What this run has installed beside
    the committed set is remembered for the next ones. A replay of the past neither knows nor remembers.
    """
    if case.settings.as_of is not None:
        return report
    past = _forget_old(case, case.ports.last_green.get_run_releases(case.spec))
    _save_fresh(case, report, past, fresh)
    if not past:
        return report
    alarms = tuple(_list_alarms(case, past))
    notes = tuple(_list_yanks(case, past))
    reason = f"{' '.join(alarms[:_MOST_NAMED])} {report.reason}" if alarms else report.reason
    return replace(report, reason=reason, notes=(*report.notes, *notes), ran_flagged=alarms)


def _forget_old(case: EnvironmentCase, past: Mapping[ReleaseId, str]) -> dict[ReleaseId, str]:
    since = f"{case.now - timedelta(days=REMEMBERED_DAYS):%Y-%m-%d}"
    return {release: day for release, day in past.items() if day >= since}


def _save_fresh(case: EnvironmentCase, report: EnvironmentReport, past: Mapping[ReleaseId, str], fresh: Pins) -> None:
    """Remember what differed from the committed set and was installed."""
    offered = report.proposal.files.values() if report.proposal else ()
    pins = [*fresh.values(), *(entry.pin for text in offered for entry in parse_lockfile(text).entries)]
    committed = {(pin.name, pin.version) for pin in case.committed_pins.values()}
    releases = {(pin.name, pin.version) for pin in pins if pin.version}
    new = sorted(releases - committed) if report.status in _RAN_SETS else []
    if new or past:
        ran = {**past, **dict.fromkeys(new, f"{case.now:%Y-%m-%d}")}
        case.ports.last_green.save_run_releases(case.spec, ran)


def _list_alarms(case: EnvironmentCase, past: Mapping[ReleaseId, str]) -> Iterator[str]:
    for flag in find_flags(case, past):
        day = past[flag.package, flag.version]
        said = f"The run of {day} installed {flag}, which must not be run: look at what it could reach."
        yield to_one_line(said, 500)
    for (name, version), day in sorted(past.items()):
        try:
            status = case.ports.index.get_release_status(name, version).project
        except IndexUnavailableError:  # the verdict says so
            return
        if status.is_quarantined:
            because = f" ({status.reason})" if status.reason else ""
            since = f"{status.index_name} has quarantined {name} since{because}"
            yield to_one_line(f"The run of {day} installed {name} {version}; {since}.", 500)


def _list_yanks(case: EnvironmentCase, past: Mapping[ReleaseId, str]) -> Iterator[str]:
    committed = {(pin.name, pin.version) for pin in case.committed_pins.values()}
    for (name, version), day in sorted(past.items()):
        try:
            status = case.ports.index.get_release_status(name, version)
        except IndexUnavailableError:
            return
        if status.yank_reason is not None and (name, version) not in committed:
            because = f": {status.yank_reason}" if status.yank_reason else ""
            yield to_one_line(f"{name} {version}, which the run of {day} installed, is yanked{because}", 500)
