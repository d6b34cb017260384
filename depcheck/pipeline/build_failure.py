"""Reports of compiles that fail.

The cause is a release that cannot be built, a build requirement that moved, or a conflict.

The search of a build requirement is the same as for pins. The changes are the projects that builds asked for. A trial
shows some of them as of today and the others as of when the lockfile could still be installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.checks import CheckKind, CheckResult, Outcome, Regression, is_same_failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.model.index_view import BUILD_TOOLS, IndexView
from depcheck.core.model.installed import Distribution
from depcheck.core.model.pins import Pin
from depcheck.core.model.report import Confidence, EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.search.bisect import bisect_releases
from depcheck.core.search.chance_failures import ChanceFailures
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.diagnose import SearchCallbacks, diagnose_failures
from depcheck.core.search.model import Budget, Cause, CauseKind, Diagnosis, Mixture, Observation, TrialRecord
from depcheck.core.search.model import TrialAnswer as Seen
from depcheck.core.search.ranking import FailureContext, rank_suspects
from depcheck.pipeline import conflict
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.investigation import Investigation
from depcheck.pipeline.measure import Measurement, measure_baseline
from depcheck.pipeline.to_report import to_checks_report, to_environment_report
from depcheck.pipeline.trial_runner import (
    InstalledTrialRunner,
    list_selectable_releases,
    list_target_failures,
    list_versions,
)

BuildReleases = Mapping[NormalizedName, Distribution]


@dataclass(frozen=True, slots=True)
class _BuildTrialRunner:
    """Runs trials that keep the pins and move the build requirements.

    They are moved by what the index shows.
    """

    runner: InstalledTrialRunner
    today: IndexView
    past: datetime
    names: frozenset[NormalizedName]

    def __call__(self, mixture: Mixture) -> Observation:
        fixed = dict(mixture.exact_versions)
        then = tuple((name, self.past) for name in sorted(self.names - mixture.candidate_names - fixed.keys()))
        allowed = tuple((name, f"<={version}") for name, version in fixed.items())
        kept = tuple(pair for pair in self.today.uploaded_before_by_project if pair[0] not in dict(then))
        world = replace(
            self.today, uploaded_before_by_project=(*kept, *then), specifiers=(*self.today.specifiers, *allowed)
        )
        return self.runner.run_trial(self.runner.before.pins, world)


@dataclass(frozen=True, slots=True)
class _BuildQuestion:
    """The question what stops `obstacle` from being built.

    It is the release itself, or a build requirement that moved, if the very release is pinned already.
    """

    work: Investigation
    before: Measurement
    obstacle: CompileFailure

    def find_causes(self, budget: Budget, flakes: ChanceFailures) -> Diagnosis:
        """Find the release or build requirement, where the failure names a package."""
        name, case = self.obstacle.package, self.work.case
        if name is None or budget.is_time_over():
            return Diagnosis((), 0, Confidence.BUDGET_SPENT if name else Confidence.MINIMAL)
        pinned = self.work.committed.pins.get(name)
        if pinned is not None and pinned.version == self.obstacle.version and self.before.world != case.current_view:
            return self._find_requirement(budget, flakes)
        return self._find_release(name)

    def _start_trials(self, view: IndexView) -> InstalledTrialRunner:
        finding = Regression(_to_failed_install(self.obstacle), (self.obstacle.failure,))
        return InstalledTrialRunner(self.work.case, self.before, self.before.pins, view, (finding,), self.work.budget)

    def _find_requirement(self, budget: Budget, flakes: ChanceFailures) -> Diagnosis:
        """Find the build requirement, among releases since the baseline's view."""
        case, today, past = self.work.case, self.work.case.current_view, self.before.world.uploaded_before
        old, new = _find_moved_requirements(case, self.before, today) if past else ({}, {})
        if past is None or not new:
            return Diagnosis((), 0, Confidence.MINIMAL)
        names = frozenset(new)
        coupling = Coupling(names, {name: frozenset({name}) for name in names}, {}, {})
        place = SearchSpace(
            old,
            new,
            coupling,
            case.markers,
            lambda name: list_versions(list_selectable_releases(case, today, {}, name)),
            case.ports.index.get_requires_dist,
            other_is_bad=True,
        )
        trials = self._start_trials(today)
        scene = FailureContext(old, new, coupling, case.markers)
        oracles = SearchCallbacks(
            _BuildTrialRunner(trials, today, past, names),
            is_same_failure,
            lambda failures: rank_suspects(scene, failures),
        )
        target = list_target_failures(trials.findings, self.obstacle.package)
        found = diagnose_failures(target, place, oracles, budget, flakes)
        return replace(found, causes=tuple(replace(cause, kind=CauseKind.BUILD_REQUIREMENT) for cause in found.causes))

    def _find_release(self, name: NormalizedName) -> Diagnosis:
        """Find since which release `name` cannot be built."""
        case, before = self.work.case, self.before
        view = case.get_upgrade_view(before.pins)
        line = list_versions(list_selectable_releases(case, view, before.pins, name))
        bad = self.obstacle.version or (line[-1] if line else None)
        if bad is None:
            return Diagnosis((), 0, Confidence.MINIMAL)
        probe = _BuildProbe(self._start_trials(view), before.pins.get(name) or Pin(name, bad), [])
        pinned = before.pins[name].version if name in before.pins else None
        good: Version | None = None
        skipped: tuple[Version, ...] = ()
        if probe(bad) is Seen.SAME:
            if pinned is not None and pinned < bad:
                between = [version for version in line if pinned < version < bad]
                span = bisect_releases(pinned, [*between, bad], probe, other_is_bad=True)
                good, bad, skipped = span.last_good, span.first_bad, span.skipped_releases
            else:
                good, bad = _search_downwards(probe, [version for version in line if version < bad], bad)
        cause = Cause(
            (name,),
            frozenset(),
            (self.obstacle.failure,),
            ((name, good),) if good else (),
            ((name, bad),),
            tuple((name, version) for version in skipped),
            kind=CauseKind.BUILD,
        )
        return Diagnosis((cause,), len(probe.trial_log), Confidence.MINIMAL, tuple(probe.trial_log))


