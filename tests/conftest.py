"""What all tests share: patience, no OSV, an index of made-up packages."""

import functools
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from depcheck.core.model.index_view import IndexView
from depcheck.index import malware_source

settings.register_profile("depcheck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("depcheck")


@pytest.fixture(autouse=True)
def _no_osv(monkeypatch):
    """Let no test ask OSV: nothing listens at this port."""
    monkeypatch.setattr(malware_source, "OSV_URL", "http://127.0.0.1:9/v1/")


@dataclass
class Shelf:
    """A small index on loopback: implements `ports.PackageServer` for one world."""

    folder: Path
    port: int = 0
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # paths, in the order of the requests

    def get_index_url(self, world: IndexView, target: object = None, only: str = "") -> str:  # noqa: ARG002
        return f"http://127.0.0.1:{self.port}/simple/"

    def list_index_errors(self) -> tuple[str, ...]:
        return tuple(self.said)

    def get_last_sdist(self) -> str:
        return ""

    def serve_file(self, url: str, filename: str, content: bytes | None = None) -> str:  # noqa: ARG002
        return url

    def wheel(
        self, name: str, version: str, files: dict[str, str], requires: tuple[str, ...] = (), text: str = ""
    ) -> Path:
        """Build a wheel with `text` as the description in its metadata."""
        stem = f"{name}-{version}"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += "".join(f"Requires-Dist: {line}\n" for line in requires) + (text and f"\n{text}")
        whole = {
            **files,
            f"{stem}.dist-info/METADATA": metadata,
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        whole[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in [*whole, f"{stem}.dist-info/RECORD"])
        path = self._page(name) / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for inside, content in whole.items():
                archive.writestr(inside, content)
        return path

    def sdist(self, name: str, version: str, backend: str) -> None:
        """Build a source distribution whose backend is the text `backend`."""
        stem = f"{name}-{version}"
        files = {
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "backend.py": backend,
        }
        with tarfile.open(self._page(name) / f"{stem}.tar.gz", "w:gz") as archive:
            for inside, text in files.items():
                entry = tarfile.TarInfo(f"{stem}/{inside}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))

    def _page(self, name: str) -> Path:
        page = self.folder / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        return page


class _ShelfServer(http.server.SimpleHTTPRequestHandler):
    """Serve files, and pages with hashes and an ETag."""

    asked: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.endswith("/"):
            self._send_page(self._render_page())
        else:
            super().do_GET()

    def _render_page(self) -> bytes:
        folder = Path(self.translate_path(self.path))
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        return "".join(f'<a href="{name}#sha256={digest}">{name}</a>\n' for name, digest in digests.items()).encode()

    def _send_page(self, page: bytes) -> None:
        etag = f'"{hashlib.sha256(page).hexdigest()}"'
        status = 304 if self.headers["If-None-Match"] == etag else 200 if page else 404
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page) if status == 200 else 0))
        self.send_header("ETag", etag)
        self.end_headers()
        if status == 200:
            self.wfile.write(page)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Serve a folder's listing, which is a simple index page already."""
    root = tmp_path / "shelf"
    root.mkdir()
    made = Shelf(root)
    kind = type("Handler", (_ShelfServer,), {"asked": made.asked})
    handler: Callable[..., _ShelfServer] = functools.partial(kind, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
