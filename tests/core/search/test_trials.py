"""Trials: memory, budget, inference, contradictions."""

import pytest
from planted import name

from depcheck.core.checks import Failure
from depcheck.core.search.trials import BudgetSpentError, Trials, judge
from depcheck.core.search.values import Answer, Budget, Mixture, Observation

FAILURE = Failure("t", "Error: t")
FAILS, PASSES = Observation((FAILURE,)), Observation()


def same(one, other):
    return one == other


def mixture(*names):
    return Mixture(frozenset(map(name, names)))


def trials(answers, **more):
    """Answers in turn for each mixture; the last one repeats."""
    left = {m: list(runs) for m, runs in answers.items()}

    def trial(asked):
        runs = left[asked]
        return runs.pop(0) if len(runs) > 1 else runs[0]

    found = Trials(trial, same, more.pop("budget", Budget()), **more)
    found.target = (FAILURE,)
    return found


def test_four_answers():
    """Pass, the failure under search, another failure, no answer."""
    seen = [PASSES, FAILS, Observation((Failure("u", "Error: u"),)), Observation((FAILURE,), unresolved="no disk")]
    assert [judge(o, [FAILURE], same) for o in seen] == [Answer.PASS, Answer.SAME, Answer.OTHER, Answer.UNRESOLVED]


def test_the_same_mixture_runs_once():
    """Asking again costs nothing."""
    found = trials({mixture("a"): [FAILS]})
    assert found.consider(mixture("a"), "first") is found.consider(mixture("a"), "second") is Answer.SAME
    assert [asked.why for asked in found.log] == ["first"]


def test_a_changed_question_is_answered_from_memory():
    """What was seen is judged anew when the failure under search changes."""
    found = trials({mixture("a"): [FAILS]})
    found.consider(mixture("a"), "")
    found.target = (Failure("u", "Error: u"),)
    assert found.consider(mixture("a"), "") is Answer.OTHER
    assert found.count == 1


@pytest.mark.parametrize("budget", [Budget(trials=0), Budget(spent=lambda: True)])
def test_a_spent_budget_stops_new_trials(budget):
    """By number or by time."""
    found = trials({mixture("a"): [FAILS]}, budget=budget)
    with pytest.raises(BudgetSpentError):
        found.consider(mixture("a"), "")


def test_what_is_known_needs_no_trial():
    """Parts of what passes pass; what holds a failing set fails; the largest passing set is remembered."""
    found = trials({mixture("a"): [FAILS], mixture("b", "c"): [PASSES]})
    found.consider(mixture("a"), "")
    found.consider(mixture("b", "c"), "")
    assert found.inferred(frozenset({name("b")})) is Answer.PASS
    assert found.inferred(frozenset({name("a"), name("d")})) is Answer.SAME
    assert found.inferred(frozenset({name("d")})) is None
    assert found.passing() == {"b", "c"}


def test_a_contradiction_is_asked_again_and_said():
    """A part fails where the whole passes: both run again, the majority counts, and it is flaky."""
    found = trials({mixture("a", "b"): [PASSES], mixture("a"): [FAILS, PASSES, PASSES]})
    found.consider(mixture("a", "b"), "")
    assert found.consider(mixture("a"), "") is Answer.PASS
    assert found.flaky
    assert not found.unanimous(mixture("a"))


def test_a_contradiction_that_repeats_is_not_flaky():
    """Then one heals what the other breaks, which is strange but steady."""
    found = trials({mixture("a", "b"): [PASSES], mixture("a"): [FAILS]})
    found.consider(mixture("a", "b"), "")
    assert found.consider(mixture("a"), "") is Answer.SAME
    assert not found.flaky
