"""Every trial goes through one place: seen before? allowed by the budget? same failure? the best so far?"""

from collections.abc import Callable, Iterable

from depcheck.core.checks import Failure
from depcheck.core.search.values import Answer, Asked, Budget, Mixture, Names, Observation

Same = Callable[[Failure, Failure], bool]
"""Whether two failures are the same one (core/failures.py)."""


class BudgetSpentError(Exception):
    """No further trial is allowed; the search returns the best that it knows. Never leaves this package."""


def judge(observation: Observation, target: Iterable[Failure], same: Same) -> Answer:
    """What `observation` says about the failures under search: any one of them is enough for SAME."""
    if observation.unresolved:
        return Answer.UNRESOLVED
    if not observation.failures:
        return Answer.PASS
    wanted = tuple(target)
    shown = any(same(seen, failure) for seen in observation.failures for failure in wanted)
    return Answer.SAME if shown else Answer.OTHER


class Trials:
    """Asks, remembers, counts.

    The same mixture is never run twice, except in doubt: after a contradiction (what fails alone fails in
    company too), or where a strange answer would be costly to believe. Then the majority of its runs counts.
    `flaky` says that a mixture did not answer the same way each time.
    """

    def __init__(
        self, trial: Callable[[Mixture], Observation], same: Same, budget: Budget, confirmations: int = 1
    ) -> None:
        self._trial, self._same, self._budget = trial, same, budget
        self._confirmations = max(1, confirmations)
        self._seen: dict[Mixture, list[Observation]] = {}
        self.log: list[Asked] = []
        self.flaky = False
        self.target: tuple[Failure, ...] = ()

    @property
    def count(self) -> int:
        """How many trials were run."""
        return len(self.log)

    def know(self, moved: Names, observation: Observation) -> None:
        """State what is known without a trial: the baseline's and the candidate's own runs."""
        self._seen[Mixture(moved)] = [observation]

    def consider(self, mixture: Mixture, why: str) -> Answer:
        """The answer for `mixture`, by memory or by a trial; BudgetSpentError where neither is possible."""
        if mixture not in self._seen:
            self._run(mixture, why)
            self._reconcile(mixture)
        return self.answer(mixture)

    def doubt(self, mixture: Mixture, why: str) -> Answer:
        """Run a mixture again; where its answer changes, as often as it takes for a majority that counts."""
        first = self.consider(mixture, why)
        if len(self._seen[mixture]) == 1:
            self._run(mixture, f"again: {why}")
            if judge(self._seen[mixture][-1], self.target, self._same) is not first:
                for _ in range(2 * self._confirmations - 1):
                    self._run(mixture, "once more: it changed its answer")
        return self.answer(mixture)

    def inferred(self, moved: Names) -> Answer | None:
        """What earlier trials say: part of what passes passes, what holds a failing set fails."""
        known = [mixture for mixture in self._seen if not mixture.at]
        if any(moved <= mixture.moved and self.answer(mixture) is Answer.PASS for mixture in known):
            return Answer.PASS
        if any(moved >= mixture.moved and self.answer(mixture) is Answer.SAME for mixture in known):
            return Answer.SAME
        return None

    def unanimous(self, mixture: Mixture) -> bool:
        """Whether all runs of a mixture seen before gave one answer."""
        return len({judge(run, self.target, self._same) for run in self._seen[mixture]}) == 1

    def observed(self, mixture: Mixture) -> Observation:
        """What a mixture showed: of several runs the first with the commonest answer."""
        runs = self._seen[mixture]
        answers = [judge(run, self.target, self._same) for run in runs]
        return runs[answers.index(max(answers, key=answers.count))]

    def answer(self, mixture: Mixture) -> Answer:
        """How a mixture seen before answers today's question."""
        return judge(self.observed(mixture), self.target, self._same)

    def passing(self) -> Names:
        """The largest set of moved changes that was seen to pass; the first of equals."""
        sets = [m.moved for m in self._seen if not m.at and self.answer(m) is Answer.PASS]
        return max(sets, key=len, default=frozenset())

    def _run(self, mixture: Mixture, why: str) -> None:
        if self.count >= self._budget.trials or self._budget.spent():
            raise BudgetSpentError
        observation = self._trial(mixture)
        runs = self._seen.setdefault(mixture, [])
        runs.append(observation)
        answer = judge(observation, self.target, self._same)
        self.flaky = self.flaky or any(judge(run, self.target, self._same) is not answer for run in runs)
        self.log.append(Asked(mixture, observation, answer, why))

    def _reconcile(self, mixture: Mixture) -> None:
        """Doubt both sides of a contradiction."""
        for other in self._contradicting(mixture)[:1]:
            for doubtful in (mixture, other):
                self.doubt(doubtful, "it contradicts another trial")

    def _contradicting(self, mixture: Mixture) -> list[Mixture]:
        answer = self.answer(mixture)
        if mixture.at or answer not in {Answer.PASS, Answer.SAME}:
            return []
        return [
            other
            for other in self._seen
            if not other.at and {answer, self.answer(other)} == {Answer.PASS, Answer.SAME}
            if (mixture.moved < other.moved if answer is Answer.SAME else mixture.moved > other.moved)
        ]
