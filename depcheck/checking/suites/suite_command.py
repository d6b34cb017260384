"""Find out how a repository's tests run, without configuration of ours."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from depcheck.checking.suites.command_words import PYTEST_COMMAND, UNITTEST_COMMAND, is_pytest_command
from depcheck.checking.suites.stated_commands import find_django_test_words, find_stated_commands
from depcheck.checking.suites.suite_files import SuiteFiles, find_suite_files

PYTEST, DJANGO, PYTEST_DJANGO = map(canonicalize_name, ("pytest", "django", "pytest-django"))


@dataclass(frozen=True, slots=True)
class SuiteCommand:
    """A guessed test command, or why there is none.

    Both are empty where there are no tests.
    """

    command: str = ""
    why: str = ""


def guess_command(root: Path, installed: Collection[str]) -> SuiteCommand:
    """Guess the command for the tests below `root`.

    `installed` are normalized names of distributions.
    """
    files = find_suite_files(root)
    stated = find_stated_commands(root)
    if PYTEST in installed and not _is_djangos(files, installed):
        return SuiteCommand(_with_pytest(files, stated))
    others = [command for command in stated if not is_pytest_command(command)]
    if others:
        return SuiteCommand(" && ".join(others))
    if files.manage:
        return SuiteCommand(_by_manage(root, files.manage))
    if files.unittests:
        return SuiteCommand(UNITTEST_COMMAND)
    if files.imports_pytest or files.configured:
        return SuiteCommand(why="the tests need pytest, which is not installed in this environment")
    return SuiteCommand()


def _with_pytest(files: SuiteFiles, stated: list[str]) -> str:
    for command in stated:
        if is_pytest_command(command):
            return command
    if stated and not files.imports_pytest and not files.configured:
        return " && ".join(stated)
    return PYTEST_COMMAND if files.configured or files.tests else ""


def _is_djangos(files: SuiteFiles, installed: Collection[str]) -> bool:
    """Whether Django's own runner is meant although pytest is there."""
    own = files.manage and DJANGO in installed and PYTEST_DJANGO not in installed
    return bool(own) and not files.configured and not files.imports_pytest


def _by_manage(root: Path, manage: str) -> str:
    folder = PurePosixPath(manage).parent.as_posix()
    place = "" if folder == "." else f"cd {shlex.quote(folder)} && "
    return f"{place}python manage.py {shlex.join(find_django_test_words(root))}"
