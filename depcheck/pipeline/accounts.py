"""What is told of a case: values of the story as the report's values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.changes import Change, diff, is_direct, via_path
from depcheck.core.checks import CheckResult, Failure, Kind, Outcome
from depcheck.core.comparison import Comparison
from depcheck.core.distributions import Distribution
from depcheck.core.pins import Pins
from depcheck.core.report import ChangeReport, CheckReport, LockfileReport, TrialReport
from depcheck.core.search.values import Answer, Asked
from depcheck.core.world import World
from depcheck.pipeline.case import Case, LockSet


def lockfiles(case: Case) -> tuple[LockfileReport, ...]:
    """The lockfiles as they were understood."""
    return tuple(
        LockfileReport(lock.path, lock.sources, lock.compiler, lock.compiler_version, lock.command)
        for lock in case.spec.lockfiles
    )


def changes(
    case: Case, before: LockSet, after: LockSet, installed: Sequence[Distribution] = ()
) -> tuple[ChangeReport, ...]:
    """Every change of every lockfile, lockfiles in the environment's order, packages by name.

    `installed` tells who asks for a package where a lockfile has no annotations.
    """
    again = dict(after.by_file)
    requires = {distribution.name: distribution.requires for distribution in installed}
    return tuple(
        _change(case, path, change, _Askers(again[path] if change.after else pins, requires, direct(case)))
        for path, pins in before.by_file
        for change in diff(pins, again[path])
    )


def direct(case: Case) -> frozenset[NormalizedName]:
    """The packages that the sources name."""
    return frozenset(name for lock in case.spec.lockfiles for name in lock.direct)


@dataclass(frozen=True, slots=True)
class _Askers:
    """Who asks for what: by annotation, by metadata, by the sources."""

    pins: Pins
    requires: Mapping[NormalizedName, Sequence[str]]
    direct: frozenset[NormalizedName]


def _change(case: Case, path: str, change: Change, askers: _Askers) -> ChangeReport:
    old = change.before.version if change.before else None
    new = change.after.version if change.after else None
    return ChangeReport(
        name=change.name,
        before=change.old,
        after=change.new,
        direct=is_direct(askers.pins[change.name], askers.direct),
        via=via_path(change.name, askers.pins, askers.requires, askers.direct),
        released_at=released_at(case, change.name, new),
        lockfile=path,
        kind=change.kind,
        yanked=_yanked(case, change.name, old),
    )


def released_at(case: Case, name: NormalizedName, version: Version | None) -> datetime | None:
    """When a release was uploaded, as the index tells."""
    visible = case.ports.index.releases(name, World()) if version else ()
    return next((release.uploaded_at for release in visible if release.version == version), None)


def _yanked(case: Case, name: NormalizedName, version: Version | None) -> str | None:
    visible = case.ports.index.releases(name, World()) if version else ()
    return next((release.yanked for release in visible if release.version == version), None)


def checked(results: Sequence[CheckResult], comparison: Comparison | None = None) -> tuple[CheckReport, ...]:
    """Results for the report. Modules that fail to import count only where they fail anew."""
    found = {id(finding.result): finding.failures for finding in comparison.newly} if comparison else {}
    return tuple(_checked(result, found.get(id(result), ())) for result in results)


def _checked(result: CheckResult, newly: Sequence[Failure]) -> CheckReport:
    old_imports = result.kind is Kind.IMPORT and not newly and result.outcome is Outcome.FAIL
    shown = () if old_imports else newly or result.failures
    return CheckReport(
        kind=result.kind,
        command=result.command,
        outcome=Outcome.PASS if old_imports else result.outcome,
        duration_s=round(result.duration_s, 3),
        headline=shown[0].headline if shown else "",
        newly_failing=tuple(sorted(failure.id for failure in newly if failure.id)),
        failing=len(result.failures),
        passed=len(result.passed),
        log=result.log,
    )


_OUTCOMES = {Answer.PASS: Outcome.PASS, Answer.UNRESOLVED: Outcome.UNRESOLVED}


def tried(log: Sequence[Asked]) -> tuple[TrialReport, ...]:
    """The search's trials, in the order asked."""
    return tuple(_tried(asked) for asked in log)


def _tried(asked: Asked) -> TrialReport:
    shown = asked.observation
    return TrialReport(
        moved=tuple(sorted(asked.mixture.moved)),
        at={name: str(version) for name, version in asked.mixture.at},
        outcome=_OUTCOMES.get(asked.answer, Outcome.FAIL),
        why=asked.why,
        headline=shown.unresolved or (shown.failures[0].headline if shown.failures else ""),
        other=asked.answer is Answer.OTHER,
    )
