"""Core metadata: from index, parts of wheels, whole and hostile wheels."""

import hashlib
import io
import zipfile

import pytest
import requests
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_view import IndexView
from depcheck.index.files.wheel import METADATA_LIMIT_BYTES, BrokenWheelError, read_wheel_metadata

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
CELERY = canonicalize_name("celery")
V1 = Version("1.0")


def _file(index, project: str = "celery") -> dict:
    page = requests.get(f"{index.get_index_url(IndexView())}{project}/", headers=JSON, timeout=5).json()
    return page["files"][0]


def test_the_index_s_metadata_file_is_served(start, open_index) -> None:
    """Serve the upstream's metadata file without fetching the wheel.

    With the promised hash.
    """
    upstream = start(metadata_files=True)
    path = upstream.add_wheel("celery", "1.0", "kombu>=4")
    text = wheel_metadata(upstream.contents[path])
    promised = {"sha256": hashlib.sha256(text).hexdigest()}
    upstream.pages["celery"][0]["core-metadata"] = promised
    index = open_index(upstream)
    file = _file(index)
    assert file["core-metadata"] == promised
    assert requests.get(file["url"] + ".metadata", timeout=5).content == text
    assert path not in upstream.paths()


def test_metadata_is_read_out_of_the_wheel_otherwise(upstream, index) -> None:
    """Read metadata from wheels when the index has none.

    Source distributions promise none.
    """
    upstream.add_wheel("celery", "1.0", "kombu>=4")
    upstream.add("celery", "celery-1.0.tar.gz", b"source")
    page = requests.get(f"{index.get_index_url(IndexView())}celery/", headers=JSON, timeout=5).json()
    assert [file.get("core-metadata") for file in page["files"]] == [True, None]
    text = requests.get(page["files"][0]["url"] + ".metadata", timeout=5).text
    assert "Requires-Dist: kombu>=4" in text
    assert requests.get(page["files"][1]["url"] + ".metadata", timeout=5).status_code == 404


@pytest.mark.parametrize("ranges", [True, False])
def test_a_large_wheel_is_not_fetched_for_its_metadata(start, open_index, *, ranges: bool) -> None:
    """Read a large wheel's metadata by ranges, else whole."""
    upstream = start(ranges=ranges)
    content = upstream.wheel("celery", "1.0", "kombu>=4", padding=6 << 20)
    path = upstream.add("celery", "celery-1.0-py3-none-any.whl", content)
    index = open_index(upstream)
    assert index.get_requires_dist(CELERY, V1) == ("kombu>=4",)
    wanted = [asked.headers["Range"] for asked in upstream.asked if asked.path == path]
    assert (None in wanted) is not ranges
    assert index.list_index_errors() == ()


def test_what_the_index_denies_is_not_promised(upstream, index) -> None:
    """Leave wheels without metadata file to the package tool."""
    upstream.add_wheel("celery", "1.0", **{"core-metadata": False})
    assert "core-metadata" not in _file(index)


def test_metadata_that_differs_from_its_promise_is_refused(start, open_index) -> None:
    """Refuse a metadata file with another hash than promised."""
    upstream = start(metadata_files=True)
    upstream.add_wheel("celery", "1.0", **{"core-metadata": {"sha256": "0" * 64}})
    index = open_index(upstream)
    answer = requests.get(_file(index)["url"] + ".metadata", timeout=5)
    assert answer.status_code == 502
    assert "refused" in index.list_index_errors()[0]


def test_a_broken_wheel_is_its_own_fault(upstream, index) -> None:
    """Give no metadata for a broken wheel, without blaming the index."""
    upstream.add("celery", "celery-1.0-py3-none-any.whl", b"not a zip file")
    answer = requests.get(_file(index)["url"] + ".metadata", timeout=5)
    assert (answer.status_code, "is not a readable wheel" in answer.reason) == (404, True)  # pip and uv print it
    assert index.get_requires_dist(CELERY, V1) is None
    assert index.list_index_errors() == ()


def test_a_host_without_metadata_files_is_not_asked_for_ever(upstream, index) -> None:
    """Stop asking a host that has no metadata files."""
    for number in range(6):
        upstream.add_wheel("celery", f"{number}.0")
    for number in range(6):
        assert index.get_requires_dist(CELERY, Version(f"{number}.0")) == ()
    assert sum(path.endswith(".metadata") for path in upstream.paths()) == 3


def wheel_metadata(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("celery-1.0.dist-info/METADATA")


def _archive(**members: bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


HOSTILE = {
    "a bomb": _archive(**{"a-1.dist-info/METADATA": b"\0" * (METADATA_LIMIT_BYTES + 1)}),
    "none": _archive(**{"a/METADATA": b"x", "b-1.dist-info/METADATA": b"x"}),
    "two": _archive(**{"a-1.dist-info/METADATA": b"x", "a-2.dist-info/METADATA": b"y"}),
    "a directory without end": _archive(**{f"{number:0>500}": b"" for number in range(17_000)}),
    "empty": io.BytesIO(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_wheels_are_refused_within_limits(name: str) -> None:
    """Refuse zip bombs, double metadata and endless directories as broken."""
    with pytest.raises(BrokenWheelError, match=r"a-1-py3-none-any\.whl"):
        read_wheel_metadata(HOSTILE[name], "a-1-py3-none-any.whl")
