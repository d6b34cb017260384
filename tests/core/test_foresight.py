"""Predictions equal what pip's resolver gives, in any order of deciding."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.version import Version
from pip._vendor.resolvelib import AbstractProvider, BaseReporter, Resolver

from depcheck.checking.compile.proof.upgrade import UnpredictableUpgradeError, UpgradeInputs, predict_upgrade
from depcheck.core.model.pins import Pin

MARKERS = {**default_environment(), "extra": ""}
NAMES = "abcdef"
VERSIONS = ("1", "2", "3", "4rc1")
EXTRAS = ("", "", "", "[x]")
MARKED = ("", "", "", "; extra == 'x'", "; python_version < '3'")


def lines(extras=EXTRAS, markers=MARKED) -> st.SearchStrategy[str]:
    bounds = st.sampled_from(["", "", "", ">=1", ">=2", "<3", "<2", "==2", "!=3", "<4rc1"])
    parts = st.sampled_from(NAMES), st.sampled_from(extras), bounds, st.sampled_from(markers)
    return st.tuples(*parts).map("".join)


RELEASES = st.dictionaries(st.sampled_from(VERSIONS), st.lists(lines(), max_size=2), min_size=1)
UNIVERSES = st.fixed_dictionaries(dict.fromkeys(NAMES, RELEASES))


class Provider(AbstractProvider):
    """Find candidates as pip does: newest first, pre-releases last resort.

    Also where they are asked for.

    A candidate is (name, extras, version). `x[e]` asks for `x` at its own version, and is bound by what is asked of
    `x`; a requirement of `x[e]` is one of `x` too. Which name is decided next is up to chance.
    """

    def __init__(self, universe, constraints, chance) -> None:
        self.universe, self.constraints, self.chance = universe, constraints, chance

    def identify(self, requirement_or_candidate):
        return requirement_or_candidate[:2]

    def get_preference(self, *_, **__):
        return self.chance.random()

    def find_matches(self, identifier, requirements, incompatibilities):
        name, _extras = identifier
        bounds = [bound for _, _, bound in requirements[identifier]]
        bounds += [bound for _, _, bound in requirements.get((name, frozenset()), ())]
        bounds += [wanted.specifier for wanted in self.constraints if wanted.name == name]
        given_up = {candidate[2] for candidate in incompatibilities[identifier]}
        versions = [Version(text) for text in self.universe[name]]
        fitting = [version for version in versions if all(each.contains(version, prereleases=True) for each in bounds)]
        finals = [version for version in fitting if not version.is_prerelease]
        shown = fitting if any(each.prereleases for each in bounds) else finals or fitting
        return [(*identifier, version) for version in sorted(shown, reverse=True) if version not in given_up]

    def is_satisfied_by(self, requirement, candidate):
        return requirement[2].contains(candidate[2], prereleases=True)

    def get_dependencies(self, candidate):
        name, extras, version = candidate
        lines = [Requirement(line) for line in self.universe[name][str(version)]]
        if not extras:
            return list(asked(wanted for wanted in lines if holds(wanted, "")))
        own = asked(wanted for wanted in lines if any(holds(wanted, extra) for extra in extras))
        return [(name, frozenset(), Requirement(f"{name}=={version}").specifier), *own]


def holds(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({**MARKERS, "extra": extra})


def asked(wanted) -> Iterator:
    for each in wanted:
        if each.extras and each.specifier:
            yield each.name, frozenset(), each.specifier
        yield each.name, frozenset(each.extras), each.specifier


def resolved(universe, direct, constraints, seed) -> dict:
    provider = Provider(universe, constraints, random.Random(seed))  # noqa: S311  # an order, no secret
    result = Resolver(provider, BaseReporter()).resolve(list(asked(direct)), max_rounds=2000)
    return {name: version for (name, _), (_, _, version) in result.mapping.items()}


def foresee(universe, direct, constraints=()) -> dict:
    def choices(name):
        return sorted(map(Version, universe[name]), reverse=True)

    def stated(pin: Pin):
        return tuple(universe[pin.name][str(pin.version)])

    pins, _ = predict_upgrade(UpgradeInputs.from_requirements(direct, constraints, choices, stated, MARKERS))
    return {name: pin.version for name, pin in pins.items()}


DIRECT = st.lists(lines(markers=("",)).map(Requirement), min_size=1, max_size=4)
CONSTRAINTS = st.lists(lines(("",), ("",)).map(Requirement), max_size=2)


def in_every_order(universe, direct, constraints, seed) -> None:
    try:
        expected = foresee(universe, direct, constraints)
    except UnpredictableUpgradeError:
        event("not foreseen")
        return
    event(f"foreseen, {len(expected)} pins")
    for order in range(5):
        assert resolved(universe, direct, constraints, seed + order) == expected


@settings(max_examples=200, deadline=None)
@given(UNIVERSES, DIRECT, CONSTRAINTS, st.integers())
def test_what_is_foreseen_is_resolved_in_every_order(universe, direct, constraints, seed):
    """Resolve to the predicted pins in five orders of deciding."""
    in_every_order(universe, direct, constraints, seed)


@pytest.mark.slow
@settings(max_examples=30_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(UNIVERSES, DIRECT, CONSTRAINTS, st.integers())
def test_what_is_foreseen_is_resolved_in_every_order_at_length(universe, direct, constraints, seed):
    """The same with many more projects' histories."""
    in_every_order(universe, direct, constraints, seed)


