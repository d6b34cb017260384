"""The verdict on one environment, with what readers are told."""

from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """The verdict about one environment, the worst first.

    `phrase` says it in half a sentence. `advice` says what to do where the report finds no culprit, or is empty.
    """

    phrase: str
    advice: str

    BREAKS = "breaks", "a fresh installation breaks"
    UNRESOLVABLE = (
        "unresolvable",
        "no set of releases satisfies your requirements today",
        "Loosen the requirement that is named below; no set of today's releases satisfies all of them.",
    )
    BASELINE_BROKEN = (
        "baseline-broken",
        "the committed lockfile already fails",
        "Fix the check, or the lockfile; it fails without any update, so no release is to blame.",
    )
    STALE = (
        "stale",
        "the lockfile is out of sync with its requirements",
        "Compile the lockfile again and commit it; until then no update can be checked.",
    )
    INFRA = (
        "infra",
        "the package index, the network or this machine failed",
        "Run it again later; packages are not to blame.",
    )
    SKIPPED = "skipped", "not checked", "Change what the reason names; until then this is not checked."
    FLAKY = "flaky", "the checks do not give the same answer twice"
    SAFE = "safe", "all updates work"
    QUIET = "quiet", "nothing to update"

    def __new__(cls, value: str, phrase: str = "", advice: str = "") -> Self:
        """Make a member from its value and texts."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.phrase, member.advice = phrase, advice
        return member

    @property
    def is_green(self) -> bool:
        """True if nothing is broken."""
        return self in {Status.QUIET, Status.SAFE}

    @property
    def is_broken(self) -> bool:
        """True if the fresh set fails where the committed one passes.

        Or cannot be had.
        """
        return self in {Status.BREAKS, Status.UNRESOLVABLE}

    @property
    def can_have_update(self) -> bool:
        """True if a set was checked that can be proposed."""
        return self in {Status.SAFE, Status.BREAKS}

    @property
    def exit_status(self) -> int:
        """The exit status for this verdict.

        0 if nothing is broken, 1 if something is, 3 if it could not be checked.
        """
        return 0 if self.is_green else 1 if self.is_broken else 3

    @property
    def severity(self) -> int:
        """The rank by which readers must hear of it, from 0."""
        return list(Status).index(self)
