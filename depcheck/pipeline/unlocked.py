"""Repositories that lock nothing: what is said of them, and what is remembered of a green night."""

from dataclasses import replace

from depcheck.core.report import EnvironmentReport, Status
from depcheck.pipeline.baseline import day_of_loose
from depcheck.pipeline.case import Case

MOST_NAMED = 12
_GREEN = frozenset({Status.QUIET, Status.SAFE})


def unlocked(case: Case, report: EnvironmentReport) -> EnvironmentReport:
    """The report with what is loose; a green night is remembered, as the day with which the next one is compared.

    Nothing changes for environments with a lockfile. Replays, and questions between two dates, leave no memory.
    """
    if not case.spec.lockfiles[0].loose:
        return report
    day, why = day_of_loose(case)
    names = tuple(name for lock in case.spec.lockfiles for name in lock.unpinned)
    if report.status in _GREEN and not case.settings.as_of and not case.settings.good:
        case.ports.greens.keep(case.spec, case.now)
    notes = [f"Nothing is locked; a fresh installation is compared with one as of {day:%Y-%m-%d %H:%M} UTC, {why}."]
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        shown = ", ".join(names[:MOST_NAMED])
        notes.append(
            f"Not pinned: {shown}{more}. Each new machine gets what is newest on its day; a lockfile ends that."
        )
    return replace(report, unpinned=names, notes=(*report.notes, *notes))
