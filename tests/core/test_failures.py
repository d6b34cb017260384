"""New failures and the same failure: what the whole judgement stands on."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome, find_new_failures, is_same_failure

INCIDENTS = Path(os.environ.get("DEPCHECK_INCIDENTS", Path(__file__).parents[3] / "shared/incidents"))


def result(kind: CheckKind, failed: tuple[str, ...] = (), passed: tuple[str, ...] = ()) -> CheckResult:
    outcome = Outcome.FAIL if failed else Outcome.PASS
    return CheckResult(kind, "", outcome, 0.1, tuple(Failure(one, "E") for one in failed), frozenset(passed))


def new(before: CheckResult | None, after: CheckResult) -> list[str]:
    return [failure.id for failure in find_new_failures(before, after)]


ids = st.lists(st.sampled_from(["a::x", "a::y", "b::x", "b::y[1]", "c"]), unique=True).map(tuple)


@given(st.sampled_from([CheckKind.TEST, CheckKind.IMPORT]), ids, ids, ids)
def test_what_failed_before_is_never_new(kind, failed_before, passed_before, failed_after) -> None:
    """Never count failures of the baseline as new."""
    before = result(kind, failed_before, tuple(set(passed_before) - set(failed_before)))
    found = new(before, result(kind, failed_after))
    assert not set(found) & set(failed_before)
    assert set(found) <= set(failed_after)
    assert set(found) >= set(failed_after) & before.passed_ids


def test_a_module_that_the_baseline_does_not_have_breaks_nobody() -> None:
    """A release may bring modules that need what is not installed."""
    before = result(CheckKind.IMPORT, ("a.optional",), ("a", "a.core"))
    assert new(before, result(CheckKind.IMPORT, ("a.core", "a.fresh", "a.optional"))) == ["a.core"]


def test_a_collection_error_is_new_when_its_tests_passed() -> None:
    """The module's id stands for the tests that it held."""
    before = result(CheckKind.TEST, (), ("tests.test_a::test_x", "tests.test_b.TestB::test_y"))
    assert new(before, result(CheckKind.TEST, ("tests.test_a", "tests.test_b", "tests.test_new"))) == [
        "tests.test_a",
        "tests.test_b",
    ]


def test_an_unknown_test_of_a_known_file_is_new() -> None:
    """Count new tests of files that the baseline collected.

    Made-up parameters count; whole files that it never collected do not.
    """
    before = result(CheckKind.TEST, (), ("a::test_x[1]",))
    assert new(before, result(CheckKind.TEST, ("a::test_x[2]", "z::test_x"))) == ["a::test_x[2]"]


def test_a_case_with_parameters_spelled_differently_is_not_new() -> None:
    """One old failure stands for one new name.

    A case that passed stands for none.
    """
    before = result(CheckKind.TEST, ("a::test_x[a long text]",), ("a::test_x[another long text]", "a::test_y"))
    assert new(before, result(CheckKind.TEST, ("a::test_x[text0]",), ("a::test_x[text1]", "a::test_y"))) == []
    assert new(before, result(CheckKind.TEST, ("a::test_x[text0]", "a::test_x[text1]"))) == ["a::test_x[text1]"]
    assert new(before, result(CheckKind.TEST, ("a::test_x[a long text]", "a::test_x[text1]"))) == ["a::test_x[text1]"]


@pytest.mark.parametrize("kind", [CheckKind.SMOKE, CheckKind.BOOT, CheckKind.INSTALL, CheckKind.TEST])
def test_a_command_is_new_when_it_passed_before(kind: CheckKind) -> None:
    """And only then."""
    assert new(result(kind), result(kind, ("",))) == [""]
    assert new(result(kind, ("",)), result(kind, ("",))) == []
    assert new(None, result(kind, ("",))) == []
    assert new(result(kind), result(kind)) == []


@given(st.text(), st.text())
def test_a_failure_is_the_same_as_itself(name: str, headline: str) -> None:
    """Whatever the text."""
    assert is_same_failure(Failure(name, headline), Failure(name, headline))


@given(st.text(), st.text())
def test_being_the_same_has_no_direction(one: str, other: str) -> None:
    """Which run came first does not matter."""
    assert is_same_failure(Failure("", one), Failure("", other)) == is_same_failure(
        Failure("", other), Failure("", one)
    )


def test_small_differences_of_wording_are_one_error() -> None:
    """Paths and versions vary with the release that is tried."""
    one = "ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/a/b/werkzeug/urls.py)"
    other = "ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/c/werkzeug/urls.py)"
    assert is_same_failure(Failure("", one), Failure("", other))
    statement = "ModuleNotFoundError: No module named 'kombu.async'"
    assert is_same_failure(Failure("", statement), Failure("", f"{statement} (from kombu.async.timer import Timer)"))


def test_a_headline_that_quotes_output_may_vary_more() -> None:
    """Treat headlines that quote output as one error despite other lengths.

    Dates may differ as well.
    """
    said = "AssertionError: b'HTTP/1.1 400 Bad Request date: {} content-length: {} server: uvicorn text: Unsupported upgrade request' in answer"
    assert is_same_failure(Failure("t", said.format("Mon, 01 May", 7)), Failure("t", said.format("Tue, 02 June", 1234)))


def test_other_names_are_other_errors() -> None:
    """One word decides, when it is the name of what is missing."""
    one, other = (f"ModuleNotFoundError: No module named '{name}'" for name in ("toml", "pytz"))
    assert not is_same_failure(Failure("", one), Failure("", other))
    assert not is_same_failure(Failure("a", one), Failure("b", one))


def test_the_errors_of_real_incidents_are_told_apart() -> None:
    """No two different errors of the collection are taken for one."""
    if not INCIDENTS.is_dir():
        pytest.skip("the collection of incidents is not here; set DEPCHECK_INCIDENTS")
    files = INCIDENTS.glob("*/incident.toml")
    errors = sorted({tomllib.loads(file.read_text()).get("expected_error", "") for file in files} - {""})
    taken = [(a, b) for a in errors for b in errors if a < b and is_same_failure(Failure("", a), Failure("", b))]
    assert taken == []


def test_an_end_without_ids_is_new_beside_an_old_failure() -> None:
    """Count a crash as new beside a test that failed before."""
    before = result(CheckKind.TEST, failed=("a::old",), passed=("a::fine",))
    after = result(CheckKind.TEST, failed=("a::old", ""), passed=("a::fine",))
    assert new(before, after) == [""]
