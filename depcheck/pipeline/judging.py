"""The judgement of one environment: the story, in its order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from depcheck.core.changes import diff
from depcheck.core.compilation import NotCompiled, Obstacle
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError, IndexUnavailableError
from depcheck.core.pins import Pins
from depcheck.core.report import EnvironmentReport, Status
from depcheck.core.settings import Settings
from depcheck.pipeline import accounts, baseline
from depcheck.pipeline.case import Case, LockSet
from depcheck.pipeline.cautions import cautioned
from depcheck.pipeline.layers import compile_afresh
from depcheck.pipeline.ruling import ruled
from depcheck.pipeline.unlocked import unlocked
from depcheck.pipeline.verdicts import verdict
from depcheck.ports import Ports


def judge(spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]) -> EnvironmentReport:
    """One environment's report, whatever happens; only our own bugs escape as exceptions."""
    if spec.skipped:
        return EnvironmentReport(spec.name, spec.python, Status.SKIPPED, spec.skipped, notes=spec.notes)
    try:
        case = Case(spec, ports, settings, ports.environments.markers(spec), now())
        return _judge(case)
    except IndexUnavailableError as error:
        return EnvironmentReport(spec.name, spec.python, Status.INFRA, str(error), notes=spec.notes)
    except DepcheckError as error:
        return EnvironmentReport(spec.name, spec.python, Status.SKIPPED, str(error), notes=spec.notes)


def _judge(case: Case) -> EnvironmentReport:
    committed = baseline.start(case)
    if isinstance(committed, baseline.Stale):
        return _completed(case, _stale(case, committed), case.committed)
    if isinstance(committed, NotCompiled):
        from depcheck.pipeline import obstructed  # noqa: PLC0415  # the whole search: a quiet night has no use for it

        return unlocked(case, obstructed.from_the_start(case, committed))
    case.ports.reporter.stage("compile afresh")
    candidate = compile_afresh(case, case.upgraded(committed.pins))
    if isinstance(candidate, NotCompiled):
        from depcheck.pipeline import obstructed  # noqa: PLC0415

        return _completed(case, obstructed.judge(case, committed, candidate), committed.pins)
    return _completed(case, _drifted(case, committed, candidate), committed.pins, candidate.pins)


def _completed(case: Case, report: EnvironmentReport, committed: Pins, fresh: Pins | None = None) -> EnvironmentReport:
    """The verdict with what is known of the pins beside it: rules and cautions."""
    report = unlocked(case, report)
    return cautioned(case, ruled(case, report, committed), fresh)


def _stale(case: Case, stale: baseline.Stale) -> EnvironmentReport:
    """The lockfile is behind its sources; unless nothing satisfies them at all, which is the worse news."""
    if stale.unsatisfied is not None:
        compiled = case.ports.compiler.compile(case.spec, case.upgraded(stale.unsatisfied.pins), upgrade=True)
        if isinstance(compiled, NotCompiled) and compiled.obstacle is Obstacle.UNRESOLVABLE:
            from depcheck.pipeline import obstructed  # noqa: PLC0415

            return obstructed.judge(case, stale.unsatisfied, compiled)
    return verdict(case, Status.STALE, stale.reason)


def _drifted(case: Case, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    if not any(diff(pins, dict(candidate.by_file)[path]) for path, pins in committed.by_file):
        same = "what it gave before" if case.spec.lockfiles[0].loose else "the committed pins"
        quiet = verdict(case, Status.QUIET, f"A fresh resolution gives {same}.")
        return replace(quiet, fresh=accounts.versions(candidate))
    from depcheck.pipeline import comparing  # noqa: PLC0415

    return comparing.judge(case, committed, candidate)
