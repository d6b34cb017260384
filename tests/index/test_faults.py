"""An index's failure is reported as such, never as a missing release.

And never as a broken package.
"""

import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from packaging.utils import canonicalize_name

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.index.access_log import FAILURE_TTL_S, SingleFlightCache
from depcheck.index.http_client import HttpClient
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
KOMBU = canonicalize_name("kombu")
PAGE = "/simple/kombu/"


def _get(index: LocalIndex, project: str = "kombu") -> requests.Response:
    return requests.get(f"{index.get_index_url(IndexView())}{project}/", headers=JSON, timeout=20)


def _is_refused(url: str) -> bool:
    """Return True if a client gets an error instead of content.

    Or, where that began to flow, instead of its end.
    """
    try:
        return requests.get(url, timeout=5).status_code == 502
    except requests.RequestException:
        return True


def _only_trouble(index: LocalIndex) -> str:
    (trouble,) = index.list_index_errors()
    assert "Traceback" not in trouble
    assert trouble.endswith(".")
    return trouble


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_busy_index_is_asked_again(upstream, index, code: int) -> None:
    """Retry after one bad answer, and honor Retry-After."""
    upstream.add_wheel("kombu", "4.1.0")
    upstream.faults[PAGE] = [upstream.status(code, Retry_After="0")]
    assert _get(index).status_code == 200
    assert upstream.paths().count(PAGE) == 2
    assert index.list_index_errors() == ()


def test_an_index_that_stays_down_is_a_trouble(upstream, index) -> None:
    """Answer 502 with the reason after the retries.

    Also to whoever asks for releases.
    """
    upstream.faults[PAGE] = [upstream.status(503)] * 9
    answer = _get(index)
    assert answer.status_code == 502
    assert "HTTP 503" in _only_trouble(index)
    assert answer.text.strip() == _only_trouble(index)
    with pytest.raises(IndexUnavailableError, match="HTTP 503"):
        index.list_releases(KOMBU, IndexView())
    assert upstream.paths().count(PAGE) == 3  # the failure is remembered: it is not retried for each client


def test_no_network_is_said_plainly(open_index) -> None:
    """Name the index when it refuses or is unknown."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        index = open_index(Upstream(f"http://127.0.0.1:{port}/simple/"))
        assert _get(index).status_code == 502
    assert f"http://127.0.0.1:{port}/simple/kombu/ could not be reached" in _only_trouble(index)
    assert "Connection refused" in _only_trouble(index)
    nowhere = open_index(Upstream("http://index.invalid/simple/"))
    assert _get(nowhere).status_code == 502
    assert " at 0x" not in _only_trouble(nowhere)


def test_an_index_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """Give up on an index that never answers, in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        upstream = Upstream(f"http://127.0.0.1:{silent.getsockname()[1]}/simple/")
        fetch = HttpClient(retries=0, backoff_s=0, timeout_s=(0.2, 0.2))
        with LocalIndex([upstream], tmp_path, fetch=fetch) as index:
            assert _get(index).status_code == 502
            assert "timed out" in _only_trouble(index)


def test_one_failing_index_of_two_hides_nothing(start, open_index) -> None:
    """Answer 502 when one of two indexes fails, hiding nothing."""
    good, bad = start(), start()
    good.add_wheel("kombu", "4.1.0")
    bad.faults[PAGE] = [bad.status(500)] * 9
    assert _get(open_index(good, bad)).status_code == 502


def test_unknown_everywhere_is_not_a_trouble(start, open_index) -> None:
    """Treat 404 from every index as an unknown project."""
    one, other = start(), start()
    other.add_wheel("kombu", "4.1.0")
    index = open_index(one, other)
    assert _get(index).status_code == 200
    assert _get(index, "nothing").status_code == 404
    assert index.list_releases(canonicalize_name("nothing"), IndexView()) == ()
    assert index.list_index_errors() == ()


def test_a_page_that_breaks_off_is_asked_again(upstream, index) -> None:
    """Fetch a page again that breaks off, and never read half."""
    upstream.add_wheel("kombu", "4.1.0")
    broken = upstream.cut(b'{"meta": {}, "files": []}' + b" " * 500, 25, "application/vnd.pypi.simple.v1+json")
    upstream.faults[PAGE] = [broken]
    assert len(_get(index).json()["files"]) == 1
    upstream.faults["/simple/vine/"] = [broken] * 9
    assert _get(index, "vine").status_code == 502
    assert "broke off" in _only_trouble(index)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Please log in</html>", "application/vnd.pypi.simple.v1+json"),
        (b"<html><form>Please log in</form></html>", "text/html"),
        (b'{"message": "hello"}', "application/json"),
        (b"\xff\xfe\x00", "application/vnd.pypi.simple.v1+json"),
        (b"[" * 100_000, "application/vnd.pypi.simple.v1+json"),
    ],
)
def test_what_is_no_page_is_a_trouble(upstream, index, body: bytes, kind: str) -> None:
    """Report HTML, login pages and foreign JSON as no package page."""
    upstream.faults[PAGE] = [lambda handler: upstream.respond(handler, 200, body, kind)]
    assert _get(index).status_code == 502
    assert "is not a package page" in _only_trouble(index)


def test_a_page_without_end_is_given_up(upstream, index, monkeypatch) -> None:
    """Stop reading a page at the size limit, with an error."""
    monkeypatch.setattr("depcheck.index.projects.PAGE_LIMIT_BYTES", 1000)
    upstream.faults[PAGE] = [lambda handler: upstream.respond(handler, 200, b" " * 2000, "application/json")]
    assert _get(index).status_code == 502
    assert "larger than 1000 bytes" in _only_trouble(index)


