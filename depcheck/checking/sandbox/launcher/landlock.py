"""Restrict a process with Landlock to listed files and TCP ports.

The restriction also holds for all its children. Source: Documentation/userspace-api/landlock.rst of the
Linux kernel. Runs in the launcher: standard library only.
"""

import ctypes
import os
import re
import stat
import struct
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
PATH_BENEATH, NET_PORT = 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = (
    1 << 0,
    1 << 1,
    1 << 2,
    1 << 3,
    1 << 14,
    1 << 15,
)
CONNECT_TCP = 1 << 1
SCOPES = 0b11  # abstract UNIX sockets and signals: only to processes behind the same walls
READ = EXECUTE | READ_FILE | READ_DIR
FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
NET_ABI, SCOPE_ABI = 4, 6
_TERMINAL = re.compile(r"pts|console|(?:tty|pty|vcs|hvc).+")


def _call_kernel(*arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refused: {os.strerror(ctypes.get_errno())}")
    return result


def get_landlock_abi() -> int:
    """Return the kernel's Landlock version, 0 if it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return _call_kernel(CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def get_file_rights(level: int) -> int:
    """Return every file right that this ABI knows."""
    return RIGHTS_BY_ABI[max(known for known in RIGHTS_BY_ABI if known <= level)]


def _create_ruleset(level: int, ports: Iterable[int] | None) -> int:
    net = CONNECT_TCP if ports is not None and level >= NET_ABI else 0
    fields = [get_file_rights(level)] + [net] * (level >= NET_ABI) + [SCOPES] * (level >= SCOPE_ABI)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    return _call_kernel(CREATE_RULESET, attributes, len(attributes), 0)


def _allow_path(ruleset: int, path: str, allowed: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no door
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            allowed &= FILE_ONLY
        _call_kernel(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", allowed, handle), 0)
    finally:
        os.close(handle)


def list_devices() -> list[str]:
    """List devices that are no terminal of anybody.

    Who may open a person's terminal reads what is typed there. The kernel asks the same for terminals of one's own.
    """
    with os.scandir("/dev") as entries:
        return [each.path for each in entries if not each.is_symlink() and not _TERMINAL.fullmatch(each.name)]


def apply_landlock(read: Iterable[str], write: Iterable[str], ports: Iterable[int] | None, *, terminals: bool) -> int:
    """Restrict this process to the `read` and `write` trees and TCP `ports`.

    `ports` None allows any, `terminals` those of its user. Needs no_new_privs. Returns the ABI in force, 0 for none.
    Devices keep their own permissions.
    """
    level = get_landlock_abi()
    if level == 0:
        return 0
    ports = None if ports is None else list(ports)
    ruleset = _create_ruleset(level, ports)
    for path in read:
        _allow_path(ruleset, path, READ)
    for path in write:
        _allow_path(ruleset, path, get_file_rights(level))
    _allow_path(ruleset, "/dev", READ_DIR)
    for path in [*list_devices(), *(["/dev/pts"] if terminals else [])]:
        _allow_path(ruleset, path, (READ | WRITE_FILE | IOCTL_DEV) & get_file_rights(level))
    for port in ports or ():
        if level >= NET_ABI:
            _call_kernel(ADD_RULE, ruleset, NET_PORT, struct.pack("=QQ", CONNECT_TCP, port), 0)
    _call_kernel(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return level
