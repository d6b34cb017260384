"""Report a set that broke in an earlier run too."""

from dataclasses import dataclass, replace
from datetime import datetime

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.phrases import format_count
from depcheck.pipeline.confirm import confirm_failures
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.investigation import Investigation, search_breakage
from depcheck.pipeline.last_run.recall_measurements import recall_sides
from depcheck.pipeline.measure import Measurement, measure_pins


@dataclass(frozen=True, slots=True)
class KnownBreakage:
    """A breakage that an earlier run found too.

    `before` is what that run saw of the committed set. If `is_held_recalled`, the report's proposal was not run in this
    run, since it waits: so it must not be offered.
    """

    report: EnvironmentReport
    before: Measurement
    is_held_recalled: bool


def report_known_breakage(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> KnownBreakage | None:
    """Report the breakage of these sets if an earlier run found it.

    None if none did, or if it does not show again. Seen again are the failures on both sides, the trial that convicts,
    and the whole set that holds the culprits, unless that waits for its age.
    """
    found = recall_sides(case, committed, candidate)
    if found is None:
        return None
    sides, seen_at = found
    case.ports.reporter.start_stage("check what the last run found")
    measure_pins(case, sides.before.pins, sides.before.world, (), "baseline")  # what it starts unasked is known first
    confirmed = confirm_failures(case, sides.before, sides.after, sides.comparison.regressions)
    if not confirmed.findings or confirmed.contradiction:
        return None
    work = Investigation(case, committed, sides.before, sides, is_known=True)
    report = search_breakage(work, sides, confirmed.findings)
    if report.status is not Status.BREAKS or not report.culprits or not report.proposal:
        return None
    is_recalled = work.recalled is not None
    note = _describe_again(report, seen_at, is_recalled=is_recalled)
    return KnownBreakage(replace(report, notes=(*report.notes, note)), sides.before, is_recalled)


def _describe_again(report: EnvironmentReport, seen_at: datetime, *, is_recalled: bool) -> str:
    """Say what was seen again, and what was not."""
    held = "all checks with the set that holds it"
    trials = format_count(sum(trial.recalled for trial in report.trial_log), "trial")
    seen, taken = f"{_describe_convicted(report)}, and {held}", f"what else both sets showed, and {trials}"
    if is_recalled:
        seen = f"and {_describe_convicted(report)}"
        taken = f"what else both sets showed, {held}, which waits for its age, and {trials}"
    return (
        f"Same as in the run of {seen_at:%Y-%m-%d %H:%M} UTC: the repository, your lockfile and all updates are what "
        f"they were. Seen again in this run: the failure with all updates and not with your lockfile, {seen}. Taken "
        f"from {'earlier runs' if is_recalled else 'that run'}: {taken}."
    )


def _describe_convicted(report: EnvironmentReport) -> str:
    names = [f"{name} {version}" for each in report.culprits for name, version in each.first_bad.items()]
    return f"the failure with {' and '.join(names)}"
