"""A guest ends when its processes together use too much.

What they share counts once.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.checks.boot import BootCheckRunner
from depcheck.checking.checks.importing import imports
from depcheck.checking.checks.interface import CheckJob
from depcheck.checking.checks.running.command_context import CheckContext, build_command_failure
from depcheck.checking.checks.smoke import SmokeCheckRunner
from depcheck.checking.compile.run_compiler import CommandCompiler
from depcheck.checking.compile.tool_envs import TargetFinder, ToolEnvironments
from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.sandbox import policy
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.guest_users import claim_guest_number
from depcheck.checking.sandbox.launcher import limits as watching
from depcheck.checking.sandbox.policy import NO_NETWORK, SandboxPolicy
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.model.checks import Check, CheckKind, Outcome
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
MIB = 1 << 20
PYTHON = "/usr/bin/python3"  # one that every user may run
MEMORY = Path("/dev/shm")  # a small file system that few others write to
pytestmark = pytest.mark.skipif(not Path("/proc/meminfo").exists() or not MEMORY.is_dir(), reason="not Linux")
FORKS = """
import os, time
shared = bytearray(b"z") * ({shared} << 20)
for _ in range({processes}):
    if os.fork() == 0:
        own = bytearray(b"z") * ({each} << 20)
        time.sleep({seconds})
        os._exit(0)
for _ in range({processes}):
    os.wait()
"""
BOMB = FORKS.format(shared=0, processes=20, each=25, seconds=60)
SAID = "its processes together took more than 300 MiB of memory"


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Return the limits of a guest: 300 MiB and what is given.

    Every machine that runs this uses that much anyway.
    """
    total, _ = watching.read_memory()
    mine = {"memory_share": 300.5 * MIB / total, "free_memory_share": 0, "free_bytes": 0, "free_inodes": 0, "spared": 1}
    monkeypatch.setattr(policy, "COMBINED_LIMITS", mine)
    return mine


@pytest.fixture(params=["our user", "own user"])
def either(request: pytest.FixtureRequest, guest: Guest) -> Iterator[tuple[Guest, Path]]:
    """Return a guest of our own user or another, with its folder."""
    place = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    place.chmod(0o711)
    (place / "folder").mkdir()
    if request.param == "own user" and (os.geteuid() != 0 or not policy.is_readable_by_others(Path(PYTHON))):
        pytest.skip("needs root and a Python of the system")
    uid = policy.GUEST_UID + claim_guest_number() if request.param == "own user" else None
    one = Guest(SandboxPolicy(is_enabled=True, uid=uid), place, os.environ, readable=guest.readable)
    one.take_ownership(place / "folder")
    yield one, place / "folder"
    subprocess.check_call(["rm", "-rf", str(place)])


def python(guest: Guest, folder: Path, code: str):
    program = sys.executable if guest.policy.uid is None else PYTHON
    return guest.run([program, "-c", code], folder=folder, timeout_s=60)


def on_and_on(step: str, *, most: int) -> str:
    """Write a program that takes more until it is ended."""
    return f"import os, time\nheld = os.memfd_create('held')\nfor n in range({most}): {step}\ntime.sleep(60)"


def test_many_small_processes_are_counted_together(either) -> None:
    """Count many small processes together, ending the guest in time."""
    ran = python(*either, BOMB)
    assert ran.exceeded_limit == SAID, ran
    assert (ran.is_success, ran.timed_out, ran.exit_status, ran.stayed_up) == (False, False, None, False)
    assert build_command_failure(ran, 60).headline == f"ended: {ran.exceeded_limit}"


def test_what_processes_share_counts_once(either, limits) -> None:
    """Count memory that forks share once."""
    limits["memory_share"] *= 4
    ran = python(*either, FORKS.format(shared=400, processes=12, each=0, seconds=1))
    assert (ran.is_success, ran.exceeded_limit) == (True, ""), ran


def test_what_was_there_before_is_not_theirs(either, limits) -> None:
    """A guest of ordinary size goes on, however much others use."""
    assert python(*either, FORKS.format(shared=0, processes=4, each=30, seconds=0.5)).is_success


def test_a_guest_ends_before_the_machine_does(either, limits) -> None:
    """End a guest before the machine runs out of memory.

    Memory that no process shows as its own counts in what is left.
    """
    total, left = watching.read_memory()
    limits.update(memory_share=1.0, free_memory_share=(left - 512 * MIB) / total)
    ran = python(*either, on_and_on("os.write(held, bytes(16 << 20))", most=512))
    assert "of memory were left on the machine" in ran.exceeded_limit


