"""Read what exists on the forge into the settlement's values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from depcheck.core.messages.hidden_state import ProposalForm, WorkflowRun, parse_hidden_marker
from depcheck.core.settlement.identity import KnownEnvironments, adopt_published, close_orphans
from depcheck.core.settlement.items import Proposal, PublishedItem, Stance
from depcheck.publishing.base_branch import BaseBranch
from depcheck.publishing.branches import BranchPublisher
from depcheck.publishing.forge import LABEL, Forge, ForgeItem, ForgePull
from depcheck.publishing.rewritten import RewrittenItems


@dataclass(frozen=True, slots=True)
class ForgeSnapshot:
    """The items and branches of depcheck on the forge.

    `existing` are our items. `wanted` are the proposals under the keys of what exists, and those that close what
    belongs to nothing any more. `stray_branches` are our branches (name, key) that no pull request uses.
    """

    existing: tuple[PublishedItem, ...]
    wanted: tuple[Proposal, ...]
    stray_branches: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SnapshotReader:
    """Reads everything that settlement needs, by few calls if nothing happened.

    `run` is this run, and `is_default_base` says that the base is the repository's default branch.
    """

    forge: Forge
    branches: BranchPublisher
    base: BaseBranch
    known: KnownEnvironments
    run: WorkflowRun
    is_default_base: bool = True

    def take_snapshot(self, proposals: Sequence[Proposal]) -> ForgeSnapshot:
        """Read what exists for these proposals."""
        own = [item for item in self.forge.list_labeled_items() if item.author in self.branches.own_accounts]
        unmarked = [item for item in own if parse_hidden_marker(item.body) is None]
        existing = [each for item in own if (each := _to_existing(item)) is not None]
        forms = {*(each.form for each in proposals), *(each.marker.form for each in existing)}
        tips = self.forge.list_branches(self.branches.prefix) if ProposalForm.PULL_REQUEST in forms else {}
        wanted = adopt_published(proposals, existing, self.known)
        wanted += self._close_orphans(proposals, wanted, existing, tips)
        pulls = {each.key: each for each in wanted if each.form is ProposalForm.PULL_REQUEST}
        found = [self._load_pull_state(each, pulls) for each in existing]
        reader = RewrittenItems(self.forge, self.branches, self.base)
        found += reader.find_closed_pulls(unmarked)
        strays = []
        for name in sorted(tips.keys() - {each.branch for each in found if each.is_open}):
            proposal = next((each for each in pulls.values() if self.branches.is_of_key(name, each.key)), None)
            if proposal is not None:
                here = self._find_unlisted_pulls(name, proposal, reader)
                found += here
                strays += [(name, proposal.key)] * (not here and proposal.stance is Stance.CLOSE)
        found += reader.find_open_issues(unmarked, wanted, found)
        return ForgeSnapshot(tuple(map(self._doubt_run, found)), wanted, tuple(strays))

    def _doubt_run(self, each: PublishedItem) -> PublishedItem:
        """Return the item without the number of a made-up run.

        Who may edit it can write any number there. Where the forge does not show our own run, it shows none.
        """
        if not self.run.is_older_than(each.marker.run) or self.forge.has_run(each.marker.run):
            return each
        return replace(each, marker=replace(each.marker, run=WorkflowRun())) if self.forge.has_run(self.run) else each

    def _close_orphans(
        self,
        proposals: Sequence[Proposal],
        wanted: Sequence[Proposal],
        existing: Iterable[PublishedItem],
        tips: Iterable[str],
    ) -> tuple[Proposal, ...]:
        """Make proposals that close what is left of environments that are gone."""
        forms = {each.form for each in proposals}
        left = [
            each
            for each in existing
            if each.marker.form in forms
            and (each.is_open or any(self.branches.is_of_key(name, each.marker.key) for name in tips))
        ]
        return close_orphans(wanted, [each for each in left if self._is_of_base(each)], self.known)

    def _is_of_base(self, each: PublishedItem) -> bool:
        """Whether an item is about our base branch."""
        if each.marker.base:
            return each.marker.base == self.known.digest
        if each.marker.form is ProposalForm.PULL_REQUEST and not each.is_patch_issue:
            return self.forge.get_pull(each.number).base == self.base.name
        return self.is_default_base

    def _load_pull_state(self, existing: PublishedItem, wanted: dict[str, Proposal]) -> PublishedItem:
        """Return an open pull request with the state of its branch.

        Other items are returned unchanged.
        """
        proposal = wanted.get(existing.marker.key)
        is_pull = existing.marker.form is ProposalForm.PULL_REQUEST and not existing.is_patch_issue
        if not (existing.is_open and is_pull and proposal) or proposal.stance is Stance.LEAVE:
            return existing
        pull = self.forge.get_pull(existing.number)
        if not pull.item.is_open:
            return replace(existing, is_open=False, is_merged=pull.item.is_merged)
        return self._add_branch_state(existing, pull, proposal.paths)

    def _add_branch_state(self, existing: PublishedItem, pull: ForgePull, paths: Sequence[str]) -> PublishedItem:
        marker = existing.marker
        if pull.head == marker.head:
            return replace(existing, branch=pull.branch, has_conflicts=pull.has_conflicts)
        own = self.branches.find_own_commit(
            pull.head, marker.key, lambda one, other: self.base.has_equal_files(one, other, paths)
        )
        # a run that was cut off, or an older one, can have left a branch that is not what the body says
        astray = own is not None and own.sha != marker.head and own.finding != (marker.key, marker.digest)
        conflicting = pull.has_conflicts or astray
        return replace(existing, branch=pull.branch, has_foreign_commits=own is None, has_conflicts=conflicting)

    def _find_unlisted_pulls(self, branch: str, proposal: Proposal, reader: RewrittenItems) -> list[PublishedItem]:
        """Return our pull requests that the list by label lacks."""
        found = []
        for pull in self.forge.list_open_pulls_from(branch):
            marker = parse_hidden_marker(pull.item.body)
            if marker is None:
                found.append(reader.read_open_pull(pull, proposal))
            elif pull.item.author in self.branches.own_accounts:
                item = PublishedItem(pull.item.number, marker, pull.item.title, pull.item.body, pull.item.url)
                state = self._add_branch_state(item, pull, proposal.paths)
                found.append(replace(state, lacks_labels=LABEL not in pull.item.labels))
        return found


def _to_existing(item: ForgeItem) -> PublishedItem | None:
    marker = parse_hidden_marker(item.body)
    if marker is None:
        return None
    return PublishedItem(
        number=item.number,
        marker=marker,
        title=item.title,
        body=item.body,
        url=item.url,
        is_open=item.is_open,
        is_merged=item.is_merged,
        is_patch_issue=marker.form is ProposalForm.PULL_REQUEST and not item.is_pull,
    )
