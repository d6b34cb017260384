"""Run every trial of a search, in one place.

Trials are remembered, limited by the budget, and compared with the failure under search.
"""

from collections.abc import Callable, Iterable

from depcheck.core.model.checks import Failure
from depcheck.core.search.model import Budget, Mixture, Observation, PackageNames, TrialAnswer, TrialRecord

FailureComparison = Callable[[Failure, Failure], bool]
"""Whether two failures are the same one (core/model/checks.py)."""


class BudgetSpentError(Exception):
    """No further trial is allowed.

    The search returns the best that it knows. Never leaves this package.
    """


def classify_observation(observation: Observation, target: Iterable[Failure], same: FailureComparison) -> TrialAnswer:
    """Compare an observation with the failures under search.

    Any one of them is enough for SAME.
    """
    if observation.unresolved_reason:
        return TrialAnswer.UNRESOLVED
    if not observation.failures:
        return TrialAnswer.PASS
    wanted = tuple(target)
    shown = any(same(seen, failure) for seen in observation.failures for failure in wanted)
    return TrialAnswer.SAME if shown else TrialAnswer.OTHER


class TrialSession:
    """The trials of a search: their budget, observations and log.

    The same mixture is never run twice, except in doubt: after a contradiction (a set that fails must still
    fail with more changes), or if believing a strange answer would be costly. Then the majority of its runs
    counts. `is_flaky` says that a mixture did not always give the same answer.
    """

    def __init__(
        self, trial: Callable[[Mixture], Observation], same: FailureComparison, budget: Budget, confirmations: int = 1
    ) -> None:
        self._perform_trial, self._is_same_failure, self._budget = trial, same, budget
        self._confirmations = max(1, confirmations)
        self._observations: dict[Mixture, list[Observation]] = {}
        self.records: list[TrialRecord] = []
        self.is_flaky = False
        self.target_failures: tuple[Failure, ...] = ()

    @property
    def trial_count(self) -> int:
        """The number of trials that were run."""
        return len(self.records)

    def record_known(self, moved: PackageNames, observation: Observation) -> None:
        """Record an observation that is known without a trial.

        For the baseline's and the candidate's own runs.
        """
        self._observations[Mixture(moved)] = [observation]

    def obtain_answer(self, mixture: Mixture, why: str) -> TrialAnswer:
        """Return the answer for `mixture`, from memory or by a trial.

        Raises:
            BudgetSpentError: A trial is needed, and none is left.
        """
        if mixture not in self._observations:
            self._run_trial(mixture, why)
            self._recheck_contradiction(mixture)
        return self.get_known_answer(mixture)

    def repeat_trial(self, mixture: Mixture, why: str) -> TrialAnswer:
        """Run a mixture again, and return the answer of the majority.

        If its answer changes, it is run as often as it takes for a majority that counts.
        """
        first = self.obtain_answer(mixture, why)
        if len(self._observations[mixture]) == 1:
            self._run_trial(mixture, f"again: {why}")
            if (
                classify_observation(self._observations[mixture][-1], self.target_failures, self._is_same_failure)
                is not first
            ):
                for _ in range(2 * self._confirmations - 1):
                    self._run_trial(mixture, "once more: it changed its answer")
        return self.get_known_answer(mixture)

    def infer_answer(self, moved: PackageNames) -> TrialAnswer | None:
        """Infer the answer for a set from earlier trials.

        A subset of a passing set passes, a superset of a failing set fails. None if neither is known.
        """
        known = [mixture for mixture in self._observations if not mixture.exact_versions]
        if any(
            moved <= mixture.candidate_names and self.get_known_answer(mixture) is TrialAnswer.PASS for mixture in known
        ):
            return TrialAnswer.PASS
        if any(
            moved >= mixture.candidate_names and self.get_known_answer(mixture) is TrialAnswer.SAME for mixture in known
        ):
            return TrialAnswer.SAME
        return None

    def is_unanimous(self, mixture: Mixture) -> bool:
        """Return True if all runs of a mixture gave one answer."""
        return (
            len(
                {
                    classify_observation(run, self.target_failures, self._is_same_failure)
                    for run in self._observations[mixture]
                }
            )
            == 1
        )

    def get_observation(self, mixture: Mixture) -> Observation:
        """Return the observation of a mixture.

        Of several runs, the first with the most frequent answer.
        """
        runs = self._observations[mixture]
        answers = [classify_observation(run, self.target_failures, self._is_same_failure) for run in runs]
        return runs[answers.index(max(answers, key=answers.count))]

    def get_known_answer(self, mixture: Mixture) -> TrialAnswer:
        """Return the answer of a mixture that was run before.

        For the current target failures. The target may have changed since.
        """
        return classify_observation(self.get_observation(mixture), self.target_failures, self._is_same_failure)

    def _run_trial(self, mixture: Mixture, why: str) -> None:
        if self.trial_count >= self._budget.max_trials or self._budget.is_time_over():
            raise BudgetSpentError
        observation = self._perform_trial(mixture)
        runs = self._observations.setdefault(mixture, [])
        runs.append(observation)
        answer = classify_observation(observation, self.target_failures, self._is_same_failure)
        self.is_flaky = self.is_flaky or any(
            classify_observation(run, self.target_failures, self._is_same_failure) is not answer for run in runs
        )
        self.records.append(TrialRecord(mixture, observation, answer, why))

    def _recheck_contradiction(self, mixture: Mixture) -> None:
        """Repeat both trials of a contradiction."""
        for other in self._find_contradictions(mixture)[:1]:
            for doubtful in (mixture, other):
                self.repeat_trial(doubtful, "it contradicts another trial")

    def _find_contradictions(self, mixture: Mixture) -> list[Mixture]:
        answer = self.get_known_answer(mixture)
        if mixture.exact_versions or answer not in {TrialAnswer.PASS, TrialAnswer.SAME}:
            return []
        return [
            other
            for other in self._observations
            if not other.exact_versions
            and {answer, self.get_known_answer(other)} == {TrialAnswer.PASS, TrialAnswer.SAME}
            if (
                mixture.candidate_names < other.candidate_names
                if answer is TrialAnswer.SAME
                else mixture.candidate_names > other.candidate_names
            )
        ]
