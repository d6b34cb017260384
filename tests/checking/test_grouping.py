"""Layers are compiled lower ones first, and circles are named in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.checking.discovery.grouping import LayerCycleError, find_upper_lockfiles, sort_by_layer
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.spec import LockfileSpec

NAMES = [f"{letter}.txt" for letter in "abcdefgh"]


def lock(path, *layers):
    return LockfileSpec(path, (), "", "uv", None, "", (), Lockfile(), layers=layers)


def graph(chosen, masks):
    """Draw layered lockfiles in an order that hides their layers.

    Bits of a mask say which of those before it a lockfile is constrained by; one more is not there at all.
    """
    order = [NAMES[(place + chosen) * 3 % 8] for place in range(len(masks))]
    below = [[name for bit, name in enumerate(order[:place]) if mask >> bit & 1] for place, mask in enumerate(masks)]
    locks = [lock(path, *layers, "else.txt") for path, layers in zip(order, below, strict=True)]
    return locks[chosen % len(locks) :] + locks[: chosen % len(locks)]


def graphs():
    return st.builds(graph, st.integers(0, 7), st.lists(st.integers(0, 255), min_size=1, max_size=8))


@given(graphs())
def test_lower_layers_come_first_in_any_graph(locks):
    """Compile each lockfile once, after all that constrain it.

    A law; what is not there constrains nothing.
    """
    ordered = sort_by_layer(locks)
    assert sorted(each.path for each in ordered) == sorted(each.path for each in locks)
    places = {each.path: place for place, each in enumerate(ordered)}
    assert all(places[layer] < places[each.path] for each in locks for layer in each.layers if layer in places)


@given(graphs())
def test_the_order_does_not_depend_on_how_they_were_found(locks):
    """Law: one graph has one order."""
    assert sort_by_layer(locks) == sort_by_layer(sorted(locks, key=lambda each: each.path))


@given(graphs(), st.data())
def test_a_circle_is_named_as_it_goes_round(locks, data):
    """Name exactly the members of a circle, in order.

    A law for any graph: each of the named is constrained by the next.
    """
    first = data.draw(st.sampled_from(locks))
    last = data.draw(st.sampled_from([first.path, *find_upper_lockfiles(locks, [first.path])]))
    closed = [lock(each.path, *each.layers, *([last] if each is first else [])) for each in locks]
    with pytest.raises(LayerCycleError) as caught:
        sort_by_layer(closed)
    circle = caught.value.args
    layers = {each.path: each.layers for each in closed}
    assert all(after in layers[here] for here, after in zip(circle, (*circle[1:], circle[0]), strict=True))
    assert len(set(circle)) == len(circle)
