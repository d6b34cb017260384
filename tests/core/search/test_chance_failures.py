"""The search when runs fail by chance, on frozen incidents.

At several rates, with several seeds.
"""

# ruff: noqa: S311  # seeds that repeat are the point

from random import Random

import frozen
import pytest
from test_frozen_cases import CASES, wanted

from depcheck.core.search.chance_failures import CLAIM, ChanceFailures

SEEDS = range(10)


def found_under(rate):
    """Search each incident with each seed, and count mistakes.

    Whether it was told rightly, whether an innocent was blamed, and the trials.
    """
    right = innocent = trials = 0
    for name in CASES:
        for seed in SEEDS:
            case = frozen.load(name)
            random = Random(f"{name} {seed} {rate}")
            case.chance = lambda random=random: random.random() < rate
            found = case.diagnose()
            heads = {frozenset(cause.culprits) for cause in found.causes}
            bad = {n: str(v) for cause in found.causes for n, v in cause.first_bad}
            right += heads == wanted(case.facts) and bad == case.facts["first_bad"]
            innocent += any(not head <= frozenset(case.facts["culprits"]) for head in heads)
            trials += found.trial_count
    runs = len(CASES) * len(SEEDS)
    return right / runs, innocent / runs, trials / runs


@pytest.mark.slow
def test_runs_that_fail_by_chance_mislead_hardly_ever():
    """Be right in 95 % when 5 to 30 % fail.

    An innocent in 1 % or less, at most 1.7 times the trials.
    """
    _, _, quiet = found_under(0)
    for rate in (0.05, 0.1, 0.2, 0.3):
        right, innocent, trials = found_under(rate)
        seen = (right >= 0.95, innocent <= 0.01, trials <= 1.7 * quiet)
        assert seen == (True, True, True), (rate, right, innocent)


def test_belief_grows_with_each_failure_and_falls_with_a_pass():
    """Need more failures to believe one where runs often fail.

    Every fifth fails by chance.
    """
    calm, stormy = ChanceFailures(0, 8), ChanceFailures(4, 16)
    assert calm.compute_belief(1, 0) > CLAIM
    assert stormy.compute_belief(1, 0) < stormy.compute_belief(2, 0) < CLAIM < stormy.compute_belief(4, 0)
    assert stormy.compute_belief(1, 1) < 0.1


def test_the_rate_is_learned_from_sets_that_pass():
    """What each session of trials knows is replaced, not added up."""
    seen, session = ChanceFailures(), object()
    for failed, passed in ((0, 3), (1, 6), (2, 8)):
        seen.record(session, failed, passed)
    assert (seen.failed, seen.passed) == (2, 10)
