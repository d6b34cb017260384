"""A verdict as the report's value."""

from collections.abc import Sequence
from dataclasses import replace

from depcheck.core.checks import CheckResult
from depcheck.core.comparison import compare
from depcheck.core.report import ChecksReport, EnvironmentReport, Status
from depcheck.pipeline import accounts
from depcheck.pipeline.case import Case
from depcheck.pipeline.sides import Sides


def verdict(case: Case, status: Status, reason: str, checks: ChecksReport | None = None) -> EnvironmentReport:
    """The report of a case that has no fresh set."""
    return EnvironmentReport(
        name=case.spec.name,
        python=case.spec.python,
        status=status,
        reason=reason,
        lockfiles=accounts.lockfiles(case),
        checks=checks or ChecksReport(),
        notes=case.spec.notes,
        project=case.spec.project,
        setup=case.settings.setup,
    )


def compared(case: Case, sides: Sides, status: Status, reason: str, notes: tuple[str, ...] = ()) -> EnvironmentReport:
    """The report of a case with both sets."""
    report = verdict(case, status, reason, checked(sides.before.results, sides.after.results))
    changes = accounts.changes(case, sides.committed, sides.candidate, sides.distributions)
    fresh = accounts.versions(sides.candidate)
    return replace(report, changes=changes, fresh=fresh, notes=(*report.notes, *notes))


def checked(before: Sequence[CheckResult], after: Sequence[CheckResult]) -> ChecksReport:
    """Both sides' checks; the candidate's say what fails anew."""
    return ChecksReport(accounts.checked(before), accounts.checked(after, compare(before, after)))
