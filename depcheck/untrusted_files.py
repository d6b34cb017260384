"""The one gate to files that hostile code may have written.

Reads them, and writes into trees that it owns.

Packages' code may have put anything there: a link in the place of a file or of a folder above it, a pipe that blocks
whoever opens it, a hard link. So only regular files of a bounded size are read. In a tree each path is opened beneath
its root without following a link anywhere on the way (openat2(2) where there is one, else folder by folder), and
nothing is written in place: a new file takes the old one's name.
"""

import contextlib
import ctypes
import errno
import os
import platform
import secrets
import stat
import struct
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

OPENAT2 = 437  # the same number on every architecture
NO_MAGIC_LINKS, NO_LINKS, BENEATH = 2, 4, 8  # RESOLVE_* of linux/openat2.h
MISSING_CALL = frozenset({errno.ENOSYS, errno.EPERM})  # of a kernel or a container's filter that has no openat2
SAFE_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY


class UntrustedFileError(Exception):
    """Why a file is not read.

    The message goes on after its name.
    """


def load_untrusted_file(path: Path, most_bytes: int) -> bytes:
    """Read `path`, a regular file of at most `most_bytes`.

    Only the last component is checked for links: the folders above must be this program's or the guest's own.

    Raises:
        UntrustedFileError: It is missing, no regular file, a link, or longer.
    """
    try:
        file = open(path, "rb", opener=_open_without_following)  # noqa: SIM115  # Path.open has no opener; closed below
    except IsADirectoryError:
        raise UntrustedFileError("is no regular file") from None
    except OSError as error:
        raise UntrustedFileError(f"cannot be read ({error.strerror})") from None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedFileError("is no regular file")
        if status.st_size > most_bytes:
            raise UntrustedFileError(f"has more than {most_bytes} bytes")
        return file.read(status.st_size)  # not the most there may be: as much memory would be taken before it is read


def read_untrusted_file(path: Path, most_bytes: int) -> bytes | None:
    """Read `path` if it is a regular file of at most `most_bytes`.

    None if it is missing, no regular file, a link, or longer.
    """
    try:
        return load_untrusted_file(path, most_bytes)
    except UntrustedFileError:
        return None


def read_beneath(root: Path, path: str | PurePosixPath, most_bytes: int) -> bytes | None:
    """Read the plain file `path` of the tree `root`, or None.

    None where it is none, behind a link, or longer than that.
    """
    try:
        descriptor = _open_beneath(root, str(path), os.O_RDONLY)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode) or state.st_size > most_bytes:
            return None
        return file.read(state.st_size)  # not the most there may be: as much memory would be taken before it is read


def write_beneath(root: Path, path: str | PurePosixPath, content: bytes) -> None:
    """Put a new file at `path` of the tree `root`.

    It belongs to the owner of `root`.

    Raises:
        OSError: A folder stands there, or a link or no folder on the way.
    """
    whole = PurePosixPath(path)
    with _opened_folder(root, str(whole.parent)) as folder:
        name = f".{secrets.token_hex(8)}"
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFE_FLAGS, 0o644, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                owner = root.stat().st_uid
                if owner != os.geteuid():
                    os.fchown(file.fileno(), owner, owner)
                file.write(content)
            os.rename(name, whole.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
            raise


def is_folder_beneath(root: Path, path: str | PurePosixPath) -> bool:
    """Return True if `path` is a folder, without links on the way."""
    try:
        with _opened_folder(root, str(path)):
            return True
    except OSError:
        return False


def list_beneath(root: Path, path: str | PurePosixPath = ".") -> Iterator[PurePosixPath]:
    """Yield the plain files below the folder `path`, in order."""
    try:
        with _opened_folder(root, str(path)) as top:
            for here, folders, files, folder in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                folders.sort()
                for name in sorted(files):
                    if stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                        yield PurePosixPath(path, here, name)
    except OSError:  # it went away, or is deeper than descriptors reach
        return


@contextlib.contextmanager
def _opened_folder(root: Path, path: str) -> Iterator[int]:
    descriptor = _open_beneath(root, path, FOLDER_FLAGS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_beneath(root: Path, path: str, flags: int) -> int:
    """Open what stands at `path` below `root`.

    Raises OSError where a link is on the way or it leads out.
    """
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise OSError(errno.EXDEV, "It is not below its tree", path)
    top = os.open(root, FOLDER_FLAGS | os.O_CLOEXEC)  # the root itself stands in a folder of ours
    try:
        found = _openat2(top, path, flags | SAFE_FLAGS)
        return found if found is not None else _open_by_folders(top, path, flags | SAFE_FLAGS)
    finally:
        os.close(top)


def _openat2(folder: int, path: str, flags: int) -> int | None:
    """Open by openat2, or return None without it."""
    if platform.system() != "Linux":
        return None
    how = struct.pack("=QQQ", flags, 0, BENEATH | NO_LINKS | NO_MAGIC_LINKS)
    libc = ctypes.CDLL(None, use_errno=True)
    found = int(libc.syscall(OPENAT2, folder, os.fsencode(path), how, len(how)))
    if found >= 0:
        return found
    number = ctypes.get_errno()
    if number in MISSING_CALL:
        return None
    raise OSError(number, os.strerror(number), path)


def _open_by_folders(folder: int, path: str, flags: int) -> int:
    """Open one folder after the other, none of them through a link."""
    *folders, last = PurePosixPath(path).parts or (".",)
    here = os.dup(folder)
    try:
        for name in folders:
            below = os.open(name, FOLDER_FLAGS | SAFE_FLAGS, dir_fd=here)
            os.close(here)
            here = below
        return os.open(last, flags, dir_fd=here)
    finally:
        os.close(here)


def _open_without_following(path: str, flags: int) -> int:
    """Open without following a link and without waiting for a pipe's writer."""
    return os.open(path, flags | SAFE_FLAGS)
