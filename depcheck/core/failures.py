"""Which failures are new, and which are the same."""

import re
from difflib import SequenceMatcher

from depcheck.core.checks import CheckResult, Failure, Kind, Outcome
from depcheck.core.outputs import error_itself, signature

ALIKE, LOOSELY_ALIKE = 0.75, 0.5
LONG = 120  # characters: beyond it a headline quotes what a program printed, numbers and all
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\b\d+\b")


def _names(text: str) -> list[str]:
    """What a message is about: all that it quotes, and its numbers."""
    return sorted(match.strip("'\"`") for match in _NAMES.findall(text))


def similar(one: str, other: str) -> bool:
    """Whether two headlines tell of one error: equal once masked, or nearly so and naming the same things."""
    one, other = signature(error_itself(one)), signature(error_itself(other))
    if one == other:
        return True
    if one.partition(":")[0] != other.partition(":")[0]:
        return False
    quotes_output = min(len(one), len(other)) > LONG
    if not quotes_output and _names(one) != _names(other):
        return False
    ratio = SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio()
    return ratio >= (LOOSELY_ALIKE if quotes_output else ALIKE)


def same_failure(one: Failure, other: Failure) -> bool:
    """Whether both are the same failure: of the same test, module or command, with a similar headline."""
    return one.id == other.id and similar(one.headline, other.headline)


def _test_file(test: str) -> str:
    """The part of a test id before the test's own name."""
    return test.partition("::")[0]


def _new_test(failure: Failure, before: CheckResult, files: frozenset[str]) -> bool:
    """A test that the baseline does not know is new when its file, or what it contains, passed there."""
    if failure.id in before.passed:
        return True
    if failure.id in {known.id for known in before.failures}:
        return False
    if not failure.id:
        return before.outcome is Outcome.PASS
    inside = (f"{failure.id}::", f"{failure.id}.")
    return _test_file(failure.id) in files or any(known.startswith(inside) for known in before.passed)


def newly_failing(before: CheckResult | None, after: CheckResult) -> tuple[Failure, ...]:
    """The failures of `after` that the same check on the baseline, `before`, did not have.

    Commands: those of a command that passed before. Modules: those that could be imported before; a module
    that the baseline does not have breaks nobody. Tests: see `_new_test`.
    Without a baseline nothing is known to be new.
    """
    if before is None or after.outcome is not Outcome.FAIL:
        return ()
    if after.kind is Kind.IMPORT:
        return tuple(failure for failure in after.failures if failure.id in before.passed)
    if after.kind is Kind.TEST:
        files = frozenset(map(_test_file, before.passed))
        return tuple(failure for failure in after.failures if _new_test(failure, before, files))
    return after.failures if before.outcome is Outcome.PASS else ()
