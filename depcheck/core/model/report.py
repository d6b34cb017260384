"""The report: all data that the checker hands on.

It goes to people and to the publisher. The classes have the shape of `report.json`, schema 1, field by
field (see docs/report.md). Versions are strings as written, times are aware UTC. The classes have no
behavior but lookups.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.index_facts.caution_reports import (
    AdvisoryReport,
    FlaggedReport,
    RuleReport,
    VeryYoungReport,
    WaitingReport,
    WithdrawnReport,
)
from depcheck.core.model.status import Status

REPORT_SCHEMA = 1


class Confidence(StrEnum):
    """The claim made about the set of culprits.

    It can be minimal (no culprit can be left out), but is never claimed to be the smallest possible set.
    """

    MINIMAL = "minimal"
    BUDGET_SPENT = "budget-spent"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class Tool:
    """The program that wrote the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class LockfileReport:
    """A lockfile as it was understood.

    If it is not `locked`, the file does not exist yet, and would be written to this path. `index_url` and
    `extra_index_urls` are indexes that options, requirements or configuration name, without credentials.
    """

    path: str
    sources: tuple[str, ...]
    compiler: str
    compiler_version: str | None
    command: str
    locked: bool = True
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """One package's difference in one lockfile.

    `before` or `after` is null for an added or removed one.

    `kind` is upgraded, downgraded, added, removed, rehashed or moved (a URL or VCS reference that differs), `jump`
    major, minor, patch, pre or calendar, or empty. `why` is half a sentence, `links` are https addresses by
    `LinkKind`, `warnings` short clauses; all three are empty where nothing is known. A line whose `marker` does not
    hold for the interpreter and platform of the run is not `judged`: nothing of it was installed or checked. `notes`
    is what the package's own description says of the new release, foreign text, bounded, or empty.
    """

    name: str
    before: str | None
    after: str | None
    direct: bool
    via: tuple[str, ...]
    released_at: datetime | None
    lockfile: str
    kind: str = "upgraded"
    yanked: str | None = None  # the committed version was yanked, with the reason
    jump: str = ""
    why: str = ""
    links: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    marker: str = ""
    judged: bool = True
    notes: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of one check.

    `newly_failing` are the ids that fail here and passed on the baseline. `places` says where tests and modules fail,
    as `path:line` of the repository by id, of at most 200; empty where the traceback has no line of it.
    """

    kind: CheckKind
    command: str
    outcome: Outcome
    duration_s: float
    headline: str = ""
    newly_failing: tuple[str, ...] = ()
    failing: int = 0
    passed: int = 0
    log: str = ""
    places: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChecksReport:
    """The checks of the committed and of the fresh set."""

    baseline: tuple[CheckReport, ...] = ()
    candidate: tuple[CheckReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Culprit:
    """One independent cause. With two packages, both are needed to fail.

    `since` is the first bad release's upload time; `hold` the lines for the source that keep the last good
    releases; `build` says that the packages are build requirements, which stand in no lockfile (then `hold` are
    build constraints). `skipped` names releases between last good and first bad that did not answer, and
    `skipped_because` says why. `family` are packages that move only together with the culprits,
    `stay_back` those that cannot move while they are held.
    `explanation` says what the release removed or changed and who uses it, or is empty. `trackers` are where the
    packages' and the victims' own issues are, https addresses by package; `victims` are the packages whose code fails,
    with their releases in the fresh set; `paths` how each comes in, a source's path first, as far as
    the committed lockfiles tell. `sources` are where the lines of `hold` work: those of the lowest lockfiles that have
    the package. `places` says where in the repository a newly failing test or module fails, as `path:line` by id.
    `dropped` are requirements that the first bad releases no longer have and that the failure misses.
    """

    packages: tuple[str, ...]
    companions: tuple[str, ...]
    last_good: dict[str, str]
    first_bad: dict[str, str]
    headline: str
    evidence: str
    since: datetime | None = None
    hold: tuple[str, ...] = ()
    build: bool = False
    skipped: tuple[str, ...] = ()
    skipped_because: str = ""
    family: tuple[str, ...] = ()
    stay_back: tuple[str, ...] = ()
    explanation: str = ""
    newly_failing: tuple[str, ...] = ()
    trackers: dict[str, str] = field(default_factory=dict)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    places: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    victims: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialReport:
    """One trial of the search, in the order asked.

    `moved` are the chosen changes that it took from the fresh set, `at` the releases that it put in place. `installed`
    are all packages that differed from the committed set, with their versions, empty for one that was not there.
    `other` says that it failed, but otherwise than the failure under search; `why` is for people. `recalled` says that
    an earlier run saw it with the same files.
    """

    moved: tuple[str, ...]
    at: dict[str, str]
    outcome: Outcome
    why: str
    headline: str = ""
    other: bool = False
    installed: dict[str, str] = field(default_factory=dict)
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class ProposalReport:
    """The files proposed to be committed.

    `verified` says that they passed the checks in a run of their own.
    """

    held: tuple[str, ...]
    changes: tuple[ChangeReport, ...]
    verified: bool
    files: dict[str, str]
    checks: tuple[CheckReport, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """The verdict on one environment.

    `reason` is one sentence, `fresh` the versions of a fresh resolution.

    `project` says that the repository itself is installed beside its pins, `editable` as `pip install -e` does, and
    `beside` are the releases that it requires and that no lockfile pins. `setup` is what ran before the checks.
    `optional_modules` are those that no longer import and that nothing needs, each with its error. `waiting` are
    releases of `changes` that are younger than `cooldown_days`, which the proposal leaves out. `flagged` are releases
    that were not run, `ran_flagged` tells of those that an earlier run has installed, before they were known.
    `very_young` are releases to which the network of commands was closed. `spent_s` are the seconds of each part of the
    work: compile, install, import, commands (smoke, boot, test), search, other.
    """

    name: str
    python: str
    status: Status
    reason: str
    lockfiles: tuple[LockfileReport, ...] = ()
    changes: tuple[ChangeReport, ...] = ()
    checks: ChecksReport = field(default_factory=ChecksReport)
    culprits: tuple[Culprit, ...] = ()
    trials: int = 0
    confidence: Confidence | None = None
    proposal: ProposalReport | None = None
    notes: tuple[str, ...] = ()
    fresh: dict[str, str] = field(default_factory=dict)
    project: bool = False
    editable: bool = False
    beside: dict[str, str] = field(default_factory=dict)
    setup: str = ""
    trial_log: tuple[TrialReport, ...] = ()
    advisories: tuple[AdvisoryReport, ...] = ()
    withdrawn: tuple[WithdrawnReport, ...] = ()
    rules: tuple[RuleReport, ...] = ()
    unpinned: tuple[str, ...] = ()
    duration_s: float | None = None
    optional_modules: tuple[str, ...] = ()
    cooldown_days: float = 0
    waiting: tuple[WaitingReport, ...] = ()
    flagged: tuple[FlaggedReport, ...] = ()
    ran_flagged: tuple[str, ...] = ()
    very_young: tuple[VeryYoungReport, ...] = ()
    spent_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One run of `depcheck check`.

    `known_environments` are the lockfiles of each environment of the repository by its name, also of those that this
    run did not judge; empty if the run was told which lockfiles to look at.
    """

    tool: Tool
    started_at: datetime
    finished_at: datetime
    as_of: datetime | None
    repository: str | None
    commit: str | None
    isolation: dict[str, bool | int | str]
    environments: tuple[EnvironmentReport, ...]
    schema: int = REPORT_SCHEMA
    known_environments: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """The worst status: 1 comes before 3, 3 before 0.

        A report without environments has status 3.
        """
        found = {environment.status.exit_status for environment in self.environments}
        return next((status for status in (1, 3, 0) if status in found), 3)
