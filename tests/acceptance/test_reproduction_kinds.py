"""Reproduce commands of every kind of environment, run as they are pasted.

From an index of this test's own, which no variable of the reader names.
"""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from depcheck.core.messages.causes.reproduce import REPRODUCTION_FOLDER, build_reproduction_commands
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import (
    ChangeReport,
    CheckReport,
    ChecksReport,
    Culprit,
    EnvironmentReport,
    LockfileReport,
)
from depcheck.core.model.status import Status

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
FAILS = CheckReport(CheckKind.SMOKE, "python app.py", Outcome.FAIL, 0.1, "ImportError: gone")
CULPRIT = Culprit(("alpha",), (), {"alpha": "1.0"}, {"alpha": "2.0"}, "ImportError: gone", "")
CHANGE = ChangeReport("alpha", "1.0", "2.0", True, (), None, "requirements.txt")
UNIVERSAL = 'alpha==1.0 ; python_full_version >= "3"\nabsent==1.0 ; sys_platform == "win32"\n'


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def put_wheel(folder: Path, version: str, text: str) -> None:
    buffer, info = io.BytesIO(), f"alpha-{version}.dist-info"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("alpha.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: alpha\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"alpha.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"alpha-{version}-py3-none-any.whl").write_bytes(buffer.getvalue())


@pytest.fixture
def index(tmp_path):
    put_wheel(tmp_path / "index" / "simple" / "alpha", "1.0", "def old(): pass\n")
    put_wheel(tmp_path / "index" / "simple" / "alpha", "2.0", "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=tmp_path / "index"))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple/"
    server.shutdown()


def paste(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return a reader's terminal: uv on the path, none of our configuration."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(Path(sys.base_prefix) / "bin"), os.environ["PATH"]])
    environ = {"HOME": str(folder), "PATH": path, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("path", "content", "compiler"),
    [
        pytest.param("requirements.txt", "alpha==1.0\n", "pip-tools", id="locked"),
        pytest.param("requirements.txt", "", "pip-tools", id="unlocked"),
        pytest.param("requirements.txt", UNIVERSAL, "uv", id="universal"),
        pytest.param("requirements.txt", "--index-url {index}\nalpha==1.0\n", "pip-tools", id="private index"),
        pytest.param("uv.lock", "version = 1\n", "uv", id="uv"),
    ],
)
def test_the_commands_fail_as_told_and_not_with_the_last_good_release(index, tmp_path, path, content, compiler):
    """Set up without an error, fail with the culprit, pass without it."""
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "app.py").write_text("from alpha import old\n")
    if content:
        (repo / path).write_text(content.format(index=index))
    lock = LockfileReport(path, ("requirements.in",), compiler, None, "", locked=bool(content), index_url=index)
    checks = ChecksReport((), (FAILS,))
    found = EnvironmentReport(
        path, PYTHON, Status.BREAKS, "", (lock,), (CHANGE,), checks, (CULPRIT,), fresh={"alpha": "2.0"}
    )
    try:
        first, second = build_reproduction_commands(found)
        made = paste(first, repo)
        assert made.returncode == 0, made.stderr
        fails = paste(second, repo)
        assert fails.returncode != 0
        assert "cannot import name 'old'" in fails.stderr
        passes = paste(second.replace("alpha==2.0", "alpha==1.0"), repo)
        assert passes.returncode == 0, passes.stderr
    finally:
        shutil.rmtree(REPRODUCTION_FOLDER, ignore_errors=True)
