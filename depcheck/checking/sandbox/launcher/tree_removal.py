"""Remove trees that guests wrote, however deep they are.

A guest can nest folders deeper than a path can name, a process can hold open, or Python can recurse. So each folder's
folders are moved up beside it, until there is none in another. Links are removed and not followed.

Runs in the launcher too: standard library only.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path


def remove_tree(root: Path) -> None:
    """Remove a folder and all in it, once its guest is gone.

    Raises:
        OSError: Something in it cannot be removed.
    """
    if root.is_symlink():
        raise NotADirectoryError(str(root))
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while names := os.listdir(place):  # noqa: PTH208  # by descriptor
            for name in names:
                if not _remove_file(name, place):
                    _flatten_folder(name, place)
    finally:
        os.close(place)
    root.rmdir()


def _remove_file(name: str, place: int) -> bool:
    """Return False for a folder, which can be entered afterwards."""
    try:
        os.unlink(name, dir_fd=place)  # by descriptor
    except (IsADirectoryError, PermissionError):
        os.chmod(name, 0o700, dir_fd=place)  # by descriptor
        return False
    return True


def _flatten_folder(name: str, place: int) -> None:
    """Move the folders of a folder up beside it."""
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place)
    try:
        for each in os.listdir(inner):  # noqa: PTH208  # by descriptor
            if not _remove_file(each, inner):
                os.rename(each, secrets.token_hex(12), src_dir_fd=inner, dst_dir_fd=place)  # by descriptors
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=place)  # by descriptor


@contextlib.contextmanager
def open_guest_folder(parent: Path | None, prefix: str) -> Iterator[Path]:
    """Yield a new folder, removed afterwards with all in it."""
    room = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    try:
        yield room
    finally:
        with contextlib.suppress(OSError):
            remove_tree(room)
