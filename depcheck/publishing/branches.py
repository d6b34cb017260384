"""Branches of depcheck: one commit on the head of the base branch.

Commits of others are never overwritten.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from depcheck.core.messages.hidden_state import format_commit_trailer, parse_commit_trailer
from depcheck.core.settlement.items import Proposal
from depcheck.publishing.base_branch import BaseBranch, FileChange
from depcheck.publishing.forge import Forge, ForgeCommit, ForgeRefusalError, RefusalReason

_KEY_CHARS = 8
_MOST_MERGES = 20  # of the base branch into ours, one after the other


@dataclass(frozen=True, slots=True)
class OwnCommit:
    """A commit of depcheck, which merges of the base may follow.

    `finding` is the key and the digest in its message.
    """

    sha: str
    parents: tuple[str, ...]
    finding: tuple[str, str]


@dataclass(frozen=True, slots=True)
class BranchPublisher:
    """Creates and updates the branches of proposals.

    Their names begin with `prefix`; `own_accounts` are the accounts that write for depcheck.
    """

    forge: Forge
    prefix: str
    own_accounts: frozenset[str]

    def format_name(self, proposal: Proposal) -> str:
        """Return the branch name of a proposal.

        It is readable, and no other environment has it.
        """
        slug = re.sub(r"[^a-z0-9]+", "-", proposal.display_name.lower()).strip("-")[:60]
        return f"{self.prefix}{slug or 'lockfile'}-{proposal.key[:_KEY_CHARS]}"

    def find_name(self, proposal: Proposal) -> str:
        """Return the proposal's branch, which may have an older name."""
        known = [name for name in self.forge.list_branches(self.prefix) if self.is_of_key(name, proposal.key)]
        name = self.format_name(proposal)
        return name if name in known or not known else known[0]

    def is_of_key(self, name: str, key: str) -> bool:
        """Return True if a branch's name is one of this key."""
        return name.startswith(self.prefix) and name.endswith(f"-{key[:_KEY_CHARS]}")

    def find_own_commit(
        self, sha: str, key: str, is_same: Callable[[str, str], bool] = lambda _one, _other: True
    ) -> OwnCommit | None:
        """Return the commit of depcheck for `key` at `sha`, or None.

        None says that others' commits are there. Merges of the base branch by the forge's own button are passed over,
        as long as `is_same` says that they left our files as they were.
        """
        tip = sha
        for _ in range(_MOST_MERGES):
            commit = self.forge.get_commit(sha)
            found = parse_commit_trailer(commit.message)
            if found is not None and found[0] == key and self._is_ours(commit):
                return OwnCommit(sha, commit.parents, found) if sha == tip or is_same(tip, sha) else None
            if len(commit.parents) != 2 or commit.committer != self.forge.committer:  # noqa: PLR2004
                return None
            sha = commit.parents[0]
        return None

    def _is_ours(self, commit: ForgeCommit) -> bool:
        people = {commit.author, commit.committer}
        return people <= self.own_accounts | {self.forge.committer} and bool(people & self.own_accounts)

    def update_branch(
        self, branch: str, proposal: Proposal, base: BaseBranch, puts: tuple[FileChange, ...], *, again: bool = False
    ) -> str | None:
        """Set `branch` to a commit with the file changes on `base`.

        Returns its hash, or None if a commit of others is at `branch`. A branch that has these files already and
        fits the base is kept: each push has people's checks run again. With `again`, which a person asked for, a new
        commit is made in any case.
        """
        tip = self.forge.get_branch_commit(branch)
        if tip is not None and not again:
            own = self.find_own_commit(
                tip, proposal.key, lambda one, other: base.has_equal_files(one, other, proposal.paths)
            )
            if own is None:
                return None
            if self._is_current(tip, own, base, puts, proposal.paths):
                return tip
        made = self._create_commit(proposal, base, puts)
        self.forge.set_branch(branch, made, exists=tip is not None)
        return made

    def _is_current(
        self, tip: str, own: OwnCommit, base: BaseBranch, puts: tuple[FileChange, ...], paths: tuple[str, ...]
    ) -> bool:
        """Whether the branch holds these files and fits the base."""
        files = {put.path: put for put in puts}
        rest = [path for path in paths if path not in files]
        parent = own.parents[0] if own.parents else ""
        return (
            bool(parent)
            and base.has_contents(tip, puts)
            and base.has_equal_files(tip, base.head_commit, rest)
            and base.has_equal_files(parent, base.head_commit, (*files, *rest))
        )

    def remove_branch(self, branch: str, key: str) -> None:
        """Delete `branch` if depcheck made it and it is unused.

        It is in use while an open pull request comes from it.
        """
        tip = self.forge.get_branch_commit(branch)
        if tip is not None and not self.forge.list_open_pulls_from(branch) and self.find_own_commit(tip, key):
            self.forge.remove_branch(branch)

    def find_finding(self, sha: str, key_chars: str) -> tuple[str, str] | None:
        """Return key and digest of our commit at `sha`.

        `key_chars` ends the branch's name. None where the commit is gone or of others.
        """
        try:
            commit = self.forge.get_commit(sha)
        except ForgeRefusalError as error:
            if error.reason is RefusalReason.CREDENTIALS:
                raise
            return None
        found = parse_commit_trailer(commit.message)
        return found if found and found[0].startswith(key_chars) and self._is_ours(commit) else None

    def _create_commit(self, proposal: Proposal, base: BaseBranch, puts: tuple[FileChange, ...]) -> str:
        entries = [(put.path, put.mode, self.forge.create_blob(put.content)) for put in puts]
        tree = self.forge.create_tree(base.head_commit, entries)
        message = f"{proposal.title}\n\n{format_commit_trailer(proposal.key, proposal.digest)}\n"
        return self.forge.create_commit(message, tree, base.head_commit)
