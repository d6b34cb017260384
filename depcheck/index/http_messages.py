"""What HTTP clients of indexes are asked, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The URL of a GET request and its headers."""

    url: str
    headers: Mapping[str, str]


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
