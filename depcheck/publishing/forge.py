"""The interface of a forge, and neutral values of a repository.

A forge is one folder with a class that implements `Forge`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from depcheck.core.messages.hidden_state import WorkflowRun
from depcheck.core.model.errors import DepcheckError

LABEL = "depcheck"


class RefusalReason(Enum):
    """The reasons of a refusal that publishing acts upon."""

    CREDENTIALS = auto()  # nothing more can succeed
    INVALID = auto()
    EXISTS = auto()
    PULL_REQUESTS_OFF = auto()
    OTHER = auto()


class ForgeRefusalError(DepcheckError):
    """The forge understood the request and refused it."""

    @property
    def reason(self) -> RefusalReason:
        """Return the reason, as far as publishing acts upon it."""
        return RefusalReason.OTHER

    @property
    def explanation(self) -> str:
        """Return the forge's answer, and what a person can do."""
        return str(self)


@dataclass(frozen=True, slots=True)
class PublishContext:
    """Where to publish, and as which run.

    `api_url` is the API's address, empty for the forge's public one. `repository` is `owner/name`. `base_branch` is
    empty for the default branch. `secrets` are values that must not be published.
    """

    api_url: str = ""
    repository: str = ""
    base_branch: str = ""
    run: WorkflowRun = field(default_factory=WorkflowRun)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class ForgeRepository:
    """A repository and its settings. `url` is its page."""

    default_branch: str
    url: str
    is_archived: bool = False
    has_issues: bool = True


@dataclass(frozen=True, slots=True)
class ForgeItem:
    """An issue or a pull request, as lists show it.

    `author` is an account, or empty.
    """

    number: int
    title: str
    body: str
    url: str
    is_open: bool
    author: str
    labels: frozenset[str] = frozenset()
    is_pull: bool = False
    is_merged: bool = False


@dataclass(frozen=True, slots=True)
class ForgePull:
    """A pull request with its branch, whose last commit is `head`.

    `base` is the branch that it goes to. `has_conflicts` is False as long as the forge does not say so.
    """

    item: ForgeItem
    branch: str
    head: str
    has_conflicts: bool = False
    base: str = ""


@dataclass(frozen=True, slots=True)
class ForgeComment:
    """A comment of an account."""

    author: str
    body: str


@dataclass(frozen=True, slots=True)
class ForgeCommit:
    """A commit with its people's accounts.

    They are empty for unknown ones.
    """

    message: str
    parents: tuple[str, ...]
    author: str
    committer: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file, link or folder, with git's mode and hash."""

    name: str
    mode: str
    is_folder: bool
    sha: str


class Forge(Protocol):
    """One repository on a forge.

    Every method raises ForgeRefusalError for what the forge refuses.
    """

    @property
    def committer(self) -> str:
        """The account by which the forge itself commits."""

    def list_own_accounts(self) -> frozenset[str]:
        """Return the accounts that write for depcheck."""

    def get_repository(self) -> ForgeRepository:
        """Return the repository and its settings."""

    def has_run(self, run: WorkflowRun) -> bool:
        """Return True if the forge shows this run of a workflow."""

    def list_labeled_items(self) -> list[ForgeItem]:
        """List all issues and pull requests with our label, oldest first."""

    def list_open_issues_by(self, login: str) -> list[ForgeItem]:
        """List an account's open issues and pull requests, whatever their labels."""

    def get_pull(self, number: int) -> ForgePull:
        """Return a pull request with its branch."""

    def list_open_pulls_from(self, branch: str) -> list[ForgePull]:
        """List open pull requests from a branch of this repository.

        By any author.
        """

    def list_comments(self, number: int) -> list[ForgeComment]:
        """List all comments of an issue or pull request."""

    def get_branch_commit(self, name: str) -> str | None:
        """Return the commit at a branch, or None for no such branch."""

    def list_branches(self, prefix: str) -> dict[str, str]:
        """Return the commits at the branches whose names begin with `prefix`."""

    def get_commit(self, sha: str) -> ForgeCommit:
        """Return a commit."""

    def list_tree(self, sha: str) -> list[TreeEntry]:
        """List the entries of one folder.

        `sha` is the hash of a tree or of a commit.
        """

    def read_blob(self, sha: str) -> bytes:
        """Return a file's content."""

    def create_blob(self, content: bytes) -> str:
        """Store `content` and return its hash."""

    def create_tree(self, base: str, entries: Sequence[tuple[str, str, str]]) -> str:
        """Create a tree from `base` plus entries, and return its hash.

        Entries are (path, mode, blob hash).
        """

    def create_commit(self, message: str, tree: str, parent: str) -> str:
        """Create a commit and return its hash."""

    def set_branch(self, branch: str, sha: str, *, exists: bool) -> None:
        """Set a branch to a commit, wherever it was before."""

    def remove_branch(self, branch: str) -> None:
        """Delete a branch if it exists."""

    def open_issue(
        self,
        title: str,
        body: str,
        labels_and_assignees: tuple[Sequence[str], Sequence[str]],
        look: Callable[[], ForgeItem | None],
    ) -> ForgeItem:
        """Open an issue, or return what `look` finds.

        If the response was lost.
        """

    def open_pull(
        self,
        title_and_body: tuple[str, str],
        head: str,
        base: str,
        look: Callable[[], ForgeItem | None],
        *,
        is_draft: bool = False,
    ) -> ForgeItem:
        """Open a pull request, or return what `look` finds.

        If the response was lost.
        """

    def post_comment_once(self, number: int, text: str, identity: str, us: frozenset[str]) -> None:
        """Post a comment that no account of `us` has posted.

        `identity` recognizes it.
        """

    def edit_item(self, number: int, *, body: str, title: str = "") -> None:
        """Set an item's body, and its title unless that is empty."""

    def close_item(self, number: int, *, body: str, is_pull: bool, is_duplicate: bool) -> None:
        """Close an issue or pull request with a last body.

        `is_duplicate` says that it was not settled.
        """

    def ensure_label(self, name: str) -> None:
        """Create the label if it is missing."""

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Add labels to an issue or pull request."""

    def add_assignees(self, number: int, assignees: Sequence[str]) -> None:
        """Add assignees to an issue or pull request."""

    def set_milestone(self, number: int, milestone: int) -> None:
        """Put an issue or pull request into a milestone."""

    def set_auto_merge(self, number: int, *, wanted: bool) -> str:
        """Switch on or off that the forge merges a pull request.

        Returns why it cannot be, or empty.
        """

    def request_review(self, number: int, reviewers: Sequence[str]) -> None:
        """Request reviews of a pull request. `org/team` names a team."""

    def format_compare_url(self, repository_url: str, base: str, branch: str) -> str:
        """Return the page to open a pull request from `branch`."""
