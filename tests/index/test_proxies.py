"""What is on this host is asked without a proxy."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from depcheck.checking.sandbox.environ import build_guest_environ, build_tool_environ
from depcheck.index.http_client import HttpClient

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def index() -> Iterator[str]:
    """Serve an index on this host that also redirects to itself."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(302 if self.path == "/old" else 200)
            self.send_header("Location", "/new")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/new", "/old"])
def test_an_index_on_this_host_is_asked_without_a_proxy(index, monkeypatch, path) -> None:
    """Reach a loopback index whatever proxy is named, also by a redirect."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, DEAD)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = HttpClient(retries=0)
    assert client.get(index + path, {}, 100).body == b"ok"
    client.close()


def test_guests_and_tools_spare_this_host(tmp_path: Path) -> None:
    """Keep loopback out of every proxy that commands are told of."""
    outer = {"HTTPS_PROXY": DEAD, "NO_PROXY": "intranet"}
    guest = build_guest_environ(outer, ["HTTPS_PROXY", "NO_PROXY"], tmp_path, tmp_path)
    for seen in (guest, build_tool_environ(outer)):
        assert seen["no_proxy"] == seen["NO_PROXY"] == "intranet,127.0.0.1,localhost,::1"
    assert "no_proxy" not in build_guest_environ({}, [], tmp_path, tmp_path)
