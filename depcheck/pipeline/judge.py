"""The check of one environment, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.lock_set import LockSet, has_same_pins
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.model.errors import DepcheckError, IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pins
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.model.wheel_tags import is_python_allowed
from depcheck.core.targets.pythons import PythonGuess, parse_minor
from depcheck.pipeline import baseline, to_report
from depcheck.pipeline.annotate import (
    annotate_advisories,
    annotate_left_out,
    annotate_remote_files,
    annotate_rules,
    annotate_unlocked,
)
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.cooldown.judged_sets import JudgedSets
from depcheck.pipeline.cooldown.old_enough import choose_proposal
from depcheck.pipeline.index_alarms.flagged_releases import (
    add_flagged,
    compile_without_flagged,
    report_flagged_lockfile,
)
from depcheck.pipeline.index_alarms.lost_provenance import guard_sources
from depcheck.pipeline.index_alarms.past_runs import annotate_past_runs
from depcheck.pipeline.index_alarms.project_statuses import annotate_project_statuses
from depcheck.pipeline.to_report import find_upload_time, to_environment_report
from depcheck.ports import Index, Ports

MOST_TRIES = 4
_NEWER_SYNTAX = "SyntaxError"
_DOUBTFUL = frozenset({Status.STALE, Status.UNRESOLVABLE, Status.SKIPPED})


def judge_environment(
    spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]
) -> EnvironmentReport:
    """Return one environment's report, whatever happens.

    Only our own bugs escape as exceptions.

    A Python that is a guess, and does not fit the lockfile, makes way for the next one.
    """
    return _judge_with_guesses(spec, ports.index, lambda each: _judge_spec(each, ports, settings, now))


@dataclass(frozen=True, slots=True)
class _Judgement:
    """A report, and whether the committed lockfile was understood."""

    report: EnvironmentReport
    is_understood: bool = False

    @property
    def is_doubtful(self) -> bool:
        """True if another Python could give another verdict."""
        return not self.is_understood and is_python_doubtful(self.report)


def _judge_spec(spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]) -> _Judgement:
    if spec.skip_reason:
        return _Judgement(EnvironmentReport(spec.name, spec.python, Status.SKIPPED, spec.skip_reason, notes=spec.notes))
    try:
        case = EnvironmentCase(spec, ports, settings, ports.environments.get_markers(spec), now())
        return _judge_case(case)
    except IndexUnavailableError as error:
        return _Judgement(EnvironmentReport(spec.name, spec.python, Status.INFRA, str(error), notes=spec.notes))
    except DepcheckError as error:
        return _Judgement(EnvironmentReport(spec.name, spec.python, Status.SKIPPED, str(error), notes=spec.notes))


def _judge_case(case: EnvironmentCase) -> _Judgement:
    if flagged := report_flagged_lockfile(case):
        return _Judgement(_annotate_report(case, flagged, case.committed_pins), is_understood=True)
    guard_sources(case)
    committed = baseline.understand_lockfile(case)
    if isinstance(committed, baseline.Stale):
        return _Judgement(_annotate_report(case, _report_stale(case, committed), case.committed_pins))
    if isinstance(committed, CompileFailure):
        from depcheck.pipeline import build_failure  # noqa: PLC0415  # the whole search: a quiet night has no use for it

        return _Judgement(annotate_unlocked(case, build_failure.report_unresolved_baseline(case, committed)))
    case = case.add_trimmed(committed).add_notes(committed)
    case.ports.reporter.start_stage("compile with all updates")
    case, candidate, flags = compile_without_flagged(case, committed)
    if isinstance(candidate, CompileFailure):
        from depcheck.pipeline import build_failure  # noqa: PLC0415

        report = build_failure.report_failed_compile(case, committed, candidate)
        report = add_flagged(case, choose_proposal(case, JudgedSets(committed), report), flags)
        _close_memory(case, report)
        return _Judgement(_annotate_report(case, report, committed.pins), is_understood=True)
    case = case.add_notes(candidate)
    report = add_flagged(case, _judge_drift(case, committed, candidate), flags)
    _close_memory(case, report)
    return _Judgement(_annotate_report(case, report, committed.pins, candidate.pins))


def _close_memory(case: EnvironmentCase, report: EnvironmentReport) -> None:
    """Keep what was seen of what breaks or waits."""
    case.ports.trial_memory.close_records(case.spec, keep=bool(report.culprits or report.waiting))


def _annotate_report(
    case: EnvironmentCase, report: EnvironmentReport, committed: Pins, fresh: Pins | None = None
) -> EnvironmentReport:
    """Add rules, advisories and notes on unlocked packages to a report."""
    report = annotate_remote_files(case, annotate_left_out(case, annotate_unlocked(case, report)))
    report = annotate_advisories(case, annotate_rules(case, report, committed), fresh)
    return annotate_past_runs(case, annotate_project_statuses(case, report), fresh or {})


def _report_stale(case: EnvironmentCase, stale: baseline.Stale) -> EnvironmentReport:
    """Report a lockfile that is behind its sources.

    If no set satisfies the sources at all, report that instead, as it is worse. A pin that is younger than the date
    asked for explains either.
    """
    if late := _describe_late_pins(case):
        return to_environment_report(case, Status.STALE, late)
    if stale.unsatisfied is not None:
        compiled = case.ports.compiler.compile_lockfiles(
            case.spec, case.get_upgrade_view(stale.unsatisfied.pins), upgrade=True
        )
        if isinstance(compiled, CompileFailure) and compiled.kind is CompileFailureKind.UNRESOLVABLE:
            from depcheck.pipeline import build_failure  # noqa: PLC0415

            return build_failure.report_failed_compile(case, stale.unsatisfied, compiled)
    return to_environment_report(case, Status.STALE, stale.reason)


def _describe_late_pins(case: EnvironmentCase) -> str:
    """Describe pins from after `as-of`, or return empty."""
    until = case.settings.as_of
    if until is None:
        return ""
    days = [(pin, find_upload_time(case, pin.name, pin.version)) for pin in case.committed_pins.values()]
    late = sorted((str(pin), day) for pin, day in days if day and day > until)
    if not late:
        return ""
    more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
    return (
        f"{late[0][0]}{more} is younger than the date asked for: released {late[0][1]:%Y-%m-%d %H:%M} UTC, after "
        f"{until:%Y-%m-%d %H:%M}. So nobody had this lockfile then. Give a later --as-of, or check out the lockfile of "
        "that day."
    )


def _judge_drift(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    if has_same_pins(committed, candidate, case.markers):
        same = "what it gave before" if case.spec.lockfiles[0].is_unlocked else "the committed pins"
        quiet = to_environment_report(case, Status.QUIET, f"A fresh resolution gives {same}.")
        return replace(quiet, fresh=to_report.to_version_texts(candidate))
    from depcheck.pipeline import compare_sides  # noqa: PLC0415

    return compare_sides.judge_candidate(case, committed, candidate)


def _judge_with_guesses(
    spec: EnvironmentSpec, index: Index, judge: Callable[[EnvironmentSpec], _Judgement]
) -> EnvironmentReport:
    """Judge with the spec's Python, and further guesses if none fits.

    The first report stands where none of them fits either.
    """
    first = judge(spec)
    if not spec.other_pythons or not first.is_doubtful:
        return first.report
    oldest = parse_minor(spec.python) + 1 if _has_newer_syntax(first.report) else 0
    fitting = (guess for guess in _find_fitting(spec, index) if parse_minor(guess.python) >= oldest)
    for guess in islice(fitting, MOST_TRIES):
        found = judge(_with_python(spec, guess))
        if found.report.status is not Status.INFRA and not found.is_doubtful:
            return found.report
    return first.report


def is_python_doubtful(report: EnvironmentReport) -> bool:
    """Return True if another Python could give another verdict.

    Nothing compiles as committed, or can be installed, or the repository's own files cannot be read.
    """
    if _has_newer_syntax(report):
        return True
    if report.status is Status.BASELINE_BROKEN:
        return [(check.kind, check.outcome) for check in report.checks.baseline] == [(CheckKind.INSTALL, Outcome.FAIL)]
    return report.status in _DOUBTFUL and not report.checks.candidate


def _has_newer_syntax(report: EnvironmentReport) -> bool:
    """Return True if the tests' syntax is too new."""
    return any(check.kind is CheckKind.TEST and _NEWER_SYNTAX in check.headline for check in report.checks.baseline)


