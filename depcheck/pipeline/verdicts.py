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
    report = replace(report, changes=changes, fresh=fresh, notes=(*report.notes, *notes))
    return _with_own(report, sides)


def _with_own(report: EnvironmentReport, sides: Sides) -> EnvironmentReport:
    """The report with how the repository's own package was installed."""
    seen = [side.own for side in (sides.before, sides.after) if side.own.name or side.own.remarks]
    if not seen:
        return report
    beside = {str(name): str(version) for name, version in sorted(seen[0].beside.items())}
    notes = (*report.notes, *seen[0].remarks)
    return replace(report, project=bool(seen[0].name), editable=seen[0].editable, beside=beside, notes=notes)


def checked(before: Sequence[CheckResult], after: Sequence[CheckResult]) -> ChecksReport:
    """Both sides' checks; the candidate's say what fails anew."""
    return ChecksReport(accounts.checked(before), accounts.checked(after, compare(before, after)))
