"""One call to GitHub: asked again when that is safe, after as long as GitHub wants, and checked when it comes."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import requests
import urllib3
from github import Auth, Github, GithubException
from github.Requester import Requester

from depcheck.core.errors import DepcheckError
from depcheck.core.plain import one_line

ATTEMPTS = 5
LONGEST_WAIT_S = 900.0  # in all: a job that sleeps longer costs more than the next night
_SECONDARY_WAIT_S = 60.0  # what GitHub's manual asks for where it names no time
_TOO_MANY = 429
_FORBIDDEN = 403
_BROKEN = 500
_MOST_PAGES = 200

T = TypeVar("T")


class RefusedError(DepcheckError):
    """GitHub understood and said no. `text` is all that it said, `asked` the verb and the path."""

    def __init__(self, status: int, text: str, asked: str = "") -> None:
        super().__init__(f"GitHub answered {status} to {asked}: {one_line(text)}.")
        self.status = status
        self.text = text
        self.asked = asked


class UnavailableError(DepcheckError):
    """GitHub did not answer, or wants us to wait longer than we do."""


class LostAnswerError(Exception):
    """The answer to something that must not be done twice was lost: it may have been done."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: for an answer, and (by `sleep`, told by `clock` in seconds since the epoch) between calls."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    timeout_s: int = 30
    between_writes_s: float = 1  # GitHub asks for it


@dataclass(slots=True)
class Wire:
    """The connection. `slept_s` is bounded."""

    requester: Requester
    patience: Patience
    slept_s: float = 0.0

    def ask(
        self, verb: str, path: str, shape: type[T], body: Mapping[str, Any] | None = None, *, again: bool = True
    ) -> T:
        """GitHub's answer as `shape` (`type(None)` for none).

        `again` says that doing it twice is the same as once.

        Raises:
            RefusedError: GitHub said no.
            LostAnswerError: Not `again`, and the answer was lost.
            UnavailableError: It did not answer however often it was asked.
        """
        return self._answer(verb, path, shape, body, again=again)[1]

    def _answer(
        self, verb: str, path: str, shape: type[T], body: Mapping[str, Any] | None, *, again: bool
    ) -> tuple[dict[str, str], T]:
        """The same with the answer's headers, names in lower case."""
        trouble = ""
        for attempt in range(ATTEMPTS):
            try:
                headers, content = self.requester.requestJsonAndCheck(verb, path, input=body)
                return headers, msgspec.convert(content, shape)
            except GithubException as error:
                trouble = f"status {error.status}"
                if error.status < _BROKEN:
                    self.pause(self._limited(error, attempt, f"{verb} {path.partition('?')[0]}"))
                    continue
            except RuntimeError as error:  # how PyGithub refuses to follow a redirection to elsewhere
                message = f"GitHub's answer leads elsewhere ({one_line(str(error))})"
                raise UnavailableError(f"{message}; correct GITHUB_API_URL and GITHUB_REPOSITORY.") from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                trouble = type(error).__name__
            if not again:
                raise LostAnswerError(trouble)
            self.pause(2.0**attempt)
        message = f"GitHub did not answer {verb} {path.partition('?')[0]} in {ATTEMPTS} attempts (last: {trouble})"
        raise UnavailableError(f"{message}; nothing is half done that the next run does not finish. Run again later.")

    def pages(self, path: str, shape: type[T], query: Mapping[str, Any]) -> list[T]:
        """All pages of a list."""
        found: list[T] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = f"{path}?{urlencode({**query, 'per_page': 100, 'page': page})}"
            headers, items = self._answer("GET", asked, list[shape], None, again=True)  # type: ignore[valid-type]
            found += items
            if 'rel="next"' not in headers.get("link", ""):
                return found
        message = f"{path} has more than {_MOST_PAGES} pages of items labelled depcheck"
        raise UnavailableError(f"{message}; remove the label from old ones.")

    def pause(self, seconds: float) -> None:
        """Wait, unless it is too long altogether."""
        self.slept_s += seconds
        if self.slept_s > LONGEST_WAIT_S:
            message = f"GitHub's rate limit wants a pause of {seconds:.0f} s"
            raise UnavailableError(f"{message}, longer than depcheck waits; run again later, or use an App's token.")
        self.patience.sleep(seconds)

    def _limited(self, error: GithubException, attempt: int, asked: str) -> float:
        """How long a limit asks us to wait; RefusedError where it is no limit. No work was done then."""
        headers = error.headers or {}
        text = _text(error.data)
        spent = headers.get("x-ratelimit-remaining") == "0"
        secondary = "rate limit" in text.lower() or "retry-after" in headers
        if error.status != _TOO_MANY and not (error.status == _FORBIDDEN and (spent or secondary)):
            raise RefusedError(error.status, text, asked) from None
        if headers.get("retry-after", "").isdigit():
            return float(headers["retry-after"])
        if spent and headers.get("x-ratelimit-reset", "").isdigit():
            return max(1.0, float(headers["x-ratelimit-reset"]) - self.patience.clock() + 1)
        return _SECONDARY_WAIT_S * (attempt + 1)


def connect(token: str, base_url: str, patience: Patience) -> Wire:
    """A connection that asks nothing again by itself: what may be repeated is known here, not there."""
    client = Github(
        auth=Auth.Token(token),
        base_url=base_url,
        timeout=patience.timeout_s,
        retry=None,
        user_agent="depcheck",
        seconds_between_requests=0,
        seconds_between_writes=patience.between_writes_s,
    )
    return Wire(client.requester, patience)


def _text(content: object) -> str:
    """GitHub's words: the message, and each error's."""
    if not isinstance(content, dict):
        return str(content)[:500]
    errors = content.get("errors") or []
    details = errors if isinstance(errors, list) else [errors]
    said = [each if isinstance(each, str) else json.dumps(each, sort_keys=True) for each in details[:5]]
    return " ".join([str(content.get("message") or content.get("data") or "")[:500], *said])