def _with_python(spec: EnvironmentSpec, guess: PythonGuess) -> EnvironmentSpec:
    note = (
        f"Python {spec.python}, {spec.python_reason}, does not give the committed lockfile, or not what runs with it; "
        f"Python {guess.python} does, {guess.reason}."
    )
    return replace(spec, python=guess.python, python_reason=guess.reason, notes=(*spec.notes, note))


def _find_fitting(spec: EnvironmentSpec, index: Index) -> Iterator[PythonGuess]:
    """Yield guesses for which every pinned release can be installed."""
    ranges = list(_list_ranges(spec, index))
    for guess in spec.other_pythons:
        if all(_is_fitting(of_release, guess.python) for of_release in ranges):
            yield guess


def _is_fitting(of_release: tuple[str, ...], python: str) -> bool:
    """Return True if a release's ranges allow `python`."""
    return not of_release or any(_allows_python(each, python) for each in of_release)


def _list_ranges(spec: EnvironmentSpec, index: Index) -> Iterator[tuple[str, ...]]:
    """Yield each pinned release's Requires-Python."""
    pins = [entry.pin for lock in spec.lockfiles for entry in lock.lockfile.entries]
    for pin in pins:
        if pin.version is None or pin.marker:
            continue
        try:
            releases = index.list_releases(pin.name, IndexView())
        except IndexUnavailableError:  # the verdict says so
            continue
        yield from (release.requires_python for release in releases if release.version == pin.version)


def _allows_python(requires_python: str, python: str) -> bool:
    return any(is_python_allowed(requires_python, f"{python}.{patch}") for patch in (0, 99))
