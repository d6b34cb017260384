"""The check of one environment, step by step."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.other_targets import diff_other_targets
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.model.errors import DepcheckError, IndexUnavailableError
from depcheck.core.model.pins import Pins
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.pipeline import baseline, to_report
from depcheck.pipeline.annotate import annotate_advisories, annotate_remote_files, annotate_rules, annotate_unlocked
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.context import EnvironmentCase, LockSet
from depcheck.pipeline.python_choice import judge_with_guesses
from depcheck.pipeline.to_report import to_environment_report
from depcheck.ports import Ports


def judge_environment(
    spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]
) -> EnvironmentReport:
    """Return one environment's report, whatever happens.

    Only our own bugs escape as exceptions.

    A Python that is a guess, and does not fit the lockfile, makes way for the next one.
    """
    return judge_with_guesses(spec, ports.index, lambda each: _judge_spec(each, ports, settings, now))


def _judge_spec(
    spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]
) -> EnvironmentReport:
    if spec.skip_reason:
        return EnvironmentReport(spec.name, spec.python, Status.SKIPPED, spec.skip_reason, notes=spec.notes)
    try:
        case = EnvironmentCase(spec, ports, settings, ports.environments.get_markers(spec), now())
        return _judge_case(case)
    except IndexUnavailableError as error:
        return EnvironmentReport(spec.name, spec.python, Status.INFRA, str(error), notes=spec.notes)
    except DepcheckError as error:
        return EnvironmentReport(spec.name, spec.python, Status.SKIPPED, str(error), notes=spec.notes)


def _judge_case(case: EnvironmentCase) -> EnvironmentReport:
    committed = baseline.understand_lockfile(case)
    if isinstance(committed, baseline.Stale):
        return _annotate_report(case, _report_stale(case, committed), case.committed_pins)
    if isinstance(committed, CompileFailure):
        from depcheck.pipeline import build_failure  # noqa: PLC0415  # the whole search: a quiet night has no use for it

        return annotate_unlocked(case, build_failure.report_unresolved_baseline(case, committed))
    case = case.with_trimmed(committed)
    case.ports.reporter.start_stage("compile afresh")
    candidate = compile_fresh_set(case, case.get_upgrade_view(committed.pins))
    if isinstance(candidate, CompileFailure):
        from depcheck.pipeline import build_failure  # noqa: PLC0415

        return _annotate_report(case, build_failure.report_failed_compile(case, committed, candidate), committed.pins)
    return _annotate_report(case, _judge_drift(case, committed, candidate), committed.pins, candidate.pins)


def _annotate_report(
    case: EnvironmentCase, report: EnvironmentReport, committed: Pins, fresh: Pins | None = None
) -> EnvironmentReport:
    """Add rules, advisories and notes on unlocked packages to a report."""
    report = annotate_remote_files(case, annotate_unlocked(case, report))
    return annotate_advisories(case, annotate_rules(case, report, committed), fresh)


def _report_stale(case: EnvironmentCase, stale: baseline.Stale) -> EnvironmentReport:
    """Report a lockfile that is behind its sources.

    If no set satisfies the sources at all, report that instead, as it is worse.
    """
    if stale.unsatisfied is not None:
        compiled = case.ports.compiler.compile_lockfiles(
            case.spec, case.get_upgrade_view(stale.unsatisfied.pins), upgrade=True
        )
        if isinstance(compiled, CompileFailure) and compiled.kind is CompileFailureKind.UNRESOLVABLE:
            from depcheck.pipeline import build_failure  # noqa: PLC0415

            return build_failure.report_failed_compile(case, stale.unsatisfied, compiled)
    return to_environment_report(case, Status.STALE, stale.reason)


def _judge_drift(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    others = diff_other_targets(committed.files, dict(candidate.files), case.markers)
    if not others and not any(
        diff_pins(pins, dict(candidate.pins_by_file)[path]) for path, pins in committed.pins_by_file
    ):
        same = "what it gave before" if case.spec.lockfiles[0].is_unlocked else "the committed pins"
        quiet = to_environment_report(case, Status.QUIET, f"A fresh resolution gives {same}.")
        return replace(quiet, fresh=to_report.to_version_texts(candidate))
    from depcheck.pipeline import compare_sides  # noqa: PLC0415

    return compare_sides.judge_candidate(case, committed, candidate)
