"""Trials: memory, budget, inference, contradictions."""

import pytest
from planted import name

from depcheck.core.model.checks import Failure
from depcheck.core.search.model import Budget, Mixture, Observation, TrialAnswer
from depcheck.core.search.trials import BudgetSpentError, TrialSession, classify_observation

FAILURE = Failure("t", "Error: t")
FAILS, PASSES = Observation((FAILURE,)), Observation()


def same(one, other):
    return one == other


def mixture(*names):
    return Mixture(frozenset(map(name, names)))


def trials(answers, **more):
    """Give answers in turn for each mixture, repeating the last one."""
    left = {m: list(runs) for m, runs in answers.items()}

    def trial(asked):
        runs = left[asked]
        return runs.pop(0) if len(runs) > 1 else runs[0]

    found = TrialSession(trial, same, more.pop("budget", Budget()), **more)
    found.target_failures = (FAILURE,)
    return found


def test_four_answers():
    """Pass, the failure under search, another failure, no answer."""
    seen = [
        PASSES,
        FAILS,
        Observation((Failure("u", "Error: u"),)),
        Observation((FAILURE,), unresolved_reason="no disk"),
    ]
    assert [classify_observation(o, [FAILURE], same) for o in seen] == [
        TrialAnswer.PASS,
        TrialAnswer.SAME,
        TrialAnswer.OTHER,
        TrialAnswer.UNRESOLVED,
    ]


def test_the_same_mixture_runs_once():
    """Asking again costs nothing."""
    found = trials({mixture("a"): [FAILS]})
    assert found.obtain_answer(mixture("a"), "first") is found.obtain_answer(mixture("a"), "second") is TrialAnswer.SAME
    assert [asked.purpose for asked in found.records] == ["first"]


def test_a_changed_question_is_answered_from_memory():
    """What was seen is judged anew when the failure under search changes."""
    found = trials({mixture("a"): [FAILS]})
    found.obtain_answer(mixture("a"), "")
    found.target_failures = (Failure("u", "Error: u"),)
    assert found.obtain_answer(mixture("a"), "") is TrialAnswer.OTHER
    assert found.trial_count == 1


@pytest.mark.parametrize("budget", [Budget(max_trials=0), Budget(is_time_over=lambda: True)])
def test_a_spent_budget_stops_new_trials(budget):
    """By number or by time."""
    found = trials({mixture("a"): [FAILS]}, budget=budget)
    with pytest.raises(BudgetSpentError):
        found.obtain_answer(mixture("a"), "")


def test_what_is_known_needs_no_trial():
    """Skip trials of subsets that pass and supersets that fail."""
    found = trials({mixture("a"): [FAILS], mixture("b", "c"): [PASSES]})
    found.obtain_answer(mixture("a"), "")
    found.obtain_answer(mixture("b", "c"), "")
    assert found.infer_answer(frozenset({name("b")})) is TrialAnswer.PASS
    assert found.infer_answer(frozenset({name("a"), name("d")})) is TrialAnswer.SAME
    assert found.infer_answer(frozenset({name("d")})) is None


def test_a_contradiction_is_asked_again_and_said():
    """Rerun both trials of a contradiction and report it as flaky.

    A part fails and the whole passes: the majority counts.
    """
    found = trials({mixture("a", "b"): [PASSES], mixture("a"): [FAILS, PASSES, PASSES]})
    found.obtain_answer(mixture("a", "b"), "")
    assert found.obtain_answer(mixture("a"), "") is TrialAnswer.PASS
    assert found.is_flaky


def test_a_contradiction_that_repeats_is_not_flaky():
    """Then one heals what the other breaks, which is strange but steady."""
    found = trials({mixture("a", "b"): [PASSES], mixture("a"): [FAILS]})
    found.obtain_answer(mixture("a", "b"), "")
    assert found.obtain_answer(mixture("a"), "") is TrialAnswer.SAME
    assert not found.is_flaky
