"""Settle the proposals: compute the actions to take on the forge.

Idempotent: settling twice does the same as settling once. The forge's own state is the only state. A
published finding that has not changed costs no write. An older run never takes back what a newer run wrote.
What people did (commits, a close, a title) is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from depcheck.core.messages.dashboard import DashboardInput
from depcheck.core.messages.hidden_state import HiddenMarker, ProposalForm, WorkflowRun, compute_short_digest
from depcheck.core.messages.timeline import TimelineUpdate
from depcheck.core.settlement.remarks import is_again_asked, is_left_note_shown


class Stance(StrEnum):
    """The wish of a report about one form of one environment."""

    PROPOSE = "propose"
    CLOSE = "close"
    LEAVE = "leave"  # nothing was found out: neither a reason to open nor one to close


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request or issue that should exist, or should be closed.

    `stance` says which of them. `reason` is the sentence with which it is closed or left, `change_note` the
    remark with which it changes. `display_name` names what it is about for people, `environments` in the report;
    `members` are the keys of environments that share a pull request.
    A finding is the same as long as its `digest` is; another `detail` is worth a silent edit. `timeline_update`
    continues an issue's timeline. `board` holds what a dashboard is made of. `base` is a digest of the base branch,
    `paths` are the lockfiles that are installed together, `files` their digests, by which a proposal is found again
    under another name. `may_merge` says that nobody has to look at it, where that is wished for.
    """

    form: ProposalForm
    key: str
    display_name: str
    stance: Stance
    reason: str = ""
    digest: str = ""
    title: str = ""
    body: str = ""
    change_note: str = ""
    environments: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    detail: str = ""
    timeline_update: TimelineUpdate | None = None
    board: DashboardInput | None = None
    base: str = ""
    paths: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    may_merge: bool = False


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """A pull request or issue of ours, as the forge shows it.

    `is_patch_issue`: a pull request could not be opened, so an issue holds its patch. `lacks_labels`: its
    labels are missing; they are set last. `has_foreign_commits` and `has_conflicts` are about an open pull
    request's `branch`. `is_rewritten`: a person wrote the description anew, so it has no marker; then `marker` is
    made of what else is known. `is_by_others`: a person opened it from our branch. `posted_remarks` are the remarks
    already made about that.
    """

    number: int
    marker: HiddenMarker
    title: str
    body: str = ""
    url: str = ""
    branch: str = ""
    is_open: bool = True
    is_merged: bool = False
    is_patch_issue: bool = False
    lacks_labels: bool = False
    has_foreign_commits: bool = False
    has_conflicts: bool = False
    is_rewritten: bool = False
    is_by_others: bool = False
    posted_remarks: frozenset[str] = frozenset()

    @property
    def has_our_title(self) -> bool:
        """True if the title is the one that we set."""
        return compute_short_digest(self.title) == self.marker.title

    @property
    def is_left_to_others(self) -> bool:
        """True if the body says that others' commits are on the branch."""
        return is_left_note_shown(self.body)

    @property
    def is_asked_again(self) -> bool:
        """True if a person asked for a new branch."""
        return is_again_asked(self.body)

    @property
    def rewrite_remark(self) -> str:
        """The identity of the remark about a description that a person wrote."""
        return f"rewritten {self.number}"


@dataclass(frozen=True, slots=True)
class CreateAction:
    """Open the pull request or issue.

    Look for it first: an earlier call may have been cut off.
    """

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class UpdateAction:
    """Publish the new finding: branch, remark, body, and our own title.

    A remark is posted only with `has_remark`, when the finding changed. An edit of a body alone sends no mail,
    a remark does.
    """

    existing: PublishedItem
    proposal: Proposal
    has_remark: bool = True


@dataclass(frozen=True, slots=True)
class RemarkAction:
    """Say once that a person's description stays, change nothing."""

    existing: PublishedItem
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class NoteAction:
    """Say in the body that others' commits are on the branch.

    An edit mails nobody.
    """

    existing: PublishedItem
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class RetryAction:
    """Try again to open the pull request behind a stand-in."""

    existing: PublishedItem
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class CloseAction:
    """Say why, close it, and delete the branch.

    `body` replaces the item's body; empty keeps it.
    """

    existing: PublishedItem
    reason: str
    is_duplicate: bool = False
    body: str = ""


@dataclass(frozen=True, slots=True)
class LeaveAction:
    """Make no call.

    `existing` is the item that stays open, or None.
    """

    proposal: Proposal
    reason: str
    existing: PublishedItem | None = None


@dataclass(frozen=True, slots=True)
class YieldAction:
    """Make no call, as a newer run already updated it."""

    proposal: Proposal
    existing: PublishedItem


