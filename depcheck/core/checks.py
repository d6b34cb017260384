"""Checks and what came of them."""

from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName


class Kind(StrEnum):
    """What a check does, in the order in which checks run."""

    INSTALL = "install"
    IMPORT = "import"
    SMOKE = "smoke"
    BOOT = "boot"
    TEST = "test"


class Outcome(StrEnum):
    """Zeller's three outcomes: `unresolved` is a trial that could not answer the question."""

    PASS = "pass"  # noqa: S105  # an outcome, not a password
    FAIL = "fail"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that failed: a test id, a module, or (with an empty id) the command as a whole.

    `headline` is the error's own sentence on one line; `evidence` the end of the output or the traceback.
    Both are already free of control characters and bounded in size.
    """

    id: str
    headline: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class KnownBefore:
    """What the committed set showed: the modules that it imports, and the owners of its top-level modules."""

    passed: frozenset[str]
    owners: tuple[tuple[str, NormalizedName], ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to run. `ids` narrows a test or import check to these ids; empty is all.

    `packages` (import only) are the distributions whose modules are imported, beside the project's own; empty with
    `ids` is all that are installed. `before` (import only) is what the committed set showed: with it, a module that
    fails there as well, or that nothing needs, is no failure.
    """

    kind: Kind
    command: str = ""
    ids: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    before: KnownBefore | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check. `passed` are the ids (tests, modules) seen to pass; `log` is relative to `logs/`.

    `optional` are modules that cannot be imported and that nothing needs; `left_over` counts those not reached in time.
    """

    kind: Kind
    command: str
    outcome: Outcome
    duration_s: float
    failures: tuple[Failure, ...] = ()
    passed: frozenset[str] = frozenset()
    log: str = ""
    optional: tuple[Failure, ...] = ()
    left_over: int = 0

    @property
    def headline(self) -> str:
        """The first failure's sentence, or empty."""
        return self.failures[0].headline if self.failures else ""
