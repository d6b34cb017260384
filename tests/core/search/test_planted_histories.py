"""The search on planted histories: right answers with few trials."""

# ruff: noqa: S311  # seeds that repeat are the point

from math import floor, log2
from random import Random
from statistics import median

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.version import Version
from planted import History, dist, grow, name, side

from depcheck.core.model.report import Confidence
from depcheck.core.search.model import Mixture, TrialAnswer

NEW = Version("2.0")


def planted(seed, most, heads=1, *, coupled=0.3, together=False):
    """Draw a history whose causes neither bring nor move with others."""
    random = Random(seed)
    for _ in range(50):
        history = History(*grow(random, random.randrange(heads + 2, most), coupled=coupled), {})
        reach = history.coupling.closures
        picked = random.sample(sorted(history.coupling.choices), heads)
        apart = all(one == other or one not in reach[other] for one in picked for other in picked)
        if apart and all(len(history.coupling.get_group(one)) == 1 for one in picked):
            break
    history.causes = (
        {"t": dict.fromkeys(picked, NEW)} if together else {f"t{i}": {n: NEW} for i, n in enumerate(picked)}
    )
    history.order = random.sample(sorted(history.coupling.choices), len(history.coupling.choices))
    return history, picked


def bound(history, causes=1):
    return causes * (floor(log2(len(history.changed))) + 4)


def heads(found):
    return {frozenset(cause.culprits) for cause in found.causes}


@pytest.mark.parametrize("seed", range(150))
def test_one_culprit_without_any_suspicion(seed):
    """Find the culprit of 300 changes within log2(n) + 4 trials.

    Suspicion is random.
    """
    history, picked = planted(seed, 300)
    found = history.diagnose()
    assert heads(found) == {frozenset(picked)}
    assert found.trial_count <= bound(history)
    assert found.confidence is Confidence.MINIMAL


def test_a_right_suspicion_takes_one_trial():
    """Finish in one trial when the suspicion is right.

    The suspect alone fails and the set that holds it passes, for any number of changes.
    """
    counts = []
    for seed in range(40):
        history, picked = planted(seed, 300)
        history.order = [*picked, *(n for n in history.order if n not in picked)]
        counts.append(history.diagnose().trial_count)
    assert median(counts) == 1


@pytest.mark.parametrize("seed", range(60))
def test_a_pair_that_only_fails_together(seed):
    """One entry with both, although neither fails alone."""
    history, picked = planted(seed, 200, 2, together=True)
    found = history.diagnose()
    assert heads(found) == {frozenset(picked)}
    assert found.trial_count <= bound(history, 2)


@pytest.mark.parametrize("seed", range(60))
def test_several_culprits_that_are_each_enough(seed):
    """One entry each, within the bound for each."""
    history, picked = planted(seed, 200, 3)
    found = history.diagnose()
    assert heads(found) == {frozenset({n}) for n in picked}
    assert found.trial_count <= bound(history, 3)


@pytest.mark.parametrize("seed", range(60))
def test_errors_that_hide_one_another(seed):
    """Find the next culprit that appears once the first is held.

    A changed message is progress.
    """
    history, picked = planted(seed, 200, 3)
    history.hides = tuple(history.causes)
    found = history.diagnose()
    assert heads(found) == {frozenset({n}) for n in picked}
    assert found.trial_count <= bound(history, 3)


@pytest.mark.parametrize("seed", range(40))
def test_sets_that_cannot_be_installed(seed):
    """Withstand innocent packages that only install together, at little more cost.

    By no metadata.
    """
    history, picked = planted(seed, 60, coupled=0)
    one, other = Random(seed).sample(sorted(history.coupling.choices - set(picked)), 2)
    history.unresolved = lambda versions: (versions[one] >= NEW) != (versions[other] >= NEW)
    found = history.diagnose()
    assert heads(found) == {frozenset(picked)}
    assert found.trial_count <= 2 * len(history.changed) + bound(history)


def test_undeclared_companions_are_found_by_what_installs():
    """A culprit that installs only beside another: one entry, held as one."""
    history, picked = planted(3, 40, coupled=0)
    other = next(n for n in sorted(history.coupling.choices) if n not in picked)
    history.unresolved = lambda versions: (versions[picked[0]] >= NEW) != (versions[other] >= NEW)
    found = history.diagnose()
    assert len(found.causes) == 1
    assert {*found.causes[0].culprits, *found.causes[0].companions} == {*picked, other}
    assert not history.held(found.causes).failures()


