"""What all tests share: patience, no OSV, an index of made-up packages."""

import functools
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


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Serve a folder's listing, which is a simple index page already."""
    root = tmp_path / "shelf"
    root.mkdir()
    handler: Callable[..., _Quiet] = functools.partial(_Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Shelf(root, server.server_port)
        server.shutdown()
        thread.join()
