"""Search of the release that makes the requirements conflict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.checks import CheckResult
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure, CompileFailureKind
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pins
from depcheck.core.model.report import Confidence, EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.search.chance_failures import ChanceFailures
from depcheck.core.search.model import Budget, Cause, CauseKind, Diagnosis
from depcheck.core.tool_output.conflict_clauses import (
    ConflictClause,
    describe_conflict,
    minimize_conflict,
    parse_conflict_clauses,
)
from depcheck.pipeline.baseline import find_past_views
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.investigation import Investigation
from depcheck.pipeline.to_report import to_checks_report, to_environment_report
from depcheck.pipeline.trial_runner import list_selectable_releases, list_versions

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
    if absent := _describe_absent(case, conflict):  # there is nothing to search
        return to_environment_report(case, Status.UNRESOLVABLE, absent, to_checks_report((), (result,)))
    words = describe_conflict(conflict) or obstacle.failure.headline
    work = Investigation(case, committed)
    uploads = _find_breaking_uploads(case, committed.pins, today, work)
    if uploads:
        words = f"{words} (since {uploads[0].uploaded_at:%Y-%m-%d %H:%M} UTC)"
        work.run(_ConflictQuestion(work, obstacle, conflict, uploads))
    report = to_environment_report(
        case,
        Status.UNRESOLVABLE,
        _describe_unresolvable(obstacle, words),
        to_checks_report(work.before.results if work.before else (), (result,)),
    )
    return work.add_to_report(replace(report, notes=(*report.notes, *work.notes)))


def _describe_absent(case: EnvironmentCase, conflict: Sequence[ConflictClause]) -> str:
    """Describe a project that no index has, most likely misspelt."""
    asked = {each.required_name: case.ports.index.get_origins(each.required_name) for each in conflict}
    return next((each.describe_absence(name) for name, each in asked.items() if each.asked and not each.having), "")


def _describe_unresolvable(obstacle: CompileFailure, words: str) -> str:
    """Say that no set exists, or which tool does not find it."""
    if obstacle.found_elsewhere:
        return f"{obstacle.found_elsewhere}. The conflict: {words}"
    return f"No set of releases satisfies the sources: {words}"


@dataclass(frozen=True, slots=True)
class _ConflictQuestion:
    """The question which of the `uploads` made the conflict.

    A set can be compiled without it. The packages that `conflict` names are tried first.
    """

    work: Investigation
    obstacle: CompileFailure
    conflict: Sequence[ConflictClause]
    uploads: Sequence[_Upload]

    def find_causes(self, _budget: Budget, _flakes: ChanceFailures) -> Diagnosis:
        """Find the first of a few uploads without which a set exists."""
        named = frozenset(name for clause in self.conflict for name in clause.package_names)
        suspects = map(self._to_cause, sorted(self.uploads, key=lambda upload: upload.name not in named)[:MAX_SUSPECTS])
        found = next((each for each in suspects if isinstance(self.work.compile_held(each.holds), LockSet)), None)
        return Diagnosis((found,) if found else (), 0, Confidence.MINIMAL)

    def _to_cause(self, upload: _Upload) -> Cause:
        case, pins = self.work.case, self.work.committed.pins
        releases = list_versions(list_selectable_releases(case, case.get_upgrade_view(pins), pins, upload.name))
        good = max((version for version in releases if version < upload.version), default=None)
        return Cause(
            (upload.name,),
            frozenset(),
            (self.obstacle.failure,),
            ((upload.name, good),) if good else (),
            ((upload.name, upload.version),),
            kind=CauseKind.CONFLICT,
            explanation=f"{describe_conflict(self.conflict)}." if self.conflict else "",
        )


def _find_breaking_uploads(case: EnvironmentCase, pins: Pins, today: IndexView, work: Investigation) -> list[_Upload]:
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
        if compiles is None or work.is_time_over:
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
