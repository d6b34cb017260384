"""Report a set that broke in an earlier run too."""

from dataclasses import replace

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.pipeline.confirm import confirm_failures
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.investigation import report_breakage
from depcheck.pipeline.last_run.recall_measurements import recall_sides
from depcheck.pipeline.measure import measure_pins


def report_known_breakage(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> EnvironmentReport | None:
    """Report the breakage of these sets if an earlier run found it.

    None if none did, or if it does not show again. Seen again are the failures on both sides, the trial that convicts,
    and the whole set that holds the culprits.
    """
    found = recall_sides(case, committed, candidate)
    if found is None:
        return None
    sides, seen_at = found
    case.ports.reporter.start_stage("check what the last run found")
    measure_pins(case, sides.before.pins, sides.before.world, (), "baseline")  # what it starts unasked is known first
    confirmed = confirm_failures(case, sides.before, sides.after, sides.comparison.regressions)
    report = None
    if confirmed.findings and not confirmed.contradiction:
        report = report_breakage(case, sides, confirmed.findings)
    if report is None or report.status is not Status.BREAKS or not report.culprits or not report.proposal:
        return None
    recalled = sum(trial.recalled for trial in report.trial_log)
    note = (
        f"Same as in the run of {seen_at:%Y-%m-%d %H:%M} UTC: the repository, your lockfile and all updates are what "
        f"they were. Seen again in this run: the failure with all updates and not with your lockfile, "
        f"{_describe_convicted(report)}, and all checks with the set that holds it. Taken from that run: what else "
        f"both sets showed, and {recalled} trials."
    )
    return replace(report, notes=(*report.notes, note))


def _describe_convicted(report: EnvironmentReport) -> str:
    names = [f"{name} {version}" for each in report.culprits for name, version in each.first_bad.items()]
    return f"the failure with {' and '.join(names)}"
