"""What broke it, and what still works: the search, the safe set, and the search again if that fails too."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.changes import diff
from depcheck.core.comparison import Finding
from depcheck.core.compilation import NotCompiled
from depcheck.core.failures import same_failure
from depcheck.core.report import Confidence, Culprit, EnvironmentReport, ProposalReport, Status
from depcheck.core.search.coupling import couple
from depcheck.core.search.diagnose import Oracles, diagnose
from depcheck.core.search.placement import Place
from depcheck.core.search.suspicion import Scene, suspects
from depcheck.core.search.values import Asked, Budget, Cause, Diagnosis
from depcheck.pipeline import accounts
from depcheck.pipeline.case import Case, LockSet
from depcheck.pipeline.explaining import explained
from depcheck.pipeline.holding import Hold, compile_held, held, hold, installed_from
from depcheck.pipeline.measuring import Measured, measure, planned
from depcheck.pipeline.sides import Sides
from depcheck.pipeline.trying import Trying, choosable, is_command, side, targets, versions
from depcheck.pipeline.verdicts import compared

ROUNDS = 5  # how often a safe set may turn out not to be one
MOST_TRIALS = 200
_WORST = (Confidence.FLAKY, Confidence.BUDGET_SPENT, Confidence.MINIMAL)


@dataclass(slots=True)
class Answer:
    """What is known so far; it survives the end of the budget."""

    deadline_s: float
    culprits: list[Culprit] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    trials: int = 0
    log: list[Asked] = field(default_factory=list)
    confidence: Confidence = Confidence.MINIMAL
    proposal: ProposalReport | None = None
    notes: list[str] = field(default_factory=list)


def fresh_answer(case: Case) -> Answer:
    """Nothing known, the whole budget left."""
    return Answer(case.ports.clock() + case.settings.budget_minutes * 60)


def judge(case: Case, sides: Sides, findings: Sequence[Finding]) -> EnvironmentReport:
    """The report of a candidate whose `findings` repeated: culprits, first bad releases, the newest set that works."""
    answer = fresh_answer(case)
    search(case, sides, findings, answer)
    status, reason = conclusion(answer, findings[0].failures[0].headline)
    return answered(compared(case, sides, status, reason, tuple(answer.notes)), answer)


def search(case: Case, sides: Sides, findings: Sequence[Finding], answer: Answer) -> None:
    """Find causes, hold them, compile and check what remains; whatever still fails is searched in turn."""
    for _ in range(ROUNDS):
        found = _diagnosed(case, sides, findings, answer)
        answer.trials += found.trials
        answer.log += found.log
        if not found.causes:
            return
        _note(case, sides, answer, found)
        safe = compile_held(case, sides.committed, answer.holds)
        if isinstance(safe, NotCompiled):
            answer.notes.append(f"No set could be compiled with the culprits held: {safe.failure.headline}")
            return
        sides = replace(sides, candidate=safe, after=verify(case, sides.committed, safe, answer, sides.before))
        findings = sides.comparison.newly
        if not findings:
            answer.proposal = propose(case, sides, answer.holds)
            return


def verify(case: Case, committed: LockSet, safe: LockSet, answer: Answer, before: Measured) -> Measured:
    """Every check on a set that was compiled under the holds."""
    case.ports.reporter.stage("check the set that holds them")
    changed = frozenset(change.name for change in diff(committed.pins, safe.pins))
    world = installed_from(case.upgraded(committed.pins), answer.holds)
    return measure(case, safe.pins, world, planned(case.settings, changed, before), "proposal")


def propose(case: Case, sides: Sides, holds: Sequence[Hold]) -> ProposalReport:
    """The verified safe set as a proposal; its files are those that differ from the committed ones."""
    old = dict(sides.committed.files)
    files = {path: text for path, text in sides.candidate.files if old.get(path) != text}
    names = tuple(dict.fromkeys(str(each.name) for each in holds))
    changes = accounts.changes(case, sides.committed, sides.candidate, sides.distributions)
    return ProposalReport(names, changes, verified=True, files=files, checks=accounts.checked(sides.after.results))


def conclusion(answer: Answer, headline: str) -> tuple[Status, str]:
    """The status, and one sentence: who did it, and the error's own words."""
    if answer.confidence is Confidence.FLAKY and not answer.proposal:
        answer.culprits.clear()
        return Status.FLAKY, f"Trials contradicted each other, so no release is blamed: {headline}"
    blamed = "; ".join(_sentence(each) for each in answer.culprits)
    return Status.BREAKS, f"{blamed}: {headline}" if blamed else f"The fresh set fails: {headline}"


