"""HTTP client for upstream indexes.

It retries, limits time and size, and sends credentials to their own host only.
"""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, create_urllib3_context

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.index.http_messages import JSON_HEADERS, HttpRequest, HttpResponse
from depcheck.index.upstreams import Credentials, Upstream, parse_origin, read_keyring_credentials, to_public_url

_CHUNK_BYTES = 1 << 16
_UNAUTHORIZED = 401
_RETRY_STATUSES = (429, 500, 502, 503, 504)
_MAX_CONNECTIONS_PER_HOST = 16  # for each host; more cost more in handshakes than they give
_MAX_ATTEMPTS = 3  # at a body that breaks off; connections and statuses are retried below
_REQUEST_ERRORS = (requests.RequestException, HTTPError, OSError)


class HttpClient:
    """A pool of connections to all upstreams, safe for threads.

    `ca_bundle` is a file of certificates to trust; if empty, the file that requests finds. Proxies are those
    that requests uses. `keyring` is queried once for each registered index that refuses the request and has no
    password. Every failure is an IndexUnavailableError whose message contains no secret.
    """

    def __init__(
        self,
        *,
        ca_bundle: str = "",
        retries: int = 4,
        backoff_s: float = 0.5,
        timeout_s: tuple[float, float] = (10, 30),
        keyring: Callable[[str, str], Credentials | None] = read_keyring_credentials,
    ) -> None:
        self._ca_bundle = ca_bundle
        self._session = _ScopedAuthSession()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.max_redirects = 5
        if ca_bundle:
            self._session.verify = ca_bundle
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _SharedTrustAdapter(retries, backoff_s))
        self._timeout_s = timeout_s
        self._credentials: dict[tuple[str, str, int], Credentials] = {}
        self._keyring = keyring
        self._keyring_queries: dict[tuple[str, str, int], tuple[str, str]] = {}
        self._keyring_lock = Lock()

    def register_credentials(self, upstreams: Sequence[Upstream]) -> None:
        """Use the credentials of `upstreams` for their own scheme, host and port.

        Upstreams without a password are looked up in the keyring when they first answer with 401.
        """
        for upstream in upstreams:
            given = upstream.credentials
            if given:
                self._credentials.setdefault(parse_origin(upstream.url), given)
            if not given or not given.password:
                self._keyring_queries.setdefault(
                    parse_origin(upstream.url), (upstream.url, given.username if given else "")
                )

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> HttpResponse:
        """Send a GET request and return the whole response, whatever its status.

        A body that breaks off is requested again. Raises IndexUnavailableError.
        """
        return self._ask(HttpRequest(url, headers), limit_bytes)

    def post(self, url: str, body: bytes, limit_bytes: int) -> HttpResponse:
        """Send JSON by POST and return the whole response, as `get` does.

        Only for questions, which may be asked twice.
        """
        return self._ask(HttpRequest(url, JSON_HEADERS, body), limit_bytes)

    def _ask(self, question: HttpRequest, limit_bytes: int) -> HttpResponse:
        url = question.url
        for _ in range(_MAX_ATTEMPTS):
            try:
                return self._ask_once(question, limit_bytes)
            except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
                continue
            except _REQUEST_ERRORS as error:
                raise IndexUnavailableError(self.describe_failure(url, error)) from error
        raise IndexUnavailableError(
            f"The answer of {to_public_url(url)} broke off {_MAX_ATTEMPTS} times before its end. "
            "The index or the network is at fault; try again later."
        )

    def _ask_once(self, question: HttpRequest, limit_bytes: int) -> HttpResponse:
        url = question.url
        with self._open_response(question) as response:
            body = bytearray()
            for chunk in response.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > limit_bytes:
                    raise IndexUnavailableError(
                        f"The answer of {to_public_url(url)} is larger than {limit_bytes} bytes, "
                        "which no package page is. Check the index's address."
                    )
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, lowered, response.url, bytes(body))

    @contextmanager
    def open_stream(self, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """Open a response whose body is still to be read.

        Read the body with `read_body_chunks`.
        """
        with self._open_response(HttpRequest(url, {"Accept-Encoding": "identity", **headers})) as response:
            yield response

    def _open_response(self, question: HttpRequest) -> requests.Response:
        url = question.url
        known = self._credentials.get(parse_origin(url))
        response = self._send_request(question, known)
        if response.status_code == _UNAUTHORIZED and parse_origin(response.url) == parse_origin(url):
            found = self._get_keyring_credentials(url)
            if found != known:
                response.close()
                return self._send_request(question, found)
        return response

    def _send_request(self, question: HttpRequest, known: Credentials | None) -> requests.Response:
        wanted = {**question.headers, **known.to_header()} if known else question.headers
        return self._session.request(
            "GET" if question.body is None else "POST",
            question.url,
            data=question.body,
            headers=wanted,
            auth=_skip_authentication,
            stream=True,
            timeout=self._timeout_s,
        )

    def _get_keyring_credentials(self, url: str) -> Credentials | None:
        """Return the credentials for `url`, from the keyring if needed.

        The keyring is queried once for each origin that wants credentials, by one thread.
        """
        place = parse_origin(url)
        with self._keyring_lock:
            if place in self._keyring_queries and (found := self._keyring(*self._keyring_queries.pop(place))):
                self._credentials[place] = found
            return self._credentials.get(place)

    def describe_failure(self, url: str, error: BaseException) -> str:
        """Describe a failed request in one sentence without secrets."""
        text = re.sub(r"//[^/\s@]+@", "//", _find_root_message(error))
        for known in self._credentials.values():
            text = text.replace(known.password, "***") if known.password else text
        return (
            f"The package index at {to_public_url(url)} could not be reached: {text}. "
            "Check the network and the index, then try again."
        )

    def create_impatient_client(self) -> "HttpClient":
        """Create a client with the same trust that gives up sooner.

        It is for data that a run can do without: one retry, 5 s to connect, 10 s to read.
        """
        return HttpClient(ca_bundle=self._ca_bundle, retries=1, backoff_s=0.2, timeout_s=(5, 10), keyring=self._keyring)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


class _ScopedAuthSession(requests.Session):
    """A session that sends credentials only to the origin they belong to.

    It does not read netrc: `resolve_upstreams` does. No proxy is asked for what is on this host.
    """

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send a request, and each redirect, to this host without a proxy."""
        return super().send(request, **(options | {"proxies": {}} if _is_on_this_host(request.url) else options))

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Drop the Authorization header on a redirect to another origin.

        Unlike the library's own method it does not read netrc: a redirect must not choose who gets those credentials.
        """
        if parse_origin(response.request.url or "") != parse_origin(prepared_request.url or ""):
            prepared_request.headers.pop("Authorization", None)


def _is_on_this_host(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _skip_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Return the request unchanged, so that requests adds no credentials."""
    return request


def read_body_chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body of a response as it arrives.

    Raises one of requests' errors if the body breaks off.
    """
    yield from response.iter_content(_CHUNK_BYTES)


def _find_root_message(error: BaseException) -> str:
    """Return the innermost error's message, below requests' and urllib3's layers.

    The addresses of their objects are removed.
    """
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    if isinstance(inner, BaseException):
        return _find_root_message(inner)
    return str(error).rpartition(">: ")[2] or type(error).__name__


class _BoundedRetry(Retry):
    """urllib3's retries with an upper limit for Retry-After.

    A server cannot make the client wait longer than `MAX_RETRY_AFTER_S`.
    """

    MAX_RETRY_AFTER_S = 20.0

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        wanted_s = super().get_retry_after(response)
        return None if wanted_s is None else min(wanted_s, self.MAX_RETRY_AFTER_S)


class _SharedTrustAdapter(HTTPAdapter):
    """requests' connection pools, with one TLS context for all connections.

    requests has each new connection read the certificate file again: 38 ms of processor time.
    """

    def __init__(self, retries: int, backoff_s: float) -> None:
        retry = _BoundedRetry(
            total=retries,
            backoff_factor=backoff_s,
            status_forcelist=_RETRY_STATUSES,
            raise_on_status=False,
            redirect=False,
        )
        super().__init__(pool_maxsize=_MAX_CONNECTIONS_PER_HOST, pool_block=True, max_retries=retry)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001  # as the library calls it
        cert: Any = None,  # noqa: ANN401  # as the library calls it
    ) -> tuple[Any, Any]:
        """Return the pool's attributes with the shared TLS context.

        The context replaces the name of the certificate file.
        """
        host, named = super().build_connection_pool_key_attributes(request, verify, cert)
        pool: dict[str, object] = {key: value for key, value in named.items() if not key.startswith("ca_cert")}
        if host["scheme"] == "https":
            pool["ssl_context"] = _create_tls_context(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Do nothing, because the shared TLS context already verifies certificate and host."""


@cache
def _create_tls_context(bundle: str) -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    if Path(bundle).is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context
