"""Decide by path whose mode a guest may change.

Landlock does not see chmod(2): a guest that is our own user could open to others what it cannot read, or take it away
from its owner. So these calls wait (seccomp user notification). The launcher opens what they name, looks where that
lies, and changes it in the guest's place, by the descriptor that it looked at.

Runs in the launcher: standard library only.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from depcheck.checking.sandbox.launcher.connect_gate import RefusedCallError, read_process_memory
else:  # run as a folder: it stands on the path itself
    from connect_gate import RefusedCallError, read_process_memory

AT_FDCWD, AT_SYMLINK_NOFOLLOW = -100, 0x100
LONGEST_PATH = 4096
PERMISSIONS = 0o7777
ITSELF = ("/proc/self/", "/proc/thread-self/")


class ModeGate:
    """Changes modes of what lies in `folders`, or has no name.

    `calls` names the calls by their numbers.
    """

    def __init__(self, folders: Sequence[str], calls: dict[int, str]) -> None:
        self.calls = calls
        self._folders = [os.path.realpath(folder).rstrip("/") + "/" for folder in folders]

    def change_mode(self, number: int, process: int, arguments: Sequence[int]) -> int:
        """Answer one call with its error number, 0 for none."""
        descriptor, mode = self._open_named(self.calls[number], process, arguments)
        try:
            state, place = os.fstat(descriptor), os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  # may end oddly
            if state.st_nlink and not any(f"{place}/".startswith(folder) for folder in self._folders):
                return errno.EPERM
            os.chmod(f"/proc/self/fd/{descriptor}", mode & PERMISSIONS)  # noqa: PTH101  # no path, but this very file
        finally:
            os.close(descriptor)
        return 0

    def _open_named(self, call: str, process: int, arguments: Sequence[int]) -> tuple[int, int]:
        """Open what a call names, without reading it, and return the mode."""
        if call == "fchmod":
            with _pass_over_sealed():
                return _open_place(f"/proc/{process}/fd/{arguments[0] & 0xFFFFFFFF}"), arguments[1]
        folder, place, mode = (AT_FDCWD, *arguments[:2]) if call == "chmod" else arguments[:3]
        flags = arguments[3] if call == "fchmodat2" else 0
        path = _read_path(process, place)
        folder = (folder & 0xFFFFFFFF) - (1 << 32 if folder & 0x80000000 else 0)
        base = f"/proc/{process}/cwd" if folder == AT_FDCWD else f"/proc/{process}/fd/{folder}"
        for own in ITSELF:
            path = f"/proc/{process}/{path.removeprefix(own)}" if path.startswith(own) else path
        whole = path if path.startswith("/") else f"{base}/{path}" if path else base
        if flags & AT_SYMLINK_NOFOLLOW and os.path.islink(whole):  # noqa: PTH114  # a guest's path
            raise RefusedCallError(errno.EOPNOTSUPP)
        return _open_place(whole), mode


@contextlib.contextmanager
def _pass_over_sealed() -> Iterator[None]:
    """Let a process that cannot be looked into go on.

    The importer's are so; a module that changes a mode when it is imported must not fail for that.
    """
    try:
        yield
    except PermissionError:
        raise RefusedCallError(0) from None


def _open_place(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _read_path(process: int, place: int) -> str:
    with _pass_over_sealed():
        name, end, _ = read_process_memory(process, place, LONGEST_PATH).partition(b"\0")
    if not end:
        raise RefusedCallError(errno.ENAMETOOLONG)
    return os.fsdecode(name)
