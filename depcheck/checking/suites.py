"""The test check: the repository's own tests, by pytest, by unittest, or by a command of the user's."""

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from depcheck.checking.commands import SCRIPTS, Room, failure_of
from depcheck.checking.imports import read_words
from depcheck.checking.junit import MOST_BYTES, Case, UnreadableResultsError, read_cases
from depcheck.checking.plain_files import read_plain
from depcheck.checking.process import Ran
from depcheck.core.checks import Check, Failure, Outcome
from depcheck.core.outputs import behind_box, clean, evidence, telling_line, with_statement
from depcheck.core.plain import one_line

PYTEST = canonicalize_name("pytest")
INTERNAL_ERROR = "pytest::internal"  # what pytest calls a crash of its own, which is no test
NOTHING_COLLECTED = 5  # pytest's exit status
MOST_EVIDENCE = 50  # failures that keep their text; the others their headline
MOST_FILES = 20
PYTEST_COMMAND, UNITTEST_COMMAND = "python -m pytest", "python -m unittest discover"
_WRAPPED = re.compile(r"^failed on (?:setup|teardown) with \"(?P<inner>.*)\"$", re.DOTALL)
_SAYS_NOTHING = re.compile(r"^(?:collection failure|test (?:setup|teardown) failure|)$")
_CONFIGURED = {
    "pytest.ini": "[pytest]",
    "tox.ini": "[pytest]",
    "setup.cfg": "[tool:pytest]",
    "pyproject.toml": "[tool.pytest",
}


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a test check."""

    outcome: Outcome
    failures: tuple[Failure, ...] = ()
    passed: frozenset[str] = frozenset()


def default_command(copy: Path, installed: Iterable[str]) -> str | None:
    """How this repository's tests are run, None where it has none that this environment can run."""
    files = _test_files(copy)
    if PYTEST in installed:
        configured = any(mark in _text(copy / name) for name, mark in _CONFIGURED.items())
        return PYTEST_COMMAND if configured or files else None
    return UNITTEST_COMMAND if any("unittest" in _text(file) for file in files) else None


def _test_files(copy: Path) -> list[Path]:
    return sorted({*copy.rglob("test_*.py"), *copy.rglob("*_test.py"), *copy.glob("test*/tests.py")})


def _text(path: Path) -> str:
    return (read_plain(path, 1 << 20) or b"").decode(errors="replace")


def test_check(room: Room, check: Check) -> Tested:
    """Run the tests; `check.command` is the command, `check.ids` the wanted ones, none for all."""
    wanted = sorted(check.ids) if "" not in check.ids else []
    if check.command == UNITTEST_COMMAND:
        return _unittest(room, wanted)
    results = room.results
    if results.exists():
        shutil.rmtree(results)
    results.mkdir()
    (results / "wanted.json").write_text(json.dumps(wanted))
    room.guest.own(results)
    env = {"PYTEST_ADDOPTS": "-p depcheck_pytest", "PYTHONPATH": str(SCRIPTS), "DEPCHECK_RESULTS": str(results)}
    ran = room.shell(check.command, env=env)
    try:
        cases = _cases(results)
    except UnreadableResultsError as error:
        refused = Failure("", f"the test results cannot be used: {error}", evidence(ran.output))
        return Tested(Outcome.FAIL, (refused,))
    return _judged(ran, cases, wanted, room.timeout_s)


def _cases(results: Path) -> list[Case] | None:
    """All tests of all result files, None where no pytest wrote any."""
    files = sorted(results.glob("junit-*.xml"))[:MOST_FILES]
    if not files:
        return None
    cases = []
    for file in files:
        content = read_plain(file, MOST_BYTES)
        if content is None:
            raise UnreadableResultsError(f"no plain file of at most {MOST_BYTES >> 20} MiB")
        cases += read_cases(content)
    return cases


