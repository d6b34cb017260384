"""HTTP client that revalidates many cached pages over a keep-alive pool.

It does only plain requests over http and https. Anything else (a redirect, a refusal, a failure) is left to
the index's own client, which is patient and slower to start.
"""

import http.client
import ssl
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, local
from urllib.parse import urlsplit

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.index.http_messages import JSON_HEADERS, HttpGetter, HttpPoster, HttpRequest, HttpResponse
from depcheck.index.upstreams import Upstream, build_auth_header, parse_origin

_PARALLEL_REQUESTS = 16
_TIMEOUT_S = 20.0
_MAX_BODY_BYTES = 64 << 20
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
HTTP_FAILURES = (OSError, http.client.HTTPException, ValueError)
ConnectionsByOrigin = dict[tuple[str, str, int], http.client.HTTPConnection]
_PLAIN_STATUSES = frozenset({200, 304, 404, 410})


@dataclass(slots=True)
class RevalidatingClient:
    """Requests many pages of the same hosts.

    `ca_bundle` is a file of certificates to trust; if empty, the system's are trusted.
    """

    upstreams: Sequence[Upstream]
    ca_bundle: str = ""
    timeout_s: float = _TIMEOUT_S
    _ssl_context: ssl.SSLContext | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def fetch_pages(self, questions: Sequence[HttpRequest]) -> dict[str, HttpResponse]:
        """Fetch pages in parallel and return the responses by URL.

        Pages without a plain response are left out.
        """
        waiting: SimpleQueue[HttpRequest] = SimpleQueue()
        for question in questions:
            waiting.put(question)
        told: dict[str, HttpResponse] = {}
        workers = min(_PARALLEL_REQUESTS, len(questions))
        if any(urlsplit(question.url).scheme == "https" for question in questions):
            self._load_ssl_context()
        with ThreadPoolExecutor(max(1, workers)) as pool:
            for _ in range(workers):
                pool.submit(self._run_worker, waiting, told)
        return told

    def _run_worker(self, waiting: "SimpleQueue[HttpRequest]", told: dict[str, HttpResponse]) -> None:
        """Fetch one page after the other.

        A connection that fails ends this worker; the others continue.
        """
        connections: ConnectionsByOrigin = {}
        with suppress(Empty, *HTTP_FAILURES):
            while True:
                question = waiting.get_nowait()
                answer = self.fetch_page(question, connections)
                if answer is not None:
                    told[question.url] = answer
        for connection in connections.values():
            connection.close()

    def fetch_page(self, question: HttpRequest, connections: "ConnectionsByOrigin") -> HttpResponse | None:
        """Fetch a page over one of `connections`.

        None if the response is not plain. Raises HTTP_FAILURES.
        """
        place = parse_origin(question.url)
        connection = connections.get(place) or connections.setdefault(place, self._open_connection(place))
        answer = self._send_request(connection, question)
        return answer if answer.status in _PLAIN_STATUSES and len(answer.body) <= _MAX_BODY_BYTES else None

    def _open_connection(self, place: tuple[str, str, int]) -> http.client.HTTPConnection:
        scheme, host, port = place
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self.timeout_s, context=self._load_ssl_context())
        return http.client.HTTPConnection(host, port, timeout=self.timeout_s)

    def _load_ssl_context(self) -> ssl.SSLContext:
        """Load the trusted certificates once, because their file is large."""
        with self._lock:
            self._ssl_context = self._ssl_context or ssl.create_default_context(cafile=self.ca_bundle or None)
        return self._ssl_context

    def _send_request(self, connection: http.client.HTTPConnection, question: HttpRequest) -> HttpResponse:
        parts = urlsplit(question.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"Accept-Encoding": "gzip", **question.headers, **build_auth_header(self.upstreams, question.url)}
        if question.body is not None:
            headers |= JSON_HEADERS
        connection.request("GET" if question.body is None else "POST", path, question.body, headers)
        response = connection.getresponse()
        body = response.read(_MAX_BODY_BYTES + 1)
        told = {name.lower(): value for name, value in response.getheaders()}
        body = _decompress_body(body) if told.get("content-encoding") == "gzip" else body
        return HttpResponse(response.status, told, question.url, body)


def _decompress_body(body: bytes) -> bytes:
    """Decompress a body, up to one byte more than the limit.

    Raises:
        ValueError: The body is not compressed with gzip.
    """
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None


@dataclass(slots=True)
class FallbackHttpClient:
    """Requests single pages quickly, and patiently if that fails.

    Each thread has its own connections. Responses that are not plain are requested again from `patient`.
    """

    quick: RevalidatingClient
    patient: Callable[[], HttpPoster]
    _thread_state: local = field(default_factory=local, init=False)

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> HttpResponse:
        """Return the response to a GET.

        Raises:
            IndexUnavailableError: There is no response.
        """
        told = self._ask(HttpRequest(url, headers))
        if told is None or len(told.body) > limit_bytes:
            return self.patient().get(url, headers, limit_bytes)
        return told

    def post(self, url: str, body: bytes, limit_bytes: int) -> HttpResponse:
        """Return the response to a POST of JSON.

        Raises:
            IndexUnavailableError: There is no response.
        """
        told = self._ask(HttpRequest(url, {}, body))
        if told is None or len(told.body) > limit_bytes:
            return self.patient().post(url, body, limit_bytes)
        return told

    def _ask(self, question: HttpRequest) -> HttpResponse | None:
        try:
            return self.quick.fetch_page(question, self._thread_state.__dict__.setdefault("connections", {}))
        except HTTP_FAILURES:
            return None


PageFetcher = Callable[[Sequence[HttpRequest]], Mapping[str, HttpResponse]]
"""Fetches many pages and returns the responses by URL. Pages that could not be requested are missing."""


def make_page_fetcher(
    upstreams: Sequence[Upstream], environ: Mapping[str, str], ca_bundle: str, patient: Callable[[], HttpGetter]
) -> PageFetcher:
    """Return a function that fetches many pages.

    `patient` gives the index's own client, for what the revalidating client cannot fetch.
    """
    quick = RevalidatingClient(upstreams, ca_bundle)
    proxies = has_proxy(environ)

    def ask(questions: Sequence[HttpRequest]) -> dict[str, HttpResponse]:
        told = {} if proxies else quick.fetch_pages(questions)
        left = [question for question in questions if question.url not in told]
        return {**told, **_fetch_patiently(patient(), left)} if left else told

    return ask


def has_proxy(environ: Mapping[str, str]) -> bool:
    """Return True if the environment names a proxy.

    The requests library knows how to use one, and for which hosts.
    """
    return any(environ.get(name) or environ.get(name.upper()) for name in _PROXY_VARIABLES)


def _fetch_patiently(patient: HttpGetter, questions: Sequence[HttpRequest]) -> dict[str, HttpResponse]:
    def one(question: HttpRequest) -> tuple[str, HttpResponse] | None:
        try:
            return question.url, patient.get(question.url, question.headers, _MAX_BODY_BYTES)
        except IndexUnavailableError:
            return None

    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        return dict(found for found in pool.map(one, questions) if found)
