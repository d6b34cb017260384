"""Sentences of a verdict, made only of what was seen."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from depcheck.core.model.checks import COMMAND_KINDS, CheckKind, CheckResult, Outcome, find_shared_failure

UNKNOWN_TESTS = "no tests were run, because none are known"
UNTESTED = "no tests were run"  # a note says why
REFUSED_TESTS = "no tests were run, because `--test` is empty"

MISSING_COMMAND = "command not found: "  # begins the headline where the shell did not find it
UNKNOWN_IDS = "the test command (test ids unknown, so its exit status alone decides)"


def describe_passing(
    changed: int, results: Sequence[CheckResult], *, tests_wanted: bool, why_untested: str = ""
) -> str:
    """Return the sentence of a passing check, with counts.

    `3 packages changed; installs, 412 imports and 233 tests pass.`, and why no tests were run.
    """
    packages = f"{changed} package{'' if changed == 1 else 's'} changed"
    said = describe_observed(results, tests_wanted=tests_wanted)
    return f"{packages}; {said.replace(UNKNOWN_TESTS, UNTESTED) if why_untested else said}."


def describe_observed(results: Sequence[CheckResult], *, tests_wanted: bool) -> str:
    """Describe what of `results` passed, with counts and tests."""
    said = describe_passed((each.kind, len(each.passed_ids)) for each in results if each.outcome is Outcome.PASS)
    return f"{said}; {missing}" if (missing := _explain_missing_tests(results, tests_wanted=tests_wanted)) else said


def describe_passed(passed: Iterable[tuple[CheckKind, int]]) -> str:
    """Return `installs, 412 imports and 233 tests pass`.

    What passed, by kind and number of ids.
    """
    seen = _count_commands([word for kind, number in passed if (word := _describe_count(kind, number))])
    if seen == ["installs"]:
        return "it installs"
    return f"{', '.join(seen[:-1])} and {seen[-1]} pass" if len(seen) > 1 else f"{''.join(seen) or 'nothing'} passes"


def _count_commands(words: Sequence[str]) -> list[str]:
    """Say `2 smoke commands` for `a smoke command` twice."""
    times = {word: words.count(word) for word in words if word.endswith(" command")}
    once = [word for index, word in enumerate(words) if word not in times or word not in words[:index]]
    return [word if times.get(word, 1) == 1 else f"{times[word]} {word.removeprefix('a ')}s" for word in once]


def describe_unreached(results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return a note where the imports' time was over before their end."""
    left = sum(result.left_over for result in results)
    return (f"The time for imports was over before {left} modules were imported; nothing is known of them.",) * (
        left > 0
    )


def describe_kept_pass(results: Sequence[CheckResult], seen_at: datetime | None) -> str:
    """Say which commands an earlier run saw pass with your lockfile."""
    if seen_at is None:
        return ""
    commands = [f"`{each.command}`" for each in results if each.kind in COMMAND_KINDS]
    verb = "was" if len(commands) == 1 else "were"
    return (
        f"With your lockfile {', '.join(commands)} passed on {seen_at:%Y-%m-%d at %H:%M} UTC and {verb} not run again: "
        "the repository, what the lockfile installs, and this machine are what they were."
    )


def describe_shared_failure(before: CheckResult | None, after: CheckResult) -> str:
    """Describe a failure that the committed set shows as well.

    As far as that was seen.
    """
    if before is None or not before.failures:
        return f"All updates together fail, and whether your lockfile does was not seen: {after.headline}"
    if shared := find_shared_failure(before, after):
        return f"Your lockfile fails in the same way, so the updates are not to blame: {shared.headline}"
    return (
        f"Your lockfile fails this check as well, with another error ({before.headline}), so no release can be "
        f"blamed for: {after.headline}"
    )


def describe_missing_command(after: CheckResult) -> str:
    """Describe a command of the configuration that no set has."""
    return (
        f"The {after.kind} command `{after.command}` was not found ({after.headline}), neither with your lockfile nor "
        f"with all updates. That is a mistake of the configuration: correct --{after.kind}, or add the package with "
        "the command to your lockfile."
    )


def _describe_count(kind: CheckKind, number: int) -> str:
    if kind is CheckKind.INSTALL:
        return "installs"
    if kind is CheckKind.IMPORT:
        return f"{number} import{'' if number == 1 else 's'}" if number else ""
    if kind is CheckKind.TEST:
        return f"{number} test{'' if number == 1 else 's'}" if number else UNKNOWN_IDS
    return f"a {kind} command"


def _explain_missing_tests(results: Sequence[CheckResult], *, tests_wanted: bool) -> str:
    if any(result.kind is CheckKind.TEST for result in results):
        return ""
    return UNKNOWN_TESTS if tests_wanted else REFUSED_TESTS
