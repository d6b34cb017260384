"""Carries out one action of a settlement. Cut off at any call and begun again, it ends the same."""

from dataclasses import dataclass
from typing import assert_never

from depcheck.core.markers import Form, marked
from depcheck.core.settlement import Action, Close, Create, Existing, Leave, Proposal, Remark, Update, Yield
from depcheck.publishing.base import Put
from depcheck.publishing.opening import Opening
from depcheck.publishing.refusals import pull_requests_off
from depcheck.publishing.site import Site, Stands, called, left, stands
from depcheck.publishing.wire import RefusedError

_OTHERS = "others' commits stand on the branch"


@dataclass(frozen=True, slots=True)
class Execution:
    """Carries out actions on `site`."""

    site: Site
    opening: Opening

    def carry_out(self, action: Action, puts: tuple[Put, ...]) -> Stands:
        """Do it; `puts` are the files of a pull request's proposal."""
        match action:
            case Create(proposal):
                return self.opening.create(proposal, puts)
            case Update(existing):
                return self._update_stand_in(action, puts) if existing.as_issue else self._update(action, puts)
            case Close(existing, reason):
                return self._close(existing, reason, action.body, duplicate=action.duplicate)
            case Remark():
                return self._remark(action)
            case Leave(proposal, reason, still):
                return left(proposal, reason, still)
            case Yield(proposal, existing):
                return left(proposal, "a newer run has settled it", existing if existing.open else None)
            case _:
                assert_never(action)

    def _update(self, update: Update, puts: tuple[Put, ...]) -> Stands:
        existing, proposal, head = update.existing, update.proposal, ""
        if proposal.form is Form.PULL_REQUEST:
            made = self.site.branches.put(existing.branch, proposal, self.site.base, puts)
            if made is None:
                return left(proposal, _OTHERS, existing)
            head = made
        if update.told:
            self._tell(existing, proposal)
        self.site.state(existing, proposal, head, proposal.body)
        if existing.incomplete:
            self.opening.complete(existing.number)
        return stands("updated", proposal, existing)

    def _update_stand_in(self, update: Update, puts: tuple[Put, ...]) -> Stands:
        """A patch in an issue: the pull request, where it may be opened by now; else the new patch."""
        existing, proposal = update.existing, update.proposal
        branch = self.site.branches.name(proposal)
        head = self.site.branches.put(branch, proposal, self.site.base, puts)
        if head is None:
            return left(proposal, _OTHERS, existing)
        try:
            opened = self.opening.pull_request(proposal, branch, head)
        except RefusedError as error:
            if not pull_requests_off(error):
                raise
            self._tell(existing, proposal)
            self.site.state(existing, proposal, "", self.opening.stand_in(proposal, branch, puts))
            return stands("updated", proposal, existing)
        self._close(existing, f"Pull requests can be opened now: #{opened.number}.", duplicate=True)
        return opened

    def _tell(self, existing: Existing, proposal: Proposal) -> None:
        identity = f"news {_state_of(existing)} {proposal.digest}"
        self.site.forge.say(existing.number, proposal.news, identity, self.site.branches.us)

    def _close(self, existing: Existing, reason: str, body: str = "", *, duplicate: bool) -> Stands:
        identity = f"close {_state_of(existing)}"
        self.site.forge.say(existing.number, reason, identity, self.site.branches.us)
        content = {"state": "closed", "body": marked(existing.marker.closing(self.site.run), body or existing.body)}
        pull = existing.marker.form is Form.PULL_REQUEST and not existing.as_issue
        if not pull:
            content["state_reason"] = "not_planned" if duplicate else "completed"
        self.site.forge.edit(existing.number, **content)
        if existing.branch:
            self.site.branches.remove(existing.branch, existing.marker.key)
        return Stands(f"closed {called(existing)}: {reason}", existing.marker.form)

    def _remark(self, remark: Remark) -> Stands:
        news = remark.proposal.reason or remark.proposal.news
        text = (
            f"{news} But others' commits stand on this branch, so depcheck leaves it alone. Close this pull request "
            "and delete its branch to let depcheck begin again."
        )
        self.site.forge.say(remark.existing.number, text, remark.identity, self.site.branches.us)
        return left(remark.proposal, _OTHERS, remark.existing)


def _state_of(existing: Existing) -> str:
    """The state of a body that a remark leads away from: said once, also by two runs at the same time."""
    marker = existing.marker
    return f"{existing.number} {marker.run.id}.{marker.run.attempt} {marker.digest} {marker.closed}"
