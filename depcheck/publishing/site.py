"""Where one run publishes, and what it says it did there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from depcheck.core.markers import Form, Marker, Run, marked, read_marker, short_digest
from depcheck.core.settings import PublishOptions
from depcheck.core.settlement import Existing, Proposal
from depcheck.publishing import shapes
from depcheck.publishing.base import Base
from depcheck.publishing.branches import Branches
from depcheck.publishing.github import LABEL, Forge


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands on the forge after an action: `number` 0 is nothing; `said` tells people."""

    said: str
    form: Form
    number: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """The repository, its base branch now, the options and the run. `web` is the repository's page."""

    forge: Forge
    branches: Branches
    base: Base
    options: PublishOptions
    run: Run
    web: str

    def marker(self, proposal: Proposal, head: str = "") -> Marker:
        """The marker under which this run writes `proposal`."""
        title = short_digest(proposal.title)
        return Marker(proposal.form, proposal.key, proposal.digest, self.run, title, head, detail=proposal.detail)

    def ours(self, user: shapes.User | None, body: str | None, proposal: Proposal) -> Marker | None:
        """The marker of a body that one of us wrote for `proposal`, else None."""
        found = read_marker(body or "")
        by_us = user is not None and user.login in self.branches.us
        same = found is not None and (found.form, found.key) == (proposal.form, proposal.key)
        return found if by_us and same else None

    def state(self, existing: Existing, proposal: Proposal, head: str, text: str) -> None:
        """Write the finding over what `existing` says; the title only where nobody gave another one."""
        marker = self.marker(proposal, head)
        if existing.titled_by_us:
            self.forge.edit(existing.number, body=marked(marker, text), title=proposal.title)
        else:
            kept = replace(marker, title=existing.marker.title)
            self.forge.edit(existing.number, body=marked(kept, text))

    def labels(self) -> Sequence[str]:
        """Our own label and those asked for, all of which exist now."""
        labels = tuple(dict.fromkeys((LABEL, *self.options.labels)))
        for label in labels:
            self.forge.ensure_label(label)
        return labels


def left(proposal: Proposal, why: str, existing: Existing | None) -> Stands:
    """Nothing was done."""
    if existing is None:
        return Stands(f"{proposal.shown}: no {_noun(proposal.form)}: {why}", proposal.form)
    return stands("left", proposal, existing, f": {why}")


def stands(verb: str, proposal: Proposal, existing: Existing, tail: str = "") -> Stands:
    """What was done to what exists."""
    return Stands(
        f"{proposal.shown}: {verb} {called(existing)}{tail}", shape_of(existing), existing.number, existing.url
    )


def called(existing: Existing) -> str:
    """`pull request #3`."""
    return f"{_noun(shape_of(existing))} #{existing.number}"


def shape_of(existing: Existing) -> Form:
    """What it is on the forge: a stand-in for a pull request is an issue."""
    return Form.ISSUE if existing.as_issue else existing.marker.form


def _noun(form: Form) -> str:
    return {Form.ISSUE: "issue", Form.DASHBOARD: "dashboard"}.get(form, "pull request")
