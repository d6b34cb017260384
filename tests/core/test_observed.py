"""Verdict sentences rest on observations that docs/verdicts.md requires."""

import re
from pathlib import Path

import pytest

from depcheck.core.messages.observed import describe_passing, describe_shared_failure, describe_unreached
from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.status import Status

ROOT = Path(__file__).parents[2]
_VERDICTS = (ROOT / "docs" / "verdicts.md").read_text()


def passing(kind: CheckKind, number: int = 0, left_over: int = 0) -> CheckResult:
    return CheckResult(kind, "", Outcome.PASS, 1, passed_ids=frozenset(map(str, range(number))), left_over=left_over)


def failing(name: str, headline: str) -> CheckResult:
    return CheckResult(CheckKind.TEST, "", Outcome.FAIL, 1, (Failure(name, headline),))


INSTALL = passing(CheckKind.INSTALL)


def test_safe_counts_what_passed() -> None:
    """Count by kind the ids that passed."""
    results = [INSTALL, passing(CheckKind.IMPORT, 412), passing(CheckKind.TEST, 233)]
    assert (
        describe_passing(3, results, tests_wanted=True)
        == "3 packages changed; installs, 412 imports and 233 tests pass."
    )


def test_commands_of_a_kind_are_counted() -> None:
    """Two smoke commands are said once."""
    results = [INSTALL, passing(CheckKind.SMOKE), passing(CheckKind.SMOKE), passing(CheckKind.BOOT)]
    said = describe_passing(2, results, tests_wanted=False)
    assert said.startswith("2 packages changed; installs, 2 smoke commands and a boot command pass")


def test_safe_says_that_no_tests_were_run() -> None:
    """And why, and never that all checks pass."""
    results = [INSTALL, passing(CheckKind.IMPORT, 1)]
    unknown = "1 package changed; installs and 1 import pass; no tests were run, because none are known."
    assert describe_passing(1, results, tests_wanted=True) == unknown
    assert "no tests were run, because `--test` is empty" in describe_passing(1, results, tests_wanted=False)
    assert describe_passing(1, [INSTALL], tests_wanted=True).startswith("1 package changed; it installs; no tests")


def test_what_could_not_be_answered_does_not_count_as_a_pass() -> None:
    """An open outcome is left out of the counts."""
    open_ = CheckResult(CheckKind.SMOKE, "x", Outcome.UNRESOLVED, 1)
    assert "smoke" not in describe_passing(1, [INSTALL, open_], tests_wanted=True)


def test_modules_that_were_not_reached_are_counted() -> None:
    """Nothing is known of them."""
    assert describe_unreached([passing(CheckKind.IMPORT, 1, 7)])[0].startswith(
        "The time for imports was over before 7 modules"
    )
    assert describe_unreached([passing(CheckKind.IMPORT, 1)]) == ()


def test_the_same_way_needs_the_same_failure_on_both_sides() -> None:
    """The same test, and the same error but for times and places."""
    one, other = failing("t::x", "OSError: /tmp/a1/x is 3 s old"), failing("t::x", "OSError: /tmp/b2/x is 4 s old")
    assert describe_shared_failure(one, other).startswith("Your lockfile fails in the same way")


@pytest.mark.parametrize(
    "before", [None, failing("t::x", "KeyError: 'a'"), failing("t::y", "OSError: b"), passing(CheckKind.TEST)]
)
def test_another_failure_is_not_the_same_way(before: CheckResult | None) -> None:
    """Another error, another test, a pass, or nothing at all."""
    assert "in the same way" not in describe_shared_failure(before, failing("t::x", "OSError: b"))


def test_every_sentence_of_the_table_is_held_by_a_test() -> None:
    """The table's last column names tests that exist."""
    named = set(re.findall(r"\| `(test_\w+)` \|", _VERDICTS))
    there = {
        name for path in ROOT.glob("tests/**/test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(named) > 5
    assert named <= there


def test_every_status_that_judges_is_in_the_table() -> None:
    """Those that judge nothing have reasons of their own."""
    told = set(re.findall(r"^\| `([\w-]+)` \|", _VERDICTS, re.MULTILINE))
    assert told == {str(status) for status in Status} - {"stale", "infra"}