def _judged(ran: Ran, cases: list[Case] | None, wanted: Sequence[str], timeout_s: float) -> Tested:
    """A failed test fails the check whatever the exit status says, as does an exit status without one."""
    failed: dict[str, Failure] = {}
    crash = next((case for case in cases or () if case.id == INTERNAL_ERROR and case.problem), None)
    cases = [case for case in cases if case.id != INTERNAL_ERROR] if cases is not None else None
    for case in cases or ():
        if case.problem and case.id not in failed:
            failed[case.id] = _failure(case.id, *case.problem, full=len(failed) < MOST_EVIDENCE)
    passed = frozenset(case.id for case in cases or () if not case.problem and not case.skipped) - failed.keys()
    if crash and crash.problem:
        failed[""] = _failure("", *crash.problem, full=True)
    if failed and not ran.timed_out and not ran.exceeded:
        return Tested(Outcome.FAIL, tuple(failed.values()), passed)
    if ran.exit_status == NOTHING_COLLECTED and cases is not None and not passed:
        return _none_collected(wanted, ran)
    if ran.passed:
        nothing = wanted and cases is not None and not passed
        return Tested(Outcome.UNRESOLVED if nothing else Outcome.PASS, (), passed)
    return Tested(Outcome.FAIL, (*failed.values(), failure_of(ran, timeout_s)), passed)


def _none_collected(wanted: Sequence[str], ran: Ran) -> Tested:
    """Without a test nothing was shown; where only some were wanted, it is open whether they still exist."""
    if wanted:
        said = "none of the wanted tests were collected"
        return Tested(Outcome.UNRESOLVED, (Failure("", said, evidence(ran.output)),))
    return Tested(Outcome.FAIL, (Failure("", "no tests were collected", evidence(ran.output)),))


def _failure(test: str, message: str, text: str, *, full: bool) -> Failure:
    message = clean(message).strip()
    wrapped = _WRAPPED.match(message)
    if wrapped:
        message = wrapped["inner"]
    if _SAYS_NOTHING.match(message) or "Traceback (most recent call last)" in message:
        headline = telling_line(f"{text}\n{message}" if message.count("\n") else text)
    else:
        headline = with_statement(one_line(behind_box(message)), clean(text).splitlines())
    return Failure(one_line(test, 1000), headline or "failed", evidence(f"{message}\n{text}") if full else "")


def _unittest(room: Room, wanted: Sequence[str]) -> Tested:
    """Discover and run with unittest; results are streamed, so a crash tells which test it was."""
    modules = [name for name in wanted if "::" not in name]
    asked = [] if modules else list(wanted)
    argv = [str(room.environment.python), str(SCRIPTS / "depcheck_unittest.py")]
    ran = room.run(argv, given=json.dumps(asked).encode())
    return _unittest_judged(read_words(ran.answer), ran, wanted, room.timeout_s)


def _unittest_judged(told: list[list[str]], ran: Ran, wanted: Sequence[str], timeout_s: float) -> Tested:
    """A run that never said that it was done has crashed, in the test that began last."""
    failed: dict[str, Failure] = {}
    for words in told:
        if words[0] == "fail" and words[1] not in failed:
            failed[words[1]] = _failure(words[1], words[2], words[3], full=len(failed) < MOST_EVIDENCE)
    passed = frozenset(words[1] for words in told if words[0] == "pass") - failed.keys()
    done = [words[1] for words in told if words[0] == "done"]
    if not done:
        started = [words[1] for words in told if words[0] == "start"]
        crash = failure_of(ran if not ran.passed else replace(ran, exit_status=1), timeout_s)
        crash = replace(crash, id=one_line(started[-1], 1000) if started and started[-1] not in passed else "")
        return Tested(Outcome.FAIL, (*failed.values(), crash), passed)
    if done == ["0"]:
        return _none_collected(wanted, ran)
    return Tested(Outcome.FAIL if failed else Outcome.PASS, tuple(failed.values()), passed)
