"""A real index server on loopback that fails on demand."""

import hashlib
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from depcheck.index.http_client import HttpClient
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream

JSON = "application/vnd.pypi.simple.v1+json"


def wheel(name: str, version: str, *requires: str, padding: int = 0, metadata: str | None = None) -> bytes:
    """Build a pure wheel with one module.

    `padding` bytes make it larger.
    """
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    text = metadata
    if text is None:
        extras = sorted({extra for line in requires for extra in re.findall(r"extra == '(\w+)'", line)})
        lines = [f"Provides-Extra: {extra}\n" for extra in extras] + [f"Requires-Dist: {line}\n" for line in requires]
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{''.join(lines)}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if padding:
            archive.writestr(zipfile.ZipInfo(f"{stem}_blob.bin"), b"\0" * padding)
        archive.writestr(f"{stem}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", text)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{stem}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return buffer.getvalue()


def respond(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", kind: str = "text/plain", **headers: str):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a fault: this status."""
    return lambda handler: respond(handler, code, b"ordered", **headers)


def cut(body: bytes, sent: int, kind: str = "application/octet-stream") -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a fault: a body that breaks off after `sent` bytes.

    The whole of `body` is promised.
    """

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:sent])
        handler.close_connection = True

    return answer


@dataclass
class Asked:
    """One request that the server got."""

    path: str
    headers: Message


@dataclass
class IndexServer:
    """A package index whose `faults` answer instead, by path.

    JSON with ETag by default; each fault answers once a call.
    """

    port: int = 0
    json: bool = True
    etag: bool = True
    ranges: bool = True
    metadata_files: bool = False
    times: bool = True
    pages: dict[str, list[dict]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Callable[[BaseHTTPRequestHandler], None]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    wheel = staticmethod(wheel)
    respond = staticmethod(respond)
    status = staticmethod(status)
    cut = staticmethod(cut)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/simple/"

    def add(self, project: str, filename: str, content: bytes, uploaded: str = "2020-01-01T00:00:00Z", **keys) -> str:
        """Publish a file and return its path.

        `keys` are PEP 691's.
        """
        path = f"/files/{filename}"
        self.contents[path] = content
        entry = {
            "filename": filename,
            "url": f"{self.origin}{path}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "size": len(content),
            **({"upload-time": uploaded} if self.times else {}),
            **keys,
        }
        self.pages.setdefault(project, []).append(entry)
        return path

    def add_wheel(self, name: str, version: str, *requires: str, uploaded: str = "2020-01-01T00:00:00Z", **keys) -> str:
        """Publish a pure wheel."""
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        return self.add(name, filename, wheel(name, version, *requires), uploaded, **keys)

    def content(self, path: str) -> bytes | None:
        """Return the content at `path`."""
        if path in self.contents or not (self.metadata_files and path.endswith(".metadata")):
            return self.contents.get(path)
        with zipfile.ZipFile(io.BytesIO(self.contents[path.removesuffix(".metadata")])) as archive:
            return archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA")))

    def paths(self) -> list[str]:
        """List the requested paths."""
        return [asked.path for asked in self.asked]


def _handler(server: IndexServer) -> type[BaseHTTPRequestHandler]:  # noqa: C901  # one method for each answer
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            server.asked.append(Asked(self.path, self.headers))
            if server.faults.get(self.path):
                server.faults[self.path].pop(0)(self)
            elif self.path.startswith("/simple/"):
                self.page(self.path.split("/")[2])
            else:
                self.file()

        def page(self, project: str) -> None:
            if project not in server.pages:
                respond(self, 404)
                return
            files = server.pages[project]
            if server.json and JSON in self.headers["Accept"]:
                page = {"meta": {"api-version": "1.1"}, "name": project, "files": files, "versions": []}
                kind, body = JSON, json.dumps(page).encode()
            else:
                kind, body = "text/html; charset=utf-8", _html(files).encode()
            etag = f'"{hashlib.md5(body).hexdigest()}"'  # noqa: S324
            if server.etag and self.headers["If-None-Match"] == etag:
                respond(self, 304, ETag=etag)
            else:
                respond(self, 200, body, kind, **({"ETag": etag} if server.etag else {}))

        def file(self) -> None:
            content = server.content(self.path)
            if content is None:
                respond(self, 404)
            elif server.ranges and (wanted := self.headers["Range"]):
                first, last = wanted.removeprefix("bytes=").split("-")
                part = content[int(first) : int(last) + 1 if last else None]
                end = int(first) + len(part) - 1
                respond(self, 206, part, Content_Range=f"bytes {first}-{end}/{len(content)}")
            else:
                respond(self, 200, content, "application/octet-stream")

    return Handler


def _html(files: list[dict]) -> str:
    def anchor(entry: dict) -> str:
        fragment = "&".join(f"{name}={value}" for name, value in entry["hashes"].items())
        attributes = f'href="{entry["url"]}#{fragment}"'
        if entry.get("requires-python"):
            attributes += f' data-requires-python="{html.escape(entry["requires-python"])}"'
        if entry.get("yanked"):
            attributes += f' data-yanked="{html.escape(entry["yanked"])}"'
        return f"<a {attributes}>{entry['filename']}</a><br/>"

    return "<!DOCTYPE html><html><body>" + "\n".join(map(anchor, files)) + "</body></html>"


@pytest.fixture
def start() -> Iterator[Callable[..., IndexServer]]:
    """Start index servers, and stop all at the end."""
    running: list[ThreadingHTTPServer] = []

    def started(**wishes: object) -> IndexServer:
        server = IndexServer(**wishes)
        http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
        http.daemon_threads = True
        server.port = http.server_port
        Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(http)
        return server

    yield started
    for http in running:
        http.shutdown()
        http.server_close()


@pytest.fixture
def upstream(start: Callable[..., IndexServer]) -> IndexServer:
    """One index server."""
    return start()


@pytest.fixture
def open_index(tmp_path: Path) -> Iterator[Callable[..., LocalIndex]]:
    """Open local indexes over upstreams, and close all at the end.

    Without waits between retries.
    """
    opened: list[LocalIndex] = []

    def open_(*upstreams: Upstream | IndexServer, cache: Path = tmp_path / "cache", **wishes: object) -> LocalIndex:
        sources = [up if isinstance(up, Upstream) else Upstream(up.url) for up in upstreams]
        fetch = HttpClient(retries=2, backoff_s=0, timeout_s=(2, 5), **wishes)
        opened.append(LocalIndex(sources, cache, fetch=fetch).__enter__())
        return opened[-1]

    yield open_
    for index in opened:
        index.__exit__(None, None, None)


@pytest.fixture
def index(upstream: IndexServer, open_index: Callable[..., LocalIndex]) -> LocalIndex:
    """Open a local index over `upstream`."""
    return open_index(upstream)
