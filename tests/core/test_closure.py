"""A lockfile's proof from its sources and their metadata."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.version import Version

from depcheck.checking.compile.proof.closure import prove_closure
from depcheck.core.model.pins import Pin

MARKERS = {**default_environment(), "extra": ""}
NAMES = ("a", "b", "c", "d", "e")
LINES = st.builds(
    lambda name, extra, wanted, condition: f"{name}{extra}{wanted}{condition}",
    st.sampled_from(NAMES),
    st.sampled_from(["", "[x]"]),
    st.sampled_from(["", ">=1", "<2", "==1"]),
    st.sampled_from(["", "", "; extra == 'x'", "; python_version < '3'"]),
)
SETS = st.fixed_dictionaries({name: st.lists(LINES, max_size=3) for name in NAMES})


def pins(names, version="1"):
    return {name: Pin(name, Version(version)) for name in names}


def reached(direct, stated):
    """Collect the names and extras a resolver must take.

    One step is repeated until nothing is new.
    """
    found = set()
    todo = [(line, "") for line in direct]
    while todo:
        line, extra = todo.pop()
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({**MARKERS, "extra": extra}):
            continue
        for each in ("", *wanted.extras):
            if (wanted.name, each) not in found:
                found.add((wanted.name, each))
                todo += [(below, each) for below in stated[wanted.name]]
    return {name for name, _ in found}


@given(st.lists(LINES, max_size=3), SETS, st.sets(st.sampled_from(NAMES)))
def test_only_exactly_what_is_reached_is_proven(direct, stated, pinned):
    """Prove exactly the reached pins, never one more or less."""
    found = prove_closure(map(Requirement, direct), (), pins(pinned), lambda pin: tuple(stated[pin.name]), MARKERS)
    assert (found is not None) == (reached(direct, stated) == pinned)


@given(st.lists(LINES, min_size=1, max_size=3), SETS)
def test_a_requirement_that_is_not_met_is_never_proven(direct, stated):
    """Refuse a proof if a requirement that counts is not met.

    With every pin at 3, none that counts may have an upper bound.
    """
    names = reached(direct, stated)
    proven = prove_closure(map(Requirement, direct), (), pins(names, "3"), lambda pin: tuple(stated[pin.name]), MARKERS)
    free = {name: [line for line in lines if "<2" not in line and "==1" not in line] for name, lines in stated.items()}
    if proven:
        assert reached([line for line in direct if "<2" not in line and "==1" not in line], free) == names


def test_constraints_bind_what_is_pinned_and_reach_nothing():
    """A constraint on another package is none of ours."""
    proven = [
        prove_closure([Requirement("a")], [Requirement(line)], pins("a"), lambda _: (), MARKERS)
        for line in ("a<2", "z<2", "a>1", "a @ https://example.org/a.whl")
    ]
    assert [found is not None for found in proven] == [True, True, False, False]


def test_what_is_not_certain_is_not_proven():
    """Prove nothing from URL pins, missing or broken metadata.

    Also not from metadata that only a build would give.
    """
    url = {"a": Pin("a", None, reference="a @ https://example.org/a.whl")}
    assert not prove_closure([Requirement("a")], (), pins("a"), lambda _: None, MARKERS)
    assert not prove_closure([Requirement("a")], (), pins("a"), lambda _: ("b>=1.*.0",), MARKERS)
    assert not prove_closure([Requirement("a")], (), url, lambda _: (), MARKERS)
