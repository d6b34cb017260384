"""Run the test check: pytest, unittest, or a command of the user's."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from depcheck.checking.checks.interface import CheckFindings, CheckJob
from depcheck.checking.checks.pytest_plugin import prepare_plugin
from depcheck.checking.checks.running.command_context import CheckContext, build_command_failure
from depcheck.checking.checks.running.compiled_code import GUEST_SCRIPTS
from depcheck.checking.checks.running.guest_answers import parse_guest_answers
from depcheck.checking.checks.running.junit_results import JunitCase, UnreadableResultsError, parse_junit_cases
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.checking.suites.command_words import UNITTEST_COMMAND, split_settings
from depcheck.checking.suites.suite_command import guess_command
from depcheck.core.model.checks import Check, Failure, Outcome
from depcheck.core.text.process_output import (
    add_import_statement,
    clean_text,
    extract_evidence,
    extract_text_below_box,
    find_error_line,
)
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.untrusted_files import read_beneath

MOST_JUNIT_BYTES = 64 << 20
INTERNAL_ERROR = "pytest::internal"  # what pytest calls a crash of its own, which is no test
_CUT_SHORT = "pytest began and never came to its end, though its exit status is 0"
_CUT_UNITTEST = "unittest began and never came to its end, though its exit status is 0"
_SEVERAL_COMMANDS = re.compile(r"[;&|<>\n]")
_RUNS_UNITTEST = re.compile(r"\bpython[\d.]* -m unittest(?!.* (?:-h|--help)\b)")
_TEST_COUNT = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
NOTHING_COLLECTED = 5  # pytest's exit status
MOST_EVIDENCE = 50  # failures that keep their text; the others their headline
MOST_RESULT_FILES = 20
_WRAPPED_MESSAGE = re.compile(r"^failed on (?:setup|teardown) with \"(?P<inner>.*)\"$", re.DOTALL)
_EMPTY_MESSAGE = re.compile(r"^(?:collection failure|test (?:setup|teardown) failure|)$")
_CUT_ANSWER = re.compile(rb"^\[\d+ bytes left out\]$", re.MULTILINE)  # as `BoundedOutput` says it
_RESULT_FILE = re.compile(r"junit-[^/]*\.xml")


class TestCheckRunner:
    """Runs the repository's tests by the user's command or a fitting one."""

    is_offline = False

    def complete_check(self, job: CheckJob) -> Check | None:
        """Return the check with its command, or None without runnable tests."""
        if job.check.command:
            return job.check
        installed = {each.name for each in job.context.environment.distributions}
        guess = guess_command(job.context.workspace, installed, [lock.path for lock in job.spec.lockfiles])
        if not guess.command and not guess.why:
            return None
        return replace(job.check, command=guess.command, guessed=True, why_not_run=guess.why)

    def run_check(self, job: CheckJob) -> CheckFindings:
        """Run the tests, or those that the check is narrowed to."""
        return run_test_check(job.context, job.check)


def run_test_check(room: CheckContext, check: Check) -> CheckFindings:
    """Run the tests of the repository.

    `check.command` is the command, `check.ids` the wanted tests, empty for all.
    """
    wanted = sorted(check.ids) if "" not in check.ids else []
    settings, command = split_settings(check.command)
    if command == UNITTEST_COMMAND:
        return _run_unittest(room, wanted, settings)
    env = prepare_plugin(room, wanted)
    ran = room.run_shell(check.command, env=env)
    try:
        cases = _read_result_files(room.results_folder)
    except UnreadableResultsError as error:
        refused = Failure("", f"the test results cannot be used: {error}", extract_evidence(ran.output))
        return CheckFindings(Outcome.FAIL, (refused,))
    if cases is None and ran.is_success and any(room.results_folder.glob("started-*")):
        return CheckFindings(Outcome.FAIL, (Failure("", _CUT_SHORT, extract_evidence(ran.output)),))
    if cases is None and ran.is_success and (empty := find_empty_unittest_run(command, ran.output)):
        return CheckFindings(Outcome.FAIL, (Failure("", empty, extract_evidence(ran.output)),))
    return _evaluate_pytest(ran, cases, wanted, room.timeout_s)


def find_empty_unittest_run(command: str, output: str) -> str:
    """Return why a successful run of unittest shows nothing, else empty.

    unittest exits with 0 where it found no test (before Python 3.12), and where a test ends its process so. Commands of
    several parts are left alone: one of the others may have run tests.
    """
    if _SEVERAL_COMMANDS.search(command):
        return ""
    counts = [int(number) for number in _TEST_COUNT.findall(output)]
    if counts:
        return "" if any(counts) else "no tests were run"
    return _CUT_UNITTEST if _RUNS_UNITTEST.search(command) else ""


def _read_result_files(results: Path) -> list[JunitCase] | None:
    """Read all tests of all result files.

    None if pytest wrote no result file.

    Raises:
        UnreadableResultsError: A result file is not regular, too long, or no JUnit XML.
    """
    entries = results.iterdir() if results.is_dir() else ()
    files = sorted(path.name for path in entries if _RESULT_FILE.fullmatch(path.name))  # links and pipes too
    if not files:
        return None
    if len(files) > MOST_RESULT_FILES:
        raise UnreadableResultsError(f"there are more than {MOST_RESULT_FILES} files of them")
    cases = []
    for file in files:
        content = read_beneath(results, file, MOST_JUNIT_BYTES)
        if content is None:
            raise UnreadableResultsError(f"no plain file of at most {MOST_JUNIT_BYTES >> 20} MiB")
        cases += parse_junit_cases(content)
    return cases


def _evaluate_pytest(
    ran: ProcessResult, cases: list[JunitCase] | None, wanted: Sequence[str], timeout_s: float
) -> CheckFindings:
    """Evaluate a pytest run.

    A failed test fails the check whatever the exit status is. A bad exit status without a failed test fails
    it too.
    """
    failed: dict[str, Failure] = {}
    crash = next((case for case in cases or () if case.id == INTERNAL_ERROR and case.problem), None)
    cases = [case for case in cases if case.id != INTERNAL_ERROR] if cases is not None else None
    for case in cases or ():
        if case.problem and case.id not in failed:
            failed[case.id] = _build_test_failure(case.id, *case.problem, full=len(failed) < MOST_EVIDENCE)
    passed = frozenset(case.id for case in cases or () if not case.problem and not case.is_skipped) - failed.keys()
    if crash and crash.problem:
        failed[""] = _build_test_failure("", *crash.problem, full=True)
    if failed and not ran.timed_out and not ran.exceeded_limit:
        return CheckFindings(Outcome.FAIL, tuple(failed.values()), passed)
    if ran.exit_status == NOTHING_COLLECTED and cases is not None and not passed:
        return _report_none_collected(wanted, ran)
    if ran.is_success:
        nothing = wanted and cases is not None and not passed
        return CheckFindings(Outcome.UNRESOLVED if nothing else Outcome.PASS, (), passed)
    return CheckFindings(Outcome.FAIL, (*failed.values(), build_command_failure(ran, timeout_s)), passed)


def _report_none_collected(wanted: Sequence[str], ran: ProcessResult) -> CheckFindings:
    """Report that no test was collected.

    That shows nothing. If only some tests were wanted, it is unresolved, because they may no longer exist.
    """
    if wanted:
        said = "none of the wanted tests were collected"
        return CheckFindings(Outcome.UNRESOLVED, (Failure("", said, extract_evidence(ran.output)),))
    return CheckFindings(Outcome.FAIL, (Failure("", "no tests were collected", extract_evidence(ran.output)),))


def _build_test_failure(test: str, message: str, text: str, *, full: bool) -> Failure:
    message = clean_text(message).strip()
    wrapped = _WRAPPED_MESSAGE.match(message)
    if wrapped:
        message = wrapped["inner"]
    if _EMPTY_MESSAGE.match(message) or "Traceback (most recent call last)" in message:
        headline = find_error_line(f"{text}\n{message}" if message.count("\n") else text)
    else:
        headline = add_import_statement(to_one_line(extract_text_below_box(message)), clean_text(text).splitlines())
    return Failure(
        to_one_line(test, 1000), headline or "failed", extract_evidence(f"{message}\n{text}") if full else ""
    )


def _run_unittest(room: CheckContext, wanted: Sequence[str], settings: dict[str, str]) -> CheckFindings:
    """Discover and run tests with unittest.

    Results are streamed, so after a crash it is known which test was running.
    """
    modules = [name for name in wanted if "::" not in name]
    asked = [] if modules else list(wanted)
    argv = [str(room.environment.python), str(GUEST_SCRIPTS / "depcheck_unittest.py")]
    ran = room.run(argv, given=json.dumps(asked).encode(), env=settings)
    if _CUT_ANSWER.search(ran.answer):  # failures may be among what was dropped
        cut = Failure("", "the tests said more of their results than is read", extract_evidence(ran.output))
        return CheckFindings(Outcome.FAIL, (cut,))
    return _evaluate_unittest(parse_guest_answers(ran.answer), ran, wanted, room.timeout_s)


def _evaluate_unittest(
    told: list[list[str]], ran: ProcessResult, wanted: Sequence[str], timeout_s: float
) -> CheckFindings:
    """Evaluate a unittest run.

    A run that never reported its end has crashed, in the test that began last.
    """
    failed: dict[str, Failure] = {}
    for words in told:
        if words[0] == "fail" and words[1] not in failed:
            failed[words[1]] = _build_test_failure(words[1], words[2], words[3], full=len(failed) < MOST_EVIDENCE)
    passed = frozenset(words[1] for words in told if words[0] == "pass") - failed.keys()
    done = [words[1] for words in told if words[0] == "done"]
    if not done:
        started = [words[1] for words in told if words[0] == "start"]
        crash = build_command_failure(ran if not ran.is_success else replace(ran, exit_status=1), timeout_s)
        crash = replace(crash, id=to_one_line(started[-1], 1000) if started and started[-1] not in passed else "")
        return CheckFindings(Outcome.FAIL, (*failed.values(), crash), passed)
    if done == ["0"]:
        return _report_none_collected(wanted, ran)
    return CheckFindings(Outcome.FAIL if failed else Outcome.PASS, tuple(failed.values()), passed)
