"""Whether a guessed test command tells anything about some pins."""

import re
from dataclasses import replace

from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome

MOST_TOLERATED = 0.1  # of the tests that ran
_SURROUNDINGS = re.compile(
    r"No module named|ModuleNotFoundError|fixture '[^']*' not found|ImproperlyConfigured|Connection|OperationalError"
    r"|gaierror|Name or service|Network is unreachable|PermissionError|Permission denied|Operation not permitted"
    r"|Read-only file system|FileNotFoundError|command not found|could not be started"
)


def is_applicable(result: CheckResult) -> bool:
    """Return True if the guessed command ran tests here.

    One passed, or one failed by itself.
    """
    if result.passed_ids or result.outcome is Outcome.PASS:
        return True
    return any("::" in each.id and not _is_of_surroundings(each) for each in result.failures)


def drop_result(result: CheckResult) -> CheckResult:
    """Turn an inapplicable command's result into an open one, noted."""
    shown = next((each.headline for each in result.failures if each.headline), "it ran none")
    note = f"`{result.command}`, which was guessed, passed no test with the committed pins ({shown})"
    return replace(result, outcome=Outcome.UNRESOLVED, failures=(), passed_ids=frozenset(), note=note)


def is_tolerable(result: CheckResult) -> bool:
    """Return True if failures of a guessed command may be ignored.

    It also fails with the committed pins, and still tells enough by what passes.

    Few failures among many passes, or failures that show what this machine lacks, are nobody's news.
    """
    if result.kind is not CheckKind.TEST or not result.guessed or not result.passed_ids:
        return False
    few = len(result.failures) <= MOST_TOLERATED * (len(result.failures) + len(result.passed_ids))
    return few or all(map(_is_of_surroundings, result.failures))


def describe_tolerated(result: CheckResult) -> str:
    """Say which tests fail with both sets and how many pass."""
    ids = [each.id for each in result.failures if each.id]
    number = f"{len(ids)} {'test' if len(ids) == 1 else 'tests'}" if ids else "the whole"
    first = next((f"{each.id or 'it'}: {each.headline}" for each in result.failures), "")
    return (
        f"Of `{result.command}`, {number} failed with the committed pins too, so that decides nothing ({first}); "
        f"{len(result.passed_ids)} passed with both sets."
    )


def _is_of_surroundings(failure: Failure) -> bool:
    return bool(_SURROUNDINGS.search(failure.headline))
