"""Fixtures: a guest, this very environment, and an index of made-up packages."""

import functools
import http.server
import io
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.guest_users import claim_guest_number
from depcheck.checking.sandbox.launcher import landlock
from depcheck.checking.sandbox.policy import choose_sandbox_policy, is_readable_by_others
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.index_view import IndexView


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    closed = [path for path in (Path(sys.executable), tmp_path) if not is_readable_by_others(path)]
    walls = choose_sandbox_policy(sandbox=True, in_actions=False, worker=claim_guest_number())
    if closed:  # this very interpreter runs the guests of these tests: as our own user where others cannot read it
        walls = replace(walls, uid=None)
    return Guest(walls, scratch, os.environ, readable=(Path(__file__).parent, Path(sys.prefix)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    return place


@pytest.fixture
def apart_folder(guest: Guest) -> Iterator[Path]:
    """Yield a folder outside of /tmp, which all guests share."""
    home = Path("~").expanduser()
    if guest.policy.uid is None and (
        not landlock.get_landlock_abi() or home.is_relative_to("/tmp") or not os.access(home, os.W_OK)
    ):
        pytest.skip("no wall between trials here")
    with TemporaryDirectory(dir=home, prefix=".depcheck-") as scratch:
        Path(scratch).chmod(0o711)
        yield Path(scratch)


@pytest.fixture
def interpreters(tmp_path: Path) -> InterpreterFinder:
    return InterpreterFinder(os.environ, tmp_path / "pythons")


PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def spec() -> EnvironmentSpec:
    return EnvironmentSpec("requirements.txt", PYTHON, ())


@pytest.fixture
def this_environment(tmp_path: Path, interpreters: InterpreterFinder) -> VirtualEnvironment:
    """Return this environment as if depcheck had built it, pytest included."""
    place = tmp_path / "environment"
    (place / "home").mkdir(parents=True)
    (place / "venv").symlink_to(sys.prefix)
    installed = [
        one
        for site in Path(sys.prefix).glob("lib/python*/site-packages")
        for one in read_installed_distributions(site, {})
    ]
    return VirtualEnvironment(place, interpreters.get_interpreter(PYTHON), tuple(installed))


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

    def wheel(self, name: str, version: str, files: dict[str, str], requires: tuple[str, ...] = ()) -> Path:
        stem = f"{name}-{version}"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
        whole = {
            **files,
            f"{stem}.dist-info/METADATA": metadata,
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        whole[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in [*whole, f"{stem}.dist-info/RECORD"])
        path = self._page(name) / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for inside, text in whole.items():
                archive.writestr(inside, text)
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
