"""Propose the newest set that is old enough.

Whether something breaks is told of today's newest releases; docs/proposals.md has the table of both.
"""

from dataclasses import replace

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.config.cooldown import describe_days
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.report import EnvironmentReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.cooldown.judged_sets import JudgedSets
from depcheck.pipeline.cooldown.young_releases import (
    is_old_enough,
    list_undated_packages,
    list_young_releases,
    take_security_fixes,
    to_waiting_reports,
)

_MOST_NAMED = 6
_CAN_PROPOSE = frozenset({Status.SAFE, Status.BREAKS, Status.UNRESOLVABLE})


def choose_proposal(case: EnvironmentCase, sets: JudgedSets, report: EnvironmentReport) -> EnvironmentReport:
    """Return the report with a proposal of old enough releases.

    The proposal of the report stays where it has no others. Else the newest set without young releases, and without
    what was found to break, is compiled and checked.
    """
    if not case.settings.cooldown_days or report.status not in _CAN_PROPOSE:
        return report
    case = replace(case, least_age_days=case.settings.cooldown_days)
    young = _list_young(case, sets, report)
    if young:
        case = take_security_fixes(case, sets.committed, young)
        young = tuple(each for each in young if each not in case.taken_early)
    report = replace(
        report,
        cooldown_days=case.settings.cooldown_days,
        waiting=to_waiting_reports(case, report, young),
        notes=(*report.notes, *_describe_undated(case, sets)),
    )
    offered = report.proposal.files.items() if report.proposal else ()
    is_old = not list_young_releases(case, sets.committed, offered)
    if is_old and not sets.is_recalled and (report.proposal or (sets.candidate and not young)):
        return report
    from depcheck.pipeline.cooldown import old_set  # noqa: PLC0415  # most runs have no young release

    proposal, trouble = old_set.propose_old_set(case, sets, report)
    return _add_old_proposal(case, report, proposal, trouble)


def _list_young(case: EnvironmentCase, sets: JudgedSets, report: EnvironmentReport) -> tuple[ReleaseId, ...]:
    """List young releases of the fresh set, or those that stopped it."""
    if sets.candidate is not None:
        return list_young_releases(case, sets.committed, sets.candidate.files)
    blamed = {
        (canonicalize_name(name), Version(text)) for each in report.culprits for name, text in each.first_bad.items()
    }
    offered = report.proposal.files.items() if report.proposal else ()
    young = {each for each in blamed if not is_old_enough(case, *each)}
    return tuple(sorted(young | set(list_young_releases(case, sets.committed, offered))))


def _add_old_proposal(
    case: EnvironmentCase, report: EnvironmentReport, proposal: ProposalReport | None, trouble: str
) -> EnvironmentReport:
    if report.status is not Status.SAFE or (proposal and proposal.files):
        notes = (*report.notes, trouble) if trouble else report.notes
        return replace(report, proposal=proposal, notes=notes)
    why = trouble or f"None of it is {describe_days(case.settings.cooldown_days)} old yet."
    return replace(report, reason=to_one_line(f"{report.reason} Nothing is proposed. {why}", 1000), proposal=proposal)


def _describe_undated(case: EnvironmentCase, sets: JudgedSets) -> tuple[str, ...]:
    if sets.candidate is None:
        return ()
    old = dict(sets.committed.files)
    changed = [(path, text) for path, text in sets.candidate.files if old.get(path) != text]
    names = list_undated_packages(case, changed)
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    shown = f"{', '.join(names[:_MOST_NAMED])}{more}"
    return (f"The index gives no upload times for {shown}, so they are proposed at any age: no cooldown can be kept.",)
