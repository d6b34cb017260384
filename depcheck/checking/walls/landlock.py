"""Landlock: an allow-list of files and TCP ports that a process lays upon itself and all its children.

Source: Documentation/userspace-api/landlock.rst of the Linux kernel. Runs in the launcher:
standard library only.
"""

import ctypes
import os
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


def _syscall(*arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refused: {os.strerror(ctypes.get_errno())}")
    return result


def abi() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return _syscall(CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def rights(level: int) -> int:
    """Every file right that this ABI knows."""
    return RIGHTS_BY_ABI[max(known for known in RIGHTS_BY_ABI if known <= level)]


def _ruleset(level: int, ports: Iterable[int] | None) -> int:
    net = CONNECT_TCP if ports is not None and level >= NET_ABI else 0
    fields = [rights(level)] + [net] * (level >= NET_ABI) + [SCOPES] * (level >= SCOPE_ABI)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    return _syscall(CREATE_RULESET, attributes, len(attributes), 0)


def _allow_path(ruleset: int, path: str, allowed: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no door
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            allowed &= FILE_ONLY
        _syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", allowed, handle), 0)
    finally:
        os.close(handle)


def restrict(read: Iterable[str], write: Iterable[str], ports: Iterable[int] | None) -> int:
    """Leave this process only `read` and `write` trees, and TCP connections to `ports` (None: any).

    Needs no_new_privs. Returns the ABI that stood, 0 for none. Devices keep their own permissions.
    """
    level = abi()
    if level == 0:
        return 0
    ports = None if ports is None else list(ports)
    ruleset = _ruleset(level, ports)
    for path in read:
        _allow_path(ruleset, path, READ)
    for path in write:
        _allow_path(ruleset, path, rights(level))
    _allow_path(ruleset, "/dev", (READ | WRITE_FILE | IOCTL_DEV) & rights(level))
    for port in ports or ():
        if level >= NET_ABI:
            _syscall(ADD_RULE, ruleset, NET_PORT, struct.pack("=QQ", CONNECT_TCP, port), 0)
    _syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return level
