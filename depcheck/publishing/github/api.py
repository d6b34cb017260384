"""GitHub's API as settlement needs it.

It covers lists by label, git data, issues and pull requests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from depcheck.core.messages.hidden_state import WorkflowRun, is_remark, render_remark
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.publishing.forge import (
    LABEL,
    ForgeComment,
    ForgeItem,
    ForgePull,
    ForgeRepository,
    PublishContext,
    RefusalReason,
)
from depcheck.publishing.github import convert, schemas
from depcheck.publishing.github.git_objects import GitHubRepository
from depcheck.publishing.github.http_session import (
    MAX_ATTEMPTS,
    LostAnswerError,
    UnavailableError,
    WaitPolicy,
    connect_to_github,
)
from depcheck.publishing.github.request_errors import RefusedError

_PUBLIC_API_URL = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GitHubForge(GitHubRepository):
    """One repository on GitHub, with its issues and pull requests."""

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

    @property
    def committer(self) -> str:
        """The account by which GitHub commits."""
        return "web-flow"

    def get_repository(self) -> ForgeRepository:
        """Return the repository and its settings."""
        found = self.connection.send_request("GET", self._build_path(""), schemas.RepositoryInfo)
        return convert.to_repository(found)

    def has_run(self, run: WorkflowRun) -> bool:
        """Return True if GitHub shows this run.

        False also without the right to read runs.
        """
        path = self._build_path(f"/actions/runs/{run.id}/attempts/{run.attempt}/jobs?per_page=1")
        try:
            self.connection.send_request("GET", path, dict[str, object])
        except RefusedError as error:
            if error.reason is RefusalReason.CREDENTIALS:
                raise
            return False
        return True

    def list_labeled_items(self) -> list[ForgeItem]:
        """List all issues and pull requests with our label, oldest first.

        Closed ones are included.
        """
        return self._list_items({"labels": LABEL, "state": "all"})

    def list_open_issues_by(self, login: str) -> list[ForgeItem]:
        """List the open issues and pull requests of an account.

        This finds those whose labels are missing or not yet listed.
        """
        return self._list_items({"creator": login, "state": "open"})

    def get_pull(self, number: int) -> ForgePull:
        """Return a pull request with its branch."""
        found = self.connection.send_request("GET", self._build_path(f"/pulls/{number}"), schemas.PullRequest)
        return convert.to_pull(found)

    def list_open_pulls_from(self, branch: str) -> list[ForgePull]:
        """List open pull requests from a branch of this repository.

        Their author may be anyone.
        """
        query = {"head": f"{self.repository.partition('/')[0]}:{branch}", "state": "open"}
        found = self.connection.fetch_all_pages(self._build_path("/pulls"), schemas.PullRequest, query)
        return [convert.to_pull(each) for each in found]

    def list_comments(self, number: int) -> list[ForgeComment]:
        """List all comments of an issue or pull request."""
        path = self._build_path(f"/issues/{number}/comments")
        return [convert.to_comment(each) for each in self.connection.fetch_all_pages(path, schemas.IssueComment, {})]

    # ---- writing, once

    def open_issue(
        self,
        title: str,
        body: str,
        labels_and_assignees: tuple[Sequence[str], Sequence[str]],
        look: Callable[[], ForgeItem | None],
    ) -> ForgeItem:
        """Open an issue and return it.

        If the response was lost, return the issue that `look` finds.
        """
        labels, assignees = labels_and_assignees
        content = {"title": title, "body": body, "labels": list(labels), "assignees": list(assignees)}
        return self._post_or_find(
            lambda: convert.to_item(self._post_content("/issues", schemas.IssueItem, content)), look
        )

    def open_pull(
        self,
        title_and_body: tuple[str, str],
        head: str,
        base: str,
        look: Callable[[], ForgeItem | None],
        *,
        is_draft: bool = False,
    ) -> ForgeItem:
        """Open a pull request and return it.

        If the response was lost, return the pull request that `look` finds.
        """
        title, body = title_and_body
        content = {"title": title, "body": body, "head": head, "base": base, **({"draft": True} if is_draft else {})}
        return self._post_or_find(
            lambda: convert.to_pull(self._post_content("/pulls", schemas.PullRequest, content)).item, look
        )

    def post_comment_once(self, number: int, text: str, identity: str, us: frozenset[str]) -> None:
        """Post a comment, unless it was posted before.

        `identity` recognizes it, in comments of the accounts `us`.
        """

        def look() -> ForgeComment | None:
            ours = (each for each in self.list_comments(number) if each.author in us)
            return next((each for each in ours if is_remark(each.body, identity)), None)

        if look() is None:
            path, content = f"/issues/{number}/comments", {"body": render_remark(identity, text)}
            self._post_or_find(
                lambda: convert.to_comment(self._post_content(path, schemas.IssueComment, content)), look
            )

    def edit_item(self, number: int, *, body: str, title: str = "") -> None:
        """Set an item's body, and its title unless that is empty."""
        self._patch_item(number, {"body": body, **({"title": title} if title else {})})

    def close_item(self, number: int, *, body: str, is_pull: bool, is_duplicate: bool) -> None:
        """Close an issue or pull request with a last body.

        An issue's reason is shown beside it.
        """
        reason = {} if is_pull else {"state_reason": "not_planned" if is_duplicate else "completed"}
        self._patch_item(number, {"state": "closed", "body": body, **reason})

    def format_compare_url(self, repository_url: str, base: str, branch: str) -> str:
        """Return the page to open a pull request from `branch`."""
        return f"{repository_url}/compare/{quote(base)}...{quote(branch)}?expand=1"

    def _list_items(self, query: Mapping[str, str]) -> list[ForgeItem]:
        """List issues and pull requests, oldest first."""
        query = {**query, "sort": "created", "direction": "asc"}
        found = self.connection.fetch_all_pages(self._build_path("/issues"), schemas.IssueItem, query)
        return [convert.to_item(each) for each in found]

    def _patch_item(self, number: int, content: Mapping[str, str | int]) -> None:
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
        """Add assignees to an issue or pull request.

        GitHub passes over whom it does not know, in silence.
        """
        body, path = {"assignees": list(assignees)}, self._build_path(f"/issues/{number}/assignees")
        item = self.connection.send_request("POST", path, schemas.IssueItem, body=body)
        there = {each.login.lower() for each in item.assignees}
        if left := [each for each in assignees if each.lower() not in there]:
            raise RefusedError(422, f"{', '.join(left)} may not be assigned here", f"POST {path}")

    def set_milestone(self, number: int, milestone: int) -> None:
        """Put an issue or pull request into a milestone, by number."""
        self._patch_item(number, {"milestone": milestone})

    def set_auto_merge(self, number: int, *, wanted: bool) -> str:
        """Switch on or off that GitHub merges a pull request.

        Returns why it cannot be, or empty. Only GraphQL can do it.
        """
        pull = self.connection.send_request("GET", self._build_path(f"/pulls/{number}"), schemas.PullRequest)
        if wanted == (pull.auto_merge is not None):
            return ""
        verb = "enable" if wanted else "disable"
        query = f"mutation($id:ID!){{{verb}PullRequestAutoMerge(input:{{pullRequestId:$id}}){{clientMutationId}}}}"
        body = {"query": query, "variables": {"id": pull.node_id}}
        try:
            answer = self.connection.send_request(
                "POST", self.connection.requester.graphql_url, schemas.MutationResponse, body
            )
        except RefusedError as error:
            return str(error)
        return to_one_line("; ".join(error.message for error in answer.errors), 300)

    def request_review(self, number: int, reviewers: Sequence[str]) -> None:
        """Request reviews of a pull request.

        `org/team` names a team.
        """
        teams = [each.rpartition("/")[2] for each in reviewers if "/" in each]
        body = {"reviewers": [each for each in reviewers if "/" not in each], "team_reviewers": teams}
        self.connection.send_request(
            "POST", self._build_path(f"/pulls/{number}/requested_reviewers"), schemas.PullRequest, body=body
        )

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


def open_github_forge(token: str, place: PublishContext, patience: WaitPolicy | None = None) -> GitHubForge:
    """Return the forge of a repository. Nothing is requested yet."""
    return GitHubForge(
        connect_to_github(token, place.api_url or _PUBLIC_API_URL, patience or WaitPolicy()), place.repository
    )
