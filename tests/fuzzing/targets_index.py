"""Readers of index pages, wheels and metadata, and the local server."""

import io
import socket
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version
from target import Target, text_of

from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.core.lockfiles.diff import find_requirer_path
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import Distribution, parse_required_names
from depcheck.core.model.pins import Pin
from depcheck.core.model.requirements import find_inconsistencies
from depcheck.index.files.metadata import parse_requires_dist
from depcheck.index.files.wheel import METADATA_LIMIT_BYTES, BrokenWheelError, read_wheel_metadata
from depcheck.index.http_client import HttpClient
from depcheck.index.pages import (
    DistributionFile,
    extract_version_text,
    parse_html_page,
    parse_json_page,
    parse_version_or_none,
)
from depcheck.index.projects import Project
from depcheck.index.release_index import list_releases
from depcheck.index.server.http_server import _RequestHandler
from depcheck.index.server.local import LocalIndex
from depcheck.index.server.render import (
    negotiate_format,
    render_html_page,
    render_json_page,
    render_release_hashes,
    to_local_file,
)
from depcheck.index.upstreams import Upstream

URL = "https://index.example/simple/six/"
SIX = canonicalize_name("six")


def _used(files: tuple[DistributionFile, ...]) -> None:
    """All that is done with a page's files."""
    versions = tuple(parse_version_or_none(extract_version_text(file.filename, SIX)) for file in files)
    shown = [to_local_file(file, "http://127.0.0.1:1") for file in files]
    for file in shown:
        assert file.url.startswith("http://127.0.0.1:1/files/")
        assert file.url.count("/") == 5
        assert file.url.isascii()
    render_json_page("six", shown, versions)
    render_html_page("six", shown)
    render_release_hashes("six", shown, versions)
    list_releases(
        Project(SIX, files, versions, is_known=True), IndexView(uploaded_before=datetime(2026, 1, 1, tzinfo=UTC))
    )


def json_page(content: bytes) -> None:
    """Read a page with usable files, or refuse it."""
    try:
        files = parse_json_page(content, URL)
    except (ValueError, msgspec.MsgspecError):
        return
    _used(files)


def html_page(content: bytes) -> None:
    """Read an HTML page with usable files, or refuse it."""
    try:
        files = parse_html_page(content.decode("utf-8", "replace"), URL)
    except ValueError:
        return
    _used(files)


def wheel(content: bytes) -> None:
    """Read a wheel with one sane METADATA, or call it broken."""
    try:
        found = read_wheel_metadata(io.BytesIO(content), "six-1.0-py3-none-any.whl")
    except BrokenWheelError:
        return
    assert len(found) <= METADATA_LIMIT_BYTES


def metadata(content: bytes) -> None:
    """Read requirements as lines, passing over what is not understood."""
    lines = parse_requires_dist(content)
    assert all(isinstance(line, str) for line in lines)
    one = Distribution(SIX, Version("1"), lines)
    parse_required_names(one)
    find_inconsistencies([one], {"python_version": "3.11", "extra": ""})
    find_requirer_path(SIX, {SIX: Pin(SIX, Version("1"))}, {SIX: lines})


def installed(content: bytes) -> None:
    """Read an installed distribution from its folder, or leave it out."""
    about, _, record = content.partition(b"\0")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "six-1.0.dist-info")
        place.mkdir()
        (place / "METADATA").write_bytes(about)
        (place / "RECORD").write_bytes(record)
        for each in read_installed_distributions(Path(folder), {}):
            assert all(part.isidentifier() for name in each.modules for part in name.split("."))
            parse_required_names(each.distribution)


def _connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        ours = socket.create_connection(door.getsockname())
        return ours, door.accept()[0]


@cache
def _server() -> LocalIndex:
    """Start a real local index whose upstream is missing."""
    index = LocalIndex([Upstream("http://127.0.0.1:9/simple/")], Path(tempfile.mkdtemp()), fetch=HttpClient(retries=0))
    index.__enter__()
    index.get_index_url(IndexView())
    return index


