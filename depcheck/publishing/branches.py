"""Our branches: one commit on the head of the base branch, and never over another's commits."""

import re
from dataclasses import dataclass

from depcheck.core.markers import read_trailer, trailer
from depcheck.core.settlement import Proposal
from depcheck.publishing import shapes
from depcheck.publishing.base import Base, Put
from depcheck.publishing.github import Forge

_WEB_EDITOR = "web-flow"  # who commits what is made by GitHub itself


@dataclass(frozen=True, slots=True)
class Branches:
    """Branches of ours begin with `prefix`; `us` are the accounts that write for us."""

    forge: Forge
    prefix: str
    us: frozenset[str]

    def name(self, proposal: Proposal) -> str:
        """The branch of a proposal: readable, and no other environment's."""
        slug = re.sub(r"[^a-z0-9]+", "-", proposal.shown.lower()).strip("-")[:60]
        return f"{self.prefix}{slug or 'lockfile'}-{proposal.key[:8]}"

    def ours(self, sha: str, key: str) -> shapes.Commit | None:
        """The commit `sha` if we made it for `key`, else None."""
        commit = self.forge.commit(sha)
        found = read_trailer(commit.commit.message)
        people = {str((user or {}).get("login", "")) for user in (commit.author, commit.committer)}
        made_by_us = people <= self.us | {_WEB_EDITOR} and bool(people & self.us)
        return commit if found is not None and found[0] == key and made_by_us else None

    def put(self, branch: str, proposal: Proposal, base: Base, puts: tuple[Put, ...]) -> str | None:
        """The commit with `puts` on `base` at `branch`; None where another's commit stands there.

        A commit that an earlier run left there for the same finding on the same base is kept.
        """
        tip = self.forge.branch(branch)
        if tip is not None:
            commit = self.ours(tip, proposal.key)
            if commit is None:
                return None
            same = read_trailer(commit.commit.message) == (proposal.key, proposal.digest)
            if same and [parent.sha for parent in commit.parents] == [base.commit]:
                return tip
        made = self._commit(proposal, base, puts)
        self.forge.point(branch, made, exists=tip is not None)
        return made

    def remove(self, branch: str, key: str) -> None:
        """Take `branch` away, if it is ours and nobody's pull request lives on it."""
        tip = self.forge.branch(branch)
        if tip is not None and not self.forge.open_pulls_from(branch) and self.ours(tip, key):
            self.forge.remove_branch(branch)

    def _commit(self, proposal: Proposal, base: Base, puts: tuple[Put, ...]) -> str:
        entries = [(put.path, put.mode, self.forge.make_blob(put.content)) for put in puts]
        tree = self.forge.make_tree(base.commit, entries)
        message = f"{proposal.title}\n\n{trailer(proposal.key, proposal.digest)}\n"
        return self.forge.make_commit(message, tree, base.commit)
