"""Find what depcheck opened and a person described anew.

A pull request is known by its branch, an issue by author, label and what its title names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from depcheck.core.messages.hidden_state import HiddenMarker, ProposalForm, is_remark
from depcheck.core.settlement.items import Proposal, PublishedItem, Stance
from depcheck.publishing.base_branch import BaseBranch
from depcheck.publishing.branches import BranchPublisher
from depcheck.publishing.forge import Forge, ForgeItem, ForgePull

_UNKNOWN_DIGEST = "0" * 16
_MOST_CLOSED = 5  # newest first; each costs two calls


@dataclass(frozen=True, slots=True)
class RewrittenItems:
    """Reads items without a marker."""

    forge: Forge
    branches: BranchPublisher
    base: BaseBranch

    def read_open_pull(self, pull: ForgePull, proposal: Proposal) -> PublishedItem:
        """Return an open pull request from our branch, without marker."""
        own = self.branches.find_own_commit(
            pull.head, proposal.key, lambda one, other: self.base.has_equal_files(one, other, proposal.paths)
        )
        by_others = pull.item.author not in self.branches.own_accounts
        digest = own.finding[1] if own else _UNKNOWN_DIGEST
        marker = HiddenMarker(ProposalForm.PULL_REQUEST, proposal.key, digest, head=own.sha if own else "")
        return replace(
            self._to_rewritten(pull.item, marker, told=by_others),
            branch=pull.branch,
            has_foreign_commits=own is None,
            has_conflicts=pull.has_conflicts,
            is_by_others=by_others,
        )

    def find_closed_pulls(self, unmarked: Sequence[ForgeItem]) -> list[PublishedItem]:
        """Return pull requests that people closed, by the finding of our commit."""
        closed = [item for item in unmarked if item.is_pull and not item.is_open and not item.is_merged]
        found = []
        for item in closed[-_MOST_CLOSED:]:
            pull = self.forge.get_pull(item.number)
            if not pull.branch.startswith(self.branches.prefix):
                continue
            finding = self.branches.find_finding(pull.head, pull.branch.rpartition("-")[2])
            if finding is not None:
                marker = HiddenMarker(ProposalForm.PULL_REQUEST, *finding, head=pull.head)
                found.append(PublishedItem(item.number, marker, item.title, item.body, item.url, is_open=False))
        return found

    def find_open_issues(
        self, unmarked: Iterable[ForgeItem], wanted: Sequence[Proposal], known: Iterable[PublishedItem]
    ) -> list[PublishedItem]:
        """Return open issues for the proposals that have none of their own.

        The title tells whose it is. Where it does not, the first proposal takes it: better no second issue.
        """
        taken = {(each.marker.form, each.marker.key) for each in known if each.is_open}
        free = [each for each in wanted if (each.form, each.key) not in taken]
        found = []
        for item in unmarked:
            proposal = _choose_proposal(item, free) if item.is_open and not item.is_pull else None
            if proposal is not None:
                free.remove(proposal)
                marker = HiddenMarker(proposal.form, proposal.key, proposal.digest or _UNKNOWN_DIGEST)
                found.append(self._to_rewritten(item, marker))
        return found

    def _to_rewritten(self, item: ForgeItem, marker: HiddenMarker, *, told: bool = False) -> PublishedItem:
        found = PublishedItem(
            item.number,
            marker,
            item.title,
            item.body,
            item.url,
            is_patch_issue=marker.form is ProposalForm.PULL_REQUEST and not item.is_pull,
            is_rewritten=True,
        )
        if not told:
            comments = self.forge.list_comments(item.number)
            own = (each.body for each in comments if each.author in self.branches.own_accounts)
            told = any(is_remark(body, found.rewrite_remark) for body in own)
        return replace(found, posted_remarks=frozenset({found.rewrite_remark} if told else ()))


def _choose_proposal(item: ForgeItem, free: Sequence[Proposal]) -> Proposal | None:
    issues = [each for each in free if each.form is ProposalForm.ISSUE]
    same = [each for each in free if each.title and each.title == item.title]
    named = sorted(
        (each for each in issues if each.display_name in item.title), key=lambda each: -len(each.display_name)
    )
    lone = issues if len(issues) == 1 else [each for each in issues if each.stance is Stance.PROPOSE]
    return next(iter((*same, *named, *lone)), None)