@pytest.mark.parametrize("seed", range(30))
def test_a_failure_by_chance_blames_nobody_else(seed):
    """Find the culprit although one run in twenty fails by chance.

    Doubt is reported if runs differ.
    """
    history, picked = planted(seed, 100, coupled=0)
    random = Random(seed)
    history.noise = lambda *_: random.random() < 0.05
    found = history.diagnose()
    assert frozenset(picked) in heads(found) or found.confidence is not Confidence.MINIMAL
    contradicted = any(asked.purpose.startswith("once more") for asked in found.trial_log)
    assert (found.confidence is Confidence.FLAKY) or not contradicted


def test_the_member_of_a_group_that_did_it():
    """Name botocore or boto3, whichever fails when it moves by itself.

    They only move together.
    """
    before = side(dist("boto3", "1.0", "botocore<2"), dist("botocore", "1.0"))
    after = side(dist("boto3", "2.0", "botocore>=2"), dist("botocore", "2.0"))
    history = History(before, after, {"t": {name("botocore"): NEW}})
    found = history.diagnose()
    assert [cause.culprits for cause in found.causes] == [("botocore",)]
    assert found.causes[0].companions == {"boto3"}
    assert found.trial_count <= 4


def test_in_a_family_that_is_pinned_to_each_other_the_one_that_fails_alone_is_the_head():
    """Try each of three packages in lockstep, naming the rest as family."""
    members = ("tele-api", "tele-plug", "tele-sdk")

    def pinned(version):
        others = {text: [f"{other}=={version}" for other in members if other != text] for text in members}
        return side(*(dist(text, version, *others[text]) for text in members))

    history = History(pinned("1.0"), pinned("2.0"), {"t": {name("tele-sdk"): NEW}})
    (cause,) = history.diagnose().causes
    assert cause.culprits == ("tele-sdk",)
    assert cause.family == {"tele-api", "tele-plug"}


def test_what_vanished_is_blamed_on_those_who_stopped_bringing_it():
    """Blame the pair that stopped bringing chardet, without naming chardet.

    It is gone only after both have moved.
    """
    before = side(dist("requests", "1.0", "chardet"), dist("aiohttp", "1.0", "chardet"), dist("chardet", "1.0"))
    after = side(dist("requests", "2.0"), dist("aiohttp", "2.0"))
    found = History(before, after, {"t": {name("chardet"): None}}).diagnose()
    assert heads(found) == {frozenset({name("requests"), name("aiohttp")})}


def test_first_bad_releases_are_dated_with_companions_in_place():
    """Probe each head's release between its two sides, downgrades downwards."""
    before = side(dist("a", "1.0"), dist("b", "4.0"))
    after = side(dist("a", "2.0"), dist("b", "3.0"))
    history = History(before, after, {"t": {name("a"): Version("1.5")}})
    history.releases = {name("a"): [Version(f"1.{i}") for i in range(10)] + [Version("2.0")]}
    cause = history.diagnose().causes[0]
    assert cause.last_good == (("a", Version("1.4")),)
    assert cause.first_bad == (("a", Version("1.5")),)


def test_a_spent_budget_says_so_and_keeps_what_is_known():
    """No culprit yet, budget-spent."""
    history, _ = planted(5, 200)
    found = history.diagnose(trials=3)
    assert found.trial_count == 3
    assert found.confidence is Confidence.BUDGET_SPENT
    assert not found.causes


@settings(max_examples=60, deadline=None)
@example(1128, 2, True)  # an innocent release that brings along both of a pair
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
def test_laws(seed, count, together):
    """Blame only what fails, minimally, and leave only what passes.

    No trial runs twice but in doubt.
    """
    history, _ = planted(seed, 60, count, coupled=0.5, together=together)
    found = history.diagnose()
    coupling = history.coupling

    def fails(moved):
        return bool(history.shown(history.installed(Mixture(coupling.add_derived(moved)))))

    for cause in found.causes:
        closed = coupling.get_closure(cause.culprits)
        assert fails(closed)
        assert not any(fails(coupling.exclude_names(coupling.get_group(n), closed)) for n in cause.culprits)
    assert not history.held(found.causes).failures()
    again = sum(asked.purpose.startswith("again") for asked in found.trial_log)
    assert len(history.seen) + again == found.trial_count
    assert found.trial_count == len(found.trial_log) == sum(history.seen.values())
    assert all(asked.answer in TrialAnswer for asked in found.trial_log)
