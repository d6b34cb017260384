"""No set of releases satisfies the sources: which requirements conflict, since when, and who did it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.changes import diff
from depcheck.core.checks import CheckResult
from depcheck.core.compilation import Compiled, NotCompiled, Obstacle
from depcheck.core.conflicts import Clause, clauses, minimal, told
from depcheck.core.pins import Pins
from depcheck.core.report import EnvironmentReport, Status
from depcheck.core.search.values import Cause
from depcheck.core.world import World
from depcheck.pipeline import breaking
from depcheck.pipeline.baseline import pasts
from depcheck.pipeline.case import Case, LockSet
from depcheck.pipeline.comparing import measured_baseline
from depcheck.pipeline.holding import compile_held, hold
from depcheck.pipeline.sides import Sides
from depcheck.pipeline.trying import choosable, versions
from depcheck.pipeline.verdicts import checked, verdict

MOST_SUSPECTS = 3  # releases that are hidden to see whether a set can be found without them


@dataclass(frozen=True, slots=True)
class _Upload:
    """A release that came since the last good day."""

    at: datetime
    name: NormalizedName
    version: Version


def judge(case: Case, committed: LockSet, obstacle: NotCompiled, result: CheckResult) -> EnvironmentReport:
    """The report of a conflict: in words, since when, by which release, and the newest set without that release."""
    today = case.upgraded(committed.pins)
    conflict = minimal(
        clauses(obstacle.failure.evidence), lambda name: versions(case.ports.index.releases(name, today))
    )
    words = told(conflict) or obstacle.failure.headline
    answer = breaking.fresh_answer(case)
    uploads = _since(case, committed.pins, today, answer)
    before: Sequence[CheckResult] = ()
    if uploads:
        words = f"{words} (since {uploads[0].at:%Y-%m-%d %H:%M} UTC)"
        before = _blamed(case, committed, obstacle, (conflict, uploads), answer)
    report = verdict(
        case, Status.UNRESOLVABLE, f"No set of releases satisfies the sources: {words}", checked(before, (result,))
    )
    return breaking.answered(replace(report, notes=(*report.notes, *answer.notes)), answer)


def _since(case: Case, pins: Pins, today: World, answer: breaking.Answer) -> list[_Upload]:
    """The uploads, nearly always one, that came when no set could be found any more; none where that is not known.

    Bisects the uploads since the lockfile's day of all projects that the resolutions asked for: about log2 of their
    number compiles.
    """
    case.ports.reporter.stage("date the conflict")

    def ruled(world: World) -> World:
        return case.ruled(world, pins)

    past = next((world for world in map(ruled, pasts(case, pins)) if _compiles(case, world)), None)
    if past is None or past.until is None:
        return []
    uploads = _uploads(case, past, today)
    moments = sorted({upload.at for upload in uploads})
    good, bad = -1, len(moments) - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        compiles = _compiles(case, ruled(case.as_of(moments[middle])))
        if compiles is None or case.ports.clock() > answer.deadline_s:
            return []
        good, bad = (middle, bad) if compiles else (good, middle)
    return [upload for upload in uploads if upload.at == moments[bad]] if moments else []


def _compiles(case: Case, world: World) -> bool | None:
    """Whether a fresh resolution finds a set in `world`; None where something else stops it."""
    compiled = case.ports.compiler.compile(case.spec, world, upgrade=True)
    if isinstance(compiled, Compiled):
        return True
    return False if compiled.obstacle is Obstacle.UNRESOLVABLE else None


def _uploads(case: Case, past: World, today: World) -> list[_Upload]:
    index = case.ports.index
    limit = today.until or case.now
    return sorted(
        (
            _Upload(release.uploaded_at, name, release.version)
            for name in index.asked_for(past) | index.asked_for(today)
            for release in index.releases(name, today)
            if release.uploaded_at and past.until and past.until < release.uploaded_at <= limit
        ),
        key=lambda upload: (upload.at, upload.name, upload.version),
    )


def _blamed(
    case: Case,
    committed: LockSet,
    obstacle: NotCompiled,
    seen: tuple[Sequence[Clause], Sequence[_Upload]],
    answer: breaking.Answer,
) -> Sequence[CheckResult]:
    """Name the upload without which a set is found, and propose that set; gives what the committed set showed."""
    conflict, uploads = seen
    named = frozenset(name for clause in conflict for name in clause.names)
    for upload in sorted(uploads, key=lambda upload: upload.name not in named)[:MOST_SUSPECTS]:
        good = max((version for version in _line(case, committed, upload) if version < upload.version), default=None)
        holds = (hold(upload.name, good, upload.version),)
        safe = compile_held(case, committed, holds)
        if isinstance(safe, NotCompiled):
            continue
        answer.holds += holds
        found = breaking.culprit(case, _cause(upload, good, obstacle), holds)
        answer.culprits.append(replace(found, explanation=f"{told(conflict)}." if conflict else ""))
        return _proposed(case, committed, safe, answer)
    return ()


def _line(case: Case, committed: LockSet, upload: _Upload) -> list[Version]:
    return versions(choosable(case, case.upgraded(committed.pins), committed.pins, upload.name))


def _cause(upload: _Upload, good: Version | None, obstacle: NotCompiled) -> Cause:
    last_good = ((upload.name, good),) if good else ()
    return Cause((upload.name,), frozenset(), (obstacle.failure,), last_good, ((upload.name, upload.version),))


def _proposed(case: Case, committed: LockSet, safe: LockSet, answer: breaking.Answer) -> Sequence[CheckResult]:
    """Check the set that was found without the culprit; propose it, or search what breaks it."""
    before = measured_baseline(case, committed, frozenset(c.name for c in diff(committed.pins, safe.pins)))
    sides = Sides(committed, safe, before, breaking.verify(case, committed, safe, answer, before))
    if findings := sides.comparison.newly:
        breaking.search(case, sides, findings, answer)
    elif sides.after.installed:
        answer.proposal = breaking.propose(case, sides, answer.holds)
    return before.results
