"""The loopback HTTP server: GET and HEAD, ranges, conditional requests.

It knows nothing about packages.
"""

import re
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Lock, Thread
from typing import Any

from depcheck.core.model.index_facts.view_address import resolve_shared_path

HOST = "127.0.0.1"
_IDLE_TIMEOUT_S = 120
_MAX_CONNECTIONS = 512  # uv opens about 50 at once; a guest must not make us start threads without end
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response: `body`, or the bytes that `body_reader` yields.

    `body_reader` takes a start and an end, in bytes.
    """

    status: HTTPStatus
    body: bytes = b""
    content_type: str = _TEXT_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int = 0
    body_reader: Callable[[int, int], Iterator[bytes]] | None = None
    reason: str = ""  # the status line's text, which pip shows where it hides the body

    @classmethod
    def from_sentence(cls, status: HTTPStatus, sentence: str, **headers: str) -> "Reply":
        """Build a reply with a sentence for a person.

        It is in the body and, as far as possible, in the status line.
        """
        reason = re.sub(r"[^ -~]+", " ", sentence)[:500]
        return cls(status, (sentence + "\n").encode(), headers=headers, reason=reason)


Responder = Callable[[str, str], Reply]
"""(path as sent, Accept header) -> reply; raises nothing but bugs."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves `responder` on the loopback address.

    The port is `preferred_port` or, if that is taken, a free one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, preferred_port: int, answer: Responder) -> None:
        self.responder = answer
        self._slots = BoundedSemaphore(_MAX_CONNECTIONS)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        try:
            super().__init__((HOST, preferred_port), _RequestHandler)
        except OSError:
            super().__init__((HOST, 0), _RequestHandler)
        self.allowed_hosts = frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def server_bind(self) -> None:
        """Bind without a name service lookup of the host name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve one connection in its own thread.

        It is refused if there are too many.
        """
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._lock:
            self._connections.add(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system gives no more threads
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve one connection, then release its slot."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.discard(request)
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Ignore errors of clients that went away.

        All other errors were answered with 500 already.
        """

    def stop_serving(self) -> None:
        """Stop serving and close every connection."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_TIMEOUT_S
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: LoopbackServer

    def do_GET(self) -> None:  # named by the library
        self._handle_request(with_body=True)

    def do_HEAD(self) -> None:  # named by the library
        self._handle_request(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named by the library
        """Log nothing, because standard output is for the report."""

    def _handle_request(self, *, with_body: bool) -> None:
        if self.headers.get("Host") not in self.server.allowed_hosts:
            reply = Reply.from_sentence(HTTPStatus.MISDIRECTED_REQUEST, "This index answers to its own address only.")
        else:
            path = resolve_shared_path(self.path, self.headers.get("Authorization", ""))
            reply = self.server.responder(path, self.headers.get("Accept", ""))
        if reply.body_reader is not None:
            self._send_ranged_body(reply, with_body=with_body)
        elif self._is_client_copy_current(reply):
            self._send_headers(HTTPStatus.NOT_MODIFIED, reply, None)
        else:
            self._send_headers(reply.status, reply, len(reply.body))
            if with_body:
                self.wfile.write(reply.body)

    def _is_client_copy_current(self, reply: Reply) -> bool:
        etag = reply.headers.get("ETag")
        return etag is not None and etag in self.headers.get("If-None-Match", "")

    def _send_ranged_body(self, reply: Reply, *, with_body: bool) -> None:
        start, end = 0, reply.length
        status, extra = reply.status, {"Accept-Ranges": "bytes"}
        if wanted := self.headers.get("Range"):
            bounds = _parse_range(wanted, reply.length)
            if bounds is None:
                extra["Content-Range"] = f"bytes */{reply.length}"
                self._send_headers(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, reply, 0, extra)
                return
            if bounds != (0, reply.length) or _RANGE.fullmatch(wanted):
                start, end = bounds
                status = HTTPStatus.PARTIAL_CONTENT
                extra["Content-Range"] = f"bytes {start}-{end - 1}/{reply.length}"
        self._send_headers(status, reply, end - start, extra)
        if with_body and reply.body_reader is not None:
            self._write_parts(reply.body_reader(start, end), end - start)

    def _write_parts(self, parts: Iterator[bytes], promised: int) -> None:
        # A body that ends too early ends the connection: so the client sees it, and does not use it.
        self.close_connection, keep = True, self.close_connection
        for part in parts:
            self.wfile.write(part)
            self.wfile.flush()
            promised -= len(part)
        if promised == 0:
            self.close_connection = keep

    def _send_headers(
        self, status: HTTPStatus, reply: Reply, length: int | None, extra: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status, reply.reason or None)
        for name, value in {**reply.headers, **(extra or {})}.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def version_string(self) -> str:
        """Return the Server header."""
        return "depcheck"


def _parse_range(wanted: str, length: int) -> tuple[int, int] | None:
    """Return start and end of a single byte range.

    The bounds are those of the whole body for any other header value (RFC 9110), None if the range is outside.
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match.groups() == ("", ""):
        return 0, length
    first, last = match.groups()
    if not first:
        start, end = max(0, length - int(last)), length
    else:
        start, end = int(first), min(length, int(last) + 1 if last else length)
    return (start, end) if start < end else None


def choose_loopback_port() -> int:
    """Choose a port that no package can know before it runs.

    Below the range that systems give to connections.

    If the kernel decides a guest's connections by their port alone, another host may listen at the same one.
    """
    return 20_000 + secrets.randbelow(12_000)
