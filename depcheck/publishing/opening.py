"""Opens pull requests and issues, once, however often it is begun."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from depcheck.core.bodies import patch_body
from depcheck.core.markers import Form, marked
from depcheck.core.settlement import Existing, Proposal
from depcheck.publishing import shapes
from depcheck.publishing.base import Put, patch
from depcheck.publishing.github import LABEL
from depcheck.publishing.refusals import pull_requests_off
from depcheck.publishing.site import Site, Stands, left
from depcheck.publishing.wire import RefusedError

_INVALID = 422


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens on `site`."""

    site: Site

    def create(self, proposal: Proposal, puts: tuple[Put, ...]) -> Stands:
        """The pull request or issue; an issue with the patch where pull requests are not allowed."""
        if proposal.form is not Form.PULL_REQUEST:
            return self._issue(proposal, proposal.body)
        branch = self.site.branches.name(proposal)
        head = self.site.branches.put(branch, proposal, self.site.base, puts)
        if head is None:
            return left(proposal, f"others' commits stand on {branch}; delete it to let depcheck begin again", None)
        try:
            return self.pull_request(proposal, branch, head)
        except RefusedError as error:
            if not pull_requests_off(error):
                raise
        return self._issue(proposal, self.stand_in(proposal, branch, puts))

    def pull_request(self, proposal: Proposal, branch: str, head: str) -> Stands:
        """The pull request from `branch`; RefusedError where none may be opened."""

        def look() -> shapes.Pull | None:
            found = self.site.forge.open_pulls_from(branch)
            return next((pull for pull in found if self.site.ours(pull.user, pull.body, proposal)), None)

        body = marked(self.site.marker(proposal, head), proposal.body)
        try:
            pull = self.site.forge.open_pull(proposal.title, body, branch, self.site.base.branch, look)
        except RefusedError as error:
            found = look() if "already exists" in error.text else None
            if found is None:
                raise
            pull = found
        self._bring(pull, proposal, head, proposal.body)
        self.complete(pull.number)
        return Stands(
            f"{proposal.shown}: opened pull request #{pull.number}", Form.PULL_REQUEST, pull.number, pull.html_url
        )

    def complete(self, number: int) -> None:
        """Assignees, reviewers, and last the labels, by which the next run knows that all was done."""
        options, forge = self.site.options, self.site.forge
        if options.assignees:
            _if_allowed(lambda: forge.assign(number, options.assignees))
        for reviewer in options.reviewers:  # one by one: a refused one does not cost the others
            _if_allowed(lambda reviewer=reviewer: forge.request_review(number, (reviewer,)))  # type: ignore[misc]
        forge.add_labels(number, self.site.labels())

    def stand_in(self, proposal: Proposal, branch: str, puts: tuple[Put, ...]) -> str:
        """The text of an issue in place of a pull request."""
        url = f"{self.site.web}/compare/{quote(self.site.base.branch)}...{quote(branch)}?expand=1"
        return patch_body(proposal.body, patch(puts), url)

    def _issue(self, proposal: Proposal, text: str) -> Stands:
        def look() -> shapes.Item | None:
            items = [item for login in sorted(self.site.branches.us) for item in self.site.forge.open_issues_by(login)]
            plain = (each for each in items if each.pull_request is None)
            return next((each for each in plain if self.site.ours(each.user, each.body, proposal)), None)

        item = look() or self._new_issue(proposal, text, look)
        self._bring(item, proposal, "", text)
        if all(isinstance(label, str) or label.name != LABEL for label in item.labels):
            self.site.forge.add_labels(item.number, self.site.labels())
        return Stands(f"{proposal.shown}: opened issue #{item.number}", _shape(proposal), item.number, item.html_url)

    def _bring(self, found: shapes.Item | shapes.Pull, proposal: Proposal, head: str, text: str) -> None:
        """What another run, or this one before it was cut off, opened: on to our finding, never back to it."""
        marker = self.site.ours(found.user, found.body, proposal)
        if marker is not None and marker.digest != proposal.digest and not self.site.run.before(marker.run):
            self.site.state(Existing(found.number, marker, found.title), proposal, head, text)

    def _new_issue(self, proposal: Proposal, text: str, look: Callable[[], shapes.Item | None]) -> shapes.Item:
        body = marked(self.site.marker(proposal), text)
        labels, assignees = self.site.labels(), self.site.options.assignees
        try:
            return self.site.forge.open_issue(proposal.title, body, (labels, assignees), look)
        except RefusedError as error:
            if error.status != _INVALID or not assignees:
                raise
        return self.site.forge.open_issue(proposal.title, body, (labels, ()), look)  # who cannot be assigned here


def _shape(proposal: Proposal) -> Form:
    """What was opened: where pull requests are not allowed, an issue stands in for one."""
    return Form.ISSUE if proposal.form is Form.PULL_REQUEST else proposal.form


def _if_allowed(ask: Callable[[], None]) -> None:
    try:
        ask()
    except RefusedError:
        return  # a wrong name, or no right to ask: the proposal counts, not its courtesies
