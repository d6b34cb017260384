"""GitHub's API as settlement needs it.

It covers lists by label, git data, issues and pull requests.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from depcheck.core.messages.hidden_state import is_remark, render_remark
from depcheck.publishing.github import schemas
from depcheck.publishing.github.http_session import (
    MAX_ATTEMPTS,
    GitHubConnection,
    LostAnswerError,
    RefusedError,
    UnavailableError,
)

LABEL = "depcheck"
ACTIONS_BOT = "github-actions[bot]"
_NOT_FOUND = 404
_CONFLICT = 409
_INVALID = 422

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GitHubForge:
    """One repository (`owner/name`) on GitHub."""

    connection: GitHubConnection
    repository: str

    # ---- reading

    def list_own_accounts(self) -> frozenset[str]:
        """Return the accounts that write for depcheck.

        They are the token's own account, and that of the default token, which earlier runs may have used.
        """
        try:
            url = self.connection.requester.graphql_url
            answer = self.connection.send_request(
                "POST", url, schemas.ViewerResponse, body={"query": "query{viewer{login}}"}
            )
        except RefusedError as error:
            if error.status == 401:  # noqa: PLR2004
                raise
            answer = schemas.ViewerResponse()
        return frozenset({ACTIONS_BOT, *([answer.data.viewer.login] if answer.data else [])})

    def get_repository(self) -> schemas.RepositoryInfo:
        """Return the repository and its settings."""
        return self.connection.send_request("GET", self._build_path(""), schemas.RepositoryInfo)

    def list_labeled_items(self) -> list[schemas.IssueItem]:
        """List all issues and pull requests with our label, oldest first.

        Closed ones are included.
        """
        query = {"labels": LABEL, "state": "all", "sort": "created", "direction": "asc"}
        return self.connection.fetch_all_pages(self._build_path("/issues"), schemas.IssueItem, query)

    def list_open_issues_by(self, login: str) -> list[schemas.IssueItem]:
        """List the open issues and pull requests of an account.

        This finds those whose labels are missing or not yet listed.
        """
        query = {"creator": login, "state": "open", "sort": "created", "direction": "asc"}
        return self.connection.fetch_all_pages(self._build_path("/issues"), schemas.IssueItem, query)

    def get_pull(self, number: int) -> schemas.PullRequest:
        """Return a pull request with its branch."""
        return self.connection.send_request("GET", self._build_path(f"/pulls/{number}"), schemas.PullRequest)

    def list_open_pulls_from(self, branch: str) -> list[schemas.PullRequest]:
        """List open pull requests from a branch of this repository.

        Their author may be anyone.
        """
        query = {"head": f"{self.repository.partition('/')[0]}:{branch}", "state": "open"}
        return self.connection.fetch_all_pages(self._build_path("/pulls"), schemas.PullRequest, query)

    def list_comments(self, number: int) -> list[schemas.IssueComment]:
        """List all comments of an issue or pull request."""
        return self.connection.fetch_all_pages(self._build_path(f"/issues/{number}/comments"), schemas.IssueComment, {})

    def get_branch_commit(self, name: str) -> str | None:
        """Return the commit at a branch, or None for no such branch."""
        found = self._get_or_none(
            lambda: self.connection.send_request(
                "GET", self._build_path(f"/git/ref/heads/{quote(name)}"), schemas.GitRef
            )
        )
        return found.object.sha if found else None

    def list_branches(self, prefix: str) -> dict[str, str]:
        """Return the commits at the branches whose names begin with `prefix`."""
        found = self.connection.send_request(
            "GET", self._build_path(f"/git/matching-refs/heads/{quote(prefix)}"), list[schemas.GitRef]
        )
        return {ref.ref.removeprefix("refs/heads/"): ref.object.sha for ref in found}

    def get_commit(self, sha: str) -> schemas.GitCommit:
        """Return a commit with its author and committer."""
        return self.connection.send_request("GET", self._build_path(f"/commits/{sha}"), schemas.GitCommit)

    def list_tree(self, sha: str) -> list[schemas.GitTreeEntry]:
        """List the entries of one folder.

        `sha` is the hash of a tree or of a commit.
        """
        return self.connection.send_request("GET", self._build_path(f"/git/trees/{sha}"), schemas.GitTree).tree

    def read_blob(self, sha: str) -> bytes:
        """Return a file's content."""
        found = self.connection.send_request("GET", self._build_path(f"/git/blobs/{sha}"), schemas.GitBlob)
        try:
            return base64.b64decode(found.content)
        except binascii.Error:
            raise UnavailableError(f"GitHub's content of {sha} is not readable; run again later.") from None

    # ---- git data: named by content or set to a value, so that doing it twice is doing it once

    def create_blob(self, content: bytes) -> str:
        """Store `content` and return its hash."""
        body = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
        return self.connection.send_request("POST", self._build_path("/git/blobs"), schemas.GitObject, body=body).sha

    def create_tree(self, base: str, entries: Sequence[tuple[str, str, str]]) -> str:
        """Create a tree from `base` plus entries and return its hash.

        `base` is a commit or tree; the entries are (path, mode, blob hash).
        """
        put = [{"path": path, "mode": mode, "type": "blob", "sha": sha} for path, mode, sha in entries]
        return self.connection.send_request(
            "POST", self._build_path("/git/trees"), schemas.GitObject, body={"base_tree": base, "tree": put}
        ).sha

    def create_commit(self, message: str, tree: str, parent: str) -> str:
        """Create a commit and return its hash.

        It has no author or date of its own, so that GitHub signs it.
        """
        body = {"message": message, "tree": tree, "parents": [parent]}
        return self.connection.send_request("POST", self._build_path("/git/commits"), schemas.GitObject, body=body).sha

    def set_branch(self, branch: str, sha: str, *, exists: bool) -> None:
        """Set a branch to a commit, wherever it was before."""
        if not exists:
            try:
                self.connection.send_request(
                    "POST",
                    self._build_path("/git/refs"),
                    schemas.GitRef,
                    body={"ref": f"refs/heads/{branch}", "sha": sha},
                )
            except RefusedError as error:
                if error.status != _INVALID or "already exists" not in error.text:
                    raise
            else:
                return
        body = {"sha": sha, "force": True}
        self.connection.send_request(
            "PATCH", self._build_path(f"/git/refs/heads/{quote(branch)}"), schemas.GitRef, body=body
        )

    def remove_branch(self, branch: str) -> None:
        """Delete a branch if it exists."""
        try:
            self.connection.send_request("DELETE", self._build_path(f"/git/refs/heads/{quote(branch)}"), type(None))
        except RefusedError as error:
            if error.status not in {_NOT_FOUND, _CONFLICT} and "does not exist" not in error.text:
                raise

    # ---- writing, once

    def open_issue(
        self,
        title: str,
        body: str,
        labels_and_assignees: tuple[Sequence[str], Sequence[str]],
        look: Callable[[], schemas.IssueItem | None],
    ) -> schemas.IssueItem:
        """Open an issue and return it.

        If the response was lost, return the issue that `look` finds.
        """
        labels, assignees = labels_and_assignees
        content = {"title": title, "body": body, "labels": list(labels), "assignees": list(assignees)}
        return self._post_or_find(lambda: self._post_content("/issues", schemas.IssueItem, content), look)

    def open_pull(
        self, title: str, body: str, head: str, base: str, look: Callable[[], schemas.PullRequest | None]
    ) -> schemas.PullRequest:
        """Open a pull request and return it.

        If the response was lost, return the pull request that `look` finds.
        """
        content = {"title": title, "body": body, "head": head, "base": base}
        return self._post_or_find(lambda: self._post_content("/pulls", schemas.PullRequest, content), look)

    def post_comment_once(self, number: int, text: str, identity: str, us: frozenset[str]) -> None:
        """Post a comment, unless it was posted before.

        `identity` recognizes it, in comments of the accounts `us`.
        """

        def look() -> schemas.IssueComment | None:
            ours = (each for each in self.list_comments(number) if each.user and each.user.login in us)
            return next((each for each in ours if is_remark(each.body or "", identity)), None)

        if look() is None:
            content = {"body": render_remark(identity, text)}
            self._post_or_find(
                lambda: self._post_content(f"/issues/{number}/comments", schemas.IssueComment, content), look
            )

    def edit_item(self, number: int, **content: str) -> None:
        """Set title, body, state or state_reason of an issue or pull request."""
        self.connection.send_request("PATCH", self._build_path(f"/issues/{number}"), schemas.IssueItem, body=content)

    def ensure_label(self, name: str) -> None:
        """Create the label if it is missing."""
        if self._get_or_none(
            lambda: self.connection.send_request(
                "GET", self._build_path(f"/labels/{quote(name, safe='')}"), schemas.RepositoryLabel
            )
        ):
            return
        try:
            self.connection.send_request(
                "POST", self._build_path("/labels"), schemas.RepositoryLabel, body={"name": name, "color": "0366d6"}
            )
        except RefusedError as error:
            if "already_exists" not in error.text:
                raise

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Add labels to an issue or pull request."""
        self.connection.send_request(
            "POST",
            self._build_path(f"/issues/{number}/labels"),
            list[schemas.RepositoryLabel],
            body={"labels": list(labels)},
        )

    def add_assignees(self, number: int, assignees: Sequence[str]) -> None:
        """Add assignees to an issue or pull request."""
        body = {"assignees": list(assignees)}
        self.connection.send_request(
            "POST", self._build_path(f"/issues/{number}/assignees"), schemas.IssueItem, body=body
        )

    def request_review(self, number: int, reviewers: Sequence[str]) -> None:
        """Request reviews of a pull request.

        `org/team` names a team.
        """
        teams = [each.rpartition("/")[2] for each in reviewers if "/" in each]
        body = {"reviewers": [each for each in reviewers if "/" not in each], "team_reviewers": teams}
        self.connection.send_request(
            "POST", self._build_path(f"/pulls/{number}/requested_reviewers"), schemas.PullRequest, body=body
        )

    def _build_path(self, path: str) -> str:
        return f"/repos/{self.repository}{path}"

    def _post_content(self, path: str, shape: type[T], content: Mapping[str, object]) -> T:
        return self.connection.send_request("POST", self._build_path(path), shape, content, again=False)

    def _post_or_find(self, post: Callable[[], T], look: Callable[[], T | None]) -> T:
        """Post, and look for the result if the response is lost.

        It is posted again only if `look` finds nothing.
        """
        for attempt in range(MAX_ATTEMPTS):
            try:
                return post()
            except LostAnswerError:
                self.connection.pause_for(2.0 * 2**attempt)  # lists lag behind writes
                found = look()
                if found is not None:
                    return found
        raise UnavailableError("GitHub lost every answer to a new issue, pull request or comment; run again later.")

    def _get_or_none(self, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            return None