def request(content: bytes) -> None:
    """Answer any request whole, without asking the cache.

    Whatever comes over a connection.
    """
    ours, theirs = _connected()
    with ours, theirs:
        ours.sendall(content.replace(b"PORT", b"%d" % _server().port)[: 64 << 10])
        ours.shutdown(socket.SHUT_WR)
        theirs.setblocking(True)
        _RequestHandler(theirs, ("127.0.0.1", 1), _server()._server)
        theirs.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: ours.recv(1 << 16), b""))
    assert not said.startswith(b"HTTP/") or b"\r\nServer: depcheck\r\n" in said
    assert b"This is a bug" not in said


def accepted(content: bytes) -> None:
    """Any Accept header is answered with a format or none."""
    negotiate_format(text_of(content))


_JSON_WORDS = (
    '{"meta":{"api-version":"1.1"},"name":"six","files":[', '{"filename":"six-1.0-py3-none-any.whl","url":"../six.whl","hashes":{"sha256":"',
    "0" * 64, '"}}', '"yanked":"why"', '"upload-time":"2020-01-01T00:00:00Z"', '"core-metadata":{"sha256":"', '"requires-python":">=3"', '"size":',
    "1e999", "[" * 8, '{"a":', '"six-1.0.tar.gz"', "\\ud800", "null", "true", "99999999999999999999", "//[", "javascript:", "%00", "0001-01-01T00:00:00+23:59",
)  # fmt: skip
_HTML_WORDS = (
    '<a href="six-1.0-py3-none-any.whl#sha256=', "0" * 64, '">six-1.0-py3-none-any.whl</a>', ' data-yanked="', ' data-requires-python="&gt;=3"',
    ' data-core-metadata="sha256=', "<!--", "-->", "<![CDATA[", "<?", "<base href=", "<form", "&#x", "<script>", '<meta name="pypi:repository-version" content="',
    "//[", "<a href='", "%25", "<a", "</a", "&lt", "<!DOCTYPE html>", "#", "six-1.0.tar.gz",
)  # fmt: skip
_MAIL_WORDS = (
    "Metadata-Version: 2.1\n", "Name: six\n", "Version: 1.0\n", "Requires-Dist: ", "six>=1; extra == 'x'", "(", " and ", "Requires-Python: >=3\n", "\n\n", "=?utf-8?q?",
    "?=", "Content-Type: multipart/mixed; boundary=x\n", "\0six.py,sha256=x,1\n", '"', "six/__init__.py,,\n", "\r", "\xff", "1!", "+local",
)  # fmt: skip
_ZIP_WORDS = ("PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", "six-1.0.dist-info/METADATA", "\x08\x00", "\x0e\x00", "\x0c\x00", "\xff\xff\xff\xff")  # fmt: skip
_HTTP_WORDS = (
    "GET /live/simple/six/ HTTP/1.1\r\n", "HEAD ", "Host: 127.0.0.1:PORT\r\n", "Accept: application/vnd.pypi.simple.v1+json\r\n", "Range: bytes=0-", "\r\n\r\n", "/files/",
    ".metadata", "/json", "%2e%2e/", "//[", "HTTP/0.9", "HTTP/1.", "If-None-Match: ", "Transfer-Encoding: chunked\r\n", "Content-Length: 99\r\n", "Expect: 100-continue\r\n", "%0d%0a", ";q=nan",
)  # fmt: skip

TARGETS = (
    Target("json-page", json_page, _JSON_WORDS),
    Target("html-page", html_page, _HTML_WORDS),
    Target("wheel", wheel, _ZIP_WORDS),
    Target("metadata", metadata, _MAIL_WORDS),
    Target("installed", installed, _MAIL_WORDS, 2048),
    Target("request", request, _HTTP_WORDS, 1024),
    Target("accept", accepted, ("text/html", "*/*", ";q=", ",", "nan", "1e999", "application/vnd.pypi.simple.v1+json"), 256),
)  # fmt: skip
