"""Reports of compiles that fail.

The cause is a release that cannot be built, a build requirement that moved, or a conflict.

The search is the same as for pins. The changes are the projects that builds asked for. A trial shows
some of them as of today and the others as of when the lockfile could still be installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import CheckKind, CheckResult, Outcome, Regression, is_same_failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.model.index_view import BUILD_TOOLS, IndexView
from depcheck.core.model.installed import Distribution
from depcheck.core.model.pins import Pin
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.search.bisect import bisect_releases
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.diagnose import SearchCallbacks, diagnose_failures
from depcheck.core.search.model import Budget, Cause, Diagnosis, Mixture, Observation, TrialRecord
from depcheck.core.search.model import TrialAnswer as Seen
from depcheck.core.search.ranking import FailureContext, rank_suspects
from depcheck.pipeline import conflict, find_culprits
from depcheck.pipeline.compare_sides import measure_baseline
from depcheck.pipeline.context import EnvironmentCase, LockSet
from depcheck.pipeline.culprit_reports import to_culprit
from depcheck.pipeline.measure import MeasuredSides, Measurement
from depcheck.pipeline.to_report import to_checks_report, to_environment_report
from depcheck.pipeline.trial_runner import (
    InstalledTrialRunner,
    compile_with_holds,
    create_hold,
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


def find_build_requirement(
    case: EnvironmentCase,
    before: Measurement,
    finding: Regression,
    obstacle: CompileFailure,
    answer: find_culprits.Investigation,
) -> None:
    """Find the build requirement that stops `obstacle.package` from being built.

    Only releases since the index view of `before` are considered.
    """
    if before.world.uploaded_before is None:
        return
    today = case.current_view
    old, new = _find_moved_requirements(case, before, today)
    if not new:
        return
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
    trying = InstalledTrialRunner(case, before, before.pins, today, (finding,), answer.trials)
    scene = FailureContext(old, new, coupling, case.markers)
    oracles = SearchCallbacks(
        _BuildTrialRunner(trying, today, before.world.uploaded_before, names),
        is_same_failure,
        lambda failures: rank_suspects(scene, failures),
    )
    budget = Budget(find_culprits.MAX_TRIALS, lambda: case.ports.clock() > answer.deadline_s)
    found = diagnose_failures(list_target_failures((finding,), obstacle.package), place, oracles, budget)
    _add_diagnosis(case, found, answer)


def _add_diagnosis(case: EnvironmentCase, found: Diagnosis, answer: find_culprits.Investigation) -> None:
    answer.trials += found.trial_count
    answer.trial_log += found.trial_log
    answer.confidence = found.confidence
    for cause in found.causes:
        good, bad = dict(cause.last_good), dict(cause.first_bad)
        holds = tuple(
            create_hold(name, good.get(name), bad[name], build=True) for name in cause.culprits if name in bad
        )
        answer.holds += holds
        answer.culprits.append(to_culprit(case, cause, holds))


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
        reason = f"The committed set cannot be installed either: {before.results[0].headline}"
        return to_environment_report(case, Status.BASELINE_BROKEN, reason, to_checks_report(before.results, (result,)))
    answer = find_culprits.start_investigation(case)
    _search_build_failures(case, committed, before, obstacle, answer)
    status, sentence = find_culprits.decide_status(answer, obstacle.failure.headline)
    report = to_environment_report(case, status, sentence, to_checks_report(before.results, (result,)))
    return find_culprits.add_investigation(replace(report, notes=(*report.notes, *answer.notes)), answer)


def _search_build_failures(
    case: EnvironmentCase,
    committed: LockSet,
    before: Measurement,
    obstacle: CompileFailure,
    answer: find_culprits.Investigation,
) -> None:
    for _ in range(find_culprits.MAX_SEARCH_ROUNDS):
        held = len(answer.holds)
        _find_build_cause(case, committed, before, obstacle, answer)
        if len(answer.holds) == held:
            return
        safe = compile_with_holds(case, committed, answer.holds)
        if isinstance(safe, CompileFailure):
            obstacle = safe
            continue
        sides = MeasuredSides(
            committed, safe, before, find_culprits.measure_held_set(case, committed, safe, answer.holds, before)
        )
        if findings := sides.comparison.regressions:
            find_culprits.search_culprits(case, sides, findings, answer)
        else:
            answer.proposal = find_culprits.to_proposal(case, sides, answer.holds)
        return


def _find_build_cause(
    case: EnvironmentCase,
    committed: LockSet,
    before: Measurement,
    obstacle: CompileFailure,
    answer: find_culprits.Investigation,
) -> None:
    """Find the release or build requirement that stops the build, if possible."""
    if obstacle.package is None:
        return
    pinned = committed.pins.get(obstacle.package)
    if pinned is not None and pinned.version == obstacle.version and before.world != case.current_view:
        find_build_requirement(case, before, _to_install_finding(obstacle), obstacle, answer)
        return
    _find_unbuildable_release(case, before, obstacle, answer)


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


def _find_unbuildable_release(
    case: EnvironmentCase, before: Measurement, obstacle: CompileFailure, answer: find_culprits.Investigation
) -> None:
    name = obstacle.package
    if name is None:
        return
    world = case.get_upgrade_view(before.pins)
    trying = InstalledTrialRunner(case, before, before.pins, world, (_to_install_finding(obstacle),), answer.trials)
    line = list_versions(list_selectable_releases(case, world, before.pins, name))
    bad = obstacle.version or (line[-1] if line else None)
    if bad is None:
        return
    probe = _BuildProbe(trying, before.pins.get(name) or Pin(name, bad), answer.trial_log)
    pinned = before.pins[name].version if name in before.pins else None
    shown = probe(bad)
    good: Version | None = None
    skipped: tuple[Version, ...] = ()
    if shown is Seen.SAME and pinned is not None and pinned < bad:
        span = bisect_releases(pinned, [v for v in line if pinned < v < bad] + [bad], probe, other_is_bad=True)
        good, bad, skipped = span.last_good, span.first_bad, span.skipped_releases
    elif shown is Seen.SAME:
        good, bad = _search_downwards(probe, [v for v in line if v < bad], bad)
    answer.trials = trying.count
    cause = Cause(
        (name,),
        frozenset(),
        (obstacle.failure,),
        ((name, good),) if good else (),
        ((name, bad),),
        tuple((name, version) for version in skipped),
    )
    holds = (create_hold(name, good, bad),)
    answer.holds += holds
    answer.culprits.append(to_culprit(case, cause, holds))


def _search_downwards(probe: _BuildProbe, below: list[Version], bad: Version) -> tuple[Version | None, Version]:
    for version in reversed(below[-MAX_DOWNWARD_TRIALS:]):
        if probe(version) is Seen.PASS:
            return version, bad
        bad = version
    return None, bad


def _to_failed_install(obstacle: CompileFailure) -> CheckResult:
    return CheckResult(CheckKind.INSTALL, "", Outcome.FAIL, 0.0, (obstacle.failure,))


def _to_install_finding(obstacle: CompileFailure) -> Regression:
    return Regression(_to_failed_install(obstacle), (obstacle.failure,))
