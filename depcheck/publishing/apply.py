"""Execute one action of a settlement, with a result that can repeat.

An execution that is cut off at any call and started again ends the same.
"""

from dataclasses import dataclass
from typing import assert_never

from depcheck.core.messages.hidden_state import ProposalForm, prepend_marker
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
from depcheck.core.settlement.items import Proposal, PublishedItem
from depcheck.core.settlement.remarks import REWRITTEN_REMARK, add_left_note
from depcheck.publishing.base_branch import FileChange
from depcheck.publishing.forge import ForgeRefusalError, RefusalReason
from depcheck.publishing.open_proposals import ProposalOpener
from depcheck.publishing.publish_session import (
    ActionResult,
    PublishSession,
    build_action_result,
    build_unchanged_result,
    format_item_reference,
)

_OTHERS_COMMITS = "the branch has commits by others"


@dataclass(frozen=True, slots=True)
class ActionExecutor:
    """Executes actions in a publishing session."""

    session: PublishSession
    opener: ProposalOpener

    def execute_action(self, action: ForgeAction, puts: tuple[FileChange, ...]) -> ActionResult:
        """Execute `action` and return its result.

        `puts` are the files of a pull request's proposal.
        """
        match action:
            case CreateAction(proposal):
                return self.opener.open_proposal(proposal, puts)
            case UpdateAction() | RetryAction():
                return self._update(action, puts)
            case CloseAction(existing, reason):
                return self._close_item(existing, reason, action.body, duplicate=action.is_duplicate)
            case RemarkAction() | NoteAction():
                return self._yield_to_people(action)
            case LeaveAction(proposal, reason, still):
                return build_unchanged_result(proposal, reason, still)
            case YieldAction(proposal, existing):
                return build_unchanged_result(
                    proposal, "a newer run has published it already", existing if existing.is_open else None
                )
            case _:
                assert_never(action)

    def _update(self, action: UpdateAction | RetryAction, puts: tuple[FileChange, ...]) -> ActionResult:
        if isinstance(action, RetryAction) or action.existing.is_patch_issue:
            return self._update_patch_issue(action, puts)
        return self._update_item(action, puts)

    def _update_item(self, update: UpdateAction, puts: tuple[FileChange, ...]) -> ActionResult:
        existing, proposal, head, tail = update.existing, update.proposal, "", ""
        if proposal.form is ProposalForm.PULL_REQUEST:
            if not proposal.may_merge:  # before the push: what comes now must not be merged unseen
                self.opener.set_auto_merge(existing.number, proposal)
            made = self.session.branches.update_branch(
                existing.branch, proposal, self.session.base, puts, again=existing.is_asked_again
            )
            if made is None:
                return build_unchanged_result(proposal, _OTHERS_COMMITS, existing)
            head = made
            tail = self.opener.set_auto_merge(existing.number, proposal) if proposal.may_merge else ""
        if update.has_remark:
            self._post_news(existing, proposal)
        self.session.write_finding(existing, proposal, head, proposal.body)
        if existing.lacks_labels:
            self.opener.add_labels_and_people(existing.number)
        return build_action_result("updated", proposal, existing, tail)

    def _update_patch_issue(self, update: UpdateAction | RetryAction, puts: tuple[FileChange, ...]) -> ActionResult:
        """Update an issue with a patch that replaces a pull request.

        The pull request is opened if that is allowed by now; else the issue gets the patch, if that is new.
        """
        existing, proposal = update.existing, update.proposal
        branch = self.session.branches.find_name(proposal)
        head = self.session.branches.update_branch(branch, proposal, self.session.base, puts)
        if head is None:
            return build_unchanged_result(proposal, _OTHERS_COMMITS, existing)
        try:
            opened = self.opener.open_pull_request(proposal, branch, head)
        except ForgeRefusalError as error:
            if error.reason is not RefusalReason.PULL_REQUESTS_OFF:
                raise
            return self._write_patch(update, branch, puts)
        self._close_item(existing, f"Pull requests can be opened now: #{opened.number}.", duplicate=True)
        return opened

    def _write_patch(
        self, update: UpdateAction | RetryAction, branch: str, puts: tuple[FileChange, ...]
    ) -> ActionResult:
        existing, proposal = update.existing, update.proposal
        if isinstance(update, RetryAction):
            return build_unchanged_result(proposal, "pull requests are still not permitted", existing)
        if update.has_remark:
            self._post_news(existing, proposal)
        self.session.write_finding(existing, proposal, "", self.opener.render_patch_issue(proposal, branch, puts))
        return build_action_result("updated", proposal, existing)

    def _post_news(self, existing: PublishedItem, proposal: Proposal) -> None:
        identity = f"news {_identify_state(existing)} {proposal.digest}"
        self._post_once(existing, proposal.change_note, identity)

    def _post_once(self, existing: PublishedItem, text: str, identity: str) -> None:
        self.session.forge.post_comment_once(existing.number, text, identity, self.session.branches.own_accounts)

    def _close_item(self, existing: PublishedItem, reason: str, body: str = "", *, duplicate: bool) -> ActionResult:
        self._post_once(existing, reason, f"close {_identify_state(existing)}")
        last_body = prepend_marker(existing.marker.mark_closed(self.session.run), body or existing.body)
        pull = existing.marker.form is ProposalForm.PULL_REQUEST and not existing.is_patch_issue
        self.session.forge.close_item(
            existing.number,
            body=existing.body if existing.is_rewritten else last_body,
            is_pull=pull,
            is_duplicate=duplicate,
        )
        if existing.branch:
            self.session.branches.remove_branch(existing.branch, existing.marker.key)
        return ActionResult(f"closed {format_item_reference(existing)}: {reason}", existing.marker.form)

    def _yield_to_people(self, action: RemarkAction | NoteAction) -> ActionResult:
        """Say once what is left to people."""
        existing, proposal = action.existing, action.proposal
        if isinstance(action, RemarkAction):
            self._post_once(existing, REWRITTEN_REMARK, existing.rewrite_remark)
            return build_unchanged_result(proposal, "a person wrote its description", existing)
        self.session.forge.edit_item(
            existing.number, body=prepend_marker(existing.marker, add_left_note(existing.body))
        )
        return build_unchanged_result(proposal, _OTHERS_COMMITS, existing)


def _identify_state(existing: PublishedItem) -> str:
    """Return the identity of the body's state that a remark refers to.

    So each remark is posted once, also by two runs at the same time.
    """
    marker = existing.marker
    return f"{existing.number} {marker.run.id}.{marker.run.attempt} {marker.digest} {marker.closed}"
