"""The search for causes, one loop for every kind of failure.

What is found is held back at its last good release, the rest compiled and checked, until it passes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.messages.causes.blame import describe_releases
from depcheck.core.model.checks import Failure, Regression, is_same_failure
from depcheck.core.model.compile_result import CompileFailure
from depcheck.core.model.index_view import Hold, apply_build_holds, apply_holds
from depcheck.core.model.report import Confidence, Culprit, EnvironmentReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.search.causes import (
    CauseSearch,
    HeldResult,
    Question,
    SearchQuestion,
    describe_flakes,
    describe_other_failures,
    is_caused_by_holds,
    to_hold_note,
)
from depcheck.core.search.model import Budget, Cause, CauseKind, Diagnosis, to_trial_reports
from depcheck.pipeline.annotate import annotate_victims
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.causes.explain_causes import explain_cause
from depcheck.pipeline.causes.other_holds import MOST_OTHER_HOLDS, HoldChoice, list_other_choices
from depcheck.pipeline.closed_network.unreached import prove_sides
from depcheck.pipeline.confirm import confirm_failures
from depcheck.pipeline.context import EnvironmentCase, find_hold_sources
from depcheck.pipeline.cooldown.known_pass import recall_waiting_set
from depcheck.pipeline.last_run.recall_measurements import (
    recall_failing_set,
    remember_measurement,
    remember_sides,
)
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_baseline, measure_pins, plan_checks
from depcheck.pipeline.progress.trial_budget import TrialBudget
from depcheck.pipeline.proving.narrow_imports import narrow_imports
from depcheck.pipeline.to_report import to_change_reports, to_check_reports, to_culprit, to_drift_report
from depcheck.pipeline.trial_runner import InstalledTrialRunner, build_question

MAX_TRIALS = 200
MOST_HELD_RUNS = 3  # of a held set in which something failed once and then passed

ObstacleQuestion = Callable[["Investigation", CompileFailure], Question]
"""What is asked about a set that still does not compile."""


@dataclass(slots=True)
class Investigation:
    """The state of a search.

    What was found is kept when the budget ends.

    `before` is the measured baseline, None until it is needed. `sides` are those that fail now, None until a set was
    compiled. `budget` is for all trials. `seen` is the fresh set, where this run has checked it in full. If
    `is_known`, an earlier run has found the same; `recalled` is what of it passed then and waits. `trouble` is why no
    set could be proposed.
    """

    case: EnvironmentCase
    committed: LockSet
    before: Measurement | None = None
    sides: MeasuredSides | None = None
    ask_about_obstacle: ObstacleQuestion | None = None
    seen: Measurement | None = None
    is_known: bool = False
    recalled: Measurement | None = None
    budget: TrialBudget = field(init=False)
    found: Diagnosis = field(default_factory=lambda: Diagnosis((), 0, Confidence.MINIMAL))
    culprits: list[Culprit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proposal: ProposalReport | None = None
    trouble: str = ""
    _failing: dict[tuple[Failure, ...], MeasuredSides] = field(default_factory=dict)
    _first: MeasuredSides | None = None
    _agreed: HoldChoice = field(default_factory=HoldChoice)
    _dragged: tuple[Failure, ...] = ()
    _compiled: dict[tuple[Hold, ...], LockSet | CompileFailure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = TrialBudget(self.case.ports.clock, self.case.settings.budget_minutes)

    @property
    def is_time_over(self) -> bool:
        """True if the budget is spent."""
        return self.budget.is_time_over

    def run(self, question: Question) -> None:
        """Find causes one by one, holding each before the next search."""
        self._first = self.sides
        search = CauseSearch(self._hold, Budget(MAX_TRIALS, lambda: self.is_time_over), self._needs_hold)
        self.found = search.run(question)
        for cause in self.found.causes:
            self._report_cause(replace(cause, held=self._agreed.instead.get(cause, ())))
        if self.proposal and self._agreed.widened:
            self.notes.append(to_hold_note([each.name for each in self._agreed.widened], self._dragged))
        if self.found.causes and not self.proposal and self.trouble:
            self.notes.append(self.trouble)
        self.notes += describe_other_failures(self.found.trial_log)
        if search.flakes.failed:
            self.notes.append(describe_flakes(search.flakes))

    def ask_about_checks(self, sides: MeasuredSides, findings: Sequence[Regression], holds: Sequence[Hold]) -> Question:
        """Return the question of what makes checks fail."""
        if self.sides is None or not self._failing:
            self.case.ports.reporter.start_stage("search for the release that broke it")
        return build_question(self.case, sides, findings, holds, self.budget)

    def compile_held(self, holds: tuple[Hold, ...]) -> LockSet | CompileFailure:
        """Compile a fresh set under the holds, once for the same holds."""
        if holds not in self._compiled:
            names = ", ".join(each.name for each in holds)
            self.case.ports.reporter.start_stage(f"compile afresh, holding {names}")
            view = apply_holds(self.case.get_upgrade_view(self.committed.pins), holds)
            self._compiled[holds] = compile_fresh_set(self.case, view)
        return self._compiled[holds]

    def _hold(self, causes: Sequence[Cause]) -> HeldResult:
        """Compile and check with `causes` held, and ask what fails then."""
        for cause in causes:
            if self.sides is not None:
                self._failing.setdefault(cause.failures, self.sides)
        if not causes[-1].holds:
            return HeldResult()
        result = self._try_choice(causes, HoldChoice())
        first, shown = self._first, self.sides
        if result.passes or first is None or shown is None or not self._is_own_doing(result, first):
            return result
        self._dragged = result.question.failures if isinstance(result.question, SearchQuestion) else ()
        held = shown.candidate.pins if result.question else None
        others = list_other_choices(causes, self.committed.pins, first.candidate.pins, held)
        if any(self._try_choice(causes, other).passes for other in islice(others, MOST_OTHER_HOLDS)):
            return HeldResult(passes=True)
        self.sides = shown
        return result

    def _is_own_doing(self, result: HeldResult, first: MeasuredSides) -> bool:
        """Return True if our holds alone are why the set fails."""
        if isinstance(result.question, SearchQuestion):
            return is_caused_by_holds(result.question.failures, first.after.results)
        return result.question is None

    def _try_choice(self, causes: Sequence[Cause], choice: HoldChoice) -> HeldResult:
        holds = choice.list_holds(causes)
        safe = self.compile_held(holds)
        if isinstance(safe, LockSet):
            result = self._check_held(safe, holds)
            self._agreed = choice if result.passes else self._agreed
            return result
        if self.sides is None and self.ask_about_obstacle:
            return HeldResult(question=self.ask_about_obstacle(self, safe))
        self.trouble = f"No set could be compiled with the culprits held: {safe.failure.headline}"
        return HeldResult()

    def _check_held(self, safe: LockSet, holds: tuple[Hold, ...], runs: int = MOST_HELD_RUNS) -> HeldResult:
        """Check the held set, and again where something failed by chance."""
        case = self.case
        sides = self._measure_held(safe, holds, recalls=runs == MOST_HELD_RUNS)
        self._first = self._first or sides
        confirmed = confirm_failures(case, sides.before, sides.after, sides.comparison.regressions)
        if confirmed.findings:
            question = self.ask_about_checks(sides, confirmed.findings, holds)
            self.sides = sides
            return HeldResult(question=question)
        if confirmed.contradiction and runs > 1:
            return self._check_held(safe, holds, runs - 1)
        if confirmed.contradiction:
            self.trouble = f"The set that holds the culprits gave different results: {confirmed.contradiction}"
            return HeldResult()
        if not sides.after.is_installed:
            return HeldResult()
        self.proposal = to_proposal(case, sides, holds)
        return HeldResult(passes=True)

    def _needs_hold(self, cause: Cause, others: Sequence[Cause]) -> bool:
        """Return True if the failure of `cause` shows with only `others` held.

        Only the failing checks are run, which show a need and never a pass.
        """
        holds = tuple(hold for other in others for hold in other.holds)
        loose, shown = self.compile_held(holds), self._failing.get(cause.failures)
        if isinstance(loose, CompileFailure) or shown is None:
            return False
        view = apply_build_holds(self.case.get_upgrade_view(self.committed.pins), holds)
        findings = shown.comparison.regressions
        trying = InstalledTrialRunner(self.case, shown.before, loose.pins, view, findings, self.budget)
        seen = trying.run_trial(loose.pins, view, f"without the hold of {', '.join(cause.culprits)}")
        return any(is_same_failure(new, old) for new in seen.failures for old in cause.failures)

    def _measure_held(self, safe: LockSet, holds: Sequence[Hold], *, recalls: bool) -> MeasuredSides:
        """Run every check on a set that was compiled under the holds.

        In a search for failing checks, a set that failed in an earlier run is recalled, to be confirmed.
        """
        case, pins = self.case, self.committed.pins
        changed = frozenset(change.name for change in diff_pins(pins, safe.pins))
        self.before = self.before or measure_baseline(case, self.committed, changed)
        case.ports.reporter.start_stage("check the set with them held back")
        view = apply_build_holds(case.get_upgrade_view(pins), holds)
        checks = plan_checks(case.settings, changed, self.before)
        known = recall_failing_set(case, safe.pins, view, checks, self.before) if recalls and self.sides else None
        if known is None and self.is_known and recalls:
            known = self.recalled = recall_waiting_set(case, (self.committed, safe), view, checks)
        narrowed = narrow_imports(case, checks, safe.pins, view, self.seen)
        after = known or measure_pins(case, safe.pins, view, narrowed, "proposal")
        if self.sides and not known:
            remember_measurement(case, checks, after)
        self.before, after = prove_sides(case, self.before, after, "proposal")
        return MeasuredSides(self.committed, safe, self.before, after)

    def _report_cause(self, cause: Cause) -> None:
        """Add a culprit, or a note if our holds made the failure."""
        if cause.kind is not CauseKind.CHECKS:
            self.culprits.append(to_culprit(self.case, cause))
            return
        if self._first and is_caused_by_holds(cause.failures, self._first.after.results):
            self.notes.append(to_hold_note(cause.culprits, cause.failures))
            return
        shown = self._failing[cause.failures]
        pins = dict(shown.candidate.pins_by_file)
        places = dict.fromkeys(place for each in cause.holds for place in find_hold_sources(self.case, each.name, pins))
        sentence, dropped = explain_cause(self.case, shown, cause)
        blamed = annotate_victims(self.case, shown, cause, to_culprit(self.case, replace(cause, explanation=sentence)))
        self.culprits.append(replace(blamed, sources=tuple(places), dropped=dropped))

    def decide_status(self, headline: str) -> tuple[Status, str]:
        """Return the status and a sentence with the culprits and the error.

        If the trials contradicted each other and there is no proposal, the culprits are dropped.
        """
        if self.found.confidence is Confidence.FLAKY and not self.proposal:
            self.culprits.clear()
            return Status.FLAKY, f"Trials contradicted each other, so no release is blamed: {headline}"
        blamed = "; ".join(map(describe_releases, self.culprits))
        return Status.BREAKS, f"{blamed}: {headline}" if blamed else f"All updates together fail: {headline}"

    def add_to_report(self, report: EnvironmentReport) -> EnvironmentReport:
        """Add what was found to the report."""
        return replace(
            report,
            culprits=tuple(self.culprits),
            trials=self.found.trial_count,
            trial_log=to_trial_reports(self.found.trial_log),
            confidence=self.found.confidence,
            proposal=self.proposal,
        )


def report_breakage(
    case: EnvironmentCase, sides: MeasuredSides, findings: Sequence[Regression], seen: Measurement | None = None
) -> EnvironmentReport:
    """Search the cause of confirmed failures and report it.

    The report has the culprits, their first bad releases, and the newest set that works. `seen` is the fresh set, where
    this run has checked it in full.
    """
    remember_sides(case, sides)
    return search_breakage(Investigation(case, sides.committed, sides.before, sides, seen=seen), sides, findings)


def search_breakage(work: Investigation, sides: MeasuredSides, findings: Sequence[Regression]) -> EnvironmentReport:
    """Search what makes both sides differ, and report it."""
    work.run(work.ask_about_checks(sides, findings, ()))
    status, reason = work.decide_status(findings[0].failures[0].headline)
    return work.add_to_report(to_drift_report(work.case, sides, status, reason, tuple(work.notes)))


def to_proposal(case: EnvironmentCase, sides: MeasuredSides, holds: Sequence[Hold]) -> ProposalReport:
    """Convert the verified set to a proposal of the files that differ."""
    names = tuple(dict.fromkeys(str(each.name) for each in holds))
    changes = to_change_reports(case, sides.committed, sides.candidate, sides.distributions)
    files = sides.candidate.select_changed_files(sides.committed)
    return ProposalReport(names, changes, verified=True, files=files, checks=to_check_reports(sides.after.results))
