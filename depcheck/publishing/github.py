"""GitHub, as settlement needs it: lists by label, git data, issues and pull requests."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from depcheck.core.markers import remark, says
from depcheck.publishing import shapes
from depcheck.publishing.wire import ATTEMPTS, LostAnswerError, RefusedError, UnavailableError, Wire

LABEL = "depcheck"
ACTIONS_BOT = "github-actions[bot]"
_NOT_FOUND = 404
_CONFLICT = 409
_INVALID = 422

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Forge:
    """One repository (`owner/name`) on GitHub."""

    wire: Wire
    repository: str

    # ---- reading

    def us(self) -> frozenset[str]:
        """The accounts that write for us: the token's own, and that of the default token of earlier nights."""
        try:
            url = self.wire.requester.graphql_url
            answer = self.wire.ask("POST", url, shapes.ViewerAnswer, body={"query": "query{viewer{login}}"})
        except RefusedError as error:
            if error.status == 401:  # noqa: PLR2004
                raise
            answer = shapes.ViewerAnswer()
        return frozenset({ACTIONS_BOT, *([answer.data.viewer.login] if answer.data else [])})

    def settings(self) -> shapes.Repository:
        """The repository itself."""
        return self.wire.ask("GET", self._at(""), shapes.Repository)

    def labelled(self) -> list[shapes.Item]:
        """All issues and pull requests with our label, open or not, the oldest first."""
        query = {"labels": LABEL, "state": "all", "sort": "created", "direction": "asc"}
        return self.wire.pages(self._at("/issues"), shapes.Item, query)

    def open_issues_by(self, login: str) -> list[shapes.Item]:
        """The open ones of an account: labels can be missing or lag behind."""
        query = {"creator": login, "state": "open", "sort": "created", "direction": "asc"}
        return self.wire.pages(self._at("/issues"), shapes.Item, query)

    def pull(self, number: int) -> shapes.Pull:
        """A pull request with its branch."""
        return self.wire.ask("GET", self._at(f"/pulls/{number}"), shapes.Pull)

    def open_pulls_from(self, branch: str) -> list[shapes.Pull]:
        """Open pull requests, by anyone, from a branch of this repository."""
        query = {"head": f"{self.repository.partition('/')[0]}:{branch}", "state": "open"}
        return self.wire.pages(self._at("/pulls"), shapes.Pull, query)

    def comments(self, number: int) -> list[shapes.Comment]:
        """All comments."""
        return self.wire.pages(self._at(f"/issues/{number}/comments"), shapes.Comment, {})

    def branch(self, name: str) -> str | None:
        """The commit at a branch, or None for no such branch."""
        found = self._or_none(lambda: self.wire.ask("GET", self._at(f"/git/ref/heads/{quote(name)}"), shapes.Ref))
        return found.object.sha if found else None

    def branches(self, prefix: str) -> dict[str, str]:
        """Commits at the branches whose names begin with `prefix`."""
        found = self.wire.ask("GET", self._at(f"/git/matching-refs/heads/{quote(prefix)}"), list[shapes.Ref])
        return {ref.ref.removeprefix("refs/heads/"): ref.object.sha for ref in found}

    def commit(self, sha: str) -> shapes.Commit:
        """A commit and whose it is."""
        return self.wire.ask("GET", self._at(f"/commits/{sha}"), shapes.Commit)

    def tree(self, sha: str) -> list[shapes.TreeEntry]:
        """The entries of one folder, by the hash of a tree or of a commit."""
        return self.wire.ask("GET", self._at(f"/git/trees/{sha}"), shapes.Tree).tree

    def blob(self, sha: str) -> bytes:
        """A file's content."""
        found = self.wire.ask("GET", self._at(f"/git/blobs/{sha}"), shapes.Blob)
        try:
            return base64.b64decode(found.content)
        except binascii.Error:
            raise UnavailableError(f"GitHub's content of {sha} is not readable; run again later.") from None

    # ---- git data: named by content or set to a value, so that doing it twice is doing it once

    def make_blob(self, content: bytes) -> str:
        """The hash of `content`, stored."""
        body = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
        return self.wire.ask("POST", self._at("/git/blobs"), shapes.Sha, body=body).sha

    def make_tree(self, base: str, entries: Sequence[tuple[str, str, str]]) -> str:
        """The hash of the tree of commit or tree `base` with (path, mode, blob) put in."""
        put = [{"path": path, "mode": mode, "type": "blob", "sha": sha} for path, mode, sha in entries]
        return self.wire.ask("POST", self._at("/git/trees"), shapes.Sha, body={"base_tree": base, "tree": put}).sha

    def make_commit(self, message: str, tree: str, parent: str) -> str:
        """The hash of a commit; without author or date, so that GitHub signs it."""
        body = {"message": message, "tree": tree, "parents": [parent]}
        return self.wire.ask("POST", self._at("/git/commits"), shapes.Sha, body=body).sha

    def point(self, branch: str, sha: str, *, exists: bool) -> None:
        """Set a branch to a commit, whatever it was."""
        if not exists:
            try:
                self.wire.ask(
                    "POST", self._at("/git/refs"), shapes.Ref, body={"ref": f"refs/heads/{branch}", "sha": sha}
                )
            except RefusedError as error:
                if error.status != _INVALID or "already exists" not in error.text:
                    raise
            else:
                return
        body = {"sha": sha, "force": True}
        self.wire.ask("PATCH", self._at(f"/git/refs/heads/{quote(branch)}"), shapes.Ref, body=body)

    def remove_branch(self, branch: str) -> None:
        """Delete a branch, if it is there."""
        try:
            self.wire.ask("DELETE", self._at(f"/git/refs/heads/{quote(branch)}"), type(None))
        except RefusedError as error:
            if error.status not in {_NOT_FOUND, _CONFLICT} and "does not exist" not in error.text:
                raise

    # ---- writing, once

    def open_issue(
        self,
        title: str,
        body: str,
        labels_and_assignees: tuple[Sequence[str], Sequence[str]],
        look: Callable[[], shapes.Item | None],
    ) -> shapes.Item:
        """A new issue, or what `look` finds when an answer was lost."""
        labels, assignees = labels_and_assignees
        content = {"title": title, "body": body, "labels": list(labels), "assignees": list(assignees)}
        return self._once(lambda: self._post("/issues", shapes.Item, content), look)

    def open_pull(
        self, title: str, body: str, head: str, base: str, look: Callable[[], shapes.Pull | None]
    ) -> shapes.Pull:
        """A new pull request, or what `look` finds when an answer was lost."""
        content = {"title": title, "body": body, "head": head, "base": base}
        return self._once(lambda: self._post("/pulls", shapes.Pull, content), look)

    def say(self, number: int, text: str, identity: str, us: frozenset[str]) -> None:
        """A comment, unless it was made before."""

        def look() -> shapes.Comment | None:
            ours = (each for each in self.comments(number) if each.user and each.user.login in us)
            return next((each for each in ours if says(each.body or "", identity)), None)

        if look() is None:
            content = {"body": remark(identity, text)}
            self._once(lambda: self._post(f"/issues/{number}/comments", shapes.Comment, content), look)

    def edit(self, number: int, **content: str) -> None:
        """Set title, body, state or state_reason of an issue or pull request."""
        self.wire.ask("PATCH", self._at(f"/issues/{number}"), shapes.Item, body=content)

    def ensure_label(self, name: str) -> None:
        """Make the label, if it is missing."""
        if self._or_none(lambda: self.wire.ask("GET", self._at(f"/labels/{quote(name, safe='')}"), shapes.Label)):
            return
        try:
            self.wire.ask("POST", self._at("/labels"), shapes.Label, body={"name": name, "color": "0366d6"})
        except RefusedError as error:
            if "already_exists" not in error.text:
                raise

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Add labels."""
        self.wire.ask("POST", self._at(f"/issues/{number}/labels"), list[shapes.Label], body={"labels": list(labels)})

    def assign(self, number: int, assignees: Sequence[str]) -> None:
        """Add assignees."""
        body = {"assignees": list(assignees)}
        self.wire.ask("POST", self._at(f"/issues/{number}/assignees"), shapes.Item, body=body)

    def request_review(self, number: int, reviewers: Sequence[str]) -> None:
        """Ask for reviews; `org/team` names a team."""
        teams = [each.rpartition("/")[2] for each in reviewers if "/" in each]
        body = {"reviewers": [each for each in reviewers if "/" not in each], "team_reviewers": teams}
        self.wire.ask("POST", self._at(f"/pulls/{number}/requested_reviewers"), shapes.Pull, body=body)

    def _at(self, path: str) -> str:
        return f"/repos/{self.repository}{path}"

    def _post(self, path: str, shape: type[T], content: Mapping[str, object]) -> T:
        return self.wire.ask("POST", self._at(path), shape, content, again=False)

    def _once(self, post: Callable[[], T], look: Callable[[], T | None]) -> T:
        """Post; when the answer is lost, look for what it made before posting again."""
        for attempt in range(ATTEMPTS):
            try:
                return post()
            except LostAnswerError:
                self.wire.pause(2.0 * 2**attempt)  # lists lag behind writes
                found = look()
                if found is not None:
                    return found
        raise UnavailableError("GitHub lost every answer to a new issue, pull request or comment; run again later.")

    def _or_none(self, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            return None
