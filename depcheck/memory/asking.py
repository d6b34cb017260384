"""Asks whether pages still are what they were: all at once, over few connections that are kept open.

It knows nothing but plain GETs over http and https. What is not plain (a redirect, a refusal, a failure) is left
to the index's own way of asking, which is patient and slower to start.
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

from depcheck.core.errors import IndexUnavailableError
from depcheck.index.answer import Answer, Asked
from depcheck.index.upstream import Upstream, origin

_AT_ONCE = 16
_TIMEOUT_S = 20.0
_MOST_BYTES = 64 << 20
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
FAILURES = (OSError, http.client.HTTPException, ValueError)
Connections = dict[tuple[str, str, int], http.client.HTTPConnection]
_EXPECTED = frozenset({200, 304, 404, 410})


@dataclass(frozen=True, slots=True)
class Question:
    """A page and the headers to ask for it with."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Asker:
    """Asks many pages of the same hosts. `ca_bundle` is a file of certificates to trust, empty: the system's."""

    upstreams: Sequence[Upstream]
    ca_bundle: str = ""
    _trust: ssl.SSLContext | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def ask(self, questions: Sequence[Question]) -> dict[str, Told]:
        """The answers by URL; a page that gave none that is plain is missing."""
        waiting: SimpleQueue[Question] = SimpleQueue()
        for question in questions:
            waiting.put(question)
        told: dict[str, Told] = {}
        workers = min(_AT_ONCE, len(questions))
        if any(urlsplit(question.url).scheme == "https" for question in questions):
            self._trusted()
        with ThreadPoolExecutor(max(1, workers)) as pool:
            for _ in range(workers):
                pool.submit(self._work, waiting, told)
        return told

    def _work(self, waiting: "SimpleQueue[Question]", told: dict[str, Told]) -> None:
        """Ask one page after the other; a connection that fails ends this worker, the others go on."""
        connections: Connections = {}
        with suppress(Empty, *FAILURES):
            while True:
                question = waiting.get_nowait()
                answer = self.one(question, connections)
                if answer is not None:
                    told[question.url] = answer
        for connection in connections.values():
            connection.close()

    def one(self, question: Question, connections: "Connections") -> Told | None:
        """Ask one page over one of `connections`; None where the answer is none that is plain. Raises FAILURES."""
        place = origin(question.url)
        connection = connections.get(place) or connections.setdefault(place, self._connection(place))
        answer = self._asked(connection, question)
        return answer if answer.status in _EXPECTED and len(answer.body) <= _MOST_BYTES else None

    def _connection(self, place: tuple[str, str, int]) -> http.client.HTTPConnection:
        scheme, host, port = place
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=self._trusted())
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)

    def _trusted(self) -> ssl.SSLContext:
        """Read once: the file of certificates is large."""
        with self._lock:
            self._trust = self._trust or ssl.create_default_context(cafile=self.ca_bundle or None)
        return self._trust

    def _asked(self, connection: http.client.HTTPConnection, question: Question) -> Told:
        parts = urlsplit(question.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"Accept-Encoding": "gzip", **question.headers, **self._credentials(question.url)}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read(_MOST_BYTES + 1)
        told = {name.lower(): value for name, value in response.getheaders()}
        return Told(response.status, told, _unpacked(body) if told.get("content-encoding") == "gzip" else body)

    def _credentials(self, url: str) -> Mapping[str, str]:
        for upstream in self.upstreams:
            if upstream.credentials and origin(upstream.url) == origin(url):
                from base64 import b64encode  # noqa: PLC0415  # few indexes want a password

                pair = f"{upstream.credentials.username}:{upstream.credentials.password}"
                return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return {}


def _unpacked(body: bytes) -> bytes:
    """A compressed body, up to one byte more than is read; ValueError where it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _MOST_BYTES + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None


@dataclass(slots=True)
class Hasty:
    """Asks single pages, each thread over connections of its own; what is not plain is left to `patient`."""

    asker: Asker
    patient: Callable[[], Asked]
    _own: local = field(default_factory=local, init=False)

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Answer:
        """The answer to a GET; raises IndexUnavailableError where there is none."""
        try:
            told = self.asker.one(Question(url, headers), self._own.__dict__.setdefault("connections", {}))
        except FAILURES:
            told = None
        if told is None or len(told.body) > limit_bytes:
            return self.patient().get(url, headers, limit_bytes)
        return Answer(told.status, told.headers, url, told.body)


def asker(
    upstreams: Sequence[Upstream], environ: Mapping[str, str], ca_bundle: str, patient: Callable[[], Asked]
) -> Callable[[Sequence[Question]], dict[str, Told]]:
    """A way to ask many pages. `patient` gives the index's own way, for what the quick way does not manage."""
    quick = Asker(upstreams, ca_bundle)
    proxies = by_proxy(environ)

    def ask(questions: Sequence[Question]) -> dict[str, Told]:
        told = {} if proxies else quick.ask(questions)
        left = [question for question in questions if question.url not in told]
        return {**told, **_patiently(patient(), left)} if left else told

    return ask


def by_proxy(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a proxy: requests knows how to use one, and for which hosts."""
    return any(environ.get(name) or environ.get(name.upper()) for name in _PROXIES)


def _patiently(patient: Asked, questions: Sequence[Question]) -> dict[str, Told]:
    def one(question: Question) -> tuple[str, Told] | None:
        try:
            answer = patient.get(question.url, question.headers, _MOST_BYTES)
        except IndexUnavailableError:
            return None
        return question.url, Told(answer.status, answer.headers, answer.body)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(found for found in pool.map(one, questions) if found)
