"""Run every trial of a search, in one place.

Trials are remembered, limited by the budget, and compared with the failure under search.
"""

from collections.abc import Callable, Iterable

from depcheck.core.model.checks import Failure
from depcheck.core.search.chance_failures import EVEN, MAX_RUNS, ORDINARY, ChanceFailures
from depcheck.core.search.model import Budget, Mixture, Observation, PackageNames, TrialAnswer, TrialRecord

FailureComparison = Callable[[Failure, Failure], bool]
"""Whether two failures are the same one (core/model/checks.py)."""


_STRICTER = 5  # times less doubt is allowed where flakes were seen
_OTHERS = 3  # runs of a set that fails in another way, where flakes were seen


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

    The same mixture is never run twice, except in doubt: where its answer changed, where it contradicts another
    (a set that fails must still fail with more changes), and where the failures seen by chance so far, or what hangs
    on the answer, ask for more. `is_flaky` says that a mixture did not always give the same answer.
    """

    def __init__(
        self,
        trial: Callable[[Mixture], Observation],
        same: FailureComparison,
        budget: Budget,
        flakes: ChanceFailures | None = None,
    ) -> None:
        self._perform_trial, self._is_same_failure, self._budget = trial, same, budget
        self._flakes = flakes or ChanceFailures()
        self._known: dict[Mixture, Observation] = {}
        self._observations: dict[Mixture, list[Observation]] = {}
        self.records: list[TrialRecord] = []
        self.is_flaky = False
        self.target_failures: tuple[Failure, ...] = ()

    @property
    def trial_count(self) -> int:
        """The number of trials that were run."""
        return len(self.records)

    def record_known(self, moved: PackageNames, observation: Observation) -> None:
        """Record an observation that is known without a trial, and not doubted."""
        self._known[Mixture(moved)] = observation

    def obtain_answer(self, mixture: Mixture, why: str, *, prior: float = EVEN, sure: float = ORDINARY) -> TrialAnswer:
        """Return the answer for `mixture`, known or by enough trials.

        As many as it takes to be `sure`.

        `prior` is how likely it was to fail before anything was seen of it.

        Raises:
            BudgetSpentError: A trial is needed, and none is left.
        """
        if mixture in self._known:
            return self._classify(self._known[mixture])
        if mixture not in self._observations:
            self._run_trial(mixture, why)
            self._recheck_contradiction(mixture)
        self._repeat_until_sure(mixture, prior, sure)
        return self.get_known_answer(mixture)

    def repeat_trial(self, mixture: Mixture, why: str) -> TrialAnswer:
        """Run a mixture again once, and return its runs' answer."""
        self.obtain_answer(mixture, why)
        if len(self._observations.get(mixture, (None, None))) == 1:
            self._run_trial(mixture, f"again: {why}")
            self._repeat_until_sure(mixture, EVEN, ORDINARY)
        return self.get_known_answer(mixture)

    def recheck_trial(self, mixture: Mixture, why: str) -> TrialAnswer:
        """Run a mixture that only an earlier run saw.

        Raises as `obtain_answer` does.
        """
        if all(run.is_recalled for run in self._observations.get(mixture, ())):
            self._observations.pop(mixture, None)
            self._run_trial(mixture, why)
        return self.get_known_answer(mixture)

    def _repeat_until_sure(self, mixture: Mixture, prior: float, sure: float) -> None:
        """Run a mixture again while its failures may be chance."""
        sure = 1 - (1 - sure) / _STRICTER if self._flakes.failed else sure
        for _ in range(MAX_RUNS):
            failed, passed = self._count_runs(mixture)
            other = not failed and not passed and self._flakes.failed and self._is_other(mixture)
            belief = self._flakes.compute_belief(failed, passed, prior)
            doubtful = failed and 1 - sure < belief < sure
            if len(self._observations[mixture]) >= MAX_RUNS or not (
                doubtful or (other and self._runs(mixture) < _OTHERS)
            ):
                break
            self._run_trial(mixture, "again: its failure may be chance")
        self._learn()

    def _runs(self, mixture: Mixture) -> int:
        return len(self._observations[mixture])

    def _is_other(self, mixture: Mixture) -> bool:
        return any(self._classify(run) is TrialAnswer.OTHER for run in self._observations[mixture])

    def _count_runs(self, mixture: Mixture) -> tuple[int, int]:
        """Count a mixture's runs that failed and that passed."""
        answers = [self._classify(run) for run in self._observations[mixture]]
        return answers.count(TrialAnswer.SAME), answers.count(TrialAnswer.PASS)

    def _learn(self) -> None:
        """Count the failed and the passed runs of all mixtures that pass."""
        good = [m for m in self._observations if self.get_known_answer(m) is TrialAnswer.PASS]
        answers = [self._classify(run) for mixture in good for run in self._observations[mixture]]
        failed = sum(answer in {TrialAnswer.SAME, TrialAnswer.OTHER} for answer in answers)
        self._flakes.record(self, failed, answers.count(TrialAnswer.PASS))

    def infer_answer(self, moved: PackageNames) -> TrialAnswer | None:
        """Infer the answer for a set from earlier trials.

        A subset of a passing set passes, a superset of a failing set fails. None if neither is known.
        """
        known = {m: self.get_known_answer(m) for m in (*self._known, *self._observations) if not m.exact_versions}
        if any(moved <= m.candidate_names for m, answer in known.items() if answer is TrialAnswer.PASS):
            return TrialAnswer.PASS
        if any(moved >= m.candidate_names for m, answer in known.items() if answer is TrialAnswer.SAME):
            return TrialAnswer.SAME
        return None

    def get_observation(self, mixture: Mixture) -> Observation:
        """Return the observation of a mixture.

        Of several runs, the first with the answer that counts.
        """
        if mixture in self._known:
            return self._known[mixture]
        answer = self.get_known_answer(mixture)
        return next(run for run in self._observations[mixture] if self._classify(run) is answer)

    def get_known_answer(self, mixture: Mixture) -> TrialAnswer:
        """Return the known answer of a mixture for the target failures.

        It was run before; the current target counts.

        A run that passes, or fails in the way under search, counts more than one that does neither.
        """
        if mixture in self._known:
            return self._classify(self._known[mixture])
        answers = [self._classify(run) for run in self._observations[mixture]]
        failed, passed = self._count_runs(mixture)
        if failed or passed:
            belief = self._flakes.compute_belief(failed, passed)
            return TrialAnswer.SAME if failed and belief >= EVEN else TrialAnswer.PASS if passed else TrialAnswer.OTHER
        return max(answers, key=answers.count)

    def _classify(self, observation: Observation) -> TrialAnswer:
        return classify_observation(observation, self.target_failures, self._is_same_failure)

    def _run_trial(self, mixture: Mixture, why: str) -> None:
        if self.trial_count >= self._budget.max_trials or self._budget.is_time_over():
            raise BudgetSpentError
        observation = self._perform_trial(mixture)
        runs = self._observations.setdefault(mixture, [])
        runs.append(observation)
        answer = self._classify(observation)
        self.is_flaky = self.is_flaky or any(self._classify(run) is not answer for run in runs)
        self.records.append(TrialRecord(mixture, observation, answer, why))

    def _recheck_contradiction(self, mixture: Mixture) -> None:
        """Repeat both trials of a contradiction."""
        for other in self._find_contradictions(mixture)[:1]:
            for doubtful in (each for each in (mixture, other) if each not in self._known):
                self.repeat_trial(doubtful, "it contradicts another trial")

    def _find_contradictions(self, mixture: Mixture) -> list[Mixture]:
        answer = self.get_known_answer(mixture)
        if mixture.exact_versions or answer not in {TrialAnswer.PASS, TrialAnswer.SAME}:
            return []
        return [
            other
            for other in (*self._known, *self._observations)
            if not other.exact_versions
            and {answer, self.get_known_answer(other)} == {TrialAnswer.PASS, TrialAnswer.SAME}
            if (
                mixture.candidate_names < other.candidate_names
                if answer is TrialAnswer.SAME
                else mixture.candidate_names > other.candidate_names
            )
        ]
