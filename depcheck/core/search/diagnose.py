"""Find one cause of a failure, and since which release."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from depcheck.core.model.checks import Failure
from depcheck.core.model.report import Confidence
from depcheck.core.search.chance_failures import CLAIM, ChanceFailures
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.dating import find_releases
from depcheck.core.search.minimize import SubsetSearch
from depcheck.core.search.model import (
    Budget,
    Cause,
    Diagnosis,
    FailingSet,
    Mixture,
    Observation,
    PackageNames,
    SuspectRanking,
    TrialAnswer,
    count_own_trials,
)
from depcheck.core.search.trials import BudgetSpentError, FailureComparison, TrialSession

_MAX_ATTEMPTS = 3  # at finding a culprit whose own trial keeps failing
_MAX_MEMBER_TRIALS = 3  # extra trials to tell a culprit from those that only move together with it


@dataclass(frozen=True, slots=True)
class SearchCallbacks:
    """The functions that the search calls.

    `run_trial` installs a mixture and runs the failing checks, narrowed to what newly fails. `is_same_failure`
    compares two failures. `rank_suspects` ranks the changes for the current failures (core/search/ranking.py).
    `ignore_memory` ends the use of what an earlier run saw.
    """

    run_trial: Callable[[Mixture], Observation]
    is_same_failure: FailureComparison
    rank_suspects: Callable[[Sequence[Failure]], SuspectRanking]
    ignore_memory: Callable[[], None] = lambda: None


def diagnose_failures(
    failures: Sequence[Failure],
    place: SearchSpace,
    oracles: SearchCallbacks,
    budget: Budget,
    flakes: ChanceFailures | None = None,
) -> Diagnosis:
    """Search one cause of `failures`, which only the candidate shows.

    These failures are the target from the first trial to the last: what a trial shows of another kind is in the
    log and is never chased. `flakes` is what is known of failures by chance. A budget that runs out ends the search
    with what is known by then, marked so.
    """

    def trial(mixture: Mixture) -> Observation:
        """Run a trial of chosen changes and what follows from them.

        A placement has said all.
        """
        return oracles.run_trial(
            mixture if mixture.exact_versions else Mixture(place.coupling.add_derived(mixture.candidate_names))
        )

    def begin() -> "_Search":
        return _Search(place, oracles, TrialSession(trial, oracles.is_same_failure, budget, flakes), tuple(failures))

    search = begin()
    spent = search.run()
    if not search.is_seen_now():
        search = begin()
        spent = search.run()
    return search.make_diagnosis(spent=spent)


class _Search:
    """The state of one diagnosis.

    What was found so far survives the end of the budget.
    """

    def __init__(
        self, place: SearchSpace, oracles: SearchCallbacks, trials: TrialSession, failures: tuple[Failure, ...]
    ) -> None:
        self._place, self._oracles, self._trials = place, oracles, trials
        self._coupling = place.coupling
        self._failures = failures
        self._found: Cause | None = None
        self._alone = Mixture(frozenset())  # the cause's own trial
        self._proven = True
        trials.target_failures = failures
        trials.record_known(frozenset(), Observation())
        trials.record_known(self._coupling.choices, Observation(failures))

    def run(self) -> bool:
        """Find who and since when.

        Returns True if the budget ended it.
        """
        try:
            for _ in range(_MAX_ATTEMPTS):
                self.find_culprit()
                if self.is_confirmed():
                    break
            self.find_releases()
        except BudgetSpentError:
            return True
        return False

    def is_seen_now(self) -> bool:
        """See the trial that convicts, if only an earlier run did.

        False if it does not fail now: then nothing that is remembered counts, and the search begins anew.
        """
        if not any(record.observation.is_recalled for record in self._trials.records):
            return True
        self._oracles.ignore_memory()
        found = self._found
        if found is None:
            return True
        named = set(found.first_bad)
        convicting = [
            record.mixture
            for record in self._trials.records
            if record.answer is TrialAnswer.SAME
            if record.mixture == self._alone or named <= set(record.mixture.exact_versions)
        ]
        try:
            return not convicting or self._trials.recheck_trial(convicting[-1], "seen again") is TrialAnswer.SAME
        except BudgetSpentError:
            return True

    # --- who ---

    def find_culprit(self) -> None:
        """Find a minimal set of changes that fails."""
        within = self._coupling.choices
        if not within:
            return
        suspects = self._oracles.rank_suspects(self._failures)
        rounds = len(within).bit_length() + 1
        found = SubsetSearch(self._trials, self._coupling, suspects, rounds).find_failing_set(within)
        self._proven = found is not None and found.is_proven
        if found:
            self._found = self._make_cause(found, suspects)

    def _make_cause(self, found: FailingSet, suspects: SuspectRanking) -> Cause:
        heads = tuple(self._pick_culprit(group, found.groups, suspects) for group in found.groups)
        members = frozenset().union(*found.groups)
        closure = self._coupling.get_closure(members)
        self._alone = Mixture(closure)
        self._trials.obtain_answer(self._alone, "it is blamed")
        shown = self._trials.get_observation(self._alone).failures
        explained = tuple(f for f in self._failures if any(self._oracles.is_same_failure(seen, f) for seen in shown))
        family = members - frozenset(heads)
        return Cause(heads, closure - frozenset(heads), explained or self._failures, family=family)

    def _pick_culprit(
        self, group: PackageNames, groups: tuple[PackageNames, ...], suspects: SuspectRanking
    ) -> NormalizedName:
        """Pick the culprit among those that only change together.

        It is the first that fails when changed by itself.
        """
        members = [name for name in suspects.ranked_names if name in group]
        named = [name for name in members if name in suspects.metadata_suspects]
        if len(named) == 1:
            return named[0]
        others = self._coupling.get_closure(frozenset().union(*groups) - group) - group
        cleared = []
        for name in members[:_MAX_MEMBER_TRIALS] if len(members) > 1 else ():
            alone, why = Mixture(others | {name}), f"{name} without those that move with it"
            answer = self._trials.obtain_answer(alone, why, prior=1 / len(members), sure=CLAIM)
            if answer is TrialAnswer.SAME:
                return name
            if answer is TrialAnswer.PASS:
                cleared.append(name)
        return next((name for name in members if name not in cleared), members[0])

    def is_confirmed(self) -> bool:
        """Rerun the culprit's trial until certain, dropping one that passes."""
        if self._found is None:
            return not self._trials.is_flaky
        if self._trials.get_known_answer(self._alone) is TrialAnswer.SAME:
            answer = self._trials.obtain_answer(self._alone, "does it fail each time?", sure=CLAIM)
            if answer is not TrialAnswer.SAME:
                self._found = None
        return self._found is not None

    # --- since when ---

    def find_releases(self) -> None:
        """Bisect the releases of every head."""
        for head in self._found.culprits if self._found else ():
            if self._found is not None:
                self._found = find_releases(self._found, head, self._place, self._trials)

    # --- what came of it ---

    def make_diagnosis(self, *, spent: bool) -> Diagnosis:
        """Build the diagnosis from what is known by now."""
        confidence = Confidence.MINIMAL
        if spent or not self._proven:
            confidence = Confidence.BUDGET_SPENT
        if self._trials.is_flaky:
            confidence = Confidence.FLAKY
        causes = (self._found,) if self._found else ()
        log = tuple(self._trials.records)
        return Diagnosis(causes, count_own_trials(log), confidence, log)
