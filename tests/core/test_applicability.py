"""A guessed test command decides nothing where it does not apply."""

from dataclasses import replace

import pytest

from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.tool_output.applicability import describe_tolerated, drop_result, is_applicable, is_tolerable

ODD = Failure("t::test_odd", "assert 1 == 2")
LACKS = Failure("t::test_net", "ConnectionError: refused")


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
    ("seen", "does"),
    [
        (result(ODD, passed=9), True),
        (result(ODD, passed=8), False),
        (result(LACKS, passed=1), True),
        (replace(result(ODD, passed=9), guessed=False), False),
    ],
)
def test_few_shared_failures_are_tolerated(seen, does) -> None:
    """Tolerate few shared failures of guessed commands only.

    One in ten, or what this machine lacks.
    """
    assert is_tolerable(seen) is does


def test_what_is_tolerated_is_told() -> None:
    """With its first sentence and the number that passed."""
    assert "1 test failed with the committed pins too" in describe_tolerated(result(ODD, passed=9))
