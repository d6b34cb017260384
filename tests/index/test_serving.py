"""The index's face over HTTP, as package tools meet it."""

import hashlib
import http.client
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_view import IndexView
from depcheck.index.server.local import LocalIndex

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
LIVE = IndexView()
KOMBU = canonicalize_name("kombu")


def _page(index: LocalIndex, project: str, world: IndexView = LIVE) -> dict:
    return requests.get(f"{index.get_index_url(world)}{project}/", headers=JSON, timeout=5).json()


def _base(index: LocalIndex) -> str:
    return f"http://127.0.0.1:{index.port}"


def test_a_world_shows_its_own_page(upstream, index) -> None:
    """Agree on page, releases and hashes with the upload times."""
    upstream.add_wheel("kombu", "4.1.0", uploaded="2017-07-17T12:00:00Z", **{"requires-python": ">=2.7"})
    upstream.add_wheel("kombu", "4.2.0", uploaded="2018-05-21T12:00:00.5Z", yanked="renames kombu.async")
    past = IndexView(uploaded_before=datetime(2018, 5, 20, 23, 59, 59, tzinfo=UTC))
    assert [file["filename"] for file in _page(index, "kombu", past)["files"]] == ["kombu-4.1.0-py3-none-any.whl"]
    assert _page(index, "kombu", past)["versions"] == ["4.1.0"]
    live = _page(index, "kombu")
    assert [file.get("yanked", False) for file in live["files"]] == [False, "renames kombu.async"]
    assert live["files"][0]["requires-python"] == ">=2.7"
    assert [str(release.version) for release in index.list_releases(KOMBU, past)] == ["4.1.0"]
    found = index.list_releases(KOMBU, IndexView())[1]
    assert (found.yank_reason, found.uploaded_at) == (
        "renames kombu.async",
        datetime(2018, 5, 21, 12, 0, 0, 500000, UTC),
    )
    hashes = requests.get(index.get_index_url(past).removesuffix("simple/") + "kombu/json", timeout=5).json()
    assert list(hashes["releases"]) == ["4.1.0"]
    assert hashes["releases"]["4.1.0"][0]["url"] == live["files"][0]["url"]


def test_what_was_asked_is_remembered_by_world(upstream, index) -> None:
    """`asked_for` names the projects of one world, unknown ones included."""
    upstream.add_wheel("kombu", "4.1.0")
    past = IndexView(uploaded_before=datetime(2018, 5, 20, tzinfo=UTC))
    _page(index, "kombu", past)
    requests.get(f"{index.get_index_url(past)}nothing-like-it/", timeout=5)
    assert index.list_requested_projects(past) == {"kombu", "nothing-like-it"}
    assert index.list_requested_projects(IndexView()) == frozenset()


def test_files_have_the_page_s_content(upstream, index) -> None:
    """Serve listed bytes whole, by HEAD and range, fetched once."""
    path = upstream.add_wheel("kombu", "4.1.0")
    content = upstream.contents[path]
    url = _page(index, "kombu")["files"][0]["url"]
    assert requests.get(url, timeout=5).content == content
    assert requests.head(url, timeout=5).headers["Content-Length"] == str(len(content))
    for wanted, expected in [("bytes=0-9", content[:10]), ("bytes=10-", content[10:]), ("bytes=-7", content[-7:])]:
        answer = requests.get(url, headers={"Range": wanted}, timeout=5)
        assert (answer.status_code, answer.content) == (206, expected)
    outside = requests.get(url, headers={"Range": f"bytes={len(content)}-"}, timeout=5)
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    assert requests.get(url, headers={"Range": "bytes=0-1,4-5"}, timeout=5).content == content
    assert upstream.paths().count(path) == 1


def test_a_file_s_url_works_without_its_page(upstream, open_index, tmp_path: Path) -> None:
    """Serve a file by its URL alone, as from earlier runs."""
    upstream.add_wheel("zope.interface", "5.0")
    upstream.pages["zope-interface"] = upstream.pages.pop("zope.interface")
    upstream.add("zope-interface", "zope.interface-5.0.tar.gz", b"source")
    first = open_index(upstream, cache=tmp_path / "one")
    urls = [file["url"] for file in _page(first, "zope-interface")["files"]]
    second = open_index(upstream, cache=tmp_path / "two")
    for url in urls:
        answer = requests.get(url.replace(_base(first), _base(second)), timeout=5)
        assert f"/{hashlib.sha256(answer.content).hexdigest()}/" in url


def test_many_who_ask_at_once_cause_one_download(upstream, index) -> None:
    """Fetch once for thirty clients at the same time."""
    path = upstream.add("big", "big-1.0.tar.gz", b"x" * 3_000_000)
    with ThreadPoolExecutor(30) as pool:
        pages = list(pool.map(lambda _: _page(index, "big"), range(30)))
        url = pages[0]["files"][0]["url"]
        sizes = list(pool.map(lambda _: len(requests.get(url, timeout=20).content), range(30)))
    assert sizes == [3_000_000] * 30
    assert upstream.paths().count(path) == 1
    assert upstream.paths().count("/simple/big/") == 1


