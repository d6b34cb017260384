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
        "nothing satisfies the sources today",
        "No set of today's releases satisfies the sources. Loosen the range that stands in the way.",
    )
    BASELINE_BROKEN = (
        "baseline-broken",
        "the committed lockfile fails by itself",
        "The committed lockfile fails by itself; no release is to blame. Heal it, or the check.",
    )
    STALE = (
        "stale",
        "the lockfile is not what its sources compile to",
        "The sources compile to something else than what is committed. Compile again and commit it.",
    )
    INFRA = "infra", "the package index, the network or this machine failed"
    SKIPPED = "skipped", "not judged", "This lockfile was not judged. The reason above says what to change."
    FLAKY = "flaky", "the checks contradict themselves"
    SAFE = "safe", "everything new works"
    QUIET = "quiet", "nothing has changed"

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
