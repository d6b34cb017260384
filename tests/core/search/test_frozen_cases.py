"""How good the search is on real incidents, replayed from frozen facts."""

from math import log2
from statistics import mean, median

import frozen
import pytest

CASES = frozen.names()


def wanted(facts):
    if facts["category"] == "interaction":
        return {frozenset(facts["culprits"])}
    return {frozenset({culprit}) for culprit in facts["culprits"]}


def rank(case):
    """Return the rank of the first true culprit or pair."""
    facts, found = case.facts, case.suspects(case.failures)
    if facts["category"] == "interaction":
        return 1 if found.hypotheses[0] == frozenset(facts["culprits"]) else len(found.ranked_names)
    return min(found.ranked_names.index(culprit) + 1 for culprit in facts["culprits"])


def test_suspicion_is_mostly_right_at_once():
    """Rank the culprit first in nine of ten incidents.

    And within the first two on average.
    """
    ranks = [rank(frozen.load(name)) for name in CASES]
    assert sum(place == 1 for place in ranks) / len(ranks) >= 0.9
    assert mean(ranks) <= 1.5


@pytest.mark.parametrize("name", CASES)
def test_the_incident_is_told_rightly(name):
    """Find the known culprits, companions, last good and first bad releases.

    No trial twice but in doubt.
    """
    case = frozen.load(name)
    found = case.diagnose()
    facts = case.facts
    assert {frozenset(cause.culprits) for cause in found.causes} == wanted(facts)
    assert {n: str(v) for cause in found.causes for n, v in cause.last_good} == facts["last_good"]
    assert {n: str(v) for cause in found.causes for n, v in cause.first_bad} == facts["first_bad"]
    assert frozenset().union(*(cause.companions for cause in found.causes)) == set(facts["companions"])
    again = sum(asked.purpose.startswith("again") for asked in found.trial_log)
    assert len(set(case.asked)) + again == len(case.asked) == found.trial_count
    assert case.remains(found.causes).passes


def test_trials_are_few():
    """Need a median of three trials for each culprit.

    Never more than log2(changes) + 4; dating within its bound.
    """
    who, when = [], []
    for name in CASES:
        case = frozen.load(name)
        found = case.diagnose()
        dating = sum(bool(asked.mixture.exact_versions) for asked in found.trial_log)
        per_cause = (found.trial_count - dating) / len(found.causes)
        assert per_cause <= log2(len(case.changed)) + 4, name
        most = sum(log2(1 + len(versions)) + 2 for versions in case.facts["releases"].values())
        assert dating <= most, name
        who.append(per_cause)
        when.append(dating)
    assert median(who) <= 3
    assert median(when) <= 2
