"""Find every independent cause, and the largest passing set.

Each cause has its first bad release.

Also the packages that have to stay back with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.report import Confidence
from depcheck.core.search.bisect import bisect_releases
from depcheck.core.search.companions import Placement, SearchSpace
from depcheck.core.search.minimize import FailingSet, SubsetSearch, SuspectRanking
from depcheck.core.search.model import Budget, Cause, Diagnosis, Mixture, Observation, PackageNames, TrialAnswer
from depcheck.core.search.trials import BudgetSpentError, FailureComparison, TrialSession


def date_cause(cause: Cause, head: NormalizedName, place: SearchSpace, trials: TrialSession) -> Cause:
    """Return `cause` with the last good and first bad release of `head`.

    If the cause has several culprits, one moves while the others stay new. A culprit without releases in
    between (added, removed, or another reference) is dated by its two sides.
    """
    before, after = place.before.get(head), place.after.get(head)
    if before is None or after is None or before.version == after.version:
        return replace(
            cause,
            last_good=cause.last_good + (((head, before.version),) if before else ()),
            first_bad=cause.first_bad + (((head, after.version),) if after else ()),
        )
    ground = place.coupling.get_closure(set(cause.culprits) - {head})

    @cache
    def placed(release: Version) -> Placement:
        return place.place_companions(head, release, ground)

    def probe(release: Version) -> TrialAnswer:
        return trials.obtain_answer(placed(release).mixture, f"{head} {release}")

    line = _list_releases_between(place, head, before.version, after.version)
    span = bisect_releases(before.version, line, probe, lambda release: placed(release).is_excluded)
    return replace(
        cause,
        companions=cause.companions | _find_held_along(place, head, span.last_good) - frozenset(cause.culprits),
        last_good=(*cause.last_good, (head, span.last_good)),
        first_bad=(*cause.first_bad, (head, span.first_bad)),
        skipped_releases=(*cause.skipped_releases, *((head, version) for version in span.skipped_releases)),
    )


def _find_held_along(place: SearchSpace, head: NormalizedName, release: Version) -> PackageNames:
    """Find the packages that have to stay back with `head`.

    `head` is held at `release`, and everything else changes.
    """
    ground = place.coupling.choices - {head}
    return ground - place.place_companions(head, release, ground).mixture.candidate_names


def _list_releases_between(place: SearchSpace, head: NormalizedName, good: Version, bad: Version) -> list[Version]:
    """List the releases that the change passed over, and its end.

    In the order of the change: downwards for a downgrade.
    """
    low, high = min(good, bad), max(good, bad)
    between = sorted({version for version in place.list_releases(head) if low < version < high})
    return [*(between if good < bad else reversed(between)), bad]


_MAX_CAUSES = 20
_MAX_MEMBER_TRIALS = 2  # extra trials to tell a culprit from those that only move together with it


@dataclass(frozen=True, slots=True)
class SearchCallbacks:
    """The functions that the search calls.

    `run_trial` installs a mixture and runs the failing checks, narrowed to what newly fails. `is_same_failure`
    compares two failures. `rank_suspects` ranks the changes for the current failures (core/search/ranking.py).
    """

    run_trial: Callable[[Mixture], Observation]
    is_same_failure: FailureComparison
    rank_suspects: Callable[[Sequence[Failure]], SuspectRanking]


def diagnose_failures(
    failures: Sequence[Failure], place: SearchSpace, oracles: SearchCallbacks, budget: Budget, confirmations: int = 1
) -> Diagnosis:
    """Search the causes of the candidate's new failures.

    The baseline does not have these failures. `confirmations` sets how often a doubtful trial is repeated. If
    the budget runs out, the search ends with what is known by then, and says so in its confidence.
    """

    def trial(mixture: Mixture) -> Observation:
        """A trial of chosen changes installs what follows from them as well; a placement has said all."""
        return oracles.run_trial(
            mixture if mixture.exact_versions else Mixture(place.coupling.add_derived(mixture.candidate_names))
        )

    trials = TrialSession(trial, oracles.is_same_failure, budget, confirmations)
    search = _Search(place, oracles, trials, list(failures))
    spent = False
    try:
        search.find_causes()
        search.drop_unconfirmed_causes()
        search.date_causes()
    except BudgetSpentError:
        spent = True
    return search.make_diagnosis(spent=spent)


class _Search:
    """The state of one diagnosis.

    What was found so far survives the end of the budget.
    """

    def __init__(
        self, place: SearchSpace, oracles: SearchCallbacks, trials: TrialSession, failures: list[Failure]
    ) -> None:
        self._place, self._oracles, self._trials = place, oracles, trials
        self._coupling = place.coupling
        self._failures = tuple(failures)
        self._found: list[Cause] = []
        self._alone: list[Mixture] = []  # each cause's own trial
        self._proven = True
        trials.record_known(frozenset(), Observation())
        trials.record_known(self._coupling.choices, Observation(self._failures))

    # --- who ---

    def find_causes(self) -> None:
        """Find one cause, hold it back, and repeat while the rest fails."""
        within = self._coupling.choices
        for _ in range(_MAX_CAUSES if within else 0):
            self._trials.target_failures = self._failures
            rounds = max(1, len(within).bit_length()) + 1
            suspects = self._oracles.rank_suspects(self._failures)
            found = SubsetSearch(self._trials, self._coupling, suspects, rounds).find_failing_set(within)
            if found:
                found = replace(found, groups=self._sort_cheapest_first(found.groups, within))
            else:
                self._proven = False  # what remains does not fail again
                return
            self._proven = self._proven and found.is_proven
            cause = self._make_cause(found, suspects)
            rest, answer = self._find_rest(found, within)
            moved = Mixture(cause.companions | frozenset(cause.culprits))
            if (
                self._is_doubtful(cause, rest)
                and self._trials.repeat_trial(moved, "is it one of several?") is TrialAnswer.PASS
            ):
                continue  # it does not fail again, and nobody is to blame for that
            self._found.append(cause)
            self._alone.append(moved)
            within = rest
            if answer is TrialAnswer.PASS:
                return
            if answer is TrialAnswer.UNRESOLVED:
                self._proven = False
                return
            self._failures = self._trials.get_observation(Mixture(within)).failures

    def _sort_cheapest_first(self, groups: tuple[PackageNames, ...], within: PackageNames) -> tuple[PackageNames, ...]:
        """Sort the groups, the cheapest to hold back first.

        That is the one without which most changes remain. Holding back one of them is enough.
        """
        return tuple(sorted(groups, key=lambda group: -len(self._coupling.exclude_names(group, within))))

    def _make_cause(self, found: FailingSet, suspects: SuspectRanking) -> Cause:
        heads = tuple(self._pick_culprit(group, found.groups, suspects) for group in found.groups)
        closure = self._coupling.get_closure(frozenset().union(*found.groups))
        self._trials.obtain_answer(Mixture(closure), "it is blamed")
        shown = self._trials.get_observation(Mixture(closure)).failures or self._failures
        return Cause(heads, closure - frozenset(heads), shown)

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
            answer = self._trials.obtain_answer(Mixture(others | {name}), f"{name} without those that move with it")
            if answer is TrialAnswer.SAME:
                return name
            if answer is TrialAnswer.PASS:
                cleared.append(name)
        return next((name for name in members if name not in cleared), members[0])

    def _find_rest(self, found: FailingSet, within: PackageNames) -> tuple[PackageNames, TrialAnswer]:
        """Find what remains when the cause is held back, and its answer.

        As little as possible is held back.
        """
        options = [self._coupling.exclude_names(group, within) for group in found.groups]
        passed = [rest for rest in options if self._trials.infer_answer(rest) is TrialAnswer.PASS]
        rest = (passed or options)[0]
        answer = self._trials.obtain_answer(Mixture(rest), "everything but the culprits")
        if answer is not TrialAnswer.UNRESOLVED:
            return rest, answer
        blunt = self._coupling.exclude_names(self._coupling.get_closure(frozenset().union(*found.groups)), within)
        return blunt, self._trials.obtain_answer(Mixture(blunt), "everything but the culprits and their companions")

    def _is_doubtful(self, cause: Cause, rest: PackageNames) -> bool:
        """Return True if the same failure remains without its cause.

        Such an answer is worth a second run.
        """
        left = self._trials.get_observation(Mixture(rest)).failures
        return any(self._oracles.is_same_failure(one, other) for one in cause.failures for other in left)

    def drop_unconfirmed_causes(self) -> None:
        """Drop causes whose own trial does not fail each time.

        Only if answers changed from run to run.
        """
        for cause, alone in zip(tuple(self._found), self._alone, strict=True) if self._trials.is_flaky else ():
            self._trials.target_failures = cause.failures
            self._trials.repeat_trial(alone, "does it fail each time?")
            if not self._trials.is_unanimous(alone):
                self._found.remove(cause)

    # --- since when ---

    def date_causes(self) -> None:
        """Bisect the releases of every culprit."""
        for index, cause in enumerate(self._found):
            self._trials.target_failures = cause.failures
            for head in cause.culprits:
                self._found[index] = date_cause(self._found[index], head, self._place, self._trials)

    # --- what came of it ---

    def make_diagnosis(self, *, spent: bool) -> Diagnosis:
        passing = self._trials.find_largest_passing()
        confidence = Confidence.MINIMAL
        if spent or not self._proven:
            confidence = Confidence.BUDGET_SPENT
        if self._trials.is_flaky:
            confidence = Confidence.FLAKY
        return Diagnosis(
            causes=tuple(self._found),
            held_names=self._coupling.choices - passing,
            passing_names=self._coupling.add_derived(passing),
            trial_count=self._trials.trial_count,
            confidence=confidence,
            trial_log=tuple(self._trials.records),
        )
