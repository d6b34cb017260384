"""Find what broke, and the set that works without it.

It is made once for each cause, after the search.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.messages.causes.blame import describe_releases
from depcheck.core.model.checks import Failure, Regression, is_same_failure
from depcheck.core.model.compile_result import CompileFailure
from depcheck.core.model.report import Confidence, Culprit, EnvironmentReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.search.causes import CauseSearch, HeldResult, SearchQuestion, is_caused_by_holds, to_hold_note
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import compute_coupling
from depcheck.core.search.diagnose import SearchCallbacks
from depcheck.core.search.model import Budget, Cause, TrialRecord, to_trial_reports
from depcheck.core.search.ranking import FailureContext, rank_suspects
from depcheck.pipeline import to_report
from depcheck.pipeline.confirm import confirm_failures
from depcheck.pipeline.context import (
    EnvironmentCase,
    LockSet,
    find_hold_sources,
    list_direct_pins,
)
from depcheck.pipeline.culprit_reports import (
    describe_flakes,
    describe_other_failures,
    explain_cause,
    to_culprit,
)
from depcheck.pipeline.last_run.recall_measurements import measure_and_remember, recall_failing_set, remember_sides
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_pins, plan_checks
from depcheck.pipeline.to_report import to_drift_report
from depcheck.pipeline.trial_runner import (
    Hold,
    InstalledTrialRunner,
    apply_build_holds,
    apply_holds,
    collect_distributions,
    compile_with_holds,
    create_hold,
    list_selectable_releases,
    list_target_failures,
    list_versions,
)

MAX_SEARCH_ROUNDS = 5  # how often a set that was compiled under holds may turn out not to build
MAX_TRIALS = 200
_WORST_FIRST = (Confidence.FLAKY, Confidence.BUDGET_SPENT, Confidence.MINIMAL)


@dataclass(slots=True)
class Investigation:
    """The state of a search: culprits, holds, trials and proposal.

    It keeps what was found when the budget ends.
    """

    deadline_s: float
    culprits: list[Culprit] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    trials: int = 0
    trial_log: list[TrialRecord] = field(default_factory=list)
    confidence: Confidence = Confidence.MINIMAL
    proposal: ProposalReport | None = None
    notes: list[str] = field(default_factory=list)


def start_investigation(case: EnvironmentCase) -> Investigation:
    """Create an empty investigation with the whole budget left."""
    return Investigation(case.ports.clock() + case.settings.budget_minutes * 60)


def report_breakage(case: EnvironmentCase, sides: MeasuredSides, findings: Sequence[Regression]) -> EnvironmentReport:
    """Search the cause of confirmed failures and report it.

    The report has the culprits, their first bad releases, and the newest set that works.
    """
    answer = start_investigation(case)
    remember_sides(case, sides)
    search_culprits(case, sides, findings, answer)
    status, reason = decide_status(answer, findings[0].failures[0].headline)
    return add_investigation(to_drift_report(case, sides, status, reason, tuple(answer.notes)), answer)


def search_culprits(
    case: EnvironmentCase, sides: MeasuredSides, findings: Sequence[Regression], answer: Investigation
) -> None:
    """Find causes one by one, holding each before the next search.

    The set that holds it back is compiled and checked.
    """
    holding = _Holding(case, sides, answer)
    budget = Budget(MAX_TRIALS, lambda: case.ports.clock() > answer.deadline_s)
    search = CauseSearch(holding, budget)
    case.ports.reporter.start_stage("search the culprit")
    found = search.run(_build_question(case, sides, findings, answer))
    answer.trials += found.trial_count
    answer.trial_log += found.trial_log
    answer.confidence = min(answer.confidence, found.confidence, key=_WORST_FIRST.index)
    for cause in found.causes:
        holds = _derive_holds(cause)
        answer.holds += holds
        if is_caused_by_holds(cause.failures, sides.after.results):
            answer.notes.append(to_hold_note(cause.culprits, cause.failures))
            continue
        shown = holding.fails[cause.failures]
        pins = dict(shown.candidate.pins_by_file)
        places = dict.fromkeys(place for each in holds for place in find_hold_sources(case, each.name, pins))
        blamed = to_culprit(case, cause, holds)
        answer.culprits.append(replace(blamed, explanation=explain_cause(case, shown, cause), sources=tuple(places)))
    answer.proposal = holding.proposal
    if found.causes and not holding.proposal and holding.trouble:
        answer.notes.append(holding.trouble)
    answer.notes += describe_other_failures(found.trial_log)
    if search.flakes.failed:
        answer.notes.append(describe_flakes(search.flakes))


@dataclass(slots=True)
class _Holding:
    """Compiles and checks the fresh set with causes held back.

    It remembers the last one that passed.

    `fails` are the sides that show each failure under search, `trouble` is why no set could be had.
    """

    case: EnvironmentCase
    sides: MeasuredSides
    answer: Investigation
    fails: dict[tuple[Failure, ...], MeasuredSides] = field(default_factory=dict)
    proposal: ProposalReport | None = None
    trouble: str = ""

    def __call__(self, causes: Sequence[Cause]) -> HeldResult:
        """Hold `causes` too, and ask about what then fails again."""
        case, committed = self.case, self.sides.committed
        for cause in causes:
            self.fails.setdefault(cause.failures, self.sides)
        holds = (*self.answer.holds, *(each for cause in causes for each in _derive_holds(cause)))
        safe = compile_with_holds(case, committed, holds)
        if isinstance(safe, CompileFailure):
            self.trouble = f"No set could be compiled with the culprits held: {safe.failure.headline}"
            return HeldResult()
        sides = replace(
            self.sides,
            candidate=safe,
            after=measure_held_set(case, committed, safe, holds, self.sides.before, remembers=True),
        )
        confirmed = confirm_failures(case, sides.before, sides.after, sides.comparison.regressions)
        findings = confirmed.findings
        if not findings and confirmed.contradiction:
            self.trouble = f"The set that holds the culprits gave different results: {confirmed.contradiction}"
            return HeldResult()
        if not findings:
            self.proposal = to_proposal(case, sides, holds)
            return HeldResult(passes=True)
        self.sides = sides
        return HeldResult(question=_build_question(case, sides, findings, self.answer, holds))


def measure_held_set(  # noqa: PLR0913  # the set, and how it is measured
    case: EnvironmentCase,
    committed: LockSet,
    safe: LockSet,
    holds: Sequence[Hold],
    before: Measurement,
    *,
    remembers: bool = False,
) -> Measurement:
    """Run every check on a set that was compiled under the holds.

    With `remembers` a set that failed in an earlier run is recalled, to be confirmed.
    """
    case.ports.reporter.start_stage("check the set that holds them")
    changed = frozenset(change.name for change in diff_pins(committed.pins, safe.pins))
    world = apply_build_holds(case.get_upgrade_view(committed.pins), holds)
    asked = (case, safe.pins, world, plan_checks(case.settings, changed, before))
    if not remembers:
        return measure_pins(*asked, "proposal")
    return recall_failing_set(*asked, before) or measure_and_remember(*asked, "proposal")


def to_proposal(case: EnvironmentCase, sides: MeasuredSides, holds: Sequence[Hold]) -> ProposalReport:
    """Convert the verified set to a proposal.

    Its files are those that differ from the committed ones.
    """
    old = dict(sides.committed.files)
    files = {path: text for path, text in sides.candidate.files if old.get(path) != text}
    names = tuple(dict.fromkeys(str(each.name) for each in holds))
    changes = to_report.to_change_reports(case, sides.committed, sides.candidate, sides.distributions)
    return ProposalReport(
        names, changes, verified=True, files=files, checks=to_report.to_check_reports(sides.after.results)
    )


def decide_status(answer: Investigation, headline: str) -> tuple[Status, str]:
    """Return the status and a sentence with the culprits and the error.

    If the trials contradicted each other and there is no proposal, the culprits are dropped.
    """
    if answer.confidence is Confidence.FLAKY and not answer.proposal:
        answer.culprits.clear()
        return Status.FLAKY, f"Trials contradicted each other, so no release is blamed: {headline}"
    blamed = "; ".join(map(describe_releases, answer.culprits))
    return Status.BREAKS, f"{blamed}: {headline}" if blamed else f"The fresh set fails: {headline}"


def add_investigation(report: EnvironmentReport, answer: Investigation) -> EnvironmentReport:
    """Add the results of the investigation to the report."""
    return replace(
        report,
        culprits=tuple(answer.culprits),
        trials=answer.trials,
        trial_log=to_trial_reports(answer.trial_log),
        confidence=answer.confidence,
        proposal=answer.proposal,
    )


def _build_question(
    case: EnvironmentCase,
    sides: MeasuredSides,
    findings: Sequence[Regression],
    answer: Investigation,
    holds: Sequence[Hold] = (),
) -> SearchQuestion:
    world = apply_holds(case.get_upgrade_view(sides.committed.pins), holds or answer.holds)
    scene = _collect_evidence(case, sides, findings)
    trying = InstalledTrialRunner(
        case, sides.before, sides.candidate.pins, sides.after.world, findings, answer.trials, remembers=True
    )
    place = SearchSpace(
        scene.before,
        scene.after,
        scene.coupling,
        case.markers,
        lambda name: list_versions(list_selectable_releases(case, world, sides.candidate.pins, name)),
        case.ports.index.get_requires_dist,
        by_day=True,
    )
    failures = list_target_failures(findings, sides.after.unbuilt)
    return SearchQuestion(
        failures,
        place,
        SearchCallbacks(trying, is_same_failure, lambda failures: rank_suspects(scene, failures), trying.ignore_memory),
    )


def _collect_evidence(case: EnvironmentCase, sides: MeasuredSides, findings: Sequence[Regression]) -> FailureContext:
    old, new = collect_distributions(case, sides.before), collect_distributions(case, sides.after)
    changed = frozenset(canonicalize_name(name) for name in sides.changed_names)
    return FailureContext(
        before=old,
        after=new,
        coupling=compute_coupling(old, new, changed, case.markers),
        markers=case.markers,
        command=next((finding.result.command for finding in findings), ""),
        direct_packages=list_direct_pins(case, sides.candidate.pins),
        failed_package=sides.after.unbuilt,
        imported_modules=case.spec.imports,
    )


def _derive_holds(cause: Cause) -> tuple[Hold, ...]:
    """Return the hold for a cause.

    One package of a pair is enough: the first that has a good release.
    """
    good, bad = dict(cause.last_good), dict(cause.first_bad)
    skipped = frozenset(cause.skipped_releases)
    lines = [
        create_hold(name, good.get(name), bad[name], sure=not any(name == other for other, _ in skipped))
        for name in cause.culprits
        if name in bad
    ]
    return tuple(lines[:1])
