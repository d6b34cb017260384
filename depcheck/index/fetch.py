"""Asks upstream indexes over HTTP: retries, time limits, size limits, credentials for their own host only."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from threading import Lock

import requests
from urllib3.exceptions import HTTPError

from depcheck.core.errors import IndexUnavailableError
from depcheck.index.answer import Answer
from depcheck.index.connections import Connections
from depcheck.index.credentials import Credentials, from_keyring
from depcheck.index.upstream import Upstream, origin, public

_CHUNK_BYTES = 1 << 16
_UNAUTHORIZED = 401
_ATTEMPTS = 3  # at a body that breaks off; connections and statuses are retried below
_FAILURES = (requests.RequestException, HTTPError, OSError)


class Fetch:
    """One pool of connections to all upstreams; safe for threads.

    `ca_bundle` is a file of certificates to trust; empty: what requests finds. Proxies are requests' own.
    `keyring` is asked once for each trusted index that refuses us and has no password. Every failure is an
    IndexUnavailableError whose message names no secret.
    """

    def __init__(
        self,
        *,
        ca_bundle: str = "",
        retries: int = 4,
        backoff_s: float = 0.5,
        timeout_s: tuple[float, float] = (10, 30),
        keyring: Callable[[str, str], Credentials | None] = from_keyring,
    ) -> None:
        self._ca_bundle = ca_bundle
        self._session = _Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.max_redirects = 5
        if ca_bundle:
            self._session.verify = ca_bundle
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Connections(retries, backoff_s))
        self._timeout_s = timeout_s
        self._credentials: dict[tuple[str, str, int], tuple[str, str]] = {}
        self._keyring = keyring
        self._to_ask: dict[tuple[str, str, int], tuple[str, str]] = {}
        self._asking = Lock()

    def trust(self, upstreams: Sequence[Upstream]) -> None:
        """Use the credentials of `upstreams` for their own scheme, host and port."""
        for upstream in upstreams:
            given = upstream.credentials
            if given:
                self._credentials.setdefault(origin(upstream.url), (given.username, given.password))
            if not given or not given.password:
                self._to_ask.setdefault(origin(upstream.url), (upstream.url, given.username if given else ""))

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Answer:
        """The whole answer to a GET, whatever its status; a body that breaks off is asked for again."""
        for _ in range(_ATTEMPTS):
            try:
                return self._get(url, headers, limit_bytes)
            except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
                continue
            except _FAILURES as error:
                raise IndexUnavailableError(self.explain(url, error)) from error
        raise IndexUnavailableError(
            f"The answer of {public(url)} broke off {_ATTEMPTS} times before its end. "
            "The index or the network is at fault; try again later."
        )

    def _get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Answer:
        with self._open(url, headers) as response:
            body = bytearray()
            for chunk in response.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > limit_bytes:
                    raise IndexUnavailableError(
                        f"The answer of {public(url)} is larger than {limit_bytes} bytes, "
                        "which no package page is. Check the index's address."
                    )
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, lowered, response.url, bytes(body))

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """An answer whose body is still to be read with `chunks`."""
        with self._open(url, {"Accept-Encoding": "identity", **headers}) as response:
            yield response

    def _open(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        known = self._credentials.get(origin(url))
        response = self._send(url, headers, known)
        if response.status_code == _UNAUTHORIZED and origin(response.url) == origin(url):
            found = self._from_keyring(url)
            if found != known:
                response.close()
                return self._send(url, headers, found)
        return response

    def _send(self, url: str, headers: Mapping[str, str], known: tuple[str, str] | None) -> requests.Response:
        auth = known or _as_nobody
        return self._session.get(url, headers=headers, auth=auth, stream=True, timeout=self._timeout_s)

    def _from_keyring(self, url: str) -> tuple[str, str] | None:
        """The credentials for the origin of `url`, now that it wants some; the keyring is asked once, by one thread."""
        place = origin(url)
        with self._asking:
            if place in self._to_ask and (found := self._keyring(*self._to_ask.pop(place))):
                self._credentials[place] = (found.username, found.password)
            return self._credentials.get(place)

    def explain(self, url: str, error: BaseException) -> str:
        """One sentence for a person about a request that failed."""
        text = re.sub(r"//[^/\s@]+@", "//", _innermost(error))
        for _, secret in self._credentials.values():
            text = text.replace(secret, "***") if secret else text
        return (
            f"The package index at {public(url)} could not be reached: {text}. "
            "Check the network and the index, then try again."
        )

    def hasty(self) -> "Fetch":
        """Another pool that trusts the same and soon gives up: for what we can do without."""
        return Fetch(ca_bundle=self._ca_bundle, retries=1, backoff_s=0.2, timeout_s=(5, 10), keyring=self._keyring)

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()


class _Session(requests.Session):
    """A session that takes credentials nowhere but where they were given for: netrc is read by `upstreams`."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """The library's own, without netrc: a redirection must not choose who gets what stands there."""
        if origin(response.request.url or "") != origin(prepared_request.url or ""):
            prepared_request.headers.pop("Authorization", None)


def _as_nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials, and no looking for any."""
    return request


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes; raises one of requests' errors when it breaks off."""
    yield from response.iter_content(_CHUNK_BYTES)


def _innermost(error: BaseException) -> str:
    """What the system said, below the layers of requests and urllib3, without their objects' addresses."""
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    if isinstance(inner, BaseException):
        return _innermost(inner)
    return str(error).rpartition(">: ")[2] or type(error).__name__