@pytest.fixture
def memory_folder(either) -> Iterator[Path]:
    """Return a folder of the guest's on a file system in memory."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        either[0].take_ownership(Path(place))
        yield Path(place)


def test_files_together_leave_room_for_others(either, limits, memory_folder) -> None:
    """End a guest whose small files fill the disk."""
    limits["free_bytes"] = space(MEMORY) - 32 * MIB
    if space(either[1]) < space(MEMORY) + 1024 * MIB:
        pytest.skip("the disk is fuller than the memory")
    ran = python(*either, on_and_on(f"open(f'{memory_folder}/{{n}}', 'wb').write(bytes(1 << 20))", most=2048))
    assert ran.exceeded_limit == "it filled the disk that it writes to"


def test_empty_files_together_leave_inodes_for_others(either, limits, memory_folder) -> None:
    """An empty file takes no space, and is not for nothing."""
    limits["free_inodes"] = os.statvfs(MEMORY).f_favail - 1000
    if os.statvfs(either[1]).f_favail < os.statvfs(MEMORY).f_favail + 100_000:
        pytest.skip("the disk has fewer inodes than the memory")
    ran = python(*either, on_and_on(f"open(f'{memory_folder}/{{n}}', 'w').close()", most=100_000))
    assert ran.exceeded_limit == "it made more files than the disk that it writes to has inodes for"


def space(place: Path) -> int:
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize


@pytest.fixture
def room(guest, folder, this_environment, tmp_path) -> CheckContext:
    return CheckContext(guest, this_environment, folder, tmp_path / "log.txt", 60, NO_NETWORK)


def command(code: str, folder: Path) -> str:
    (folder / "bomb.py").write_text(code)
    return f"{sys.executable} bomb.py"


def test_commands_fail_for_it(room, folder, spec) -> None:
    """Fail smoke and boot commands that used too much, saying so."""
    job = CheckJob(spec, Check(CheckKind.SMOKE, command(BOMB, folder)), room, Settings(boot_seconds=30))
    found = [runner.run_check(job) for runner in (SmokeCheckRunner(), BootCheckRunner())]
    assert [[SAID in failure.headline for failure in each.failures] for each in found] == [[True], [True]]


def test_an_import_fails_for_it(room, folder) -> None:
    """Fail the module that used too much, and import the others."""
    (folder / "bomb.py").write_text(BOMB)
    (folder / "fine.py").write_text("")
    found = imports.run_import_check(room, Check(CheckKind.IMPORT, "", frozenset()))
    assert found.to_outcome(narrowed=False) is Outcome.FAIL
    assert {name: SAID in failure.headline for name, failure in found.failed.items()} == {"bomb": True}
    assert found.passed == {"fine"}


BACKEND = f"""
def get_requires_for_build_wheel(settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, settings=None):
    exec({BOMB!r})
def build_wheel(folder, settings=None, metadata=None):
    exec({BOMB!r})
"""


def test_a_build_fails_for_it(guest, shelf, interpreters, spec, tmp_path) -> None:
    """What is installed says why it is not."""
    (tmp_path / "repo").mkdir()
    shelf.sdist("bomb", "1.0", BACKEND)
    copies = WorkspaceCopier(tmp_path / "repo", guest, guest.scratch)
    name = canonicalize_name("bomb")
    environments = UvEnvironmentBuilder(guest, shelf, interpreters, copies, guest.scratch, 60)
    found = environments.install_pins(spec, {name: Pin(name, Version("1.0"))}, IndexView())
    assert found.failure is not None
    assert found.failure.headline == f"installing was ended: {SAID}"


def test_a_compile_that_was_ended_is_not_judged(guest, shelf, interpreters, tmp_path) -> None:
    """No verdict, and the reason."""
    repo = tmp_path / "repo"
    repo.mkdir()
    shelf.sdist("bomb", "1.0", BACKEND)
    (repo / "requirements.in").write_text("bomb\n")
    command = "uv pip compile --output-file=requirements.txt requirements.in"
    head = f"# This file was autogenerated by uv via the following command:\n#    {command}\n"
    (repo / "requirements.txt").write_text(f"{head}bomb==1.0\n    # via -r requirements.in\n")
    (spec,) = RepositoryWorkspace(Settings(repo=str(repo), python=VERSION)).find_environments()
    with LocalIndex((Upstream(f"http://127.0.0.1:{shelf.port}/simple/"),), tmp_path / "index") as index:
        toolbox = ToolEnvironments(
            tmp_path / "tools", lambda: index.get_index_url(IndexView()), guest.derive_installer()
        )
        copies = WorkspaceCopier(repo, guest, guest.scratch)
        remotes = RemoteRequirements(guest, index, guest.scratch, 60)
        targets = TargetFinder(guest, toolbox, interpreters.get_interpreter)
        compiler = CommandCompiler(index, toolbox, targets, copies, remotes, tmp_path / "caches", 60)
        with pytest.raises(IndexUnavailableError, match=f"was ended: {SAID}"):
            compiler.compile_lockfiles(spec, IndexView(), upgrade=True)
