"""What HTTP clients of indexes are asked, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The URL of a request and its headers.

    With a `body` it is a POST of JSON, else a GET.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole HTTP response.

    `url` is its address after redirects. Header names are in lower case.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes


class HttpGetter(Protocol):
    """Anything that fetches whole responses by GET."""

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> HttpResponse:
        """Send a GET request and return the response, whatever its status.

        Raises IndexUnavailableError if there is no response.
        """


class HttpPoster(HttpGetter, Protocol):
    """Anything that also sends JSON by POST."""

    def post(self, url: str, body: bytes, limit_bytes: int) -> HttpResponse:
        """Send JSON and return the response, whatever its status.

        Raises IndexUnavailableError if there is no response.
        """
