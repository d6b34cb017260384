"""Git data of a repository on GitHub: branches, commits, folders, files.

What is written is named by content or set to a value, so that doing it twice is doing it once.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from depcheck.publishing.forge import (
    ForgeCommit,
    TreeEntry,
)
from depcheck.publishing.github import convert, schemas
from depcheck.publishing.github.http_session import (
    GitHubConnection,
    UnavailableError,
)
from depcheck.publishing.github.request_errors import RefusedError

_NOT_FOUND = 404
_CONFLICT = 409
_INVALID = 422

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GitHubRepository:
    """One repository (`owner/name`) on GitHub, as git knows it."""

    connection: GitHubConnection
    repository: str

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

    def get_commit(self, sha: str) -> ForgeCommit:
        """Return a commit with its author and committer."""
        found = self.connection.send_request("GET", self._build_path(f"/commits/{sha}"), schemas.GitCommit)
        return convert.to_commit(found)

    def list_tree(self, sha: str) -> list[TreeEntry]:
        """List the entries of one folder.

        `sha` is the hash of a tree or of a commit.
        """
        found = self.connection.send_request("GET", self._build_path(f"/git/trees/{sha}"), schemas.GitTree)
        return [convert.to_tree_entry(each) for each in found.tree]

    def read_blob(self, sha: str) -> bytes:
        """Return a file's content."""
        found = self.connection.send_request("GET", self._build_path(f"/git/blobs/{sha}"), schemas.GitBlob)
        try:
            return base64.b64decode(found.content)
        except binascii.Error:
            raise UnavailableError(f"GitHub's content of {sha} is not readable; run again later.") from None

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

    def _build_path(self, path: str) -> str:
        return f"/repos/{self.repository}{path}"

    def _get_or_none(self, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            return None
