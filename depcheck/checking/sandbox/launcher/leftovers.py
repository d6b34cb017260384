"""Kill and remove a guest's leftovers: processes, files, System V entries."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from depcheck.checking.sandbox.launcher import system_v, tree_removal
else:  # run as a folder: it stands on the path itself
    import system_v
    import tree_removal

SWEEP_S = 5.0


def list_descendants() -> list[int]:
    """List all living processes below this one, by /proc.

    Empty without /proc.
    """
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(process.name)] = int((process / "stat").read_bytes().rpartition(b")")[2].split()[1])
    found = {os.getpid()}
    while grown := {child for child, parent in parents.items() if parent in found} - found:
        found |= grown
    return sorted(found - {os.getpid()})


def _run_as_user(uid: int, work: Callable[[], None]) -> None:
    """Do `work` in a child of the guest's user, and wait.

    The kernel lets only that user, or root with all its rights, do it.
    """
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            os.setgid(uid)
            os.setuid(uid)
            work()
        os._exit(0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def _kill_user(uid: int) -> None:
    """Kill every process of the guest's user at once.

    Only that user can do it without a race.
    """
    _run_as_user(uid, lambda: os.kill(-1, signal.SIGKILL))


def _has_no_children() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def kill_leftovers(leader: int, uid: int | None) -> None:
    """Kill the processes that the guest left behind.

    Its user's, its group's, and all descendants of this process. Takes at most SWEEP_S.
    """
    deadline = time.monotonic() + SWEEP_S
    if uid is not None:
        _kill_user(uid)
    while not _has_no_children() and time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        for process in list_descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.005)


def remove_leftovers(folders: list[str], uid: int | None, before: set[tuple[str, int]]) -> None:
    """Remove the guest user's leftovers in folders and System V's tables.

    All users share these.

    Only after none of its processes is left. `before` is what this program's own user had in those tables.
    """
    if uid is None:
        system_v.remove_orphaned_memory(before)
    else:
        _run_as_user(uid, lambda: system_v.remove_system_v_entries(uid))
    for folder in folders if uid is not None else ():
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(folder)):
                if entry.stat(follow_symlinks=False).st_uid != uid:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    tree_removal.remove_tree(Path(entry.path))
                else:
                    Path(entry.path).unlink(missing_ok=True)
