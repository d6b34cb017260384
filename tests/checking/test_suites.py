"""The test check: ids by JUnit XML or unittest, never false passes."""

import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.sandbox import guest as guest_module
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.messages.observed import describe_passing
from depcheck.core.model.checks import Check, CheckKind, Outcome

TESTS = """
import os, pytest
@pytest.mark.parametrize("number", [1, 2])
def test_number(number): assert number == 1
class TestThings:
    def test_well(self): pass
@pytest.mark.skip
def test_skipped(): pass
@pytest.fixture
def broken(): raise LookupError("no \\x00 fixture")
def test_set_up(broken): pass
"""


@pytest.fixture
def check(guest, shelf, tmp_path, spec, this_environment):
    repo = tmp_path / "repo"
    repo.mkdir()

    def run(files: dict[str, str], command: str = "", ids: tuple[str, ...] = (), *, bare: bool = False):
        for name, text in files.items():
            (repo / name).parent.mkdir(parents=True, exist_ok=True)
            (repo / name).write_text(text)
        environment = this_environment
        if bare:
            object.__setattr__(environment, "installed_distributions", ())
        copies = WorkspaceCopier(repo, guest, guest.scratch)
        checks = GuestCheckExecutor(guest, shelf, copies, Settings(timeout_s=60), tmp_path / "logs")
        found = checks.run_checks(spec, environment, [Check(CheckKind.TEST, command, frozenset(ids))])
        return found[0] if found else None

    return run


def failures(result) -> dict[str, str]:
    return {failure.id: failure.headline for failure in result.failures}


def test_pytest_tells_each_test(check) -> None:
    """Report tests by `classname::name`, with messages as headlines.

    Skipped tests have not passed.
    """
    result = check({"test_it.py": TESTS})
    assert result.command == "python -m pytest"
    assert result.outcome is Outcome.FAIL
    assert result.passed_ids == {"test_it::test_number[1]", "test_it.TestThings::test_well"}
    assert failures(result) == {
        "test_it::test_number[2]": "assert 2 == 1",
        "test_it::test_set_up": failures(result)["test_it::test_set_up"],
    }
    assert failures(result)["test_it::test_set_up"].startswith("LookupError: no ")


def test_only_wanted_tests_run(check) -> None:
    """A trial runs the failing tests alone, parametrised ones included."""
    result = check({"test_it.py": TESTS}, ids=("test_it::test_number[1]",))
    assert (result.outcome, result.passed_ids) == (Outcome.PASS, {"test_it::test_number[1]"})


def test_wanted_tests_that_are_not_there_leave_it_open(check) -> None:
    """A run that deselected everything has shown nothing."""
    assert check({"test_it.py": TESTS}, ids=("test_it::test_gone",)).outcome is Outcome.UNRESOLVED


def test_a_module_that_cannot_be_collected_is_a_failure_of_its_own(check) -> None:
    """Report a module that cannot be collected, and rerun its tests.

    With the import error as headline; by that id, its tests run again.
    """
    broken = {"tests/test_bad.py": "from json import nothing\ndef test_a(): pass\n"}
    result = check(broken)
    assert failures(result) == {"tests.test_bad": failures(result)["tests.test_bad"]}
    assert failures(result)["tests.test_bad"].startswith("ImportError: cannot import name 'nothing' from 'json'")
    repaired = {"tests/test_bad.py": "def test_a(): pass\n", "tests/test_other.py": "def test_b(): pass\n"}
    assert check(repaired, ids=("tests.test_bad",)).passed_ids == {"tests.test_bad::test_a"}


def test_nothing_collected_is_no_pass(check) -> None:
    """An empty suite does not vouch for anything."""
    result = check({"test_it.py": "", "pytest.ini": "[pytest]\n"})
    assert (result.outcome, result.headline) == (Outcome.FAIL, "no tests were collected")


