"""A guessed test command decides nothing where it does not apply."""

from dataclasses import replace

import pytest

from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.tool_output.applicability import (
    describe_compared,
    describe_tolerated,
    drop_result,
    is_applicable,
    is_tolerable,
)

ODD = Failure("t::test_odd", "assert 1 == 2")
LACKS = Failure("t::test_net", "ConnectionError: refused")
MANY = tuple(Failure(f"t::test_old_{number}", "assert 1 == 2") for number in range(20))


def result(*failures: Failure, passed: int = 0) -> CheckResult:
    names = frozenset(f"t::test_{number}" for number in range(passed))
    outcome = Outcome.FAIL if failures else Outcome.PASS
    return CheckResult(CheckKind.TEST, "python -m pytest", outcome, 1.0, failures, names, guessed=True)


@pytest.mark.parametrize(
    ("seen", "does"),
    [
        (result(passed=1), True),
        (result(), True),
        (result(ODD), True),
        (result(LACKS), False),
        (result(Failure("", "no tests were collected")), False),
        (result(Failure("tests.test_a", "ModuleNotFoundError: No module named 'x'")), False),
    ],
)
def test_a_command_applies_where_tests_ran(seen, does) -> None:
    """Apply a command if a test passed or failed by itself.

    What cannot be collected, or lacks the network, shows nothing.
    """
    assert is_applicable(seen) is does


def test_what_does_not_apply_is_left_open_with_a_note() -> None:
    """No failure is left to compare."""
    left = drop_result(result(LACKS))
    assert (left.outcome, left.failures) == (Outcome.UNRESOLVED, ())
    assert "ConnectionError: refused" in left.headline


@pytest.mark.parametrize(
    ("before", "after", "does"),
    [
        (result(ODD, passed=9), result(ODD, passed=9), True),
        (result(*MANY, passed=1), result(*MANY, passed=1), True),
        (result(LACKS, passed=1), result(LACKS, passed=1), True),
        (result(LACKS, passed=1), result(replace(LACKS, headline="OperationalError: no such host"), passed=1), True),
        (result(LACKS, passed=1), result(replace(LACKS, headline="TypeError: got 2 arguments"), passed=1), False),
        (result(ODD), result(ODD), False),
        (result(replace(ODD, id="t::test_odd[a long text]"), passed=1), result(replace(ODD, id="t::test_odd[text0]"), passed=1), True),
        (result(ODD, passed=9), result(ODD, LACKS, passed=9), False),
        (replace(result(ODD, passed=9), guessed=False), result(ODD, passed=9), False),
    ],
)  # fmt: skip
def test_old_failures_of_a_guess_are_tolerated_whatever_their_share(before, after, does) -> None:
    """Tolerate what the committed pins show with the same error.

    Another error in the same test may hide one of the upgrade's.
    """
    assert is_tolerable(before, after) is does


def test_what_is_tolerated_is_told() -> None:
    """With its first sentence, the number that passed, and the way out."""
    said = describe_tolerated(result(ODD, passed=9), result(ODD, passed=8))
    assert "1 test failed with your lockfile too" in said
    assert "8 passed with both sets" in said
    assert "--test" in said
    assert describe_compared(result(*MANY, passed=1), result(*MANY, passed=1)) == (
        "1 test passes with both sets, 20 tests failed with both"
    )
