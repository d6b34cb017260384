"""The whole answer: every independent cause with its first bad release, and the largest set that passes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName

from depcheck.core.checks import Failure
from depcheck.core.report import Confidence
from depcheck.core.search.dating import dated
from depcheck.core.search.placement import Place
from depcheck.core.search.subset import Found, Subset, Suspects
from depcheck.core.search.trials import BudgetSpentError, Same, Trials
from depcheck.core.search.values import Answer, Budget, Cause, Diagnosis, Mixture, Names, Observation

_MOST_CAUSES = 20
_MEMBERS = 2  # extra trials to tell a culprit from those that only move together with it


@dataclass(frozen=True, slots=True)
class Oracles:
    """What the search asks of the world.

    `trial` installs a mixture and runs the failing checks, narrowed to what newly fails; `same` says
    whether two failures are one; `suspects` ranks the changes for the failures at hand
    (search/suspicion.py).
    """

    trial: Callable[[Mixture], Observation]
    same: Same
    suspects: Callable[[Sequence[Failure]], Suspects]


def diagnose(
    failures: Sequence[Failure], place: Place, oracles: Oracles, budget: Budget, confirmations: int = 1
) -> Diagnosis:
    """Search the causes of `failures`, which the candidate shows and the baseline does not.

    `confirmations` is how much a doubtful answer is asked again. A budget that runs out ends the search with
    what is known by then, marked so.
    """

    def trial(mixture: Mixture) -> Observation:
        """A trial of chosen changes installs what follows from them as well; a placement has said all."""
        return oracles.trial(mixture if mixture.at else Mixture(place.coupling.complete(mixture.moved)))

    trials = Trials(trial, oracles.same, budget, confirmations)
    search = _Search(place, oracles, trials, list(failures))
    spent = False
    try:
        search.causes()
        search.acquit()
        search.date()
    except BudgetSpentError:
        spent = True
    return search.answer(spent=spent)


class _Search:
    """The state of one diagnosis: what was found so far survives the end of the budget."""

    def __init__(self, place: Place, oracles: Oracles, trials: Trials, failures: list[Failure]) -> None:
        self._place, self._oracles, self._trials = place, oracles, trials
        self._coupling = place.coupling
        self._failures = tuple(failures)
        self._found: list[Cause] = []
        self._alone: list[Mixture] = []  # each cause's own trial
        self._proven = True
        trials.know(frozenset(), Observation())
        trials.know(self._coupling.chosen, Observation(self._failures))

    # --- who ---

    def causes(self) -> None:
        """Find one cause, hold it back, and go on as long as what remains fails."""
        within = self._coupling.chosen
        for _ in range(_MOST_CAUSES if within else 0):
            self._trials.target = self._failures
            rounds = max(1, len(within).bit_length()) + 1
            suspects = self._oracles.suspects(self._failures)
            found = Subset(self._trials, self._coupling, suspects, rounds).find(within)
            if found:
                found = replace(found, groups=self._cheapest_first(found.groups, within))
            else:
                self._proven = False  # what remains does not fail again
                return
            self._proven = self._proven and found.proven
            cause = self._cause(found, suspects)
            rest, answer = self._rest(found, within)
            moved = Mixture(cause.companions | frozenset(cause.heads))
            if self._doubtful(cause, rest) and self._trials.doubt(moved, "is it one of several?") is Answer.PASS:
                continue  # it does not fail again, and nobody is to blame for that
            self._found.append(cause)
            self._alone.append(moved)
            within = rest
            if answer is Answer.PASS:
                return
            if answer is Answer.UNRESOLVED:
                self._proven = False
                return
            self._failures = self._trials.observed(Mixture(within)).failures

    def _cheapest_first(self, groups: tuple[Names, ...], within: Names) -> tuple[Names, ...]:
        """First the one whose holding back leaves most: one of them is enough."""
        return tuple(sorted(groups, key=lambda group: -len(self._coupling.without(group, within))))

    def _cause(self, found: Found, suspects: Suspects) -> Cause:
        heads = tuple(self._head(group, found.groups, suspects) for group in found.groups)
        closure = self._coupling.closure(frozenset().union(*found.groups))
        self._trials.consider(Mixture(closure), "it is blamed")
        shown = self._trials.observed(Mixture(closure)).failures or self._failures
        return Cause(heads, closure - frozenset(heads), shown)

    def _head(self, group: Names, groups: tuple[Names, ...], suspects: Suspects) -> NormalizedName:
        """The culprit among those that only move together: the first that fails when moved by itself."""
        members = [name for name in suspects.order if name in group]
        named = [name for name in members if name in suspects.named]
        if len(named) == 1:
            return named[0]
        others = self._coupling.closure(frozenset().union(*groups) - group) - group
        cleared = []
        for name in members[:_MEMBERS] if len(members) > 1 else ():
            answer = self._trials.consider(Mixture(others | {name}), f"{name} without those that move with it")
            if answer is Answer.SAME:
                return name
            if answer is Answer.PASS:
                cleared.append(name)
        return next((name for name in members if name not in cleared), members[0])

    def _rest(self, found: Found, within: Names) -> tuple[Names, Answer]:
        """What remains when the cause is held back by as little as will do, and how it fares."""
        options = [self._coupling.without(group, within) for group in found.groups]
        passed = [rest for rest in options if self._trials.inferred(rest) is Answer.PASS]
        rest = (passed or options)[0]
        answer = self._trials.consider(Mixture(rest), "everything but the culprits")
        if answer is not Answer.UNRESOLVED:
            return rest, answer
        blunt = self._coupling.without(self._coupling.closure(frozenset().union(*found.groups)), within)
        return blunt, self._trials.consider(Mixture(blunt), "everything but the culprits and their companions")

    def _doubtful(self, cause: Cause, rest: Names) -> bool:
        """Whether the failure goes on without its cause: an answer that is worth a second run."""
        left = self._trials.observed(Mixture(rest)).failures
        return any(self._oracles.same(one, other) for one in cause.failures for other in left)

    def acquit(self) -> None:
        """Where answers changed from run to run, blame only those whose own trial fails each time."""
        for cause, alone in zip(tuple(self._found), self._alone, strict=True) if self._trials.flaky else ():
            self._trials.target = cause.failures
            self._trials.doubt(alone, "does it fail each time?")
            if not self._trials.unanimous(alone):
                self._found.remove(cause)

    # --- since when ---

    def date(self) -> None:
        """Bisect the releases of every head."""
        for index, cause in enumerate(self._found):
            self._trials.target = cause.failures
            for head in cause.heads:
                self._found[index] = dated(self._found[index], head, self._place, self._trials)

    # --- what came of it ---

    def answer(self, *, spent: bool) -> Diagnosis:
        passing = self._trials.passing()
        confidence = Confidence.MINIMAL
        if spent or not self._proven:
            confidence = Confidence.BUDGET_SPENT
        if self._trials.flaky:
            confidence = Confidence.FLAKY
        return Diagnosis(
            causes=tuple(self._found),
            held=self._coupling.chosen - passing,
            passing=self._coupling.complete(passing),
            trials=self._trials.count,
            confidence=confidence,
            log=tuple(self._trials.log),
        )
