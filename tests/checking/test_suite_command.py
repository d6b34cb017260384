"""How tests run is found from the repository's files."""

import pytest

from depcheck.checking.suites.command_words import PYTEST_COMMAND, UNITTEST_COMMAND
from depcheck.checking.suites.suite_command import guess_command

CASES = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
NOX = "import nox\n@nox.session\ndef tests(session):\n    session.run('pytest', 'tests', '--cov', *session.posargs)\n"

TOX_SETTINGS = """[testenv]
setenv =
  DJANGO_SETTINGS_MODULE=tests.settings
  PYTHONPATH={toxinidir}/src
  COVERAGE_FILE=.coverage.{envname}
  py38: OLD=1
commands = pytest {posargs:tests}
"""
TOX_FOLDER = """[testenv]
changedir = {toxinidir}/tests
setenv = PYTHONPATH = {toxinidir}/src
commands = pytest {toxinidir}/tests/unit ../nowhere unit
"""
TOX_BEFORE = """[testenv]
commands_pre =
  pip install -e .
  coverage erase
  {envpython} manage.py migrate
  py38: python manage.py other
commands = coverage run -m pytest
"""
NOX_SETTINGS = """def tests(session):
    session.install("-e", ".[test]")
    session.chdir("tests")
    session.run("pytest", "--cov", env={"MODE": "test", "COVERAGE_FILE": "x", "DAY": today})
"""


@pytest.mark.parametrize(
    ("files", "lockfile", "folder"),
    [
        ({"api/tests/test_a.py": "def test_a(): pass\n"}, "api/requirements.txt", "api"),
        ({"api/tests/test_a.py": "def test_a(): pass\n"}, "api/requirements/dev.txt", "api"),
        ({"api/tests/test_a.py": "def test_a(): pass\n", "api/pytest.ini": "[pytest]\n"}, "requirements.txt", "api"),
        ({"api/tests/test_a.py": "", "api/pytest.ini": "[pytest]\n", "pytest.ini": "[pytest]\n"}, "requirements.txt", ""),
        ({"api/tests/test_a.py": "", "api/pytest.ini": "[pytest]\n", "test_b.py": ""}, "requirements.txt", ""),
        ({"tests/test_a.py": "def test_a(): pass\n"}, "examples/app/requirements.txt", ""),
    ],
)  # fmt: skip
def test_tests_of_a_folder_of_its_own_run_there(tmp_path, files, lockfile, folder) -> None:
    """The service's of its lockfile, or the only one that configures pytest."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    expected = f"(cd {folder} && {PYTEST_COMMAND})" if folder else PYTEST_COMMAND
    assert guess_command(tmp_path, {"pytest"}, [lockfile]).command == expected


@pytest.mark.parametrize(
    ("files", "installed", "command"),
    [
        ({"tests/test_a.py": "def test_a(): pass\n"}, {"pytest"}, PYTEST_COMMAND),
        ({"pytest.ini": "[pytest]\n"}, {"pytest"}, PYTEST_COMMAND),
        ({"test_a.py": CASES}, set(), UNITTEST_COMMAND),
        ({"test_a.py": "import pytest\nfrom unittest import mock\n"}, set(), ""),
        ({"manage.py": "django", "app/tests.py": CASES}, {"django"}, "python manage.py test"),
        ({"manage.py": "django", "app/tests.py": CASES}, {"django", "pytest"}, "python manage.py test"),
        ({"manage.py": "django", "app/test_a.py": "import pytest\n"}, {"django", "pytest"}, PYTEST_COMMAND),
        ({"site/manage.py": "django", "site/app/tests.py": CASES}, set(), "cd site && python manage.py test"),
        (
            {"manage.py": "django", "a/tests.py": CASES, "Makefile": "test:\n\tpython manage.py test a --settings=a.s\n"},
            {"django"},
            "python manage.py test a --settings=a.s",
        ),
        (
            {"tox.ini": "[testenv]\ncommands =\n  coverage erase\n  coverage run -m pytest {posargs:tests} -v\n", "tests/x": ""},
            {"pytest"},
            f"{PYTEST_COMMAND} tests",
        ),
        ({"tox.ini": "[testenv]\ncommands = pytest --cov pkg -n 4 -k 'not net'\n"}, {"pytest"}, f"{PYTEST_COMMAND} -k 'not net'"),
        ({"tox.ini": "[testenv]\ncommands = python runtests.py {posargs}\n", "runtests.py": ""}, set(), "python runtests.py"),
        ({"noxfile.py": NOX, "tests/test_a.py": ""}, {"pytest"}, f"{PYTEST_COMMAND} tests"),
        ({"README.md": ""}, {"pytest"}, ""),
        ({"tox.ini": TOX_SETTINGS, "tests/test_a.py": ""}, {"pytest"}, f"DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=./src {PYTEST_COMMAND} tests"),
        ({"tox.ini": TOX_FOLDER, "tests/unit/test_a.py": ""}, {"pytest"}, f"(cd tests && PYTHONPATH=../src {PYTEST_COMMAND} ../tests/unit unit)"),
        ({"tox.ini": TOX_BEFORE, "manage.py": "django", "a/test_a.py": "import pytest\n"}, {"pytest"}, f"python manage.py migrate && {PYTEST_COMMAND}"),
        ({"tox.ini": "[testenv]\nsetenv = A=b c\n[testenv:test]\ncommands = python -m unittest discover -v\n", "test_a.py": CASES}, set(), f"A='b c' {UNITTEST_COMMAND}"),
        ({"noxfile.py": NOX_SETTINGS, "tests/test_a.py": ""}, {"pytest"}, f"(cd tests && MODE=test {PYTEST_COMMAND})"),
        ({"manage.py": "from flask_script import Manager", "tests/test_a.py": CASES}, set(), UNITTEST_COMMAND),
    ],
)  # fmt: skip
def test_the_command_is_the_repositorys_own(tmp_path, files, installed, command) -> None:
    """Choose pytest, Django's runner or unittest as the repository has them.

    Pytest where it is installed; else none.
    """
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert guess_command(tmp_path, installed).command == command


def test_tests_that_need_pytest_say_so(tmp_path) -> None:
    """A lockfile of what runs in production has no pytest."""
    (tmp_path / "test_a.py").write_text("import pytest\n")
    assert "need pytest" in guess_command(tmp_path, set()).why


def test_commands_with_what_a_shell_does_are_left_alone(tmp_path) -> None:
    """Only plain words are taken over."""
    (tmp_path / "tox.ini").write_text("[testenv]\ncommands = pytest $(cat list) {env:OTHER}\n")
    (tmp_path / "test_a.py").write_text("")
    assert guess_command(tmp_path, {"pytest"}).command == PYTEST_COMMAND
