"""A private index with a password, used for real.

The password is where the index is, and nowhere else.
"""

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from threading import Thread
from urllib.parse import quote, quote_plus

import pytest

# Of this run alone: the package looks at all processes, those of another run of this test among them.
USER, SECRET = "me", f"s3cr3t-p@ss/w%rd{token_hex(4)}"
BASIC = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
SPY = """import glob, os
print(dict(os.environ))
for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ") + glob.glob(os.path.expanduser("~/.netrc")):
    try:
        print(path, open(path, "rb").read())
    except OSError:
        pass
"""


def wheel(version: str) -> bytes:
    """Build a package whose import reports all that it can find out."""
    buffer, info = io.BytesIO(), f"spy-{version}.dist-info"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("spy.py", SPY)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: spy\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"spy.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return buffer.getvalue()


class Index:
    """An index that asks for a password and keeps files elsewhere.

    It records who brought which credentials.
    """

    def __init__(self) -> None:
        self.heard: dict[str, set[str | None]] = {"index": set(), "elsewhere": set()}
        self.wheels = {f"spy-{version}-py3-none-any.whl": wheel(version) for version in ("1.0", "1.1")}
        self.servers = [self._start("index"), self._start("elsewhere")]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].server_port}/simple"

    def _start(self, role: str) -> ThreadingHTTPServer:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                index.heard[role].add(self.headers["Authorization"])
                name = self.path.rpartition("/")[2]
                if role == "elsewhere":
                    self.answer(200 if name in index.wheels else 404, index.wheels.get(name, b""))
                elif self.headers["Authorization"] != f"Basic {BASIC}":
                    self.answer(401, b"")
                elif self.path == "/simple/spy/":
                    self.answer(
                        200, index.page(), {"Content-Type": "application/vnd.pypi.simple.v1+json", "ETag": '"1"'}
                    )
                elif name in index.wheels:
                    self.answer(302, b"", {"Location": f"http://127.0.0.1:{index.servers[1].server_port}/{name}"})
                else:
                    self.answer(404, b"")

            def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def page(self) -> bytes:
        files = [
            {
                "filename": name,
                "url": f"/files/{name}",
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "upload-time": "2020-01-01T00:00:00Z",
            }
            for name, content in self.wheels.items()
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": "spy", "files": files, "versions": []}).encode()


@pytest.fixture
def index() -> Iterator[Index]:
    found = Index()
    yield found
    for server in found.servers:
        server.shutdown()
        server.server_close()


def forms() -> set[bytes]:
    """Return the secret plain, quoted and encoded, alone and with the name."""
    shapes = {
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        SECRET.replace("@", "%40"),
        json.dumps(SECRET)[1:-1],
    }
    encoded = {base64.b64encode(SECRET.encode()).decode().rstrip("="), BASIC.rstrip("=")}
    return {each.encode() for each in shapes | encoded} | {SECRET.encode().hex().encode()}


def found_in(*places: Path) -> list[str]:
    """Find files below `places` that hold the secret in content or name."""
    files = [path for place in places for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files for form in forms() if form in path.read_bytes() or form.decode() in str(path)]


def ways(index: Index, folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Yield the ways to give the password: command-line words and variables."""
    with_secret = index.url.replace("//", f"//{USER}:{quote(SECRET, safe='')}@")
    (folder / "netrc").write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
    (folder / "kept.py").write_text(
        "import keyring.backend, keyring.credentials\nclass Kept(keyring.backend.KeyringBackend):\n    priority = 1\n"
        "    set_password = None\n    def get_password(self, service, username): return None\n"
        f"    def get_credential(self, service, username): return keyring.credentials.SimpleCredential({USER!r}, {SECRET!r})\n"
    )
    return {
        "variable in the URL": (["--index-url", index.url.replace("//", "//me:${INDEX_PASSWORD}@")], {"INDEX_PASSWORD": quote(SECRET, safe="")}),
        "pip's variable": ([], {"PIP_INDEX_URL": with_secret}),
        "uv's variables": ([], {"UV_INDEX": f"own={index.url}", "UV_INDEX_OWN_USERNAME": USER, "UV_INDEX_OWN_PASSWORD": SECRET}),
        "netrc": ([], {"NETRC": str(folder / "netrc")}),
        "keyring": ([], {"PYTHON_KEYRING_BACKEND": "kept.Kept", "PYTHONPATH": str(folder)}),
        "command line": (["--index-url", with_secret], {}),
    }  # fmt: skip


@pytest.mark.parametrize(
    "way", ["variable in the URL", "pip's variable", "uv's variables", "netrc", "keyring", "command line"]
)
def test_the_password_of_a_private_index_is_shown_to_nobody(way, index, repo, depcheck, tmp_path):
    """Open the index with a password that no output ever holds.

    However it is given; output, report, log, proposal, body, cache and guest are searched.
    """
    secrets, cache, report = (tmp_path / name for name in ("secrets", "cache", "report"))
    secrets.mkdir()
    header = f"# This file was autogenerated by uv via the following command:\n#    uv pip compile --index-url={index.url} requirements.in\n"
    repo.write(requirements__in="spy\n", requirements__txt=f"{header}spy==1.0\n    # via -r requirements.in\n")
    repo.commit("2024-01-01")
    words, environ = ways(index, secrets)[way]
    spying = ["--smoke", "python -c 'import spy'", "--python", f"{sys.version_info.major}.{sys.version_info.minor}"]
    ran = depcheck(
        "check",
        "--repo",
        str(repo.folder),
        *spying,
        *words,
        environ={"DEPCHECK_CACHE": str(cache), **environ},
        report=report,
    )
    assert (ran.status, ran.environment["status"]) == (0, "safe"), ran.errors
    assert "spy==1.1" in ran.environment["proposal"]["files"]["requirements.txt"]
    assert any(
        b"environ" in path.read_bytes() or b"PATH" in path.read_bytes()
        for path in (report / "logs").rglob("*")
        if path.is_file()
    )
    shown = subprocess.run(
        [sys.executable, "-m", "depcheck", "publish", "--dry-run", "--report", str(report)], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin", "GITHUB_REPOSITORY": "o/n"},
    )  # fmt: skip
    said = (ran.output + ran.errors).encode() + shown.stdout + shown.stderr
    assert [form for form in forms() if form in said] == []
    assert found_in(report, cache, repo.folder) == []
    assert index.heard == {
        "index": index.heard["index"] - {None} | (index.heard["index"] & {None}),
        "elsewhere": {None},
    }
    assert index.heard["index"] <= {None, f"Basic {BASIC}"}


def test_a_refused_password_is_not_repeated(index, repo, depcheck, tmp_path):
    """Report an index that refuses us without the password it refused."""
    header = f"# This file was autogenerated by uv via the following command:\n#    uv pip compile --index-url={index.url} requirements.in\n"
    repo.write(requirements__in="spy\n", requirements__txt=f"{header}spy==1.0\n    # via -r requirements.in\n")
    repo.commit("2024-01-01")
    wrong = index.url.replace("//", "//you:wr0ng-s3cret@")
    cache, report = tmp_path / "cache", tmp_path / "report"
    environ = {"DEPCHECK_CACHE": str(cache), "PIP_INDEX_URL": wrong}
    ran = depcheck("check", "--repo", str(repo.folder), "--python", "3.11", environ=environ, report=report)
    assert (ran.status, ran.environment["status"]) == (3, "infra")
    assert "Give credentials" in ran.environment["reason"]
    files = [path for place in (report, cache) for path in place.rglob("*") if path.is_file()]
    assert not any(b"wr0ng-s3cret" in path.read_bytes() for path in files)
    assert "wr0ng-s3cret" not in ran.output + ran.errors