def test_a_file_with_another_hash_is_refused(upstream, index) -> None:
    """Refuse content with another hash, also for the cache."""
    path = upstream.add_wheel("kombu", "4.1.0")
    url = _get(index).json()["files"][0]["url"]
    good = upstream.contents[path]
    upstream.contents[path] = bytes(reversed(good))
    assert _is_refused(url)
    assert "refused" in _only_trouble(index)
    upstream.contents[path] = good
    assert requests.get(url, timeout=5).content == good


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_breaks_is_taken_up(start, open_index, *, ranges: bool) -> None:
    """Continue a download where it broke, with or without ranges."""
    upstream = start(ranges=ranges)
    content = os.urandom(300_000)
    path = upstream.add("kombu", "kombu-1.tar.gz", content)
    upstream.faults[path] = [upstream.cut(content, 100_001)]
    index = open_index(upstream)
    assert requests.get(_get(index).json()["files"][0]["url"], timeout=5).content == content
    assert upstream.asked[-1].headers["Range"] == "bytes=65536-"  # the last whole block
    assert index.list_index_errors() == ()


def test_a_file_that_is_listed_but_gone_is_a_trouble(upstream, index) -> None:
    """Report a listed file that is gone, by its name."""
    path = upstream.add_wheel("kombu", "4.1.0")
    del upstream.contents[path]
    assert requests.get(_get(index).json()["files"][0]["url"], timeout=5).status_code == 502
    assert "lists kombu-4.1.0-py3-none-any.whl, but" in _only_trouble(index)


def test_a_file_without_any_hash_is_fetched_anew_in_each_run(start, open_index, tmp_path: Path) -> None:
    """Fetch files without hashes anew in each run."""
    upstream = start(json=False)
    path = upstream.add("kombu", "kombu-1.tar.gz", b"old")
    upstream.pages["kombu"][0]["hashes"] = {}
    for content in (b"old", b"new"):
        upstream.contents[path] = content
        index = open_index(upstream)
        url = _get(index).json()["files"][0]["url"]
        assert [requests.get(url, timeout=5).content for _ in range(2)] == [content, content]
    assert upstream.paths().count(path) == 2


def test_a_file_shorter_than_its_page_says_is_not_completed(upstream, index) -> None:
    """Fail a file that is shorter than its page says.

    With no hash and no length on its way, a client is not left waiting.
    """

    def chunked(handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\nabc\r\n0\r\n\r\n")

    path = upstream.add("kombu", "kombu-1.tar.gz", b"x" * 100, hashes={})
    upstream.faults[path] = [chunked]
    url = _get(index).json()["files"][0]["url"]
    with suppress(requests.RequestException):
        assert requests.get(url, timeout=5).content == b"abc"  # it had come whole before the length was said


@pytest.mark.parametrize(("algorithm", "right"), [("md5", True), ("md5", False), ("sha512", True), (None, True)])
def test_other_hashes_are_verified_too(start, open_index, algorithm: str | None, *, right: bool) -> None:
    """Verify whichever hash a page gives."""
    upstream = start(json=False)
    path = upstream.add("kombu", "kombu-1.tar.gz", b"content")
    expected = hashlib.new(algorithm, b"content" if right else b"other").hexdigest() if algorithm else ""
    upstream.pages["kombu"][0]["hashes"] = {algorithm: expected} if algorithm else {}
    index = open_index(upstream)
    file = _get(index).json()["files"][0]
    if right:
        assert requests.get(file["url"], timeout=5).content == upstream.contents[path]
    else:
        assert _is_refused(file["url"])
        assert "refused" in _only_trouble(index)


def test_a_cache_that_cannot_be_written_is_said_plainly(upstream, open_index, tmp_path: Path) -> None:
    """Report a cache folder that is a file, and serve pages."""
    upstream.add_wheel("kombu", "4.1.0")
    index = open_index(upstream, cache=tmp_path / "cache")
    for kind in ("pages", "files"):
        (tmp_path / "cache" / kind).write_text("in the way")
    url = _get(index).json()["files"][0]["url"]
    answer = requests.get(url, timeout=5)
    assert (answer.status_code, "cannot be written" in answer.text) == (502, True)
    assert all(str(tmp_path / "cache") in trouble for trouble in index.list_index_errors())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_said_plainly(upstream, open_index, small_disk: Path) -> None:
    """Report a full disk, and leave nothing half-written."""
    upstream.add("kombu", "kombu-1.tar.gz", os.urandom(500_000))
    index = open_index(upstream, cache=small_disk / "cache")
    assert _is_refused(_get(index).json()["files"][0]["url"])
    assert "No space left on device" in _only_trouble(index)
    left = [path for name in ("files", "parts") for path in (small_disk / "cache" / name).rglob("*")]
    assert [path for path in left if path.is_file()] == []


def test_a_failure_is_remembered_for_a_while_only() -> None:
    """Repeat a failure for a while, then try again."""
    now = 100.0
    outcomes: list[object] = [IndexUnavailableError("down"), "up"]

    def compute(key: str) -> object:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    memo = SingleFlightCache(compute, clock=lambda: now)
    for _ in range(3):
        with pytest.raises(IndexUnavailableError):
            memo["key"]
    now += FAILURE_TTL_S + 1
    assert [memo["key"], memo["key"]] == ["up", "up"]
