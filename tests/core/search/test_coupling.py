"""Coupling: which change brings which along, by metadata of both sides."""

from hypothesis import given, settings
from hypothesis import strategies as st
from planted import ENVIRONMENT, History, dist, grow, name, side

from depcheck.core.search.coupling import compute_coupling


def coupled(before, after, **more):
    changed = frozenset(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    return compute_coupling(before, after, changed, ENVIRONMENT, **more)


def test_a_new_side_brings_what_it_needs_and_not_the_other_way_round():
    """Move flask with werkzeug, and werkzeug alone."""
    before = side(dist("flask", "1.1", "werkzeug>=0.15"), dist("werkzeug", "1.0"))
    after = side(dist("flask", "2.0", "werkzeug>=2"), dist("werkzeug", "2.0"))
    found = coupled(before, after)
    assert found.get_closure([name("flask")]) == {"flask", "werkzeug"}
    assert found.get_closure([name("werkzeug")]) == {"werkzeug"}
    assert found.exclude_names([name("werkzeug")]) == frozenset()


def test_an_old_dependent_that_refuses_comes_along():
    """Pydantic 2 brings fastapi, whose old side bounds it."""
    before = side(dist("fastapi", "0.95", "pydantic<2"), dist("pydantic", "1.10"))
    after = side(dist("fastapi", "0.100", "pydantic>=1.7"), dist("pydantic", "2.0"))
    found = coupled(before, after)
    assert found.get_closure([name("pydantic")]) == {"pydantic", "fastapi"}
    assert found.get_closure([name("fastapi")]) == {"fastapi"}
    assert found.get_group(name("pydantic")) == {"pydantic"}


def test_those_that_only_move_together_are_one_group():
    """boto3 and botocore pin each other's line."""
    before = side(dist("boto3", "1.9", "botocore>=1.12,<1.13"), dist("botocore", "1.12"))
    after = side(dist("boto3", "1.10", "botocore>=1.13,<1.14"), dist("botocore", "1.13"))
    assert coupled(before, after).get_group(name("boto3")) == {"boto3", "botocore"}


def test_downgrades_are_coupled_like_upgrades():
    """flake8 went down because importlib-metadata went up."""
    before = side(dist("flake8", "4.0", "importlib-metadata<4.3"), dist("importlib-metadata", "4.2"))
    after = side(dist("flake8", "3.9", "importlib-metadata"), dist("importlib-metadata", "5.0"))
    assert coupled(before, after).get_closure([name("importlib-metadata")]) == {"importlib-metadata", "flake8"}


def test_a_package_that_two_bring_goes_with_the_last_of_them():
    """Chardet is removed only where requests and aiohttp have both moved."""
    before = side(dist("requests", "2.25", "chardet<5"), dist("aiohttp", "3.7", "chardet<5"), dist("chardet", "4"))
    after = side(dist("requests", "2.26"), dist("aiohttp", "3.8"))
    found = coupled(before, after)
    assert found.choices == {"requests", "aiohttp"}
    assert found.add_derived(frozenset({name("requests")})) == {"requests"}
    assert found.add_derived(found.choices) == {"requests", "aiohttp", "chardet"}


def test_what_a_removed_package_asked_for_counts_as_long_as_it_is_there():
    """Whoever keeps a removed package keeps its bounds."""
    before = side(dist("a", "1", "gone"), dist("gone", "1", "b<2"), dist("b", "1"))
    after = side(dist("a", "2"), dist("b", "2"))
    assert coupled(before, after).get_closure([name("b")]) == {"a", "b"}


def test_an_added_package_comes_with_its_bringer_and_with_what_it_needs():
    """The bringer answers for all that its new dependency asks for."""
    before = side(dist("a", "1"), dist("b", "1"))
    after = side(dist("a", "2", "new"), dist("new", "1", "b>=2"), dist("b", "2"))
    found = coupled(before, after)
    assert found.get_closure([name("a")]) == {"a", "b"}
    assert found.add_derived(found.get_closure([name("a")])) == {"a", "b", "new"}


def test_extras_count_where_somebody_asks_for_them():
    """Count an extra as a demand of the package naming it.

    Markers are the target's.
    """
    lines = ("y>=2; extra == 'more'", "z>=2; python_version < '3'")
    before = side(dist("x", "1"), dist("base", "1", *lines), dist("y", "1"), dist("z", "1"))
    after = side(dist("x", "2", "base[more]"), dist("base", "1", *lines), dist("y", "2"), dist("z", "2"))
    assert coupled(before, after).get_closure([name("x")]) == {"x", "y"}


def test_extras_that_nobody_states_are_inferred_from_what_is_installed():
    """A lockfile without extras still shows that `psycopg[binary]` was asked for."""
    before = side(dist("psycopg", "1", "psycopg-binary==1; extra == 'binary'"), dist("psycopg-binary", "1"))
    after = side(dist("psycopg", "2", "psycopg-binary==2; extra == 'binary'"), dist("psycopg-binary", "2"))
    assert coupled(before, after).get_group(name("psycopg")) == {"psycopg", "psycopg-binary"}


def test_what_a_side_violates_already_is_no_constraint():
    """An inconsistent baseline couples nothing."""
    before = side(dist("a", "1", "b>=5"), dist("b", "1"))
    after = side(dist("a", "2"), dist("b", "2"))
    assert coupled(before, after).get_closure([name("b")]) == {"b"}


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 40), st.data())
def test_closed_sets_can_be_installed(random, size, data):
    """Give closed sets whose members accept each other, idempotently."""
    history = History(*grow(random, size, coupled=0.6), {})
    picked = data.draw(st.frozensets(st.sampled_from(sorted(history.coupling.choices))))
    closed, rest = history.coupling.get_closure(picked), history.coupling.exclude_names(picked)
    assert picked <= closed
    assert not picked & rest
    assert history.consistent(closed)
    assert history.consistent(rest)
    assert history.coupling.get_closure(closed) == closed
    assert history.coupling.get_closure(rest) == rest


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 30), st.data())
def test_without_is_the_largest(random, size, data):
    """Nothing that `without` leaves out could have stayed."""
    history = History(*grow(random, size, coupled=0.6), {})
    picked = data.draw(st.frozensets(st.sampled_from(sorted(history.coupling.choices)), min_size=1))
    rest = history.coupling.exclude_names(picked)
    assert all(history.coupling.get_closure(rest | {n}) & picked for n in history.coupling.choices - rest)
