"""The search for causes, one loop for every kind of failure.

What is found is held back at its last good release, the rest compiled and checked, until it passes.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.messages.causes.blame import describe_releases
from depcheck.core.model.checks import Failure, Regression
from depcheck.core.model.compile_result import CompileFailure
from depcheck.core.model.index_view import Hold, apply_build_holds, apply_holds
from depcheck.core.model.report import Confidence, Culprit, EnvironmentReport, ProposalReport
from depcheck.core.model.requirements import get_required_name, select_active_requirements
from depcheck.core.model.status import Status
from depcheck.core.search.causes import CauseSearch, HeldResult, Question, is_caused_by_holds, to_hold_note
from depcheck.core.search.chance_failures import ChanceFailures
from depcheck.core.search.model import Budget, Cause, CauseKind, Diagnosis, TrialAnswer, TrialRecord, to_trial_reports
from depcheck.core.tool_output.api_errors import ApiChangeKind, ReleaseStep, find_missing_symbols
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.confirm import confirm_failures
from depcheck.pipeline.context import EnvironmentCase, find_hold_sources
from depcheck.pipeline.last_run.recall_measurements import (
    measure_and_remember,
    recall_failing_set,
    recall_text,
    remember_sides,
)
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_baseline, measure_pins, plan_checks
from depcheck.pipeline.to_report import to_change_reports, to_check_reports, to_culprit, to_drift_report
from depcheck.pipeline.trial_runner import build_question

MAX_TRIALS = 200
MOST_OTHERS = 3  # other failures that are described

ObstacleQuestion = Callable[["Investigation", CompileFailure], Question]
"""What is asked about a set that still does not compile."""


@dataclass(slots=True)
class Investigation:
    """The state of a search.

    What was found is kept when the budget ends.

    `before` is the measured baseline, None until it is needed. `sides` are those that fail now, None until a set was
    compiled. `numbers` counts the trials. `trouble` is why no set could be proposed.
    """

    case: EnvironmentCase
    committed: LockSet
    before: Measurement | None = None
    sides: MeasuredSides | None = None
    ask_about_obstacle: ObstacleQuestion | None = None
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    deadline_s: float = field(init=False)
    found: Diagnosis = field(default_factory=lambda: Diagnosis((), 0, Confidence.MINIMAL))
    culprits: list[Culprit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proposal: ProposalReport | None = None
    trouble: str = ""
    _failing: dict[tuple[Failure, ...], MeasuredSides] = field(default_factory=dict)
    _first: MeasuredSides | None = None
    _compiled: dict[tuple[Hold, ...], LockSet | CompileFailure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.deadline_s = self.case.ports.clock() + self.case.settings.budget_minutes * 60

    @property
    def is_time_over(self) -> bool:
        """True if the budget is spent."""
        return self.case.ports.clock() > self.deadline_s

    def run(self, question: Question) -> None:
        """Find causes one by one, holding each before the next search."""
        self._first = self.sides
        search = CauseSearch(self._hold, Budget(MAX_TRIALS, lambda: self.is_time_over))
        self.found = search.run(question)
        for cause in self.found.causes:
            self._report_cause(cause)
        if self.found.causes and not self.proposal and self.trouble:
            self.notes.append(self.trouble)
        self.notes += _describe_other_failures(self.found.trial_log)
        if search.flakes.failed:
            self.notes.append(_describe_flakes(search.flakes))

    def ask_about_checks(self, sides: MeasuredSides, findings: Sequence[Regression], holds: Sequence[Hold]) -> Question:
        """Return the question of what makes checks fail."""
        if self.sides is None or not self._failing:
            self.case.ports.reporter.start_stage("search the culprit")
        return build_question(self.case, sides, findings, holds, self.numbers)

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
        holds = tuple(hold for cause in causes for hold in cause.holds)
        if not causes[-1].holds:
            return HeldResult()
        safe = self.compile_held(holds)
        if isinstance(safe, LockSet):
            return self._check_held(safe, holds)
        if self.sides is None and self.ask_about_obstacle:
            return HeldResult(question=self.ask_about_obstacle(self, safe))
        self.trouble = f"No set could be compiled with the culprits held: {safe.failure.headline}"
        return HeldResult()

    def _check_held(self, safe: LockSet, holds: tuple[Hold, ...]) -> HeldResult:
        case = self.case
        sides = self._measure_held(safe, holds)
        self._first = self._first or sides
        confirmed = confirm_failures(case, sides.before, sides.after, sides.comparison.regressions)
        if confirmed.findings:
            question = self.ask_about_checks(sides, confirmed.findings, holds)
            self.sides = sides
            return HeldResult(question=question)
        if confirmed.contradiction:
            self.trouble = f"The set that holds the culprits gave different results: {confirmed.contradiction}"
            return HeldResult()
        if not sides.after.is_installed:
            return HeldResult()
        self.proposal = _to_proposal(case, sides, holds)
        return HeldResult(passes=True)

    def _measure_held(self, safe: LockSet, holds: Sequence[Hold]) -> MeasuredSides:
        """Run every check on a set that was compiled under the holds.

        In a search for failing checks, a set that failed in an earlier run is recalled, to be confirmed.
        """
        case, pins = self.case, self.committed.pins
        changed = frozenset(change.name for change in diff_pins(pins, safe.pins))
        self.before = self.before or measure_baseline(case, self.committed, changed)
        case.ports.reporter.start_stage("check the set that holds them")
        view = apply_build_holds(case.get_upgrade_view(pins), holds)
        checks = plan_checks(case.settings, changed, self.before)
        asked = (case, safe.pins, view, checks)
        if self.sides is None:
            after = measure_pins(*asked, "proposal")
        else:
            after = recall_failing_set(*asked, self.before) or measure_and_remember(*asked, "proposal")
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
        sentence, dropped = _explain_cause(self.case, shown, cause)
        blamed = to_culprit(self.case, replace(cause, explanation=sentence))
        self.culprits.append(replace(blamed, sources=tuple(places), dropped=dropped))

    def decide_status(self, headline: str) -> tuple[Status, str]:
        """Return the status and a sentence with the culprits and the error.

        If the trials contradicted each other and there is no proposal, the culprits are dropped.
        """
        if self.found.confidence is Confidence.FLAKY and not self.proposal:
            self.culprits.clear()
            return Status.FLAKY, f"Trials contradicted each other, so no release is blamed: {headline}"
        blamed = "; ".join(map(describe_releases, self.culprits))
        return Status.BREAKS, f"{blamed}: {headline}" if blamed else f"The fresh set fails: {headline}"

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


def report_breakage(case: EnvironmentCase, sides: MeasuredSides, findings: Sequence[Regression]) -> EnvironmentReport:
    """Search the cause of confirmed failures and report it.

    The report has the culprits, their first bad releases, and the newest set that works.
    """
    remember_sides(case, sides)
    work = Investigation(case, sides.committed, sides.before, sides)
    work.run(work.ask_about_checks(sides, findings, ()))
    status, reason = work.decide_status(findings[0].failures[0].headline)
    return work.add_to_report(to_drift_report(case, sides, status, reason, tuple(work.notes)))


def _to_proposal(case: EnvironmentCase, sides: MeasuredSides, holds: Sequence[Hold]) -> ProposalReport:
    """Convert the verified set to a proposal of the files that differ."""
    names = tuple(dict.fromkeys(str(each.name) for each in holds))
    changes = to_change_reports(case, sides.committed, sides.candidate, sides.distributions)
    files = sides.candidate.select_changed_files(sides.committed)
    return ProposalReport(names, changes, verified=True, files=files, checks=to_check_reports(sides.after.results))


def _describe_flakes(flakes: ChanceFailures) -> str:
    runs = flakes.failed + flakes.passed
    return (
        f"Of {runs} runs of sets that pass, {flakes.failed} failed by chance, so failures were run again until chance "
        "could be ruled out in 99 of 100 cases."
    )


def _describe_other_failures(log: Sequence[TrialRecord]) -> list[str]:
    """Describe what trials showed beside the failure under search."""
    said = Counter(each.observation.failures[0].headline for each in log if each.answer is TrialAnswer.OTHER)
    return [
        f"Seen in {number} of the trials, and not pursued because the fresh set does not fail so: {headline}"
        for headline, number in said.most_common(MOST_OTHERS)
    ]


def _explain_cause(case: EnvironmentCase, sides: MeasuredSides, cause: Cause) -> tuple[str, tuple[str, ...]]:
    """Describe what a cause's releases removed, and where it is used.

    Returns the sentence, empty if the files show nothing, and the requirements that were dropped and are missed.

    Cost: the fresh set is installed again, and each culprit's two releases are unpacked and compared, once for all
    runs with the same sets.
    """
    steps = _list_steps(case, sides.before, cause)
    if not steps or not sides.after.is_installed:
        return "", ()
    dropped = sorted({name for step in steps for name, _ in step.dropped_requirements})
    parts = (sorted(map(str, sides.after.pins.values())), cause.last_good, cause.first_bad, cause.failures[0])
    return recall_text(case, parts, lambda: _compare_releases(case, sides, steps, cause.failures[0])), tuple(dropped)


def _compare_releases(
    case: EnvironmentCase, sides: MeasuredSides, steps: Sequence[ReleaseStep], failure: Failure
) -> str:
    installed = case.ports.environments.install_pins(case.spec, sides.after.pins, sides.after.world)
    explain = case.ports.explainer.explain_failure
    said = [explain(case.spec, installed, sides.after.world, step, failure) for step in steps]
    return " ".join(dict.fromkeys(sentence for sentence in said if sentence))


def _list_steps(case: EnvironmentCase, before: Measurement, cause: Cause) -> list[ReleaseStep]:
    """List the two releases of each culprit that has both."""
    good, bad, skipped = dict(cause.last_good), dict(cause.first_bad), {name for name, _ in cause.skipped_releases}
    steps = [
        ReleaseStep(name, good[name], bad[name], gap=name in skipped)
        for name in cause.culprits
        if name in good and name in bad
    ]
    return [replace(step, dropped_requirements=_find_dropped_requirements(case, before, cause, step)) for step in steps]


def _find_dropped_requirements(
    case: EnvironmentCase, before: Measurement, cause: Cause, step: ReleaseStep
) -> tuple[tuple[NormalizedName, frozenset[str]], ...]:
    """Find the requirements that the first bad release no longer has.

    Each comes with those of its modules that the failure misses.
    """
    missing = {
        each.name.partition(".")[0]
        for each in find_missing_symbols(cause.failures[0])
        if each.kind is ApiChangeKind.MODULE
    }
    modules = {each.name: each.modules & missing for each in before.distributions}
    gone = _list_required(case, step.name, step.last_good) - _list_required(case, step.name, step.first_bad)
    return tuple((each, modules[each]) for each in sorted(gone) if modules.get(each))


def _list_required(case: EnvironmentCase, name: NormalizedName, version: Version) -> frozenset[NormalizedName]:
    lines = case.ports.index.get_requires_dist(name, version) or ()
    return frozenset(get_required_name(wanted) for wanted in select_active_requirements(lines, case.markers))