def test_a_crash_of_the_test_runner_is_told(check) -> None:
    """No results, a signal: the failure is the command's."""
    result = check({"test_it.py": "import ctypes\ndef test_a(): ctypes.string_at(0)\n"})
    assert failures(result) == {"": "exit status 139 (segmentation fault)"}


def test_a_command_that_hides_the_exit_status_hides_no_failure(check) -> None:
    """See failed tests although `pytest | tee` exits with 0."""
    result = check({"test_it.py": "def test_a(): assert 0\n"}, "pytest 2>&1 | tee out.txt")
    assert (result.outcome, list(failures(result))) == (Outcome.FAIL, ["test_it::test_a"])


def test_two_runs_of_pytest_in_one_command_are_both_read(check) -> None:
    """The second one does not overwrite the results of the first."""
    files = {"test_a.py": "def test_a(): pass\n", "test_b.py": "def test_b(): pass\n"}
    assert check(files, "pytest test_a.py && pytest test_b.py").passed_ids == {"test_a::test_a", "test_b::test_b"}


def test_a_users_own_results_file_still_appears(check) -> None:
    """Write the JUnit file that the command itself asks for."""
    result = check({"test_a.py": "def test_a(): pass\n"}, "pytest --junitxml=mine.xml && test -s mine.xml")
    assert (result.outcome, result.passed_ids) == (Outcome.PASS, {"test_a::test_a"})


def test_any_other_command_is_judged_by_its_exit_status(check) -> None:
    """No pytest, no ids."""
    assert check({}, "true").outcome is Outcome.PASS
    assert failures(check({}, "echo ValueError: x; exit 1")) == {"": "ValueError: x"}


@pytest.mark.parametrize(
    ("trick", "outcome"),
    [
        ("ln -s /etc/passwd $DEPCHECK_RESULTS/junit-1.xml", Outcome.FAIL),
        ("mkfifo $DEPCHECK_RESULTS/junit-1.xml", Outcome.FAIL),
        ("echo '<!DOCTYPE x [<!ENTITY a \"aa\">]><x>&a;</x>' > $DEPCHECK_RESULTS/junit-1.xml", Outcome.FAIL),
        ("echo 'no xml' > $DEPCHECK_RESULTS/junit-1.xml", Outcome.FAIL),
        ("rm -rf $DEPCHECK_RESULTS", Outcome.PASS),
    ],
)
def test_forged_results_are_refused(check, trick, outcome) -> None:
    """Refuse links, pipes, entities and rubbish in place of results."""
    assert check({}, trick).outcome is outcome


UNITTEST = """
import unittest
class Things(unittest.TestCase):
    def test_well(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_parts(self):
        for part in range(2):
            with self.subTest(part=part): self.assertEqual(part, 0)
"""


def test_unittest_is_used_where_pytest_is_not_installed(check) -> None:
    """Same kind of ids, same narrowing."""
    result = check({"test_it.py": UNITTEST}, bare=True)
    assert result.passed_ids == {"test_it.Things::test_well"}
    assert {"test_it.Things::test_bad": "AssertionError: 1 != 2"}.items() <= failures(result).items()
    assert len(result.failures) == 2
    assert check({}, result.command, ids=("test_it.Things::test_well",)).outcome is Outcome.PASS


def test_unittest_tells_which_test_crashed_or_could_not_be_loaded(check) -> None:
    """Name the test that crashed and modules that cannot be imported."""
    crash = UNITTEST.replace("self.assertEqual(1, 2)", "__import__('os')._exit(9)")
    assert failures(check({"test_it.py": crash}, bare=True)) == {"test_it.Things::test_bad": "exit status 9"}
    result = check({"test_it.py": "import unittest, nothing_there\n"}, bare=True)
    assert list(failures(result)) == ["test_it"]
    assert "nothing_there" in failures(result)["test_it"]


