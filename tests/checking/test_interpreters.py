"""Interpreters are found in the usual places, and missing ones are reported."""

import os
import sys
from pathlib import Path

import pytest

from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.core.model.errors import InterpreterMissingError

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_the_found_interpreter_is_real_and_of_the_version(interpreters: InterpreterFinder) -> None:
    """No shim, no link: what the guest must be able to read."""
    found = interpreters.find_path(PYTHON)
    assert found == found.resolve()
    assert interpreters.get_interpreter(PYTHON).markers["python_version"] == PYTHON


def test_pyenv_folders_are_searched_without_pyenv(tmp_path: Path) -> None:
    """Search pyenv's folders without pyenv, newest patch release first.

    A broken one is passed over.
    """
    for patch, target in (("9", "/bin/false"), ("10", "/bin/false"), ("2", os.path.realpath(sys.executable))):
        binaries = tmp_path / f"versions/{PYTHON}.{patch}/bin"
        binaries.mkdir(parents=True)
        (binaries / f"python{PYTHON}").symlink_to(target)
    found = InterpreterFinder({"PYENV_ROOT": str(tmp_path), "PATH": ""}, tmp_path).find_path(PYTHON)
    assert found == Path(sys.executable).resolve()


def test_a_missing_interpreter_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """And what to do next."""
    with pytest.raises(InterpreterMissingError, match=r"3\.2 is not on this machine.*PATH.*pyenv.*--python"):
        InterpreterFinder({"PATH": "", "HOME": str(tmp_path)}, tmp_path).find_path("3.2")
