"""Which failures are new, and which are the same."""

import re
from difflib import SequenceMatcher

from depcheck.core.checks import CheckResult, Failure, Kind, Outcome
from depcheck.core.outputs import error_itself, signature

ALIKE, LOOSELY_ALIKE = 0.75, 0.5
DJANGO_SETUP = "django.setup()"  # what the import check calls it, among the names of modules
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


def newly_failing(before: CheckResult | None, after: CheckResult) -> tuple[Failure, ...]:
    """Return the failures of `after` that the same check on the baseline, `before`, did not have.

    Modules: those that could be imported before; where Django can no longer be set up, that alone is told. Tests: those
    known to pass. Where none is known and the check passed before, all of its failures, whatever their ids look like;
    and so where it gave results before and gives none now.
    Without a baseline nothing is known to be new.
    """
    if before is None or after.outcome is not Outcome.FAIL:
        return ()
    if after.kind is Kind.IMPORT:
        found = tuple(failure for failure in after.failures if failure.id in before.passed)
        return tuple(each for each in found if each.id == DJANGO_SETUP) or found
    known = tuple(failure for failure in after.failures if is_known_to_pass(failure.id, before))
    if before.outcome is Outcome.PASS:
        return known or after.failures
    crashed = () if _has_results(after) or not _has_results(before) else after.failures
    return known or crashed


def _has_results(result: CheckResult) -> bool:
    return bool(result.passed) or any(failure.id for failure in result.failures)


def is_known_to_pass(test: str, before: CheckResult) -> bool:
    """Return True if the baseline showed that a test, its file, or what it contains, passes."""
    if not test or test in {failure.id for failure in before.failures}:
        return False
    if test in before.passed:
        return True
    files = frozenset(map(_test_file, before.passed))
    inside = (f"{test}::", f"{test}.")
    return _test_file(test) in files or any(known.startswith(inside) for known in before.passed)


def find_shared_failure(before: CheckResult, after: CheckResult) -> Failure | None:
    """Return the first failure of `after` that the baseline shows too: the same id and a similar headline."""
    return next((new for new in after.failures if any(same_failure(old, new) for old in before.failures)), None)
