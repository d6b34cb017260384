"""Whether a guessed test command tells anything about some pins."""

import re
from dataclasses import replace

from depcheck.core.model.checks import CheckResult, Failure, Outcome, find_renamed_failures, is_similar_headline

_SURROUNDINGS = re.compile(
    r"No module named|ModuleNotFoundError|fixture '[^']*' not found|ImproperlyConfigured|Connection|OperationalError"
    r"|gaierror|Name or service|Network is unreachable|PermissionError|Permission denied|Operation not permitted"
    r"|Read-only file system|FileNotFoundError|command not found|could not be started"
)


def is_applicable(result: CheckResult) -> bool:
    """Return True if the guessed command ran tests here."""
    if result.passed_ids or result.outcome is Outcome.PASS:
        return True
    return any("::" in each.id and not _is_of_surroundings(each) for each in result.failures)


def drop_result(result: CheckResult) -> CheckResult:
    """Turn an inapplicable command's result into an open one, noted."""
    shown = next((each.headline for each in result.failures if each.headline), "it ran none")
    note = f"`{result.command}`, which was guessed, passed no test with your lockfile ({shown})"
    return replace(result, outcome=Outcome.UNRESOLVED, failures=(), passed_ids=frozenset(), note=note)


def is_tolerable(before: CheckResult | None, after: CheckResult) -> bool:
    """Return True if shared failures of a guessed command decide nothing.

    Tests passed on both sides, so it tells the two apart; each failure is one of the committed pins too, with the same
    error, or shows on both sides what this machine lacks. How many fail says nothing of the upgrade.
    """
    if before is None or not before.guessed or not before.passed_ids & after.passed_ids:
        return False
    known = {**{failure.id: failure for failure in before.failures}, **find_renamed_failures(before, after)}
    return all(failure.id in known and _is_old(known[failure.id], failure) for failure in after.failures)


def _is_old(before: Failure, after: Failure) -> bool:
    return is_similar_headline(before.headline, after.headline) or (
        _is_of_surroundings(before) and _is_of_surroundings(after)
    )


def is_of_the_project(before: CheckResult | None, after: CheckResult) -> bool:
    """Return True if both sets show one error that no machine lacks."""
    known = {failure.id: failure for failure in before.failures} if before else {}
    return any(
        is_similar_headline(known[each.id].headline, each.headline) and not _is_of_surroundings(each)
        for each in after.failures
        if each.id in known
    )


def describe_tolerated(before: CheckResult, after: CheckResult) -> str:
    """Say which tests fail with both sets and how many pass."""
    first = next((f"{each.id or 'it'}: {each.headline}" for each in after.failures), "")
    return (
        f"Of `{after.command}`, which was guessed, {_count_failed(after)} failed with your lockfile too, so that "
        f"decides nothing ({first}); {len(before.passed_ids & after.passed_ids)} passed with both sets. If your own "
        "tests pass there, give their command with --test."
    )


def describe_compared(before: CheckResult, after: CheckResult) -> str:
    """Describe how many tests pass and fail with both sets."""
    passed = len(before.passed_ids & after.passed_ids)
    passing = "test passes" if passed == 1 else "tests pass"
    return f"{passed} {passing} with both sets, {_count_failed(after)} failed with both"


def _count_failed(result: CheckResult) -> str:
    ids = {each.id for each in result.failures if each.id}
    return f"{len(ids)} test{'' if len(ids) == 1 else 's'}" if ids else "the whole"


def _is_of_surroundings(failure: Failure) -> bool:
    return bool(_SURROUNDINGS.search(failure.headline))
