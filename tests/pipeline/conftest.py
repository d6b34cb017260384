"""A dated index on loopback, and a repository checked against it."""

import hashlib
import io
import json
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from depcheck.core.config.settings import Settings
from depcheck.core.model.report import EnvironmentReport
from depcheck.reporting.terminal import TerminalReporter
from depcheck.wiring import app


@dataclass
class Dated:
    """An index of pure wheels with one module and dated releases."""

    url: str = ""
    pages: dict[str, list[dict]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths, in order
    startup: str = ""  # a line that each start of Python runs, of what is released next
    malware: dict[tuple[str, str], str] = field(default_factory=dict)  # what OSV says of a release
    statuses: dict[str, dict[str, str]] = field(default_factory=dict)  # as PEP 792 has them

    def release(self, name: str, version: str, day: str, *requires: str, text: str = "", python: str = "") -> None:
        module = name.replace("-", "_")
        stem = f"{module}-{version}"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        inside = {
            f"{module}.py": text,
            f"{stem}.dist-info/METADATA": metadata + "".join(f"Requires-Dist: {line}\n" for line in requires),
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        inside |= {f"{module}_init.pth": f"{self.startup}\n"} if self.startup else {}
        inside[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in [*inside, f"{stem}.dist-info/RECORD"])
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, content in inside.items():
                archive.writestr(path, content)
        filename = f"{stem}-py3-none-any.whl"
        self.files[f"/files/{filename}"] = buffer.getvalue()
        entry = {
            "filename": filename,
            "url": f"{self.url.removesuffix('/simple')}/files/{filename}",
            "hashes": {"sha256": hashlib.sha256(buffer.getvalue()).hexdigest()},
            "upload-time": f"{day}T12:00:00Z",
            **({"requires-python": python} if python else {}),
        }
        self.pages.setdefault(name, []).append(entry)


@dataclass(frozen=True)
class Canary:
    """A port on loopback that stands for the internet."""

    listening: socket.socket

    @property
    def port(self) -> int:
        return self.listening.getsockname()[1]

    @property
    def call(self) -> str:
        """Code that calls it, or raises."""
        return f"import socket\nsocket.create_connection(('127.0.0.1', {self.port}), timeout=5).close()\n"

    def was_called(self) -> bool:
        try:
            self.listening.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def canary() -> Iterator[Canary]:
    """Listen on a port, and tell if something called it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)  # its only argument
        yield Canary(listening)


@pytest.fixture
def dated() -> Iterator[Dated]:
    """Serve the index as long as the test runs."""
    yield from serve_dated()


def serve_dated() -> Iterator[Dated]:
    """Serve an empty index until the generator ends."""
    shelf = Dated()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            """Answer as OSV does to a batch."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            names = [shelf.malware.get((each["package"]["name"], each["version"])) for each in asked]
            self.answer(json.dumps({"results": [{"vulns": [{"id": name}]} if name else {} for name in names]}).encode())

        def answer(self, body: bytes | None, kind: str = "application/json") -> None:
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body or b"")

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            project = self.path.split("/")[2]
            shelf.asked.append(self.path)
            body, kind = shelf.files.get(self.path), "application/octet-stream"
            if self.path.startswith("/simple/") and project in shelf.pages:
                page = {"meta": {"api-version": "1.4"}, "name": project, "files": shelf.pages[project], "versions": []}
                page |= {"project-status": shelf.statuses[project]} if project in shelf.statuses else {}
                body, kind = json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json"
            self.answer(body, kind)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shelf.url = f"http://127.0.0.1:{server.server_port}/simple"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield shelf
        server.shutdown()
        thread.join()


@pytest.fixture
def judged(dated: Dated, tmp_path: Path) -> Callable[..., EnvironmentReport]:
    """Check a repository of these files, and return its environment's report."""

    def check(files: dict[str, str], **wishes: object) -> EnvironmentReport:
        repo = tmp_path / "repo"
        for name, text in files.items():
            path = repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        settings = Settings(repo=repo, report=tmp_path / "report", **{"test": "", "index_url": dated.url, **wishes})
        environ = {**os.environ, "DEPCHECK_CACHE": str(tmp_path / "cache")}
        with TerminalReporter(Console(quiet=True), quiet=True) as reporter:
            return app.check_repository(settings, reporter, environ).environments[0]

    return check


@pytest.fixture
def histories(dated: Dated) -> Dated:
    """Return releases of lib, plug and spare.

    In lib 1.0 there is `old`, in 2.0 not. Plug uses lib; spare changes without harm.
    """
    dated.release("lib", "1.0", "2024-01-01", text="old = 1\n")
    dated.release("lib", "1.5", "2024-02-01", text="old = 1\n")
    dated.release("lib", "2.0", "2024-03-01", text="new = 1\n")
    dated.release("lib", "2.1", "2024-04-01", text="new = 1\n")
    dated.release("plug", "1.0", "2024-01-01", "lib", text="from lib import old\n")
    dated.release("spare", "1.0", "2024-01-01", text="level = 1\n")
    dated.release("spare", "1.1", "2024-03-15", text="level = 2\n")
    return dated
