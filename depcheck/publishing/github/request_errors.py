"""Refusals of GitHub, and what a person can do about them."""

import re
from collections.abc import Callable

from depcheck.core.text.terminal_safe import to_one_line
from depcheck.publishing.forge import ForgeRefusalError, RefusalReason

_PERMISSIONS = """Give the job these permissions in the workflow:

permissions:
  contents: write
  pull-requests: write
  issues: write

Runs for pull requests from forks, and workflows of a repository or organisation that allows only read, get a \
read-only token whatever the file says (Settings -> Actions -> General -> Workflow permissions)."""

_UNAUTHORIZED, _FORBIDDEN, _INVALID = 401, 403, 422
_NAME_TAKEN = re.compile(r"reference update failed|cannot lock ref|exists; cannot create", re.IGNORECASE)
_PULL_REQUESTS_OFF = re.compile(r"not permitted to create or approve pull requests", re.IGNORECASE)


class RefusedError(ForgeRefusalError):
    """GitHub understood the request and refused it.

    `text` is the whole message, `request_line` the method and the path.
    """

    def __init__(self, status: int, text: str, asked: str = "") -> None:
        super().__init__(f"GitHub answered {status} to {asked}: {to_one_line(text)}.")
        self.status = status
        self.text = text
        self.request_line = asked

    @property
    def reason(self) -> RefusalReason:
        """Return the reason, as far as publishing acts upon it."""
        if self.status == _UNAUTHORIZED:
            return RefusalReason.CREDENTIALS
        if self.status == _FORBIDDEN and _PULL_REQUESTS_OFF.search(self.text):
            return RefusalReason.PULL_REQUESTS_OFF
        if "already exists" in self.text:
            return RefusalReason.EXISTS
        return RefusalReason.INVALID if self.status == _INVALID else RefusalReason.OTHER

    @property
    def explanation(self) -> str:
        """Return what GitHub answered and what to do about it."""
        found = next((text for applies, text in _REMEDIES if applies(self)), "")
        return f"{self} {found or 'Nothing more was tried; run again, and report it if it stays so.'}"


_REMEDIES: tuple[tuple[Callable[[RefusedError], bool], str], ...] = (
    (
        lambda error: error.status == 401,  # noqa: PLR2004
        (
            "The token is wrong or has expired. In a workflow pass `token: ${{ github.token }}`, which lives as "
            "long as its job; an App's token lives one hour: make it in the publishing job."
        ),
    ),
    (
        lambda error: "archived" in error.text.lower(),
        "The repository is archived, so nothing can be written. Switch the workflow off, or unarchive it.",
    ),
    (
        lambda error: bool(_PULL_REQUESTS_OFF.search(error.text)),
        (
            "Switch on Settings -> Actions -> General -> Allow GitHub Actions to create and approve pull requests (an "
            "organisation's setting can be above it), or give depcheck an App's token as `token`."
        ),
    ),
    (
        lambda error: error.status == 410,  # noqa: PLR2004
        "Issues are switched off here. Switch them on (Settings -> General -> Features), or set `issue: false`.",
    ),
    (
        lambda error: "/git/refs" in error.request_line and bool(_NAME_TAKEN.search(error.text)),
        (
            "A branch that is called as ours begin, such as `depcheck`, is in the way: git keeps branches in folders. "
            "Rename it, or choose another beginning with `branch-prefix`."
        ),
    ),
    (
        lambda error: "workflow" in error.text.lower() and "/git/" in error.request_line,
        (
            "The commit would touch workflow files, which the default token must not. depcheck changes lockfiles only: "
            "bring the branch up to date with its base, or use an App's token with the permission `workflows: write`."
        ),
    ),
    (
        lambda error: (
            "/git/refs" in error.request_line
            and bool(re.search(r"protected|rule violation|ruleset|cannot (?:create|update)", error.text, re.IGNORECASE))
        ),
        (
            "A rule of the repository protects branches of this name. Let depcheck pass it, or choose another name "
            "with `branch-prefix`."
        ),
    ),
    (
        lambda error: error.status == 404 and error.request_line.count("/") <= 3,  # noqa: PLR2004
        "The token does not see this repository. Check GITHUB_REPOSITORY, and that the token was made for it.",
    ),
    (
        lambda error: error.status in {403, 404} and not error.request_line.startswith("GET"),
        _PERMISSIONS,
    ),
    (
        lambda error: error.status == 403,  # noqa: PLR2004
        _PERMISSIONS,
    ),
)