ForgeAction: TypeAlias = (
    CreateAction | UpdateAction | RetryAction | RemarkAction | NoteAction | CloseAction | LeaveAction | YieldAction
)


def is_told_already(action: ForgeAction) -> bool:
    """Return True if the forge has shown this finding before.

    Also where people closed it, or a newer run wrote it.
    """
    if isinstance(action, UpdateAction):
        return not action.has_remark and not action.existing.marker.closed
    return isinstance(action, LeaveAction | YieldAction) and action.proposal.stance is Stance.PROPOSE


def settle_proposals(
    existing: Iterable[PublishedItem], wanted: Sequence[Proposal], run: WorkflowRun
) -> tuple[ForgeAction, ...]:
    """Compute the actions that bring the forge to the wanted state.

    In the order in which they are to be done. Environments that `wanted` does not name are left alone: another
    job may have checked them.
    """
    known = tuple(existing)
    return tuple(
        action for proposal in wanted for action in _settle_proposal(_find_published(proposal, known), proposal, run)
    )


def _find_published(proposal: Proposal, known: Iterable[PublishedItem]) -> list[PublishedItem]:
    """Find the published items of the proposal.

    Pull requests come before the issues that replace them, the oldest first.
    """
    found = [each for each in known if (each.marker.form, each.marker.key) == (proposal.form, proposal.key)]
    return sorted(found, key=lambda each: (each.is_patch_issue, each.number))


def _settle_proposal(known: list[PublishedItem], proposal: Proposal, run: WorkflowRun) -> list[ForgeAction]:
    newer = [each for each in known if run.is_older_than(each.marker.run)]
    living = [each for each in known if each.is_open]
    if proposal.stance is Stance.LEAVE:
        return [LeaveAction(proposal, proposal.reason, living[0] if living else None)]
    if newer:
        return [YieldAction(proposal, newer[-1])]
    if not living:
        return [_settle_without_open_item(known, proposal)]
    first, *others = living
    remark = first.is_rewritten and not first.has_foreign_commits and first.rewrite_remark not in first.posted_remarks
    return [
        *(_close_duplicate(each, first) for each in others),
        *([RemarkAction(first, proposal)] if remark else []),
        _settle_open_item(first, proposal),
    ]


def _settle_without_open_item(known: list[PublishedItem], proposal: Proposal) -> ForgeAction:
    if proposal.stance is Stance.CLOSE:
        return LeaveAction(proposal, proposal.reason)
    snoozed = [each for each in known if not each.is_merged and not each.marker.closed]
    for each in snoozed:
        if each.marker.digest == proposal.digest:
            return LeaveAction(proposal, f"#{each.number} was closed by hand; it stays so until the finding changes")
    return CreateAction(proposal)


def _settle_open_item(first: PublishedItem, proposal: Proposal) -> ForgeAction:
    if first.has_foreign_commits and not first.is_asked_again:
        return _leave_to_others(first, proposal)
    if proposal.stance is Stance.CLOSE:
        by_others = LeaveAction(proposal, "a person opened it", first)
        return by_others if first.is_by_others else CloseAction(first, proposal.reason, body=proposal.body)
    if not _is_up_to_date(first, proposal):
        return UpdateAction(first, proposal, has_remark=not _is_same(first, proposal) and bool(proposal.change_note))
    return RetryAction(first, proposal) if first.is_patch_issue else LeaveAction(proposal, "nothing changed", first)


def _leave_to_others(first: PublishedItem, proposal: Proposal) -> ForgeAction:
    """Never write over others' commits, and say so in our body."""
    unchanged = proposal.stance is Stance.PROPOSE and _is_same(first, proposal)
    if unchanged or first.is_rewritten or first.is_left_to_others:
        return LeaveAction(proposal, "nothing changed" if unchanged else "the branch has commits by others", first)
    return NoteAction(first, proposal)


def _is_same(first: PublishedItem, proposal: Proposal) -> bool:
    return first.marker.digest == proposal.digest and not first.marker.closed


def _is_up_to_date(first: PublishedItem, proposal: Proposal) -> bool:
    """Whether nothing of the item is to be written."""
    sound = _is_same(first, proposal) and not first.has_conflicts and not first.is_asked_again
    if first.is_rewritten:
        return sound
    marker = first.marker
    named = proposal.files in {(), marker.files} and proposal.detail in {"", marker.detail}
    return sound and named and not first.lacks_labels and not first.is_left_to_others


def _close_duplicate(each: PublishedItem, first: PublishedItem) -> CloseAction:
    if each.is_patch_issue and not first.is_patch_issue:
        return CloseAction(each, f"Pull request #{first.number} is open now.", is_duplicate=True)
    return CloseAction(each, f"The same as #{first.number}, which two runs opened at the same time.", is_duplicate=True)