@given(UNIVERSES, st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
def test_where_all_is_free_everything_is_foreseen(universe, names):
    """Predict everything when there are no upper bounds or pre-releases."""
    free = {
        name: {version: [line for line in lines if not set("<=!") & set(line.partition(";")[0].replace(">=1", ""))]
               for version, lines in {"1": [], **releases}.items() if version != "4rc1"}
        for name, releases in universe.items()
    }  # fmt: skip
    pins = foresee(free, [Requirement(name) for name in names])
    assert pins.keys() >= set(names)
    assert all(version == max(map(Version, free[name])) for name, version in pins.items())


STORIES = {
    "a cap of another package": (
        {"a": {"1": ["b<3"]}, "b": {"1": [], "2": ["c"], "3": ["c"]}, "c": {"1": []}}, ["a", "b"], {"a": 1, "b": 2, "c": 1}
    ),
    "a cap that leads to another set": (
        {"a": {"1": ["b<3"]}, "b": {"2": [], "3": ["c"]}, "c": {"1": []}}, ["a", "b"], {"a": 1, "b": 2}
    ),
    "an older release is needed": ({"a": {"1": [], "2": ["b<2"]}, "b": {"1": [], "2": []}}, ["a", "b>=2"], None),
    "whoever comes first wins": (
        {"a": {"1": [], "2": ["b<2"]}, "b": {"1": [], "2": ["a<2"]}}, ["a", "b"], None
    ),
    "a bound that is given up on the way": (
        {"a": {"1": ["c<3"]}, "b": {"1": [], "2": []}, "c": {"2": ["b"], "3": ["b<2"]}}, ["a", "c"], None
    ),
    "a pre-release may count": ({"a": {"1": ["b<3,>=2rc1"]}, "b": {"2": [], "3rc1": []}}, ["a"], None),
    "what is left behind asks for each other": (
        {"a": {"1": ["b<3"]}, "b": {"2": [], "3": ["c"]}, "c": {"1": ["d"]}, "d": {"1": ["c"]}}, ["a", "b"], None
    ),
    "there is nothing but pre-releases": ({"a": {"1": ["b<9"]}, "b": {"1rc1": [], "2rc1": []}}, ["a"], {"a": 1, "b": "2rc1"}),
    "no release at all": ({"a": {"1": ["b>9"]}, "b": {"2": []}}, ["a"], None),
    "extras of what is capped": (
        {"a": {"1": ["b<3"]}, "b": {"2": [], "3": []}}, ["a", "b[x]"], None
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_what_follows_and_what_does_not(story):
    """Predict caps that no order can change, and nothing else."""
    universe, names, expected = STORIES[story]
    direct = [Requirement(name) for name in names]
    if expected is None:
        with pytest.raises(UnpredictableUpgradeError):
            foresee(universe, direct)
    else:
        assert foresee(universe, direct) == {name: Version(str(number)) for name, number in expected.items()}


def test_what_leaves_a_trace_in_annotations_is_not_foreseen():
    """Leave releases that annotations may name to the compiler.

    One that is given up on the way may stand there as a requirer.
    """
    universe = {"a": {"1": ["b<3"]}, "b": {"2": [], "3": ["c"]}, "c": {"1": []}}
    with pytest.raises(UnpredictableUpgradeError):
        foresee(universe, [Requirement(name) for name in "abc"])
