"""Search of the release that makes the requirements conflict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.model.checks import CheckResult
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure, CompileFailureKind
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pins
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.search.model import Cause
from depcheck.core.tool_output.conflict_clauses import (
    ConflictClause,
    describe_conflict,
    minimize_conflict,
    parse_conflict_clauses,
)
from depcheck.pipeline import find_culprits
from depcheck.pipeline.baseline import find_past_views
from depcheck.pipeline.compare_sides import measure_baseline
from depcheck.pipeline.context import EnvironmentCase, LockSet
from depcheck.pipeline.culprit_reports import to_culprit
from depcheck.pipeline.measure import MeasuredSides
from depcheck.pipeline.to_report import to_checks_report, to_environment_report
from depcheck.pipeline.trial_runner import compile_with_holds, create_hold, list_selectable_releases, list_versions

MAX_SUSPECTS = 3  # releases that are hidden to see whether a set can be found without them


@dataclass(frozen=True, slots=True)
class _Upload:
    """A release that was uploaded since the last good day."""

    uploaded_at: datetime
    name: NormalizedName
    version: Version


def report_conflict(
    case: EnvironmentCase, committed: LockSet, obstacle: CompileFailure, result: CheckResult
) -> EnvironmentReport:
    """Report a conflict in words, since when, and by which release.

    The report proposes the newest set without that release.
    """
    today = case.get_upgrade_view(committed.pins)
    conflict = minimize_conflict(
        parse_conflict_clauses(obstacle.failure.evidence),
        lambda name: list_versions(case.ports.index.list_releases(name, today)),
    )
    words = describe_conflict(conflict) or obstacle.failure.headline
    answer = find_culprits.start_investigation(case)
    uploads = _find_breaking_uploads(case, committed.pins, today, answer)
    before: Sequence[CheckResult] = ()
    if uploads:
        words = f"{words} (since {uploads[0].uploaded_at:%Y-%m-%d %H:%M} UTC)"
        before = _find_conflict_culprit(case, committed, obstacle, (conflict, uploads), answer)
    report = to_environment_report(
        case,
        Status.UNRESOLVABLE,
        _describe_unresolvable(obstacle, words),
        to_checks_report(before, (result,)),
    )
    return find_culprits.add_investigation(replace(report, notes=(*report.notes, *answer.notes)), answer)


def _describe_unresolvable(obstacle: CompileFailure, words: str) -> str:
    """Say that no set exists, or which tool does not find it."""
    if obstacle.found_elsewhere:
        return f"{obstacle.found_elsewhere}. The conflict: {words}"
    return f"No set of releases satisfies the sources: {words}"


def _find_breaking_uploads(
    case: EnvironmentCase, pins: Pins, today: IndexView, answer: find_culprits.Investigation
) -> list[_Upload]:
    """Find the uploads, nearly always one, that made the conflict.

    Empty if that cannot be found out. Bisects the uploads of all projects that the resolutions asked for,
    since the lockfile's day. Cost: about log2 of their number compiles.
    """
    case.ports.reporter.start_stage("date the conflict")

    def ruled(world: IndexView) -> IndexView:
        return case.apply_rules(world, pins)

    past = next((world for world in map(ruled, find_past_views(case, pins)) if _try_compile(case, world)), None)
    if past is None or past.uploaded_before is None:
        return []
    uploads = _list_uploads(case, past, today)
    moments = sorted({upload.uploaded_at for upload in uploads})
    good, bad = -1, len(moments) - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        compiles = _try_compile(case, ruled(case.get_view_at(moments[middle])))
        if compiles is None or case.ports.clock() > answer.deadline_s:
            return []
        good, bad = (middle, bad) if compiles else (good, middle)
    return [upload for upload in uploads if upload.uploaded_at == moments[bad]] if moments else []


def _try_compile(case: EnvironmentCase, world: IndexView) -> bool | None:
    """Return True if a fresh resolution finds a set in `world`.

    None if something other than a conflict stops it.
    """
    compiled = case.ports.compiler.compile_lockfiles(case.spec, world, upgrade=True)
    if isinstance(compiled, CompiledLockfiles):
        return True
    return False if compiled.kind is CompileFailureKind.UNRESOLVABLE else None


def _list_uploads(case: EnvironmentCase, past: IndexView, today: IndexView) -> list[_Upload]:
    index = case.ports.index
    limit = today.uploaded_before or case.now
    return sorted(
        (
            _Upload(release.uploaded_at, name, release.version)
            for name in index.list_requested_projects(past) | index.list_requested_projects(today)
            for release in index.list_releases(name, today)
            if release.uploaded_at and past.uploaded_before and past.uploaded_before < release.uploaded_at <= limit
        ),
        key=lambda upload: (upload.uploaded_at, upload.name, upload.version),
    )


def _find_conflict_culprit(
    case: EnvironmentCase,
    committed: LockSet,
    obstacle: CompileFailure,
    seen: tuple[Sequence[ConflictClause], Sequence[_Upload]],
    answer: find_culprits.Investigation,
) -> Sequence[CheckResult]:
    """Find the upload without which a set exists, and propose that set.

    Returns the check results of the committed set.
    """
    conflict, uploads = seen
    named = frozenset(name for clause in conflict for name in clause.package_names)
    for upload in sorted(uploads, key=lambda upload: upload.name not in named)[:MAX_SUSPECTS]:
        good = max(
            (version for version in _list_project_versions(case, committed, upload) if version < upload.version),
            default=None,
        )
        holds = (create_hold(upload.name, good, upload.version),)
        safe = compile_with_holds(case, committed, holds)
        if isinstance(safe, CompileFailure):
            continue
        answer.holds += holds
        found = to_culprit(case, _to_cause(upload, good, obstacle), holds)
        answer.culprits.append(replace(found, explanation=f"{describe_conflict(conflict)}." if conflict else ""))
        return _check_and_propose(case, committed, safe, answer)
    return ()


def _list_project_versions(case: EnvironmentCase, committed: LockSet, upload: _Upload) -> list[Version]:
    return list_versions(
        list_selectable_releases(case, case.get_upgrade_view(committed.pins), committed.pins, upload.name)
    )


def _to_cause(upload: _Upload, good: Version | None, obstacle: CompileFailure) -> Cause:
    last_good = ((upload.name, good),) if good else ()
    return Cause((upload.name,), frozenset(), (obstacle.failure,), last_good, ((upload.name, upload.version),))


def _check_and_propose(
    case: EnvironmentCase, committed: LockSet, safe: LockSet, answer: find_culprits.Investigation
) -> Sequence[CheckResult]:
    """Check the set without the culprit and propose it.

    If it fails, search what breaks it.
    """
    before = measure_baseline(case, committed, frozenset(c.name for c in diff_pins(committed.pins, safe.pins)))
    sides = MeasuredSides(
        committed, safe, before, find_culprits.measure_held_set(case, committed, safe, answer.holds, before)
    )
    if findings := sides.comparison.regressions:
        find_culprits.search_culprits(case, sides, findings, answer)
    elif sides.after.is_installed:
        answer.proposal = find_culprits.to_proposal(case, sides, answer.holds)
    return before.results
