"""HTTP calls to GitHub: retried if that is safe, rate limits respected.

The wait before a retry is as long as GitHub asks for. Responses are validated.
"""

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

from depcheck.core.model.errors import DepcheckError
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.publishing.github.request_errors import RefusedError

MAX_ATTEMPTS = 5
MAX_TOTAL_WAIT_S = 900.0  # in all: a job that sleeps longer costs more than the next night
_SECONDARY_WAIT_S = 60.0  # what GitHub's manual asks for where it names no time
_TOO_MANY_REQUESTS = 429
_FORBIDDEN = 403
_SERVER_ERROR = 500
_MAX_PAGES = 200

T = TypeVar("T")


class UnavailableError(DepcheckError):
    """GitHub did not answer, or demands a wait that is too long."""


class LostAnswerError(Exception):
    """The response to a request that must not be repeated was lost.

    The request may have been executed.
    """


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """Wait times for responses and between calls.

    `sleep` waits, and `clock` tells the time in seconds since the epoch.
    """

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    timeout_s: int = 30
    write_interval_s: float = 1  # GitHub asks for it


@dataclass(slots=True)
class GitHubConnection:
    """The connection to GitHub's API.

    `total_wait_s` is limited.
    """

    requester: Requester
    wait_policy: WaitPolicy
    total_wait_s: float = 0.0

    def send_request(
        self, verb: str, path: str, shape: type[T], body: Mapping[str, Any] | None = None, *, again: bool = True
    ) -> T:
        """Send a request and return the response as `shape`.

        `shape` is `type(None)` for no content. `again` says that sending it twice has the effect of once.

        Raises:
            RefusedError: GitHub refused it.
            LostAnswerError: The response was lost, and `again` is false.
            UnavailableError: GitHub did not answer any attempt.
        """
        return self._request_with_headers(verb, path, shape, body, again=again)[1]

    def _request_with_headers(
        self, verb: str, path: str, shape: type[T], body: Mapping[str, Any] | None, *, again: bool
    ) -> tuple[dict[str, str], T]:
        """Send a request and return the response's headers and content.

        Header names are in lower case.
        """
        trouble = ""
        for attempt in range(MAX_ATTEMPTS):
            try:
                headers, content = self.requester.requestJsonAndCheck(verb, path, input=body)
                return headers, msgspec.convert(content, shape)
            except GithubException as error:
                trouble = f"status {error.status}"
                if error.status < _SERVER_ERROR:
                    self.pause_for(self._get_rate_limit_wait(error, attempt, f"{verb} {path.partition('?')[0]}"))
                    continue
            except RuntimeError as error:  # how PyGithub refuses to follow a redirection to elsewhere
                message = f"GitHub's answer leads elsewhere ({to_one_line(str(error))})"
                raise UnavailableError(f"{message}; correct GITHUB_API_URL and GITHUB_REPOSITORY.") from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                trouble = type(error).__name__
            if not again:
                raise LostAnswerError(trouble)
            self.pause_for(2.0**attempt)
        message = f"GitHub did not answer {verb} {path.partition('?')[0]} in {MAX_ATTEMPTS} attempts (last: {trouble})"
        raise UnavailableError(f"{message}; nothing is half done that the next run does not finish. Run again later.")

    def fetch_all_pages(self, path: str, shape: type[T], query: Mapping[str, Any]) -> list[T]:
        """Fetch all pages of a list."""
        found: list[T] = []
        for page in range(1, _MAX_PAGES + 1):
            asked = f"{path}?{urlencode({**query, 'per_page': 100, 'page': page})}"
            headers, items = self._request_with_headers("GET", asked, list[shape], None, again=True)  # type: ignore[valid-type]
            found += items
            if 'rel="next"' not in headers.get("link", ""):
                return found
        message = f"{path} has more than {_MAX_PAGES} pages of items labelled depcheck"
        raise UnavailableError(f"{message}; remove the label from old ones.")

    def pause_for(self, seconds: float) -> None:
        """Sleep, unless all waits together become too long.

        Raises UnavailableError then.
        """
        self.total_wait_s += seconds
        if self.total_wait_s > MAX_TOTAL_WAIT_S:
            message = f"GitHub's rate limit wants a pause of {seconds:.0f} s"
            raise UnavailableError(f"{message}, longer than depcheck waits; run again later, or use an App's token.")
        self.wait_policy.sleep(seconds)

    def _get_rate_limit_wait(self, error: GithubException, attempt: int, asked: str) -> float:
        """Return how many seconds a rate limit asks to wait.

        A limited request was not executed. Raises RefusedError if the error is no rate limit.
        """
        headers = error.headers or {}
        text = _join_error_messages(error.data)
        spent = headers.get("x-ratelimit-remaining") == "0"
        secondary = "rate limit" in text.lower() or "retry-after" in headers
        if error.status != _TOO_MANY_REQUESTS and not (error.status == _FORBIDDEN and (spent or secondary)):
            raise RefusedError(error.status, text, asked) from None
        if headers.get("retry-after", "").isdigit():
            return float(headers["retry-after"])
        if spent and headers.get("x-ratelimit-reset", "").isdigit():
            return max(1.0, float(headers["x-ratelimit-reset"]) - self.wait_policy.clock() + 1)
        return _SECONDARY_WAIT_S * (attempt + 1)


def connect_to_github(token: str, base_url: str, patience: WaitPolicy) -> GitHubConnection:
    """Create a connection whose library retries nothing by itself.

    This module knows which requests may be repeated; PyGithub does not.
    """
    client = Github(
        auth=Auth.Token(token),
        base_url=base_url,
        timeout=patience.timeout_s,
        retry=None,
        user_agent="depcheck",
        seconds_between_requests=0,
        seconds_between_writes=patience.write_interval_s,
    )
    return GitHubConnection(client.requester, patience)


def _join_error_messages(content: object) -> str:
    """Join GitHub's message and the messages of each error."""
    if not isinstance(content, dict):
        return str(content)[:500]
    errors = content.get("errors") or []
    details = errors if isinstance(errors, list) else [errors]
    said = [each if isinstance(each, str) else json.dumps(each, sort_keys=True) for each in details[:5]]
    return " ".join([str(content.get("message") or content.get("data") or "")[:500], *said])
