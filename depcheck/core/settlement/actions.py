"""What can be done about one pull request or issue."""

from dataclasses import dataclass
from typing import TypeAlias

from depcheck.core.settlement.items import Proposal, PublishedItem, Stance


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
