"""One cause of a failure: who did it, and since which release.

Also the packages that have to stay back with it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.report import Confidence
from depcheck.core.search.bisect import bisect_releases
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.minimize import FailingSet, SubsetSearch, SuspectRanking
from depcheck.core.search.model import Budget, Cause, Diagnosis, Mixture, Observation, PackageNames, TrialAnswer
from depcheck.core.search.trials import BudgetSpentError, FailureComparison, TrialSession


class Beside(StrEnum):
    """What stands beside a release while it is tried."""

    OLD = "beside the committed releases"
    NEW = "beside the fresh releases"
    DAY = "in the set of its own day"


def find_releases(cause: Cause, head: NormalizedName, place: SearchSpace, trials: TrialSession) -> Cause:
    """Date one `head` of `cause`; of a pair one moves while the others stay new.

    What has no releases in between (added, removed, moved to another reference) is dated by its two sides.
    """
    before, after = place.before.get(head), place.after.get(head)
    if before is None or after is None or before.version == after.version:
        return replace(
            cause,
            last_good=cause.last_good + (((head, before.version),) if before else ()),
            first_bad=cause.first_bad + (((head, after.version),) if after else ()),
        )
    line = _list_releases_between(place, head, before.version, after.version)
    probe = _Probe(cause, head, place, trials, before.version)
    span = bisect_releases(before.version, line, probe, probe.is_excluded, other_is_bad=place.other_is_bad)
    stay_back = _find_held_along(place, head, span.last_good) - frozenset(cause.culprits)
    return replace(
        cause,
        companions=cause.companions | stay_back,
        stay_back=cause.stay_back | stay_back,
        last_good=(*cause.last_good, (head, span.last_good)),
        first_bad=(*cause.first_bad, (head, span.first_bad)),
        skipped_releases=(*cause.skipped_releases, *((head, version) for version in span.skipped_releases)),
        skipped_because=cause.skipped_because or probe.explain(span.skipped_releases),
    )


@dataclass(slots=True)
class _Probe:
    """Asks one release, in the company in which it answers.

    The company that answered last is asked first. Beside the fresh releases a failure counts only where
    everything but the culprit passes.
    """

    cause: Cause
    head: NormalizedName
    place: SearchSpace
    trials: TrialSession
    before: Version
    order: list[Beside] = field(default_factory=list)
    deaf: dict[Version, str] = field(default_factory=dict)
    sole: set[Beside] = field(default_factory=lambda: {Beside.OLD})  # where something passes: the culprit decides

    def __post_init__(self) -> None:
        closure = self.place.coupling.get_closure(self.cause.culprits)
        alone = self.trials.infer_answer(closure) is TrialAnswer.SAME
        first = (Beside.OLD, Beside.NEW) if alone else (Beside.NEW, Beside.OLD)
        self.order = [*first, *((Beside.DAY,) if self.place.by_day else ())]

    def __call__(self, release: Version) -> TrialAnswer:
        """Try the release in one company after the other until it passes or fails in the same way."""
        seen: list[TrialAnswer] = []
        for beside in tuple(self.order):
            mixture = self._mixture(release, beside)
            if mixture is None:
                continue
            answer = self._judged(mixture, beside, release)
            if answer in {TrialAnswer.PASS, TrialAnswer.SAME}:
                self.sole |= {beside} if answer is TrialAnswer.PASS and beside is Beside.NEW else set()
                self.order.remove(beside)
                self.order.insert(0, beside)
                return answer
            seen.append(answer)
            self.deaf.setdefault(release, self._words(mixture, answer))
        return TrialAnswer.OTHER if TrialAnswer.OTHER in seen else TrialAnswer.UNRESOLVED

    def is_excluded(self, release: Version) -> bool:
        """Whether nothing could stand beside the release, so that nobody could have chosen it."""
        return all(self._mixture(release, beside) is None for beside in self.order if beside is not Beside.DAY)

    def explain(self, skipped: tuple[Version, ...]) -> str:
        """Why the `skipped` releases did not answer, in the commonest words."""
        if not skipped:
            return ""
        said = Counter(self.deaf[version] for version in skipped if version in self.deaf)
        return said.most_common(1)[0][0] if said else "no release of the others accepts them"

    def _mixture(self, release: Version, beside: Beside) -> Mixture | None:
        if beside is Beside.DAY:
            return Mixture(frozenset(), ((self.head, release),), day_of=(self.head, release))
        placed = self.place.place_companions(self.head, release, self._ground(beside))
        return None if placed.is_excluded else placed.mixture

    def _ground(self, beside: Beside) -> PackageNames:
        coupling = self.place.coupling
        if beside is Beside.OLD:
            return coupling.get_closure(set(self.cause.culprits) - {self.head})
        return coupling.choices - {self.head}

    def _judged(self, mixture: Mixture, beside: Beside, release: Version) -> TrialAnswer:
        answer = self.trials.obtain_answer(mixture, f"{self.head} {release} {beside}")
        if answer is TrialAnswer.SAME and not self._is_sole(beside, release):
            return TrialAnswer.UNRESOLVED
        return answer

    def _is_sole(self, beside: Beside, release: Version) -> bool:
        """Whether the same company passes with the culprit at its committed release."""
        if beside in self.sole:
            return True
        if beside is Beside.NEW:
            rest = self.place.coupling.exclude_names(self.place.coupling.get_group(self.head))
            why = f"all but {self.head}: do its releases alone decide?"
            return (self.trials.infer_answer(rest) or self.trials.obtain_answer(Mixture(rest), why)) is TrialAnswer.PASS
        counterpart = Mixture(frozenset(), ((self.head, self.before),), day_of=(self.head, release))
        return self.trials.obtain_answer(counterpart, f"{self.head} {self.before} in that set") is TrialAnswer.PASS

    def _words(self, mixture: Mixture, answer: TrialAnswer) -> str:
        seen = self.trials.get_observation(mixture)
        if answer is TrialAnswer.OTHER:
            return f"they fail in another way: {seen.failures[0].headline}"
        return seen.unresolved_reason or "what stands beside them fails in the same way without them"


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


_MAX_MEMBER_TRIALS = 3  # extra trials to tell a culprit from those that only move together with it


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
    """Search one cause of `failures`, which the candidate shows and the baseline does not.

    These failures are the target from the first trial to the last: what a trial shows of another kind is in the
    log and is never chased. `confirmations` is how much a doubtful answer is asked again. A budget that runs out
    ends the search with what is known by then, marked so.
    """

    def trial(mixture: Mixture) -> Observation:
        """A trial of chosen changes installs what follows from them as well; a placement has said all."""
        return oracles.run_trial(
            mixture if mixture.exact_versions else Mixture(place.coupling.add_derived(mixture.candidate_names))
        )

    trials = TrialSession(trial, oracles.is_same_failure, budget, confirmations)
    search = _Search(place, oracles, trials, tuple(failures))
    spent = False
    try:
        search.find_culprit()
        search.drop_unconfirmed_causes()
        search.find_releases()
    except BudgetSpentError:
        spent = True
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
            answer = self._trials.obtain_answer(Mixture(others | {name}), f"{name} without those that move with it")
            if answer is TrialAnswer.SAME:
                return name
            if answer is TrialAnswer.PASS:
                cleared.append(name)
        return next((name for name in members if name not in cleared), members[0])

    def drop_unconfirmed_causes(self) -> None:
        """Where answers changed from run to run, blame only what fails each time by itself."""
        if self._found is None or not self._trials.is_flaky:
            return
        self._trials.repeat_trial(self._alone, "does it fail each time?")
        if not self._trials.is_unanimous(self._alone):
            self._found = None

    # --- since when ---

    def find_releases(self) -> None:
        """Bisect the releases of every head."""
        for head in self._found.culprits if self._found else ():
            if self._found is not None:
                self._found = find_releases(self._found, head, self._place, self._trials)

    # --- what came of it ---

    def make_diagnosis(self, *, spent: bool) -> Diagnosis:
        """What is known by now."""
        confidence = Confidence.MINIMAL
        if spent or not self._proven:
            confidence = Confidence.BUDGET_SPENT
        if self._trials.is_flaky:
            confidence = Confidence.FLAKY
        causes = (self._found,) if self._found else ()
        return Diagnosis(causes, self._trials.trial_count, confidence, tuple(self._trials.records))
