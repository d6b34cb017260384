"""Certificates: only those of the user's bundle are trusted."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.index.http_client import HttpClient


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


def _certificate(folder: Path, name: str, subject: str) -> tuple[Path, Path]:
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    options = ["-keyout", key, "-out", certificate, "-addext", f"subjectAltName={subject}"]
    try:
        subprocess.run([*command, *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl here to make a certificate with")
    return key, certificate


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], tuple[str, Path]]]:
    """Start an https server, and return its URL and certificate.

    The certificate is for the given subject.
    """
    running: list[ThreadingHTTPServer] = []

    def served(subject: str) -> tuple[str, Path]:
        key, certificate = _certificate(tmp_path, f"server{len(running)}", subject)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        http.daemon_threads = True
        http.handle_error = lambda *_: None  # refused handshakes are what is tested
        http.socket = context.wrap_socket(http.socket, server_side=True)
        Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(http)
        return f"https://127.0.0.1:{http.server_port}/", certificate

    yield served
    for http in running:
        http.shutdown()
        http.server_close()


@pytest.fixture(autouse=True)
def own_bundle_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the machine's own bundle, which requests would prefer."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def _fetch(bundle: Path) -> HttpClient:
    return HttpClient(ca_bundle=str(bundle), retries=0, backoff_s=0, timeout_s=(2, 5))


def test_the_given_bundle_is_trusted(serve) -> None:
    """Reach an index by the given certificate bundle, repeatedly."""
    url, certificate = serve("IP:127.0.0.1")
    fetch = _fetch(certificate)
    assert [fetch.get(url, {}, 10).body for _ in range(3)] == [b"ok"] * 3


def test_others_are_not(serve) -> None:
    """Refuse and report certificates unknown to the bundle or host."""
    url, _ = serve("IP:127.0.0.1")
    elsewhere, certificate = serve("DNS:other.example")
    with pytest.raises(IndexUnavailableError, match="certificate verify failed"):
        _fetch(certificate).get(url, {}, 10)
    with pytest.raises(IndexUnavailableError, match=r"not valid for '127\.0\.0\.1'"):
        _fetch(certificate).get(elsewhere, {}, 10)
