"""Settle the proposals: compute the actions to take on the forge.

Idempotent: settling twice does the same as settling once. The forge's own state is the only state. A
published finding that has not changed costs no write. An older run never takes back what a newer run wrote.
What people did (commits, a close, a title) is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from depcheck.core.messages.hidden_state import ProposalForm, WorkflowRun
from depcheck.core.settlement.actions import (
    CloseAction,
    CreateAction,
    ForgeAction,
    LeaveAction,
    NoteAction,
    RemarkAction,
    RetryAction,
    UpdateAction,
    YieldAction,
)
from depcheck.core.settlement.items import Proposal, PublishedItem, Stance
from depcheck.core.settlement.remarks import QUIET_IS_OVER


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
        if _is_quiet(each, proposal):
            return LeaveAction(proposal, f"#{each.number} was closed by hand, with quiet until {each.quiet_until}")
        if (each.quiet_until is None or proposal.is_urgent) and each.marker.digest == proposal.digest:
            return LeaveAction(proposal, f"#{each.number} was closed by hand; it stays so until the finding changes")
    return CreateAction(proposal)


def _settle_open_item(first: PublishedItem, proposal: Proposal) -> ForgeAction:
    if first.has_foreign_commits and not first.is_asked_again:
        return _leave_to_others(first, proposal)
    if proposal.stance is Stance.CLOSE:
        by_others = LeaveAction(proposal, "a person opened it", first)
        return by_others if first.is_by_others else CloseAction(first, proposal.reason, body=proposal.body)
    if _is_quiet(first, proposal):
        return _settle_quietly(first, proposal)
    is_over = first.quiet_until is not None and not proposal.is_urgent
    if is_over and proposal.form is ProposalForm.ISSUE:
        return UpdateAction(first, replace(proposal, change_note=QUIET_IS_OVER))
    if is_over or not _is_up_to_date(first, proposal):
        return UpdateAction(first, proposal, has_remark=not _is_same(first, proposal) and bool(proposal.change_note))
    return RetryAction(first, proposal) if first.is_patch_issue else LeaveAction(proposal, "nothing changed", first)


def _is_quiet(item: PublishedItem, proposal: Proposal) -> bool:
    """Whether a person asked for quiet, and its day has not come."""
    day = item.quiet_until
    return day is not None and proposal.today is not None and proposal.today < day and not proposal.is_urgent


def _settle_quietly(first: PublishedItem, proposal: Proposal) -> ForgeAction:
    """Edit an issue without a remark, and leave a pull request."""
    if first.is_asked_again or (proposal.form is ProposalForm.ISSUE and not _is_up_to_date(first, proposal)):
        return UpdateAction(first, proposal, has_remark=False)
    return LeaveAction(proposal, f"a person asked for quiet until {first.quiet_until}", first)


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
