"""Every independent cause, found one after the other.

Each is held at its last good release before the next is sought.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from depcheck.core.model.checks import CheckResult, Failure, Outcome, is_similar_headline
from depcheck.core.model.report import Confidence
from depcheck.core.search.chance_failures import ChanceFailures
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.diagnose import SearchCallbacks, diagnose_failures
from depcheck.core.search.model import Budget, Cause, CauseKind, Diagnosis, TrialAnswer, TrialRecord, count_own_trials
from depcheck.core.text.terminal_safe import to_one_line

MOST_CAUSES = 20
MOST_OTHERS = 3  # other failures that are described
_WORST = (Confidence.FLAKY, Confidence.BUDGET_SPENT, Confidence.MINIMAL)


class Question(Protocol):
    """A set that fails, and a way to find a cause."""

    def find_causes(self, budget: Budget, flakes: ChanceFailures) -> Diagnosis:
        """Find what has to be held first, nothing where that is unknown."""


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """A set that fails: its new `failures` and what searches need."""

    failures: tuple[Failure, ...]
    place: SearchSpace
    oracles: SearchCallbacks

    def find_causes(self, budget: Budget, flakes: ChanceFailures) -> Diagnosis:
        """Find one cause by trials."""
        return diagnose_failures(self.failures, self.place, self.oracles, budget, flakes)


@dataclass(frozen=True, slots=True)
class HeldResult:
    """The fresh set with causes held: it `passes` or asks on.

    Neither means that nothing could be found out, for example because no set could be compiled.
    """

    passes: bool = False
    question: Question | None = None


HoldCauses = Callable[[Sequence[Cause]], HeldResult]
"""Compiles with these causes held back by as little as will do, and checks what comes out."""

NeedsHold = Callable[[Cause, Sequence[Cause]], bool]
"""Whether the set that holds only the others shows the cause's failure, by its failing checks alone."""


@dataclass(slots=True)
class CauseSearch:
    """Finds causes until the rest passes, and drops needless ones."""

    hold: HoldCauses
    budget: Budget
    needs_hold: NeedsHold = lambda _cause, _others: False
    flakes: ChanceFailures = field(default_factory=ChanceFailures)
    causes: list[Cause] = field(default_factory=list)
    log: list[TrialRecord] = field(default_factory=list)
    confidence: Confidence = Confidence.MINIMAL

    def run(self, question: Question) -> Diagnosis:
        """Answer `question` and all that follow from it."""
        asked: Question | None = question
        for _ in range(MOST_CAUSES):
            if asked is None or not self._find_cause(asked):
                break
            remains = self.hold(self.causes)
            asked = remains.question
            if remains.passes:
                self._drop_needless()
                break
        log = tuple(self.log)
        return Diagnosis(tuple(self.causes), count_own_trials(log), self.confidence, log)

    def _find_cause(self, question: Question) -> bool:
        budget = Budget(self.budget.max_trials - len(self.log), self.budget.is_time_over)
        found = question.find_causes(budget, self.flakes)
        self.log += found.trial_log
        self.confidence = min(self.confidence, found.confidence, key=_WORST.index)
        self.causes += found.causes
        return bool(found.causes)

    def _drop_needless(self) -> None:
        """Drop every cause without whose hold the set passes as well.

        Where nothing compiles without the hold, there is nothing to ask. Nor of the last one: it was sought because all
        others were held.
        """
        kept = list(self.causes)
        checked = [cause for cause in self.causes if cause.kind is CauseKind.CHECKS]
        for cause in checked if len(checked) > 1 else ():
            others = [other for other in kept if other is not cause]
            if not others or self.budget.is_time_over() or (cause is self.causes[-1] and kept == self.causes):
                continue
            if not self.needs_hold(cause, others) and self.hold(others).passes:
                kept = others
        self.causes = kept


def is_caused_by_holds(failures: Sequence[Failure], fresh: Sequence[CheckResult]) -> bool:
    """Return True if what fails passed with everything new.

    Then an older release that a hold brought back fails, and no new one. What failed before for another reason may fail
    beside it, with its error.
    """
    passed = {test for result in fresh for test in result.passed_ids}
    passed |= {f"{r.kind} {r.command}".strip() for r in fresh if r.outcome is Outcome.PASS}
    brought = [failure.headline for failure in failures if failure.id in passed]
    return bool(brought) and all(
        failure.id in passed or any(is_similar_headline(failure.headline, each) for each in brought)
        for failure in failures
    )


def to_hold_note(names: Sequence[str], failures: Sequence[Failure]) -> str:
    """Return the note of a package held for no own fault."""
    return to_one_line(
        f"{', '.join(names)} is held as well: it passes with everything new, and fails only beside the releases that "
        f"are held back ({failures[0].headline})",
        500,
    )


def describe_flakes(flakes: ChanceFailures) -> str:
    """Describe how often sets that pass have failed by chance."""
    runs = flakes.failed + flakes.passed
    return (
        f"Of {runs} runs of sets that pass, {flakes.failed} failed by chance, so failures were run again until chance "
        "could be ruled out in 99 of 100 cases."
    )


def describe_other_failures(log: Sequence[TrialRecord]) -> list[str]:
    """Describe what trials showed beside the failure under search."""
    said = Counter(each.observation.failures[0].headline for each in log if each.answer is TrialAnswer.OTHER)
    return [
        f"Seen in {number} of the trials, and not pursued because all updates together do not fail so: {headline}"
        for headline, number in said.most_common(MOST_OTHERS)
    ]
