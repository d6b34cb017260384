"""Pages with only what fits, and the wheel that pip would take."""

import pytest
import requests
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.wheel_tags import InterpreterTarget
from tests.index.conftest import wheel

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
TARGET = InterpreterTarget(
    "3.11.7", ("cp311-cp311-manylinux_2_17_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "py3-none-any")
)
THING = canonicalize_name("thing")


@pytest.fixture
def add(upstream):
    def added(filename, *requires, **keys):
        upstream.add("thing", filename, wheel("thing", "1.0", *requires), **keys)

    return added


def pin(version="1.0", **keys):
    return Pin(THING, Version(version), **keys)


def test_what_cannot_matter_is_not_shown_and_yet_asked_for(upstream, index, add) -> None:
    """Hide files that cannot fit a target, but not elsewhere.

    Other platforms, other interpreters and eggs; the view without a target shows everything.
    """
    for name in (
        "thing-1.0.tar.gz",
        "thing-1.0-py3-none-any.whl",
        "thing-1.0-cp311-cp311-win_amd64.whl",
        "thing-1.0-py3.11.egg",
    ):
        add(name)
    add("thing-2.0.tar.gz", **{"requires-python": ">=3.12"})
    pages = [
        requests.get(f"{url}thing/", headers=headers, timeout=5)
        for url in (index.get_index_url(IndexView(), TARGET), index.get_index_url(IndexView()))
        for headers in (JSON, {"Accept": "text/html"})
    ]
    small, whole = pages[0].json()["files"], pages[2].json()["files"]
    assert [file["filename"] for file in small] == ["thing-1.0.tar.gz", "thing-1.0-py3-none-any.whl"]
    assert len(whole) == 5
    assert "win_amd64" not in pages[1].text
    assert "win_amd64" in pages[3].text
    assert index.list_requested_projects(IndexView()) == {"thing"}


def test_the_best_wheel_s_requirements_are_stated(index, add) -> None:
    """The better tag wins, as in pip."""
    add("thing-1.0-py3-none-any.whl", "pure")
    add("thing-1.0-cp311-abi3-manylinux_2_17_x86_64.whl", "fast")
    assert index.get_wheel_requires_dist(pin(), IndexView(), TARGET) == ("fast",)


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        (["thing-1.0.tar.gz"], {}),
        (["thing-1.0-cp311-cp311-win_amd64.whl"], {}),
        (["thing-1.0-py3-none-any.whl", "thing-1.0+cpu-py3-none-any.whl"], {}),
        (["thing-1.0-1-py3-none-any.whl", "thing-1.0-2-py3-none-any.whl"], {}),
        (["thing-1.0-py3-none-any.whl"], {"hashes": frozenset({"sha256:" + "0" * 64})}),
        (["thing-2.0-py3-none-any.whl"], {}),
    ],
    ids=["source", "other platform", "local version", "builds", "other hash", "gone"],
)
def test_what_is_not_certain_is_not_stated(index, add, files, keys) -> None:
    """Then only the compiler can tell."""
    for name in files:
        add(name)
    assert index.get_wheel_requires_dist(pin(**keys), IndexView(), TARGET) is None


def test_a_yanked_wheel_does_not_stand_before_a_source_that_is_not(index, add) -> None:
    """As in pip."""
    add("thing-1.0-py3-none-any.whl", yanked="broken")
    assert index.get_wheel_requires_dist(pin(), IndexView(), TARGET) == ()
    add("thing-1.0.tar.gz")
    index._projects._found._futures.clear()
    assert index.get_wheel_requires_dist(pin(), IndexView(), TARGET) is None
