"""Settlement: what stands on the forge and what we want there, to the calls that make it so. Twice is once.

The forge's own state is the only state. A finding that stands there unchanged costs no write; a newer run's word
is never taken back by an older one; what people did (commits, a close, a title) stays done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from depcheck.core.dashboard import Board
from depcheck.core.markers import Form, Marker, Run, short_digest
from depcheck.core.story import Tonight


class Stance(StrEnum):
    """What the report says about one form of one environment."""

    PROPOSE = "propose"
    CLOSE = "close"
    LEAVE = "leave"  # nothing was found out: neither a reason to open nor one to close


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request or an issue that we want to exist, or (`stance`) not.

    `reason` is the sentence with which it is closed or left, `news` the one with which it changes. `shown`
    names the environment for people, `environment` in the report. A finding is the same while its `digest` is;
    another `detail` is worth a silent edit. `tonight` is what an issue's story goes on with, `board` what a dashboard
    is made of.
    """

    form: Form
    key: str
    shown: str
    stance: Stance
    reason: str = ""
    digest: str = ""
    title: str = ""
    body: str = ""
    news: str = ""
    environment: str = ""
    detail: str = ""
    tonight: Tonight | None = None
    board: Board | None = None


@dataclass(frozen=True, slots=True)
class Existing:
    """A pull request or issue of ours, as the forge shows it.

    `as_issue` says that a pull request could not be opened and its patch stands in an issue, `incomplete` that
    its labels are missing, which come last. `others_commits` and
    `conflicting` are of an open pull request's `branch`. `told` are the remarks already made about others' commits.
    """

    number: int
    marker: Marker
    title: str
    body: str = ""
    url: str = ""
    branch: str = ""
    open: bool = True
    merged: bool = False
    as_issue: bool = False
    incomplete: bool = False
    others_commits: bool = False
    conflicting: bool = False
    told: frozenset[str] = frozenset()

    @property
    def titled_by_us(self) -> bool:
        """Whether the title is the one that we gave."""
        return short_digest(self.title) == self.marker.title


@dataclass(frozen=True, slots=True)
class Create:
    """Open it; look first, as a call before may have been cut off."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Update:
    """State the new finding: branch, one remark (where `told`, the finding changed), body, our own title.

    An edit of a body alone mails nobody; a remark does.
    """

    existing: Existing
    proposal: Proposal
    told: bool = True


@dataclass(frozen=True, slots=True)
class Remark:
    """Say once that others' commits stand on the branch, and change nothing."""

    existing: Existing
    proposal: Proposal
    identity: str


@dataclass(frozen=True, slots=True)
class Close:
    """Say why, close, and take the branch away. `body` is what it says from then on; empty: what it said."""

    existing: Existing
    reason: str
    duplicate: bool = False
    body: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """No call; `existing` is what stays open, if anything."""

    proposal: Proposal
    reason: str
    existing: Existing | None = None


@dataclass(frozen=True, slots=True)
class Yield:
    """A newer run has spoken; no call."""

    proposal: Proposal
    existing: Existing


Action: TypeAlias = Create | Update | Remark | Close | Leave | Yield


def settle(existing: Iterable[Existing], wanted: Sequence[Proposal], run: Run) -> tuple[Action, ...]:
    """The actions that bring the forge to what is wanted, in the order in which they are to be done.

    Environments that `wanted` does not name are left alone: another job may have judged them.
    """
    known = tuple(existing)
    return tuple(action for proposal in wanted for action in _settle(_of(proposal, known), proposal, run))


def remark_identity(existing: Existing, proposal: Proposal) -> str:
    """What the remark about others' commits is known by: said once for each finding."""
    return f"others {existing.number} {proposal.stance} {proposal.digest}"


def _of(proposal: Proposal, known: Iterable[Existing]) -> list[Existing]:
    """What exists for the proposal, pull requests before their stand-ins, the oldest first."""
    found = [each for each in known if (each.marker.form, each.marker.key) == (proposal.form, proposal.key)]
    return sorted(found, key=lambda each: (each.as_issue, each.number))


def _settle(known: list[Existing], proposal: Proposal, run: Run) -> list[Action]:
    newer = [each for each in known if run.before(each.marker.run)]
    living = [each for each in known if each.open]
    if proposal.stance is Stance.LEAVE:
        return [Leave(proposal, proposal.reason, living[0] if living else None)]
    if newer:
        return [Yield(proposal, newer[-1])]
    if not living:
        return [_absent(known, proposal)]
    first, *others = living
    return [*(_duplicate(each, first) for each in others), _present(first, proposal)]


def _absent(known: list[Existing], proposal: Proposal) -> Action:
    if proposal.stance is Stance.CLOSE:
        return Leave(proposal, proposal.reason)
    snoozed = [each for each in known if not each.merged and not each.marker.closed]
    for each in snoozed:
        if each.marker.digest == proposal.digest:
            return Leave(proposal, f"#{each.number} was closed by hand; it stays so until the finding changes")
    return Create(proposal)


def _present(first: Existing, proposal: Proposal) -> Action:
    same = first.marker.digest == proposal.digest and not first.marker.closed
    well = first.others_commits or not (first.conflicting or first.incomplete)
    up_to_date = first.others_commits or proposal.detail in {"", first.marker.detail}
    if proposal.stance is Stance.PROPOSE and same and well and up_to_date:
        return Leave(proposal, "nothing changed", first)
    if first.others_commits:
        identity = remark_identity(first, proposal)
        told = identity in first.told
        return (
            Leave(proposal, "others' commits stand on the branch", first) if told else Remark(first, proposal, identity)
        )
    if proposal.stance is Stance.CLOSE:
        return Close(first, proposal.reason, body=proposal.body)
    return Update(first, proposal, told=not same and bool(proposal.news))


def _duplicate(each: Existing, first: Existing) -> Close:
    return Close(each, f"The same as #{first.number}, which two runs opened at the same time.", duplicate=True)
