"""Branches of depcheck: one commit on the head of the base branch.

Commits of others are never overwritten.
"""

import re
from dataclasses import dataclass

from depcheck.core.messages.hidden_state import format_commit_trailer, parse_commit_trailer
from depcheck.core.settlement.settle import Proposal
from depcheck.publishing.base_branch import BaseBranch, FileChange
from depcheck.publishing.forge import Forge, ForgeCommit


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
        return f"{self.prefix}{slug or 'lockfile'}-{proposal.key[:8]}"

    def find_own_commit(self, sha: str, key: str) -> ForgeCommit | None:
        """Return the commit `sha` if depcheck made it for `key`, else None."""
        commit = self.forge.get_commit(sha)
        found = parse_commit_trailer(commit.message)
        people = commit.people
        made_by_us = people <= self.own_accounts | {self.forge.committer} and bool(people & self.own_accounts)
        return commit if found is not None and found[0] == key and made_by_us else None

    def update_branch(
        self, branch: str, proposal: Proposal, base: BaseBranch, puts: tuple[FileChange, ...]
    ) -> str | None:
        """Set `branch` to a commit with the file changes on `base`.

        Returns its hash, or None if a commit of others is at `branch`. A commit that an earlier run left there for
        the same finding on the same base is kept.
        """
        tip = self.forge.get_branch_commit(branch)
        if tip is not None:
            commit = self.find_own_commit(tip, proposal.key)
            if commit is None:
                return None
            same = parse_commit_trailer(commit.message) == (proposal.key, proposal.digest)
            if same and commit.parents == (base.head_commit,):
                return tip
        made = self._create_commit(proposal, base, puts)
        self.forge.set_branch(branch, made, exists=tip is not None)
        return made

    def remove_branch(self, branch: str, key: str) -> None:
        """Delete `branch` if depcheck made it and it is unused.

        It is in use while an open pull request comes from it.
        """
        tip = self.forge.get_branch_commit(branch)
        if tip is not None and not self.forge.list_open_pulls_from(branch) and self.find_own_commit(tip, key):
            self.forge.remove_branch(branch)

    def _create_commit(self, proposal: Proposal, base: BaseBranch, puts: tuple[FileChange, ...]) -> str:
        entries = [(put.path, put.mode, self.forge.create_blob(put.content)) for put in puts]
        tree = self.forge.create_tree(base.head_commit, entries)
        message = f"{proposal.title}\n\n{format_commit_trailer(proposal.key, proposal.digest)}\n"
        return self.forge.create_commit(message, tree, base.head_commit)