def _find_moved_requirements(
    case: EnvironmentCase, before: Measurement, today: IndexView
) -> tuple[BuildReleases, BuildReleases]:
    """Find the projects that builds asked for and that have new releases.

    Returns their releases in the earlier view and in today's.
    """
    asked = case.ports.index.list_requested_projects(before.world) | case.ports.index.list_requested_projects(today)
    old, new = {}, {}
    pinned = before.pins.keys() - frozenset(
        BUILD_TOOLS
    )  # isolated builds take their tools from the index, pinned or not
    for name in sorted(asked - pinned):
        then = list_selectable_releases(case, before.world, {}, name)
        now = list_selectable_releases(case, today, {}, name)
        if then and now and then[-1].version != now[-1].version:
            old[name] = Distribution(name, then[-1].version)
            new[name] = Distribution(name, now[-1].version)
    return old, new


MAX_DOWNWARD_TRIALS = 8  # releases tried below one that cannot be built, where nothing was pinned before


@dataclass(frozen=True, slots=True)
class _BuildProbe:
    """Tests if one release of the unbuildable package can be built.

    It is built beside the committed pins.
    """

    trying: InstalledTrialRunner
    pin: Pin
    trial_log: list[TrialRecord]

    def __call__(self, version: Version) -> Seen:
        pins = {**self.trying.before.pins, self.pin.name: replace(self.pin, version=version)}
        seen = self.trying.run_trial(pins, self.trying.world)
        answer = _classify_observation(seen)
        fixed = Mixture(frozenset(), ((self.pin.name, version),))
        self.trial_log.append(TrialRecord(fixed, seen, answer, f"can {self.pin.name} {version} be built?"))
        return answer


def _classify_observation(seen: Observation) -> Seen:
    if not seen.failures:
        return Seen.UNRESOLVED if seen.unresolved_reason else Seen.PASS
    return Seen.SAME if any(f.id.startswith(CheckKind.INSTALL) for f in seen.failures) else Seen.OTHER


def _search_downwards(probe: _BuildProbe, below: list[Version], bad: Version) -> tuple[Version | None, Version]:
    for version in reversed(below[-MAX_DOWNWARD_TRIALS:]):
        if probe(version) is Seen.PASS:
            return version, bad
        bad = version
    return None, bad


def report_unresolved_baseline(case: EnvironmentCase, obstacle: CompileFailure) -> EnvironmentReport:
    """Report that unlocked sources cannot be resolved on the baseline's day."""
    reason = f"The sources could not be resolved even as of the baseline's day: {obstacle.failure.headline}"
    status = Status.SKIPPED if obstacle.kind is CompileFailureKind.REFUSED else Status.BASELINE_BROKEN
    return to_environment_report(case, status, reason, to_checks_report((), (_to_failed_install(obstacle),)))


def report_failed_compile(case: EnvironmentCase, committed: LockSet, obstacle: CompileFailure) -> EnvironmentReport:
    """Report a fresh resolution that found no set."""
    result = _to_failed_install(obstacle)
    if obstacle.kind is CompileFailureKind.REFUSED:
        reason = f"The compiler refused: {obstacle.failure.headline}"
        return to_environment_report(case, Status.SKIPPED, reason, to_checks_report((), (result,)))
    if obstacle.kind is CompileFailureKind.DISAGREEING:
        return to_environment_report(
            case, Status.UNRESOLVABLE, obstacle.failure.headline, to_checks_report((), (result,))
        )
    if obstacle.kind is CompileFailureKind.UNRESOLVABLE:
        return conflict.report_conflict(case, committed, obstacle, result)
    before = measure_baseline(case, committed, frozenset())
    if not before.is_installed:
        reason = f"Your lockfile cannot be installed either: {before.results[0].headline}"
        return to_environment_report(case, Status.BASELINE_BROKEN, reason, to_checks_report(before.results, (result,)))
    work = Investigation(case, committed, before, ask_about_obstacle=_ask_about_build)
    work.run(_ask_about_build(work, obstacle))
    status, sentence = work.decide_status(obstacle.failure.headline)
    report = to_environment_report(case, status, sentence, to_checks_report(before.results, (result,)))
    return work.add_to_report(replace(report, notes=(*report.notes, *work.notes)))


def _ask_about_build(work: Investigation, obstacle: CompileFailure) -> _BuildQuestion:
    before = work.before or measure_baseline(work.case, work.committed, frozenset())
    return _BuildQuestion(work, before, obstacle)


def _to_failed_install(obstacle: CompileFailure) -> CheckResult:
    return CheckResult(CheckKind.INSTALL, "", Outcome.FAIL, 0.0, (obstacle.failure,))
