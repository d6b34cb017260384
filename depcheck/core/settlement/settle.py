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


class Stance(StrEnum):
    """The wish of a report about one form of one environment."""

    PROPOSE = "propose"
    CLOSE = "close"
    LEAVE = "leave"  # nothing was found out: neither a reason to open nor one to close


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request or issue that should exist, or should be closed.

    `stance` says which of them. `reason` is the sentence with which it is closed or left, `change_note` the
    remark with which it changes. `display_name` names the environment for people, `environment` in the report.
    A finding is the same as long as its `digest` is; another `detail` is worth a silent edit. `timeline_update`
    continues an issue's timeline. `board` holds what a dashboard is made of.
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
    environment: str = ""
    detail: str = ""
    timeline_update: TimelineUpdate | None = None
    board: DashboardInput | None = None


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """A pull request or issue of ours, as the forge shows it.

    `is_patch_issue`: a pull request could not be opened, so an issue holds its patch. `lacks_labels`: its
    labels are missing; they are set last. `has_foreign_commits` and `has_conflicts` are about an open pull
    request's `branch`. `posted_remarks` are the remarks already made about others' commits.
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
    posted_remarks: frozenset[str] = frozenset()

    @property
    def has_our_title(self) -> bool:
        """True if the title is the one that we set."""
        return compute_short_digest(self.title) == self.marker.title


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
    """Say once that others' commits are on the branch, change nothing."""

    existing: PublishedItem
    proposal: Proposal
    identity: str


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


ForgeAction: TypeAlias = CreateAction | UpdateAction | RemarkAction | CloseAction | LeaveAction | YieldAction


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


def make_remark_identity(existing: PublishedItem, proposal: Proposal) -> str:
    """Make the identity of the remark about others' commits.

    A remark of one identity is posted once, so there is one for each finding.
    """
    return f"others {existing.number} {proposal.stance} {proposal.digest}"


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
    return [*(_close_duplicate(each, first) for each in others), _settle_open_item(first, proposal)]


def _settle_without_open_item(known: list[PublishedItem], proposal: Proposal) -> ForgeAction:
    if proposal.stance is Stance.CLOSE:
        return LeaveAction(proposal, proposal.reason)
    snoozed = [each for each in known if not each.is_merged and not each.marker.closed]
    for each in snoozed:
        if each.marker.digest == proposal.digest:
            return LeaveAction(proposal, f"#{each.number} was closed by hand; it stays so until the finding changes")
    return CreateAction(proposal)


def _settle_open_item(first: PublishedItem, proposal: Proposal) -> ForgeAction:
    same = first.marker.digest == proposal.digest and not first.marker.closed
    well = first.has_foreign_commits or not (first.has_conflicts or first.lacks_labels)
    up_to_date = first.has_foreign_commits or proposal.detail in {"", first.marker.detail}
    if proposal.stance is Stance.PROPOSE and same and well and up_to_date:
        return LeaveAction(proposal, "nothing changed", first)
    if first.has_foreign_commits:
        identity = make_remark_identity(first, proposal)
        told = identity in first.posted_remarks
        return (
            LeaveAction(proposal, "the branch has commits by others", first)
            if told
            else RemarkAction(first, proposal, identity)
        )
    if proposal.stance is Stance.CLOSE:
        return CloseAction(first, proposal.reason, body=proposal.body)
    return UpdateAction(first, proposal, has_remark=not same and bool(proposal.change_note))


def _close_duplicate(each: PublishedItem, first: PublishedItem) -> CloseAction:
    return CloseAction(each, f"The same as #{first.number}, which two runs opened at the same time.", is_duplicate=True)
