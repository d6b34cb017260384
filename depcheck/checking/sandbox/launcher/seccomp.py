"""Restrict this process with a small seccomp filter.

It denies what Landlock cannot see and what no test suite needs. Everything is allowed but the calls
named here, which fail with EPERM; those of a foreign architecture kill. Source:
Documentation/userspace-api/seccomp_filter.rst. Runs in the launcher: standard library only.
"""

import ctypes
import platform
import struct
import sys

PR_SET_SECCOMP, PR_GET_SECCOMP, MODE_FILTER = 22, 21, 2
KILL, ERRNO_EPERM, ALLOW = 0x80000000, 0x00050001, 0x7FFF0000
LOAD, EQUAL, SET, AND, RETURN, JUMP = 0x20, 0x15, 0x45, 0x54, 0x06, 0x05
CALL_NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
ARGUMENTS = tuple(16 + 8 * index for index in range(6))  # low halves, little endian
X32 = 0x40000000
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
STREAM, TCP, FAST_OPEN = 1, 6, 0x20000000

# audit architecture, socket, sendto, sendmsg, sendmmsg, and the denied: ptrace, process_vm_readv,
# process_vm_writev, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd, io_uring_setup, mount,
# umount2, unshare, setns, kexec_load, pidfd_getfd, init_module, finit_module, open_by_handle_at, pivot_root,
# chroot
CALLS_BY_MACHINE = {
    "x86_64": (0xC000003E, 41, 44, 46, 307, (
        101, 310, 311, 248, 249, 250, 321, 298, 323, 425, 165, 166, 272, 308, 246, 438, 175, 313, 304, 155, 161)),
    "aarch64": (0xC00000B7, 198, 206, 211, 269, (  # as above
        117, 270, 271, 217, 218, 219, 280, 241, 282, 425, 40, 39, 97, 268, 104, 438, 105, 273, 265, 41, 51)),
}  # fmt: skip
Instruction = tuple[int, int, int, int]


def is_seccomp_available() -> bool:
    """Return True if this kernel and architecture support the filter."""
    if not sys.platform.startswith("linux") or platform.machine() not in CALLS_BY_MACHINE:
        return False
    return int(ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0)) >= 0


def _deny_call(number: int) -> list[Instruction]:
    return [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO_EPERM)]


def _deny_flag(number: int, argument: int, flag: int) -> list[Instruction]:
    """Deny the call `number` if `flag` is set in its argument.

    Afterwards the call number is loaded again.
    """
    return [(EQUAL, 0, 4, number), (LOAD, 0, 0, ARGUMENTS[argument]), (SET, 0, 1, flag),
            (RETURN, 0, 0, ERRNO_EPERM), (LOAD, 0, 0, CALL_NUMBER)]  # fmt: skip


def _restrict_sockets(number: int, *, closed: bool) -> list[Instruction]:
    """Allow only UNIX, netlink and internet sockets.

    If `closed`, only TCP of the internet ones, which Landlock controls.
    """
    tcp: list[Instruction] = [
        (LOAD, 0, 0, ARGUMENTS[1]), (AND, 0, 0, 0xF), (EQUAL, 1, 0, STREAM), (RETURN, 0, 0, ERRNO_EPERM),
        (LOAD, 0, 0, ARGUMENTS[2]), (EQUAL, 2, 0, 0), (EQUAL, 1, 0, TCP), (RETURN, 0, 0, ERRNO_EPERM),
    ]  # fmt: skip
    inner: list[Instruction] = [
        (LOAD, 0, 0, ARGUMENTS[0]),
        (EQUAL, 4, 0, UNIX),
        (EQUAL, 3, 0, NETLINK),
        (EQUAL, 3, 0, INET),
        (EQUAL, 2, 0, INET6),
        (RETURN, 0, 0, ERRNO_EPERM),
        (RETURN, 0, 0, ALLOW),
        *(tcp if closed else []),
        (RETURN, 0, 0, ALLOW),
    ]
    return [(EQUAL, 0, len(inner), number), *inner]


def build_seccomp_program(machine: str, *, closed: bool) -> bytes:
    """Build the filter's instructions for `machine`.

    `closed` also denies the internet except TCP.
    """
    architecture, socket, sendto, sendmsg, sendmmsg, denied = CALLS_BY_MACHINE[machine]
    steps: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, CALL_NUMBER),
    ]
    if machine == "x86_64":
        steps += [(SET, 0, 1, X32), (RETURN, 0, 0, ERRNO_EPERM)]
    for number in denied:
        steps += _deny_call(number)
    if closed:  # TCP Fast Open connects without connect(), which is where Landlock looks
        steps += [
            *_deny_flag(sendto, 3, FAST_OPEN),
            *_deny_flag(sendmsg, 2, FAST_OPEN),
            *_deny_flag(sendmmsg, 3, FAST_OPEN),
        ]
    steps += [*_restrict_sockets(socket, closed=closed), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def apply_seccomp(*, closed: bool) -> bool:
    """Apply the filter to this process and its children.

    Needs no_new_privs. Returns False if no filter is available.

    Raises:
        OSError: The kernel refused the filter.
    """
    if not is_seccomp_available():
        return False
    code = build_seccomp_program(platform.machine(), closed=closed)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp refused the filter")
    return True
