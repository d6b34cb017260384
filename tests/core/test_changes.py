"""Differences between sets of pins, and sets between the two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from depcheck.core.lockfiles.diff import Change, ChangeKind, diff_pins, find_requirer_path, is_direct_pin, splice_pins
from depcheck.core.model.pins import Pin

NAMES = "abcdefgh"
PIN = st.tuples(
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from([frozenset(), frozenset({"sha256:0"}), frozenset({"sha256:1"})]),
)
PINS = st.dictionaries(st.sampled_from(NAMES), PIN, max_size=8).map(
    lambda found: {
        name: Pin(
            name, Version(v) if v else None, hashes=h, reference="" if v else f"{name} @ https://example.org/{len(h)}"
        )
        for name, (v, h) in found.items()
    }
)


@given(PINS, PINS)
def test_splicing_everything_and_nothing(before, after):
    """All names give the new set, none the old one."""
    assert splice_pins(before, after, set(NAMES)) == after
    assert splice_pins(before, after, set()) == before


@given(PINS, PINS, st.sets(st.sampled_from(NAMES)))
def test_splices_change_only_what_was_named(before, after, names):
    """Name every difference from the old set, and none from the new."""
    spliced = splice_pins(before, after, names)
    assert {change.name for change in diff_pins(before, spliced)} <= names
    assert not {change.name for change in diff_pins(spliced, after)} & names


@given(PINS, PINS)
def test_a_difference_has_two_directions(before, after):
    """Find the same packages in both directions, in name order.

    Nothing differs from itself.
    """
    assert diff_pins(before, before) == ()
    forth, back = diff_pins(before, after), diff_pins(after, before)
    assert [change.name for change in forth] == sorted(change.name for change in forth)
    assert [(c.name, c.old_label, c.new_label) for c in forth] == [(c.name, c.new_label, c.old_label) for c in back]


@given(PINS, PINS)
def test_applying_a_difference_gives_the_other_set(before, after):
    """Give the other set by taking all changed names from it."""
    changed = {change.name for change in diff_pins(before, after)}
    assert diff_pins(splice_pins(before, after, changed), after) == ()


def pin(name, version="1", **more):
    return Pin(name, Version(version) if version else None, **more)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (pin("a", "1"), pin("a", "2"), ChangeKind.UPGRADED),
        (pin("a", "2"), pin("a", "2rc1"), ChangeKind.DOWNGRADED),
        (None, pin("a"), ChangeKind.ADDED),
        (pin("a"), None, ChangeKind.REMOVED),
        (pin("a", hashes=frozenset({"x"})), pin("a", hashes=frozenset({"y"})), ChangeKind.REHASHED),
        (pin("a", "", reference="a @ x"), pin("a", "", reference="a @ y"), ChangeKind.MOVED),
        (pin("a", "", reference="a @ x"), pin("a", "1"), ChangeKind.MOVED),
    ],
)
def test_each_kind_of_change_has_its_name(before, after, kind):
    """Call each kind of change by one word, with both sides."""
    (change,) = diff_pins({"a": before} if before else {}, {"a": after} if after else {})
    assert change == Change("a", kind, before, after)
    assert str(change).startswith("a ")


def test_annotations_and_hashes_that_appear_are_no_change():
    """A lockfile that gains annotations, markers or hashes installs the same."""
    assert diff_pins({"a": pin("a")}, {"a": pin("a", requirers=("b",), hashes=frozenset({"x"}), marker="x")}) == ()


def test_the_way_to_a_package_begins_with_what_was_asked_for():
    """Report the shortest chain of annotations, the direct requirement first.

    Circles end.
    """
    pins = {
        "flask": pin("flask", requirers=("-r requirements.in",)),
        "jinja2": pin("jinja2", requirers=("flask", "loop")),
        "markupsafe": pin("markupsafe", requirers=("jinja2[i18n]",)),
        "loop": pin("loop", requirers=("jinja2",)),
    }
    assert find_requirer_path("markupsafe", pins) == ("flask", "jinja2")
    assert find_requirer_path("flask", pins) == ()
    assert find_requirer_path("unknown", pins) == ()


def test_metadata_tells_the_way_where_annotations_do_not():
    """Find the chain through metadata when there are no annotations.

    From the packages that the sources name.
    """
    pins = {name: pin(name) for name in ("flask", "werkzeug", "markupsafe")}
    requires = {"flask": ["Werkzeug>=2 ; python_version>'3'"], "werkzeug": ["MarkupSafe", "not a requirement!"]}
    assert find_requirer_path("markupsafe", pins, requires, {"flask"}) == ("flask", "werkzeug")
    assert find_requirer_path("markupsafe", pins, requires) == ("flask", "werkzeug")
    assert is_direct_pin(pins["flask"], {"flask"})
    assert not is_direct_pin(pins["werkzeug"], {"flask"})


@pytest.mark.parametrize(
    ("requirer", "direct"),
    [("-r x.in", True), ("demo (pyproject.toml)", True), ("pyproject.toml::build-system.requires", True),
     ("-c base.txt", False), ("flask", False)],
)  # fmt: skip
def test_sources_are_told_from_packages(requirer, direct):
    """A constraint is no request, and a package is no source."""
    assert is_direct_pin(pin("a", requirers=(requirer,))) is direct
