"""Folders of runs, each held while its run lives.

Those of killed runs are swept.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from depcheck.checking.sandbox.launcher.tree_removal import open_guest_folder, remove_tree

PREFIX, HOLDER = "depcheck-", ".held"
LEAST_AGE_S = 3600.0  # between a folder's beginning and its lock lies a moment


@contextmanager
def open_run_folder(parent: Path | None) -> Iterator[Path]:
    """Yield a new folder below `parent`, None for the default.

    What killed runs left beside it is removed first.
    """
    sweep_run_folders(parent or Path(tempfile.gettempdir()))
    with open_guest_folder(parent, PREFIX) as room:
        holder = os.open(room / HOLDER, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX)
            yield room
        finally:
            os.close(holder)


def sweep_run_folders(parent: Path) -> None:
    """Remove our own folders of runs that have ended without doing so."""
    with suppress(OSError):
        for folder in sorted(parent.glob(f"{PREFIX}*")):
            with suppress(OSError):
                if _is_left_over(folder):
                    remove_tree(folder)


def _is_left_over(folder: Path) -> bool:
    """Return True for an old folder of an ended run."""
    state = folder.lstat()
    if state.st_uid != os.geteuid() or any(map(Path.is_symlink, (folder, folder / HOLDER))):
        return False
    holder = os.open(folder / HOLDER, os.O_RDONLY | os.O_CLOEXEC)
    try:
        held = os.fstat(holder)
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return held.st_uid == os.geteuid() and time.time() - held.st_mtime > LEAST_AGE_S
    finally:
        os.close(holder)
