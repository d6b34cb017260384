"""The parts of a report about releases that want care.

They have the shape of `report.json`, as the report itself.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class AdvisoryReport:
    """One known vulnerability of one release.

    `committed` says that the release is pinned now, `fresh` that the proposal, or else the fresh set, has it.
    """

    package: str
    version: str
    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    fixed_in: tuple[str, ...] = ()
    link: str = ""
    committed: bool = True
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawnReport:
    """A committed pin that its index has withdrawn.

    `kind` is yanked, or removed if the release is gone altogether.
    """

    package: str
    version: str
    kind: str
    reason: str
    lockfile: str


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule of the configuration.

    `kind` is hold or ignore, `until` its last day, as 2027-01-01. `state` is applied, expired, or unmatched (it
    concerns nothing in this environment). `hides` names the newest release that it keeps away, or is empty.
    """

    kind: str
    package: str
    specifier: str
    reason: str
    until: str
    state: str
    hides: str = ""


@dataclass(frozen=True, slots=True)
class FlaggedReport:
    """A release that was not run: malicious, or banned.

    `source` is the advisory's id or the kind of rule. `committed` says that it is pinned now; else a fresh resolution
    would have taken it.
    """

    package: str
    version: str
    source: str
    reason: str = ""
    link: str = ""
    committed: bool = True


@dataclass(frozen=True, slots=True)
class VeryYoungReport:
    """A release that closed the network of commands."""

    package: str
    version: str
    released_at: datetime | None


class Outlook(StrEnum):
    """What this run has seen of a release that waits."""

    WORKS = "works"
    BREAKS = "breaks"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """A release that is too young to be proposed.

    `due_at` is when it is old enough, null where no age is known. `headline` is its error, where it breaks.
    """

    package: str
    version: str
    released_at: datetime | None
    due_at: datetime | None
    outlook: Outlook
    headline: str = ""
