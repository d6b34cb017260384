"""Name pull request and issue in each other's bodies."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from depcheck.core.messages.hidden_state import ProposalForm
from depcheck.core.messages.leads import link_counterpart
from depcheck.core.settlement.items import Proposal, PublishedItem
from depcheck.publishing.forge import ForgeRefusalError
from depcheck.publishing.publish_session import ActionResult, PublishSession

_OTHER = {ProposalForm.PULL_REQUEST: ProposalForm.ISSUE, ProposalForm.ISSUE: ProposalForm.PULL_REQUEST}


@dataclass(slots=True)
class CounterpartLinker:
    """Links the items of each environment that are open.

    The room is a slot that is filled once, so a run without news writes nothing. What a cut-off run left
    unlinked, the next one links.
    """

    session: PublishSession
    _numbers: dict[tuple[str, ProposalForm], int] = field(default_factory=dict)
    _bodies: dict[int, str] = field(default_factory=dict)

    def add_existing(self, items: tuple[PublishedItem, ...]) -> None:
        """Remember what is open already, with its body."""
        for each in items:
            if each.is_open and each.body:
                self._numbers[each.marker.key, each.marker.form] = each.number
                self._bodies[each.number] = each.body

    def add_result(self, proposal: Proposal, result: ActionResult, *, is_written: bool) -> None:
        """Remember what this run opened, changed or closed.

        The body of what it wrote is read again before it is changed.
        """
        for key in (proposal.key, *proposal.members):
            if result.number:
                self._numbers[key, proposal.form] = result.number
            else:
                self._numbers.pop((key, proposal.form), None)
        if is_written:
            self._bodies.pop(result.number, None)

    def link_proposal(self, proposal: Proposal) -> Proposal:
        """Name the counterparts in a proposal's body, where known."""
        body = proposal.body
        for key in (proposal.key, *proposal.members):
            body = self._link_body(body, key, proposal.form)
        return replace(proposal, body=body)

    def link_all(self) -> Iterator[str]:
        """Fill the slots that are left, and yield refusals."""
        waiting = [(number, *place) for place, number in self._numbers.items() if self._find_counterpart(*place)]
        if any(number not in self._bodies for number, _, _ in waiting):
            self._bodies |= {each.number: each.body for each in self.session.forge.list_labeled_items()}
        for number, key, form in waiting:
            body = self._bodies.get(number, "")
            linked = self._link_body(body, key, form)
            if linked == body:
                continue
            self._bodies[number] = linked
            try:
                self.session.forge.edit_item(number, body=linked)
            except ForgeRefusalError as error:
                yield f"#{number}: {error.explanation}"

    def _link_body(self, body: str, key: str, form: ProposalForm) -> str:
        number = self._find_counterpart(key, form)
        is_pull_request = form is ProposalForm.PULL_REQUEST
        return link_counterpart(body, number, key, is_pull_request=is_pull_request) if number else body

    def _find_counterpart(self, key: str, form: ProposalForm) -> int:
        """Find the number of the counterpart, or 0."""
        return self._numbers.get((key, _OTHER[form]), 0) if form in _OTHER else 0