def answered(report: EnvironmentReport, answer: Answer) -> EnvironmentReport:
    """The report with what the search found."""
    return replace(
        report,
        culprits=tuple(answer.culprits),
        trials=answer.trials,
        trial_log=accounts.tried(answer.log),
        confidence=answer.confidence,
        proposal=answer.proposal,
    )


def _sentence(culprit: Culprit) -> str:
    return " with ".join(f"{name} {culprit.first_bad[name]}" for name in culprit.packages if name in culprit.first_bad)


def _diagnosed(case: Case, sides: Sides, findings: Sequence[Finding], answer: Answer) -> Diagnosis:
    case.ports.reporter.stage("search the culprit")
    world = held(case.upgraded(sides.committed.pins), answer.holds)
    scene = _scene(case, sides, findings)
    trying = Trying(case, sides.before, sides.candidate.pins, sides.after.world, findings, answer.trials)
    place = Place(
        scene.before,
        scene.after,
        scene.coupling,
        case.markers,
        lambda name: versions(choosable(case, world, sides.candidate.pins, name)),
        case.ports.index.requires,
    )
    oracles = Oracles(trying, same_failure, lambda failures: suspects(scene, failures))
    budget = Budget(MOST_TRIALS, lambda: case.ports.clock() > answer.deadline_s)
    failures = targets(findings, sides.after.unbuilt)
    return diagnose(failures, place, oracles, budget, case.settings.confirmations)


def _scene(case: Case, sides: Sides, findings: Sequence[Finding]) -> Scene:
    old, new = side(case, sides.before), side(case, sides.after)
    changed = frozenset(canonicalize_name(name) for name in sides.changed)
    return Scene(
        before=old,
        after=new,
        coupling=couple(old, new, changed, case.markers),
        environment=case.markers,
        command=next((finding.result.command for finding in findings), ""),
        direct=accounts.direct_pins(case, sides.candidate.pins),
        accused=sides.after.unbuilt,
        imported=case.spec.imports,
    )


def _note(case: Case, sides: Sides, answer: Answer, found: Diagnosis) -> None:
    """Add a diagnosis to the answer: its culprits, and for each one a hold of as little as will do."""
    answer.confidence = min(answer.confidence, found.confidence, key=_WORST.index)
    for cause in found.causes:
        holds = _holds(cause)
        answer.holds += holds
        pins = dict(sides.candidate.by_file)
        places = dict.fromkeys(place for each in holds for place in accounts.hold_sources(case, each.name, pins))
        blamed = culprit(case, cause, holds)
        answer.culprits.append(replace(blamed, explanation=explained(case, sides, cause), sources=tuple(places)))


def _holds(cause: Cause) -> tuple[Hold, ...]:
    """One of a pair is enough: the first that has a good release."""
    good, bad = dict(cause.last_good), dict(cause.first_bad)
    lines = [hold(name, good.get(name), bad[name]) for name in cause.heads if name in bad]
    return tuple(lines[:1])


def culprit(case: Case, cause: Cause, holds: Sequence[Hold]) -> Culprit:
    """A cause for the report, with the holds that keep it away."""
    shown = cause.failures[0]
    first = [accounts.released_at(case, name, version) for name, version in cause.first_bad]
    return Culprit(
        packages=tuple(sorted(cause.heads)),
        companions=tuple(sorted(cause.companions)),
        last_good=_stated(cause.last_good),
        first_bad=_stated(cause.first_bad),
        headline=shown.headline,
        evidence=shown.evidence,
        since=max((day for day in first if day), default=None),
        hold=tuple(each.line for each in holds),
        build=any(each.build for each in holds),
        skipped=tuple(f"{name} {version}" for name, version in cause.skipped),
        newly_failing=tuple(sorted(failure.id for failure in cause.failures if not is_command(failure))),
        paths=accounts.paths(case, [] if any(each.build for each in holds) else [name for name, _ in cause.first_bad]),
        trackers=accounts.trackers(case, cause.first_bad),
    )


def _stated(pairs: Sequence[tuple[NormalizedName, Version]]) -> dict[str, str]:
    return {name: str(version) for name, version in pairs}