def test_pages_are_revalidated_across_runs(upstream, open_index) -> None:
    """Revalidate pages by ETag, and see a later change."""
    upstream.add_wheel("kombu", "4.1.0")
    before = [file["filename"] for file in _page(open_index(upstream), "kombu")["files"]]
    assert [file["filename"] for file in _page(open_index(upstream), "kombu")["files"]] == before
    assert upstream.asked[-1].headers["If-None-Match"]
    upstream.add_wheel("kombu", "4.2.0")
    assert len(_page(open_index(upstream), "kombu")["files"]) == 2


def test_a_damaged_cache_is_not_believed(upstream, open_index, tmp_path: Path) -> None:
    """Fetch damaged cache entries again."""
    path = upstream.add_wheel("kombu", "4.1.0")
    cache = tmp_path / "cache"
    requests.get(_page(open_index(upstream, cache=cache), "kombu")["files"][0]["url"], timeout=5)
    for stored in (found for found in cache.rglob("*") if found.is_file()):
        stored.write_bytes(stored.read_bytes()[:-3])
    url = _page(open_index(upstream, cache=cache), "kombu")["files"][0]["url"]
    assert requests.get(url, timeout=5).content == upstream.contents[path]


def test_clients_can_keep_pages_too(upstream, index) -> None:
    """Answer 304 without a body to a client's ETag."""
    upstream.add_wheel("kombu", "4.1.0")
    url = f"{index.get_index_url(IndexView())}kombu/"
    first = requests.get(url, headers=JSON, timeout=5)
    again = requests.get(url, headers=JSON | {"If-None-Match": first.headers["ETag"]}, timeout=5)
    assert (again.status_code, again.content) == (304, b"")


def test_names_are_normalised_by_redirect(upstream, index) -> None:
    """Other spellings and a missing slash lead to the one page."""
    upstream.add_wheel("zope-interface", "1.0")
    for spelling in ("Zope.Interface/", "zope-interface", "zope_interface/"):
        answer = requests.get(index.get_index_url(IndexView()) + spelling, headers=JSON, timeout=5)
        assert answer.url == f"{index.get_index_url(IndexView())}zope-interface/"
        assert answer.json()["name"] == "zope-interface"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/live", "/live/simple/", "/no-such-world/simple/kombu/", "/live/simple/../../etc/passwd",
        "/live/simple/%2e%2e%2f/", "/files/x/..%2f..%2fetc%2fpasswd", "/files/../x",
        "/files/" + "0" * 64 + "/kombu-4.1.0-py3-none-any.whl", "/files/" + "0" * 64 + "/kombu-4.1.0.tar.gz.metadata",
        "/live/%00/json", "/live/simple/a%0d%0aX:%20y",
    ],
)  # fmt: skip
def test_other_paths_are_unknown(upstream, index, path: str) -> None:
    """Answer 404 to unknown views, files and climbing paths."""
    upstream.add_wheel("kombu", "4.1.0")
    connection = http.client.HTTPConnection("127.0.0.1", index.port, timeout=5)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert len(answer.read()) > 20
    assert index.list_index_errors() == ()


def test_only_reading_and_only_at_its_own_address(index) -> None:
    """Refuse writing methods and requests under another host name."""
    url = f"{index.get_index_url(IndexView())}kombu/"
    assert requests.post(url, data=b"x", timeout=5).status_code == 501
    assert requests.delete(url, timeout=5).status_code == 501
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=5).status_code == 421
    assert index.host == "127.0.0.1"


def test_the_port_is_another_one_in_every_run(upstream, open_index, tmp_path: Path) -> None:
    """No package can name the address of the index before it runs."""
    assert len({open_index(upstream, cache=tmp_path / "c").port for _ in range(4)}) > 1


def test_requirements_come_from_metadata(upstream, index) -> None:
    """Return a wheel's Requires-Dist as written, and None otherwise.

    For source distributions and unknown releases.
    """
    upstream.add_wheel("celery", "4.1.0", "kombu<5.0,>=4.0.2", 'x[y]>1; extra == "z"')
    upstream.add("celery", "celery-4.0.0.tar.gz", b"source")
    celery = canonicalize_name("celery")
    assert index.get_requires_dist(celery, Version("4.1.0")) == ("kombu<5.0,>=4.0.2", 'x[y]>1; extra == "z"')
    assert index.get_requires_dist(celery, Version("4.0.0")) is None
    assert index.get_requires_dist(celery, Version("9")) is None
    assert index.list_index_errors() == ()