def test_a_repository_without_tests_has_no_test_result(check) -> None:
    """Give no test result without tests, and a note without their runner."""
    assert check({"app.py": ""}) is None
    left = check({"test_it.py": "import pytest\n"}, bare=True)
    assert (left.outcome, left.failures) == (Outcome.UNRESOLVED, ())
    assert "need pytest" in left.headline


@pytest.mark.parametrize(
    "command",
    [
        "PYTHONPATH=src pytest",
        "PYTEST_ADDOPTS=-q python -m pytest",
        "PYTHONPATH=. PYTEST_ADDOPTS= pytest -p no:cacheprovider",
        "python -c \"import subprocess, sys; subprocess.run([sys.executable, '-m', 'pytest'], env={**__import__('os').environ, 'PYTHONPATH': ''})\"",
    ],
)
def test_a_command_cannot_switch_the_plugin_off(check, this_environment, command) -> None:
    """Report tests by id whatever PYTHONPATH, PYTEST_ADDOPTS and subprocesses say."""
    venv = this_environment.folder / "venv"
    venv.unlink()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    for site in venv.glob("lib/*/site-packages"):
        (site / "those_of_these_tests.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    script = f"#!{venv}/bin/python\nfrom pytest import console_main\nconsole_main()\n"
    (venv / "bin" / "pytest").write_text(script)
    (venv / "bin" / "pytest").chmod(0o755)
    result = check({"test_a.py": "def test_a(): pass\n"}, command)
    assert (result.outcome, result.passed_ids) == (Outcome.PASS, {"test_a::test_a"})


def test_results_that_were_cut_are_no_pass(check, monkeypatch) -> None:
    """Refuse results that a flood of words has cut."""
    monkeypatch.setattr(guest_module, "CHANNEL_BYTES", 1000)
    flood = "import os, unittest\nclass T(unittest.TestCase):\n    def test_a(self): os.write(4, b'x' * 9000)\n"
    tests = f"{flood}    def test_b(self): self.fail()\n    def test_c(self): pass\n"
    result = check({"test_it.py": tests}, bare=True)
    assert "more of their results than is read" in failures(result)[""]


TOX = "[tox]\nskipsdist = true\n[testenv]\nskip_install = true\ndeps = pytest\ncommands = pytest test_a.py test_b.py\n"
NOX = "import nox\n\n\n@nox.session(venv_backend='none')\ndef tests(session):\n    session.run('python', '-m', 'pytest')\n"
RUNNERS = {
    "Makefile": "test:\n\tpython -m pytest\n",
    "tox.ini": TOX,
    "noxfile.py": NOX,
    "test_a.py": "def test_a(): pass\n",
    "test_b.py": "def test_b(): assert 1 == 2\n",
}
KNOWN = ({"test_b::test_b"}, {"test_a::test_a"})


@pytest.mark.live
@pytest.mark.slow
def test_ids_are_known_or_said_to_be_unknown_whatever_runs_pytest(check, this_environment) -> None:
    """Know the tests that xdist, make and nox run here.

    tox makes one of its own, where no plug-in of ours is: its exit status decides, and no id is known.
    """
    venv = this_environment.folder / "venv"
    venv.unlink()
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, venv], check=True)
    tools = ("pytest", "pytest-xdist", "tox", "nox")
    subprocess.run([uv, "pip", "install", "-q", "--python", venv / "bin" / "python", *tools], check=True)
    for command in ("pytest -n 2", "make test", "nox"):
        result = check(RUNNERS, command)
        seen = ({failure.id for failure in result.failures}, result.passed_ids)
        assert (command, result.outcome, *seen) == (command, Outcome.FAIL, *KNOWN)
    result = check(RUNNERS, "tox -e py")
    assert (result.outcome, result.passed_ids) == (Outcome.FAIL, frozenset())
    assert [failure.id for failure in result.failures] == [""]
    whole = check(RUNNERS | {"test_b.py": ""}, "tox -e py")
    assert (whole.outcome, describe_passing(1, [whole], tests_wanted=True).count("test ids unknown")) == (
        Outcome.PASS,
        1,
    )
