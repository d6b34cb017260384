"""Restrict this process with a small seccomp filter.

It denies what Landlock cannot see and what no test suite needs. Everything is allowed but the calls
named here, which fail with EPERM; those of a foreign architecture kill. Source:
Documentation/userspace-api/seccomp_filter.rst. Runs in the launcher: standard library only.
"""

import ctypes
import platform
import re
import struct
import sys

PR_SET_SECCOMP, PR_GET_SECCOMP, MODE_FILTER = 22, 21, 2
KILL, ERRNO_EPERM, ERRNO_ENOSYS, NOTIFY, ALLOW = 0x80000000, 0x00050001, 0x00050026, 0x7FC00000, 0x7FFF0000
SET_FILTER, IS_KNOWN, NEW_LISTENER = 1, 2, 1 << 3  # of seccomp(2)
HANDS_OVER_FROM = (5, 9)  # the kernel that lets a supervisor put a descriptor into the caller
LOAD, EQUAL, SET, AND, RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
CALL_NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
ARGUMENTS = tuple(16 + 8 * index for index in range(6))  # low halves, little endian
X32 = 0x40000000
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
STREAM, SEQUENCED, TCP, FAST_OPEN = 1, 5, 6, 0x20000000

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
OTHER_CALLS = {"x86_64": (317, 42, 56, 53), "aarch64": (277, 203, 220, 199)}  # seccomp, connect, clone, socketpair
MODE_CALLS = {
    "x86_64": {90: "chmod", 91: "fchmod", 268: "fchmodat", 452: "fchmodat2"},
    "aarch64": {52: "fchmod", 53: "fchmodat", 452: "fchmodat2"},
}
# setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr, setxattrat, removexattrat: access lists too
ATTRIBUTE_CALLS = {
    "x86_64": (188, 189, 190, 197, 198, 199, 463, 466),
    "aarch64": (5, 6, 7, 14, 15, 16, 463, 466),
}
CLONE3, NEW_USER_NAMESPACE = 435, 0x10000000
Instruction = tuple[int, int, int, int]


def is_seccomp_available() -> bool:
    """Return True if this kernel and architecture support the filter."""
    if not sys.platform.startswith("linux") or platform.machine() not in CALLS_BY_MACHINE:
        return False
    return int(ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0)) >= 0


def can_hand_over_connections() -> bool:
    """Return True if this kernel hands calls to another process.

    It decides about a call and puts a descriptor into the caller.
    """
    if not is_seccomp_available():
        return False
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    if not release or tuple(map(int, release.groups())) < HANDS_OVER_FROM:
        return False
    action = ctypes.byref(ctypes.c_uint32(NOTIFY))
    return int(ctypes.CDLL(None).syscall(OTHER_CALLS[platform.machine()][0], IS_KNOWN, 0, action)) == 0


def _deny_call(number: int) -> list[Instruction]:
    return [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO_EPERM)]


def _deny_flag(number: int, argument: int, flag: int) -> list[Instruction]:
    """Deny the call `number` if `flag` is set in its argument.

    Afterwards the call number is loaded again.
    """
    return [(EQUAL, 0, 4, number), (LOAD, 0, 0, ARGUMENTS[argument]), (SET, 0, 1, flag),
            (RETURN, 0, 0, ERRNO_EPERM), (LOAD, 0, 0, CALL_NUMBER)]  # fmt: skip


def _deny_local_datagrams(number: int) -> list[Instruction]:
    """Deny UNIX sockets that send without connect().

    Where they send to is in memory, which may change after it was read.
    """
    return [(EQUAL, 0, 8, number), (LOAD, 0, 0, ARGUMENTS[0]), (EQUAL, 0, 5, UNIX), (LOAD, 0, 0, ARGUMENTS[1]),
            (AND, 0, 0, 0xF), (EQUAL, 2, 0, STREAM), (EQUAL, 1, 0, SEQUENCED), (RETURN, 0, 0, ERRNO_EPERM),
            (LOAD, 0, 0, CALL_NUMBER)]  # fmt: skip


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


def list_asked_calls(*, connections: bool, modes: bool) -> tuple[int, ...]:
    """List the calls that wait for an answer."""
    machine = platform.machine()
    return (*([OTHER_CALLS[machine][1]] if connections else []), *(MODE_CALLS[machine] if modes else ()))


def build_seccomp_program(machine: str, *, closed: bool, own: bool = False, asked: tuple[int, ...] = ()) -> bytes:
    """Build the filter's instructions for `machine`.

    `own` also denies changes of files' attributes, which our own user could make anywhere, and `closed` the internet
    except TCP. Each call of `asked` waits for whoever holds the listener.
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
    for number in (*denied, *(ATTRIBUTE_CALLS[machine] if own else ())):
        steps += _deny_call(number)
    # A user namespace gives all capabilities in it. clone3 hides its flags in memory; libraries go back to clone.
    steps += [
        *_deny_flag(OTHER_CALLS[machine][2], 0, NEW_USER_NAMESPACE),
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, ERRNO_ENOSYS),
    ]
    if closed:  # TCP Fast Open connects without connect(), which is where Landlock looks
        steps += [
            *_deny_flag(sendto, 3, FAST_OPEN),
            *_deny_flag(sendmsg, 2, FAST_OPEN),
            *_deny_flag(sendmmsg, 3, FAST_OPEN),
            *_deny_local_datagrams(socket),
            *_deny_local_datagrams(OTHER_CALLS[machine][3]),
        ]
    for number in asked:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NOTIFY)]
    steps += [*_restrict_sockets(socket, closed=closed), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def apply_seccomp(*, closed: bool, own: bool) -> bool:
    """Apply the filter to this process and its children.

    Needs no_new_privs. Returns False if no filter is available.

    Raises:
        OSError: The kernel refused the filter.
    """
    if not is_seccomp_available():
        return False
    header = _make_header(closed=closed, own=own)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp refused the filter")
    return True


def apply_asking_seccomp(asked: tuple[int, ...], *, closed: bool, own: bool) -> int | None:
    """Apply a filter with calls that wait, and return its descriptor.

    Who has it answers the calls. None, and no filter, if no call waits, the kernel cannot, or another supervisor
    listens already.
    """
    if not asked or not can_hand_over_connections():
        return None
    number = OTHER_CALLS[platform.machine()][0]
    listener = int(
        ctypes.CDLL(None).syscall(number, SET_FILTER, NEW_LISTENER, _make_header(closed=closed, own=own, asked=asked))
    )
    return listener if listener >= 0 else None


def _make_header(*, closed: bool, own: bool, asked: tuple[int, ...] = ()) -> bytes:
    """Build a struct sock_fprog.

    What it points to is kept for as long as the process lives.
    """
    code = build_seccomp_program(platform.machine(), closed=closed, own=own, asked=asked)
    buffer = ctypes.create_string_buffer(code, len(code))
    _KEPT_PROGRAMS.append(buffer)
    return struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))


_KEPT_PROGRAMS: list[object] = []
