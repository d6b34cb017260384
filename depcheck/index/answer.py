"""What an upstream answered, whoever asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: `url` is where it came from after redirects; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes


class Asked(Protocol):
    """Gives whole answers."""

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Answer:
        """The answer to a GET, whatever its status; raises IndexUnavailableError where there is none."""
