"""Releases that are never run: malicious by an advisory, or banned."""

from collections.abc import Sequence
from dataclasses import replace

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.checks import Failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.model.index_facts.caution_reports import FlaggedReport
from depcheck.core.model.index_facts.flags import PROVENANCE_SOURCE, ReleaseFlag
from depcheck.core.model.report import Culprit, EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.index_alarms.find_flags import find_flags, list_locked_releases
from depcheck.pipeline.index_alarms.lost_provenance import find_lost_provenance
from depcheck.pipeline.to_report import find_upload_time, to_environment_report

MAX_FLAG_ROUNDS = 8  # each hides what the one before would have taken
_MOST_NAMED = 4
_GREEN = frozenset({Status.QUIET, Status.SAFE})


def report_flagged_lockfile(case: EnvironmentCase) -> EnvironmentReport | None:
    """Report a committed lockfile that pins what must not be run.

    None if it pins nothing of the kind. Lines for all interpreters and platforms count.
    """
    flags = find_flags(case, list_locked_releases(case))
    if not flags:
        return None
    named = "; ".join(map(str, flags[:_MOST_NAMED]))
    reason = (
        f"The committed lockfile pins what must not be run: {named}. Nothing of it was downloaded, built or run. Pin "
        "another release, and look at the machines that have installed it."
    )
    report = to_environment_report(case, Status.UNRESOLVABLE, to_one_line(reason, 1500))
    return replace(report, flagged=tuple(_to_flagged_report(flag, committed=True) for flag in flags))


def compile_without_flagged(
    case: EnvironmentCase, committed: LockSet
) -> tuple[EnvironmentCase, LockSet | CompileFailure, tuple[ReleaseFlag, ...]]:
    """Compile a fresh set that has nothing flagged.

    Returns the case that hides what was flagged, the set, and what would have been taken.
    """
    found: dict[ReleaseId, ReleaseFlag] = {}
    for _ in range(MAX_FLAG_ROUNDS):
        candidate = compile_fresh_set(case, case.get_upgrade_view(committed.pins))
        seen = (
            case.ports.index.list_refused_releases()
            if isinstance(candidate, CompileFailure)
            else (*_find_in_files(case, candidate), *find_lost_provenance(case, committed, candidate))
        )
        new = {(flag.package, flag.version): flag for flag in seen if (flag.package, flag.version) not in found}
        if not new:
            return case, candidate, tuple(found.values())
        found |= new
        hidden = tuple((flag.package, f"!={flag.version}") for flag in new.values())
        case = replace(case, barred=(*case.barred, *hidden))
    last = [*found.values()][-1]
    headline = f"After {MAX_FLAG_ROUNDS} resolutions there is still a release that must not be run: {last}"
    failure = CompileFailure(CompileFailureKind.UNRESOLVABLE, Failure(headline, headline), None)
    return case, failure, tuple(found.values())


def add_flagged(case: EnvironmentCase, report: EnvironmentReport, flags: Sequence[ReleaseFlag]) -> EnvironmentReport:
    """Make flagged releases that would have been taken the verdict."""
    if not flags:
        return report
    named = "; ".join(map(str, flags[:_MOST_NAMED]))
    is_compiled = any(flag.source == PROVENANCE_SOURCE for flag in flags)  # its wheel's metadata was read
    kept_from = "built, installed" if is_compiled else "downloaded, built"
    reason = to_one_line(
        f"A fresh installation takes what must not be run: {named}. It was not {kept_from}, imported or tested here. "
        f"Without it: {report.reason}",
        1500,
    )
    proposal = report.proposal
    if proposal is not None:
        held = dict.fromkeys((*proposal.held, *(flag.package for flag in flags)))
        proposal = replace(proposal, held=tuple(held))
    return replace(
        report,
        status=Status.BREAKS if report.status in _GREEN else report.status,
        reason=reason,
        culprits=(*(_to_culprit(case, report, flag) for flag in flags), *report.culprits),
        proposal=proposal,
        flagged=tuple(_to_flagged_report(flag, committed=False) for flag in flags),
    )


def _find_in_files(case: EnvironmentCase, candidate: LockSet) -> tuple[ReleaseFlag, ...]:
    pins = [entry.pin for _, text in candidate.files for entry in parse_lockfile(text).entries]
    return find_flags(case, ((pin.name, pin.version) for pin in pins if pin.version))


def _to_flagged_report(flag: ReleaseFlag, *, committed: bool) -> FlaggedReport:
    return FlaggedReport(flag.package, str(flag.version), flag.source, flag.reason, flag.link, committed)


def _to_culprit(case: EnvironmentCase, report: EnvironmentReport, flag: ReleaseFlag) -> Culprit:
    good = report.fresh.get(flag.package)
    return Culprit(
        packages=(flag.package,),
        companions=(),
        last_good={flag.package: good} if good else {},
        first_bad={flag.package: str(flag.version)},
        headline=to_one_line(f"{flag.source}: {flag.reason or 'it is called malicious'}", 300),
        evidence="",
        since=find_upload_time(case, flag.package, flag.version),
        hold=(f"{flag.package}!={flag.version}",),
    )
