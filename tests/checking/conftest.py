"""Fixtures: a guest, and this very environment."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.guest_users import claim_guest_number
from depcheck.checking.sandbox.launcher import landlock
from depcheck.checking.sandbox.policy import choose_sandbox_policy, is_readable_by_others
from depcheck.core.lockfiles.spec import EnvironmentSpec


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    closed = [path for path in (Path(sys.executable), tmp_path) if not is_readable_by_others(path)]
    walls = choose_sandbox_policy(sandbox=True, in_actions=False, worker=claim_guest_number())
    if closed:  # this very interpreter runs the guests of these tests: as our own user where others cannot read it
        walls = replace(walls, uid=None)
    return Guest(walls, scratch, os.environ, readable=(Path(__file__).parent, Path(sys.prefix)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    return place


@pytest.fixture
def apart_folder(guest: Guest) -> Iterator[Path]:
    """Yield a folder outside of /tmp, which all guests share."""
    home = Path("~").expanduser()
    if guest.policy.uid is None and (
        not landlock.get_landlock_abi() or home.is_relative_to("/tmp") or not os.access(home, os.W_OK)
    ):
        pytest.skip("no wall between trials here")
    with TemporaryDirectory(dir=home, prefix=".depcheck-") as scratch:
        Path(scratch).chmod(0o711)
        yield Path(scratch)


@pytest.fixture
def interpreters(tmp_path: Path) -> InterpreterFinder:
    return InterpreterFinder(os.environ, tmp_path / "pythons")


PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def spec() -> EnvironmentSpec:
    return EnvironmentSpec("requirements.txt", PYTHON, ())


@pytest.fixture
def this_environment(tmp_path: Path, interpreters: InterpreterFinder) -> VirtualEnvironment:
    """Return this environment as if depcheck had built it, pytest included."""
    place = tmp_path / "environment"
    (place / "home").mkdir(parents=True)
    (place / "venv").symlink_to(sys.prefix)
    installed = [
        one
        for site in Path(sys.prefix).glob("lib/python*/site-packages")
        for one in read_installed_distributions(site, {})
    ]
    return VirtualEnvironment(place, interpreters.get_interpreter(PYTHON), tuple(installed))
