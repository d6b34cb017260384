"""Find what fails only because releases are held back.

It is held too, and no release is blamed for it.
"""

from collections.abc import Sequence

from depcheck.core.model.checks import CheckResult, Failure, Outcome
from depcheck.core.text.terminal_safe import to_one_line


def is_caused_by_holds(failures: Sequence[Failure], fresh: Sequence[CheckResult]) -> bool:
    """Return True if all that fails passed with everything new.

    Then an older release that a hold brought back fails, and no new one.
    """
    passed = {test for result in fresh for test in result.passed_ids}
    passed |= {f"{r.kind} {r.command}".strip() for r in fresh if r.outcome is Outcome.PASS}
    return bool(failures) and all(failure.id in passed for failure in failures)


def to_hold_note(names: Sequence[str], failures: Sequence[Failure]) -> str:
    """Return the note of a package held for no own fault."""
    return to_one_line(
        f"{', '.join(names)} is held as well: it passes with everything new, and fails only beside the releases that "
        f"are held back ({failures[0].headline})",
        500,
    )
