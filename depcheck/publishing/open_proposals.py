"""Open pull requests and issues, each once whatever cuts it off."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from depcheck.core.messages.bodies import render_patch_issue_body
from depcheck.core.messages.hidden_state import ProposalForm, prepend_marker
from depcheck.core.settlement.items import Proposal, PublishedItem
from depcheck.publishing.base_branch import FileChange, format_patch
from depcheck.publishing.forge import LABEL, ForgeItem, ForgeRefusalError, RefusalReason
from depcheck.publishing.publish_session import ActionResult, PublishSession, build_unchanged_result


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
        branch = self.session.branches.find_name(proposal)
        head = self.session.branches.update_branch(branch, proposal, self.session.base, puts)
        if head is None:
            return build_unchanged_result(
                proposal, f"others' commits stand on {branch}; delete it to let depcheck begin again", None
            )
        try:
            return self.open_pull_request(proposal, branch, head)
        except ForgeRefusalError as error:
            if error.reason is not RefusalReason.PULL_REQUESTS_OFF or not self.session.options.issue:
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
            pull = self._open_pull((proposal.title, body), branch, look)
        except ForgeRefusalError as error:
            found = look() if error.reason is RefusalReason.EXISTS else None
            if found is None:
                raise
            pull = found
        self._update_found_item(pull, proposal, head, proposal.body)
        tail = self.set_auto_merge(pull.number, proposal)
        self.add_labels_and_people(pull.number)
        return ActionResult(
            f"{proposal.display_name}: opened pull request #{pull.number}{tail}",
            ProposalForm.PULL_REQUEST,
            pull.number,
            pull.url,
        )

    def _open_pull(
        self, title_and_body: tuple[str, str], branch: str, look: Callable[[], ForgeItem | None]
    ) -> ForgeItem:
        """Open the pull request, as a draft if wanted and possible."""
        forge, base = self.session.forge, self.session.base.name
        if self.session.options.draft:
            try:
                return forge.open_pull(title_and_body, branch, base, look, is_draft=True)
            except ForgeRefusalError as error:
                if error.reason is not RefusalReason.INVALID or "draft" not in str(error).lower():
                    raise
        return forge.open_pull(title_and_body, branch, base, look)

    def add_labels_and_people(self, number: int) -> None:
        """Add assignees, reviewers, and last the labels.

        The labels tell the next run that everything was done.
        """
        self._add_assignees(number)
        self._set_milestone(number)
        for reviewer in self.session.options.reviewers:  # one by one: a refused one does not cost the others
            ask = partial(self.session.forge.request_review, number, (reviewer,))
            self.session.try_courtesy(ask, f"reviewer {reviewer!r}")
        self._add_labels(number)

    def set_auto_merge(self, number: int, proposal: Proposal) -> str:
        """Switch auto-merge as the proposal allows it, and describe it."""
        if not self.session.options.auto_merge:
            return ""
        refused = self.session.forge.set_auto_merge(number, wanted=proposal.may_merge)
        if refused:
            return f"; auto-merge stays as it is: {refused}"
        return "; GitHub merges it when its checks pass" if proposal.may_merge else ""

    def _set_milestone(self, number: int) -> None:
        if milestone := self.session.options.milestone:
            ask = partial(self.session.forge.set_milestone, number, milestone)
            self.session.try_courtesy(ask, f"milestone {milestone}")

    def _add_assignees(self, number: int) -> None:
        for login in self.session.options.assignees:  # one by one, too
            ask = partial(self.session.forge.add_assignees, number, (login,))
            self.session.try_courtesy(ask, f"assignee {login!r}")

    def _add_labels(self, number: int) -> None:
        """Add all labels, one by one where one is refused."""
        labels, forge = self.session.ensure_labels(), self.session.forge
        try:
            forge.add_labels(number, labels)
        except ForgeRefusalError as error:
            if error.reason is not RefusalReason.INVALID:
                raise
            for label in labels:
                self.session.try_courtesy(partial(forge.add_labels, number, (label,)), f"label {label!r}")

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
            self._add_labels(item.number)
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
            item = self.session.forge.open_issue(proposal.title, body, (labels, assignees), look)
        except ForgeRefusalError as error:
            if error.reason not in {RefusalReason.INVALID, RefusalReason.EXISTS}:
                raise
            item = self.session.forge.open_issue(proposal.title, body, ((), ()), look)  # one of them is refused
            self._add_assignees(item.number)
        self._set_milestone(item.number)
        return item


def _get_opened_form(proposal: Proposal) -> ProposalForm:
    """Return the form that was opened.

    If pull requests are not allowed, it is an issue.
    """
    return ProposalForm.ISSUE if proposal.form is ProposalForm.PULL_REQUEST else proposal.form
