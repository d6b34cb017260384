"""What should be on the forge, and what is there."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from depcheck.core.messages.dashboard import DashboardInput
from depcheck.core.messages.foot.boxes import find_quiet_day, is_again_asked
from depcheck.core.messages.hidden_state import HiddenMarker, ProposalForm, compute_short_digest
from depcheck.core.messages.timeline import TimelineUpdate
from depcheck.core.settlement.remarks import is_left_note_shown


class Stance(StrEnum):
    """The wish of a report about one form of one environment."""

    PROPOSE = "propose"
    CLOSE = "close"
    LEAVE = "leave"  # nothing was found out: neither a reason to open nor one to close


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request or issue that should exist, or should be closed.

    `stance` says which of them. `reason` is the sentence with which it is closed or left, `change_note` the
    remark with which it changes. `display_name` names what it is about for people, `environments` in the report;
    `members` are the keys of environments that share a pull request.
    A finding is the same as long as its `digest` is; another `detail` is worth a silent edit. `timeline_update`
    continues an issue's timeline. `board` holds what a dashboard is made of. `base` is a digest of the base branch,
    `paths` are the lockfiles that are installed together, `files` their digests, by which a proposal is found again
    under another name. `may_merge` says that nobody has to look at it, where that is wished for. `today` is the day
    of the run; what `is_urgent` is told also where quiet was asked for.
    """

    form: ProposalForm
    key: str
    display_name: str
    stance: Stance
    reason: str = ""
    digest: str = ""
    title: str = ""
    body: str = ""
    change_note: str = ""
    environments: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    detail: str = ""
    timeline_update: TimelineUpdate | None = None
    board: DashboardInput | None = None
    base: str = ""
    paths: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    may_merge: bool = False
    today: date | None = None
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """A pull request or issue of ours, as the forge shows it.

    `is_patch_issue`: a pull request could not be opened, so an issue holds its patch. `lacks_labels`: its
    labels are missing; they are set last. `has_foreign_commits` and `has_conflicts` are about an open pull
    request's `branch`. `is_rewritten`: a person wrote the description anew, so it has no marker; then `marker` is
    made of what else is known. `is_by_others`: a person opened it from our branch. `posted_remarks` are the remarks
    already made about that.
    """

    number: int
    marker: HiddenMarker
    title: str
    body: str = ""
    url: str = ""
    branch: str = ""
    is_open: bool = True
    is_merged: bool = False
    is_patch_issue: bool = False
    lacks_labels: bool = False
    has_foreign_commits: bool = False
    has_conflicts: bool = False
    is_rewritten: bool = False
    is_by_others: bool = False
    posted_remarks: frozenset[str] = frozenset()

    @property
    def has_our_title(self) -> bool:
        """True if the title is the one that we set."""
        return compute_short_digest(self.title) == self.marker.title

    @property
    def is_left_to_others(self) -> bool:
        """True if the body says that others' commits are on the branch."""
        return is_left_note_shown(self.body)

    @property
    def is_asked_again(self) -> bool:
        """True if a person asked for a new branch."""
        return is_again_asked(self.body)

    @property
    def quiet_until(self) -> date | None:
        """The day until which a person wants quiet, or None."""
        return None if self.is_rewritten else find_quiet_day(self.body)

    @property
    def rewrite_remark(self) -> str:
        """The identity of the remark about a description that a person wrote."""
        return f"rewritten {self.number}"
