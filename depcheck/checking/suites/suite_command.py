"""Find out how a repository's tests run, without configuration of ours."""

import posixpath
import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from depcheck.checking.suites.command_words import PYTEST_COMMAND, UNITTEST_COMMAND, is_pytest_command
from depcheck.checking.suites.stated_commands import find_django_test_words, find_stated_commands
from depcheck.checking.suites.suite_files import SuiteFiles, find_suite_files, is_pytest_configured

PYTEST, DJANGO, PYTEST_DJANGO = map(canonicalize_name, ("pytest", "django", "pytest-django"))


@dataclass(frozen=True, slots=True)
class SuiteCommand:
    """A guessed test command, or why there is none.

    Both are empty where there are no tests.
    """

    command: str = ""
    why: str = ""


def guess_command(root: Path, installed: Collection[str], lockfiles: Iterable[str] = ()) -> SuiteCommand:
    """Guess the command for the tests below `root`.

    `installed` are normalized names of distributions. Tests beside `lockfiles` in a folder of their own are those of
    that folder.
    """
    files = find_suite_files(root)
    stated = find_stated_commands(root)
    if PYTEST in installed and not _is_djangos(files, installed):
        folder = _find_own_folder(root, files, lockfiles, stated)
        there = f"(cd {shlex.quote(folder)} && {PYTEST_COMMAND})" if folder else ""
        return SuiteCommand(there or _with_pytest(files, stated))
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


def _find_own_folder(root: Path, files: SuiteFiles, lockfiles: Iterable[str], stated: Sequence[str]) -> str:
    """Find the folder that the tests are run in.

    Empty for the repository's own. That of a service's lockfiles, or the only one that
    configures pytest where nothing above it does.
    """
    folders = {find_service_folder(path) for path in lockfiles}
    own = folders.pop() if len(folders) == 1 else ""
    if own and any(test.startswith(f"{own}/") for test in files.tests):
        return own
    if files.configured or stated or not files.tests:
        return ""
    shared = posixpath.commonpath([posixpath.dirname(test) for test in files.tests])
    above = (PurePosixPath(shared), *PurePosixPath(shared).parents)
    return next((f"{each}" for each in above if each.name and is_pytest_configured(root, f"{each}")), "")


def find_service_folder(lockfile: str) -> str:
    """Return the folder whose code a lockfile is for.

    Empty for the repository's top.
    """
    folder = PurePosixPath(lockfile).parent
    shown = folder.parent if folder.name in {"requirements", "reqs", "deps"} else folder
    return "" if shown == PurePosixPath() else f"{shown}"


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
