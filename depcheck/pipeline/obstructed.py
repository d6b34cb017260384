"""No fresh set could be compiled: a release that cannot be built, a build requirement that moved, or a conflict."""

from dataclasses import dataclass, replace

from packaging.version import Version

from depcheck.core.checks import CheckResult, Kind, Outcome
from depcheck.core.comparison import Finding
from depcheck.core.compilation import NotCompiled, Obstacle
from depcheck.core.pins import Pin
from depcheck.core.report import EnvironmentReport, Status
from depcheck.core.search.first_bad import bisect
from depcheck.core.search.values import Answer as Seen
from depcheck.core.search.values import Asked, Cause, Mixture, Observation
from depcheck.pipeline import breaking, building, unresolvable
from depcheck.pipeline.case import Case, LockSet
from depcheck.pipeline.comparing import measured_baseline
from depcheck.pipeline.holding import compile_held, hold
from depcheck.pipeline.measuring import Measured
from depcheck.pipeline.sides import Sides
from depcheck.pipeline.trying import Trying, choosable, versions
from depcheck.pipeline.verdicts import checked, verdict

DOWNWARD = 8  # releases tried below one that cannot be built, where nothing was pinned before


def from_the_start(case: Case, obstacle: NotCompiled) -> EnvironmentReport:
    """Nothing is locked and nothing could be resolved on the baseline's day."""
    reason = f"The sources could not be resolved even as of the baseline's day: {obstacle.failure.headline}"
    status = Status.SKIPPED if obstacle.obstacle is Obstacle.REFUSED else Status.BASELINE_BROKEN
    return verdict(case, status, reason, checked((), (_install_result(obstacle),)))


def judge(case: Case, committed: LockSet, obstacle: NotCompiled) -> EnvironmentReport:
    """The report of a fresh resolution that ended without a set."""
    result = _install_result(obstacle)
    if obstacle.obstacle is Obstacle.REFUSED:
        reason = f"The compiler refused: {obstacle.failure.headline}"
        return verdict(case, Status.SKIPPED, reason, checked((), (result,)))
    if obstacle.obstacle is Obstacle.DISAGREEING:
        return verdict(case, Status.UNRESOLVABLE, obstacle.failure.headline, checked((), (result,)))
    if obstacle.obstacle is Obstacle.UNRESOLVABLE:
        return unresolvable.judge(case, committed, obstacle, result)
    before = measured_baseline(case, committed, frozenset())
    if not before.installed:
        reason = f"The committed set cannot be installed either: {before.results[0].headline}"
        return verdict(case, Status.BASELINE_BROKEN, reason, checked(before.results, (result,)))
    answer = breaking.fresh_answer(case)
    _search(case, committed, before, obstacle, answer)
    status, sentence = breaking.conclusion(answer, obstacle.failure.headline)
    report = verdict(case, status, sentence, checked(before.results, (result,)))
    return breaking.answered(replace(report, notes=(*report.notes, *answer.notes)), answer)


def _search(case: Case, committed: LockSet, before: Measured, obstacle: NotCompiled, answer: breaking.Answer) -> None:
    for _ in range(breaking.ROUNDS):
        held = len(answer.holds)
        _blame(case, committed, before, obstacle, answer)
        if len(answer.holds) == held:
            return
        safe = compile_held(case, committed, answer.holds)
        if isinstance(safe, NotCompiled):
            obstacle = safe
            continue
        sides = Sides(committed, safe, before, breaking.verify(case, committed, safe, answer, before))
        if findings := sides.comparison.newly:
            breaking.search(case, sides, findings, answer)
        else:
            answer.proposal = breaking.propose(case, sides, answer.holds)
        return


def _blame(case: Case, committed: LockSet, before: Measured, obstacle: NotCompiled, answer: breaking.Answer) -> None:
    """Name the release or the build requirement that stops the build, if either can be shown."""
    if obstacle.package is None:
        return
    pinned = committed.pins.get(obstacle.package)
    if pinned is not None and pinned.version == obstacle.version and before.world != case.today:
        building.blame(case, before, _finding(obstacle), obstacle, answer)
        return
    _blame_release(case, before, obstacle, answer)


@dataclass(frozen=True, slots=True)
class _Builds:
    """Whether one release of the package that cannot be built can be, beside the committed pins."""

    trying: Trying
    pin: Pin
    log: list[Asked]

    def __call__(self, version: Version) -> Seen:
        pins = {**self.trying.before.pins, self.pin.name: replace(self.pin, version=version)}
        seen = self.trying.observe(pins, self.trying.world)
        answer = _answer(seen)
        fixed = Mixture(frozenset(), ((self.pin.name, version),))
        self.log.append(Asked(fixed, seen, answer, f"can {self.pin.name} {version} be built?"))
        return answer


def _answer(seen: Observation) -> Seen:
    if not seen.failures:
        return Seen.UNRESOLVED if seen.unresolved else Seen.PASS
    return Seen.SAME if any(f.id.startswith(Kind.INSTALL) for f in seen.failures) else Seen.OTHER


def _blame_release(case: Case, before: Measured, obstacle: NotCompiled, answer: breaking.Answer) -> None:
    name = obstacle.package
    if name is None:
        return
    world = case.upgraded(before.pins)
    trying = Trying(case, before, before.pins, world, (_finding(obstacle),), answer.trials)
    line = versions(choosable(case, world, before.pins, name))
    bad = obstacle.version or (line[-1] if line else None)
    if bad is None:
        return
    probe = _Builds(trying, before.pins.get(name) or Pin(name, bad), answer.log)
    pinned = before.pins[name].version if name in before.pins else None
    shown = probe(bad)
    good: Version | None = None
    skipped: tuple[Version, ...] = ()
    if shown is Seen.SAME and pinned is not None and pinned < bad:
        span = bisect(pinned, [v for v in line if pinned < v < bad] + [bad], probe)
        good, bad, skipped = span.last_good, span.first_bad, span.skipped
    elif shown is Seen.SAME:
        good, bad = _downwards(probe, [v for v in line if v < bad], bad)
    answer.trials = trying.count
    cause = Cause(
        (name,),
        frozenset(),
        (obstacle.failure,),
        ((name, good),) if good else (),
        ((name, bad),),
        tuple((name, version) for version in skipped),
    )
    holds = (hold(name, good, bad),)
    answer.holds += holds
    answer.culprits.append(breaking.culprit(case, cause, holds))


def _downwards(probe: _Builds, below: list[Version], bad: Version) -> tuple[Version | None, Version]:
    for version in reversed(below[-DOWNWARD:]):
        if probe(version) is Seen.PASS:
            return version, bad
        bad = version
    return None, bad


def _install_result(obstacle: NotCompiled) -> CheckResult:
    return CheckResult(Kind.INSTALL, "", Outcome.FAIL, 0.0, (obstacle.failure,))


def _finding(obstacle: NotCompiled) -> Finding:
    return Finding(_install_result(obstacle), (obstacle.failure,))
