"""Execute one action of a settlement, with a result that can repeat.

An execution that is cut off at any call and started again ends the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from depcheck.core.messages.bodies import render_patch_issue_body
from depcheck.core.messages.hidden_state import ProposalForm, prepend_marker
from depcheck.core.settlement.settle import (
    CloseAction,
    CreateAction,
    ForgeAction,
    LeaveAction,
    Proposal,
    PublishedItem,
    RemarkAction,
    UpdateAction,
    YieldAction,
)
from depcheck.publishing.base_branch import FileChange, format_patch
from depcheck.publishing.forge import LABEL, ForgeItem, ForgeRefusalError, RefusalReason
from depcheck.publishing.snapshot import (
    ActionResult,
    PublishSession,
    build_action_result,
    build_unchanged_result,
    format_item_reference,
)


@dataclass(frozen=True, slots=True)
class ProposalOpener:
    """Opens pull requests and issues in a publishing session."""

    session: PublishSession

    def open_proposal(self, proposal: Proposal, puts: tuple[FileChange, ...]) -> ActionResult:
        """Open the pull request or issue of a proposal.

        If pull requests are not allowed, open an issue with the patch.
        """
        if proposal.form is not ProposalForm.PULL_REQUEST:
            return self._open_issue(proposal, proposal.body)
        branch = self.session.branches.format_name(proposal)
        head = self.session.branches.update_branch(branch, proposal, self.session.base, puts)
        if head is None:
            return build_unchanged_result(
                proposal, f"{branch} has commits by others; delete it to let depcheck begin again", None
            )
        try:
            return self.open_pull_request(proposal, branch, head)
        except ForgeRefusalError as error:
            if error.reason is not RefusalReason.PULL_REQUESTS_OFF:
                raise
        return self._open_issue(proposal, self.render_patch_issue(proposal, branch, puts))

    def open_pull_request(self, proposal: Proposal, branch: str, head: str) -> ActionResult:
        """Open the pull request from `branch`.

        Raises ForgeRefusalError if it may not be opened.
        """

        def look() -> ForgeItem | None:
            found = (pull.item for pull in self.session.forge.list_open_pulls_from(branch))
            return next((item for item in found if self.session.find_own_marker(item, proposal)), None)

        body = prepend_marker(self.session.build_marker(proposal, head), proposal.body)
        try:
            pull = self.session.forge.open_pull(proposal.title, body, branch, self.session.base.name, look)
        except ForgeRefusalError as error:
            found = look() if error.reason is RefusalReason.EXISTS else None
            if found is None:
                raise
            pull = found
        self._update_found_item(pull, proposal, head, proposal.body)
        self.add_labels_and_people(pull.number)
        return ActionResult(
            f"{proposal.display_name}: opened pull request #{pull.number}",
            ProposalForm.PULL_REQUEST,
            pull.number,
            pull.url,
        )

    def add_labels_and_people(self, number: int) -> None:
        """Add assignees, reviewers, and last the labels.

        The labels tell the next run that everything was done.
        """
        options, forge = self.session.options, self.session.forge
        if options.assignees:
            _call_if_allowed(lambda: forge.add_assignees(number, options.assignees))
        for reviewer in options.reviewers:  # one by one: a refused one does not cost the others
            _call_if_allowed(lambda reviewer=reviewer: forge.request_review(number, (reviewer,)))  # type: ignore[misc]
        forge.add_labels(number, self.session.ensure_labels())

    def render_patch_issue(self, proposal: Proposal, branch: str, puts: tuple[FileChange, ...]) -> str:
        """Render the text of an issue that replaces a pull request."""
        url = self.session.forge.format_compare_url(self.session.web_url, self.session.base.name, branch)
        return render_patch_issue_body(proposal.body, format_patch(puts), url)

    def _open_issue(self, proposal: Proposal, text: str) -> ActionResult:
        def look() -> ForgeItem | None:
            items = [
                item
                for login in sorted(self.session.branches.own_accounts)
                for item in self.session.forge.list_open_issues_by(login)
            ]
            plain = (each for each in items if not each.is_pull)
            return next((each for each in plain if self.session.find_own_marker(each, proposal)), None)

        item = look() or self._create_issue(proposal, text, look)
        self._update_found_item(item, proposal, "", text)
        if LABEL not in item.labels:
            self.session.forge.add_labels(item.number, self.session.ensure_labels())
        return ActionResult(
            f"{proposal.display_name}: opened issue #{item.number}",
            _get_opened_form(proposal),
            item.number,
            item.url,
        )

    def _update_found_item(self, found: ForgeItem, proposal: Proposal, head: str, text: str) -> None:
        """Update an item that another run, or this one, opened before.

        This run may have been cut off before. The item is changed to this run's finding only if no newer run wrote
        it.
        """
        marker = self.session.find_own_marker(found, proposal)
        if marker is not None and marker.digest != proposal.digest and not self.session.run.is_older_than(marker.run):
            self.session.write_finding(PublishedItem(found.number, marker, found.title), proposal, head, text)

    def _create_issue(self, proposal: Proposal, text: str, look: Callable[[], ForgeItem | None]) -> ForgeItem:
        body = prepend_marker(self.session.build_marker(proposal), text)
        labels, assignees = self.session.ensure_labels(), self.session.options.assignees
        try:
            return self.session.forge.open_issue(proposal.title, body, (labels, assignees), look)
        except ForgeRefusalError as error:
            if error.reason not in {RefusalReason.INVALID, RefusalReason.EXISTS} or not assignees:
                raise
        return self.session.forge.open_issue(proposal.title, body, (labels, ()), look)  # who cannot be assigned here


def _get_opened_form(proposal: Proposal) -> ProposalForm:
    """Return the form that was opened.

    If pull requests are not allowed, it is an issue.
    """
    return ProposalForm.ISSUE if proposal.form is ProposalForm.PULL_REQUEST else proposal.form


def _call_if_allowed(ask: Callable[[], None]) -> None:
    try:
        ask()
    except ForgeRefusalError:
        return  # a wrong name, or no right to ask: the proposal counts, not its courtesies


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
            case UpdateAction(existing):
                return (
                    self._update_patch_issue(action, puts)
                    if existing.is_patch_issue
                    else self._update_item(action, puts)
                )
            case CloseAction(existing, reason):
                return self._close_item(existing, reason, action.body, duplicate=action.is_duplicate)
            case RemarkAction():
                return self._post_remark(action)
            case LeaveAction(proposal, reason, still):
                return build_unchanged_result(proposal, reason, still)
            case YieldAction(proposal, existing):
                return build_unchanged_result(
                    proposal, "a newer run has published it already", existing if existing.is_open else None
                )
            case _:
                assert_never(action)

    def _update_item(self, update: UpdateAction, puts: tuple[FileChange, ...]) -> ActionResult:
        existing, proposal, head = update.existing, update.proposal, ""
        if proposal.form is ProposalForm.PULL_REQUEST:
            made = self.session.branches.update_branch(existing.branch, proposal, self.session.base, puts)
            if made is None:
                return build_unchanged_result(proposal, _OTHERS_COMMITS, existing)
            head = made
        if update.has_remark:
            self._post_news(existing, proposal)
        self.session.write_finding(existing, proposal, head, proposal.body)
        if existing.lacks_labels:
            self.opener.add_labels_and_people(existing.number)
        return build_action_result("updated", proposal, existing)

    def _update_patch_issue(self, update: UpdateAction, puts: tuple[FileChange, ...]) -> ActionResult:
        """Update an issue with a patch that replaces a pull request.

        The pull request is opened if that is allowed by now; else the issue gets the new patch.
        """
        existing, proposal = update.existing, update.proposal
        branch = self.session.branches.format_name(proposal)
        head = self.session.branches.update_branch(branch, proposal, self.session.base, puts)
        if head is None:
            return build_unchanged_result(proposal, _OTHERS_COMMITS, existing)
        try:
            opened = self.opener.open_pull_request(proposal, branch, head)
        except ForgeRefusalError as error:
            if error.reason is not RefusalReason.PULL_REQUESTS_OFF:
                raise
            self._post_news(existing, proposal)
            self.session.write_finding(existing, proposal, "", self.opener.render_patch_issue(proposal, branch, puts))
            return build_action_result("updated", proposal, existing)
        self._close_item(existing, f"Pull requests can be opened now: #{opened.number}.", duplicate=True)
        return opened

    def _post_news(self, existing: PublishedItem, proposal: Proposal) -> None:
        identity = f"news {_identify_state(existing)} {proposal.digest}"
        self.session.forge.post_comment_once(
            existing.number, proposal.change_note, identity, self.session.branches.own_accounts
        )

    def _close_item(self, existing: PublishedItem, reason: str, body: str = "", *, duplicate: bool) -> ActionResult:
        identity = f"close {_identify_state(existing)}"
        self.session.forge.post_comment_once(existing.number, reason, identity, self.session.branches.own_accounts)
        last_body = prepend_marker(existing.marker.mark_closed(self.session.run), body or existing.body)
        pull = existing.marker.form is ProposalForm.PULL_REQUEST and not existing.is_patch_issue
        self.session.forge.close_item(existing.number, body=last_body, is_pull=pull, is_duplicate=duplicate)
        if existing.branch:
            self.session.branches.remove_branch(existing.branch, existing.marker.key)
        return ActionResult(f"closed {format_item_reference(existing)}: {reason}", existing.marker.form)

    def _post_remark(self, remark: RemarkAction) -> ActionResult:
        news = remark.proposal.reason or remark.proposal.change_note
        text = (
            f"{news} But this branch has commits by others, so depcheck leaves it alone. Close this pull request "
            "and delete its branch to let depcheck begin again."
        )
        self.session.forge.post_comment_once(
            remark.existing.number, text, remark.identity, self.session.branches.own_accounts
        )
        return build_unchanged_result(remark.proposal, _OTHERS_COMMITS, remark.existing)


def _identify_state(existing: PublishedItem) -> str:
    """Return the identity of the body's state that a remark refers to.

    So each remark is posted once, also by two runs at the same time.
    """
    marker = existing.marker
    return f"{existing.number} {marker.run.id}.{marker.run.attempt} {marker.digest} {marker.closed}"
