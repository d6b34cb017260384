"""Test runs that end without a test's id are new failures.

Each way of ending, against a baseline that passes.
"""

import pytest

from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.checking.suites.command_words import UNITTEST_COMMAND
from depcheck.core.config.settings import Settings
from depcheck.core.model.checks import Check, CheckKind, Outcome, compare_check_results

pytestmark = pytest.mark.slow

TWO_TESTS = "def test_one(): pass\ndef test_two(): pass\n"
ENDINGS = {
    "internal error": {"conftest.py": "def pytest_runtest_protocol(item, nextitem): raise AttributeError('no obj')"},
    "internal error at collection": {"conftest.py": "def pytest_collection_modifyitems(): raise AttributeError('no x')"},
    "conftest cannot be imported": {"conftest.py": "import no_such_module"},
    "plugin cannot be loaded": {"pytest.ini": "[pytest]\naddopts = -p no_such_plugin"},
    "unknown option": {"pytest.ini": "[pytest]\naddopts = --no-such-option"},
    "warning at start as an error": {"conftest.py": "def pytest_configure(config): raise DeprecationWarning('old hook')"},
    "exit status alone": {"conftest.py": "def pytest_sessionfinish(session): session.exitstatus = 1"},
    "threshold": {"conftest.py": "import pytest\ndef pytest_sessionfinish(session):\n    print('FAIL Required test coverage of 85% not reached. Total coverage: 79.21%')\n    session.exitstatus = pytest.ExitCode.TESTS_FAILED"},
    "the process ends": {"conftest.py": "import os\ndef pytest_runtest_setup(item): os._exit(3)"},
    "a signal": {"conftest.py": "import os, signal\ndef pytest_runtest_setup(item): os.kill(os.getpid(), signal.SIGSEGV)"},
    "a kill": {"conftest.py": "import os, signal\ndef pytest_runtest_setup(item): os.kill(os.getpid(), signal.SIGKILL)"},
    "a kill at start": {"conftest.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"},
    "an exit that looks like success": {"conftest.py": "import os\ndef pytest_runtest_setup(item): os._exit(0)"},
    "a folder that is not there": {"pytest.ini": "[pytest]\naddopts = no_such_folder"},
    "configuration that cannot be read": {"pytest.ini": "[pytest\n"},
    "pytest that cannot be imported": {"pytest.py": "raise ImportError('no pytest')"},
    "pytest.exit": {"conftest.py": "import pytest\ndef pytest_runtest_setup(item): pytest.exit('no server', 2)"},
    "nothing collected": {"pytest.ini": "[pytest]\npython_files = nothing_*.py"},
}  # fmt: skip


@pytest.fixture
def run(guest, shelf, tmp_path, spec, this_environment):
    def run(files: dict[str, str], command: str = "python -m pytest -p no:cacheprovider", timeout_s: int = 60):
        repo = tmp_path / f"repo-{len(list(tmp_path.iterdir()))}"
        repo.mkdir()
        for name, text in {"test_it.py": TWO_TESTS, **files}.items():
            (repo / name).write_text(text)
        copies = WorkspaceCopier(repo, guest, guest.scratch)
        checks = GuestCheckExecutor(guest, shelf, copies, Settings(timeout_s=timeout_s), tmp_path / "logs")
        return checks.run_checks(spec, this_environment, [Check(CheckKind.TEST, command)])[0]

    return run


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_that_ends_without_an_id_fails_anew(run, ending: str) -> None:
    """The check is run whole again, and both its sides are seen."""
    before, after = run({}), run(ENDINGS[ending])
    assert (before.outcome, after.outcome) == (Outcome.PASS, Outcome.FAIL)
    (finding,) = compare_check_results([before], [after]).regressions
    assert not finding.narrowed_check.ids
    assert finding.failures[0].headline
    assert not compare_check_results([before], [after]).shared_failures


@pytest.mark.parametrize("ending", ["internal error", "exit status alone", "unknown option"])
def test_what_fails_without_an_id_on_both_sides_is_not_new(run, ending: str) -> None:
    """The baseline shows the same failure."""
    both = run(ENDINGS[ending])
    found = compare_check_results([both], [both])
    assert not found.regressions
    assert found.shared_failures == (both,)


def test_a_run_whose_time_is_over_fails_anew(run) -> None:
    """Where no test has ended, there is no id."""
    before, after = run({}), run({"conftest.py": "import signal\nsignal.pause()"}, timeout_s=8)
    (finding,) = compare_check_results([before], [after]).regressions
    assert "timed out" in finding.failures[0].headline
    assert not finding.narrowed_check.ids


def test_a_file_that_cannot_be_collected_fails_anew(run) -> None:
    """Its id is the file's, and tests of it passed before."""
    before, after = run({}), run({"test_it.py": "import no_such_module"})
    (finding,) = compare_check_results([before], [after]).regressions
    assert "no_such_module" in finding.failures[0].headline


UNITTEST = "import unittest\nclass ItTest(unittest.TestCase):\n    def test_one(self): pass\n"
UNITTEST_ENDINGS = {
    "the process ends": "import os; os._exit(3)",
    "an exit that looks like success": "import os; os._exit(0)",
    "an exit": "import sys; sys.exit('no server')",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "no tests": "",
}


@pytest.mark.parametrize("ending", ["no tests", "an exit that looks like success"])
def test_a_stated_command_of_unittest_that_shows_nothing_fails(run, ending: str) -> None:
    """Its exit status is 0 all the same."""
    command = "python -m unittest -q"
    before, after = (run({"test_it.py": text}, command) for text in (UNITTEST, UNITTEST_ENDINGS[ending]))
    assert (before.outcome, after.outcome) == (Outcome.PASS, Outcome.FAIL)
    assert after.failures[0].headline.startswith(("no tests were run", "unittest began"))


@pytest.mark.parametrize("ending", UNITTEST_ENDINGS)
def test_a_run_of_unittest_without_an_id_fails_anew(run, ending: str) -> None:
    """As one of pytest."""
    before, after = (run({"test_it.py": text}, UNITTEST_COMMAND) for text in (UNITTEST, UNITTEST_ENDINGS[ending]))
    assert (before.outcome, after.outcome) == (Outcome.PASS, Outcome.FAIL)
    (finding,) = compare_check_results([before], [after]).regressions
    assert finding.failures[0].headline
