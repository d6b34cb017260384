"""A verdict as the report's value."""

from collections.abc import Sequence

from depcheck.core.checks import CheckResult
from depcheck.core.comparison import Comparison
from depcheck.core.report import ChecksReport, EnvironmentReport, Status
from depcheck.pipeline import accounts
from depcheck.pipeline.case import Case, LockSet


def verdict(
    case: Case,
    status: Status,
    reason: str,
    *,
    sets: tuple[LockSet, LockSet] | None = None,
    before: Sequence[CheckResult] = (),
    after: Sequence[CheckResult] = (),
    comparison: Comparison | None = None,
    notes: tuple[str, ...] = (),
) -> EnvironmentReport:
    """The report of a case; `sets` are the committed and the fresh lockfiles, `comparison` that of their checks."""
    return EnvironmentReport(
        name=case.spec.name,
        python=case.spec.python,
        status=status,
        reason=reason,
        lockfiles=accounts.lockfiles(case),
        changes=accounts.changes(case, *sets) if sets else (),
        checks=ChecksReport(accounts.checked(before), accounts.checked(after, comparison)),
        notes=(*case.spec.notes, *notes),
    )
