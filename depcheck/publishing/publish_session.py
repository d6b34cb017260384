"""What all actions of one publishing share, and their results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.hidden_state import (
    HiddenMarker,
    ProposalForm,
    WorkflowRun,
    compute_short_digest,
    parse_hidden_marker,
    prepend_marker,
)
from depcheck.core.settlement.items import Proposal, PublishedItem
from depcheck.publishing.base_branch import BaseBranch
from depcheck.publishing.branches import BranchPublisher
from depcheck.publishing.forge import LABEL, Forge, ForgeItem, ForgeRefusalError, RefusalReason


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The result of an action on the forge.

    `number` is 0 if nothing is there now. `sentence` describes the result for people. `known` are the environments
    whose finding was there before this run.
    """

    sentence: str
    form: ProposalForm
    number: int = 0
    url: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishSession:
    """The repository, its base branch now, the options and the run.

    `web_url` is the repository's page. `remarks` are names that the forge refused, each told once.
    """

    forge: Forge
    branches: BranchPublisher
    base: BaseBranch
    options: PublishOptions
    run: WorkflowRun
    web_url: str
    remarks: list[str] = field(default_factory=list)

    def try_courtesy(self, ask: Callable[[], None], what: str) -> None:
        """Ask for what the proposal can do without, and note a refusal.

        A wrong name, or no right to ask, costs nothing else.
        """
        try:
            ask()
        except ForgeRefusalError as error:
            self._note_refusal(what, error)

    def build_marker(self, proposal: Proposal, head: str = "") -> HiddenMarker:
        """Build the marker that this run writes for `proposal`."""
        title = compute_short_digest(proposal.title)
        known = (proposal.detail, proposal.base, proposal.files)
        return HiddenMarker(proposal.form, proposal.key, proposal.digest, self.run, title, head, False, *known)

    def find_own_marker(self, item: ForgeItem, proposal: Proposal) -> HiddenMarker | None:
        """Return the marker of an item that depcheck wrote for `proposal`.

        None for other bodies and other authors.
        """
        found = parse_hidden_marker(item.body)
        by_us = item.author in self.branches.own_accounts
        same = found is not None and (found.form, found.key) == (proposal.form, proposal.key)
        return found if by_us and same else None

    def write_finding(self, existing: PublishedItem, proposal: Proposal, head: str, text: str) -> None:
        """Overwrite the body of `existing` with the finding.

        The title is overwritten only if depcheck wrote it, a person's description never.
        """
        if existing.is_rewritten:
            return
        marker = self.build_marker(proposal, head)
        if existing.has_our_title:
            self.forge.edit_item(existing.number, body=prepend_marker(marker, text), title=proposal.title)
        else:
            kept = replace(marker, title=existing.marker.title)
            self.forge.edit_item(existing.number, body=prepend_marker(kept, text))

    def ensure_labels(self) -> Sequence[str]:
        """Create missing labels and return all that depcheck sets.

        They are our own label and those of the options, less those that the forge refuses to create.
        """
        return [label for label in dict.fromkeys((LABEL, *self.options.labels)) if self._ensure_label(label)]

    def _ensure_label(self, label: str) -> bool:
        """Create a missing label, and return True unless it is refused."""
        try:
            self.forge.ensure_label(label)
        except ForgeRefusalError as error:
            if label == LABEL or error.reason is RefusalReason.CREDENTIALS:  # by it we find again what we wrote
                raise
            self._note_refusal(f"label {label!r}", error)
            return False
        return True

    def _note_refusal(self, what: str, error: ForgeRefusalError) -> None:
        if not any(each.startswith(f"The {what} ") for each in self.remarks):
            self.remarks.append(f"The {what} is refused: {error.explanation}")


def build_unchanged_result(proposal: Proposal, why: str, existing: PublishedItem | None) -> ActionResult:
    """Return the result of doing nothing, with the reason."""
    if existing is None:
        return ActionResult(f"{proposal.display_name}: no {_get_form_noun(proposal.form)}: {why}", proposal.form)
    return build_action_result("left", proposal, existing, f": {why}")


def build_action_result(verb: str, proposal: Proposal, existing: PublishedItem, tail: str = "") -> ActionResult:
    """Return the result of an action on an existing item."""
    return ActionResult(
        f"{proposal.display_name}: {verb} {format_item_reference(existing)}{tail}",
        get_forge_form(existing),
        existing.number,
        existing.url,
    )


def format_item_reference(existing: PublishedItem) -> str:
    """Return the item's kind and number, such as `pull request #3`."""
    return f"{_get_form_noun(get_forge_form(existing))} #{existing.number}"


def get_forge_form(existing: PublishedItem) -> ProposalForm:
    """Return the item's form on the forge.

    A stand-in for a pull request is an issue.
    """
    return ProposalForm.ISSUE if existing.is_patch_issue else existing.marker.form


def _get_form_noun(form: ProposalForm) -> str:
    return {ProposalForm.ISSUE: "issue", ProposalForm.DASHBOARD: "dashboard"}.get(form, "pull request")
