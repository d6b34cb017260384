"""The interface of a check kind, with its inputs and results.

A kind is one file with a class that implements `CheckRunner`, and one row in `kinds.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, Failure, Outcome


@dataclass(frozen=True, slots=True)
class CheckJob:
    """One check to run, with its context.

    `report_progress` tells people how far it is.
    """

    spec: EnvironmentSpec
    check: Check
    context: CheckContext
    settings: Settings
    report_progress: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class CheckFindings:
    """The findings of one check: its outcome, failures, and passed ids.

    `optional` failed and count for nothing. `left_over` counts the ids that were not reached in time.
    """

    outcome: Outcome
    failures: tuple[Failure, ...] = ()
    passed: frozenset[str] = frozenset()
    optional: tuple[Failure, ...] = ()
    left_over: int = 0

    @classmethod
    def from_failures(cls, failures: tuple[Failure, ...]) -> "CheckFindings":
        """Create the findings of a check that passes if nothing failed."""
        return cls(Outcome.FAIL if failures else Outcome.PASS, failures)


class CheckRunner(Protocol):
    """Runs the checks of one kind.

    One runner serves all checks of its kind in one run, so it may remember what it learned.
    """

    @property
    def is_offline(self) -> bool:
        """True if checks may reach the local index alone."""

    def complete_check(self, job: CheckJob) -> Check | None:
        """Return the check with what the workspace decides, such as its command.

        None if this repository has nothing to run: then there is no result.
        """

    def run_check(self, job: CheckJob) -> CheckFindings:
        """Run the check and return its findings."""
