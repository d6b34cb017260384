"""Start one guest, watch it, and leave nothing of it behind.

Standard input holds the order (one JSON object on one line, built by the sandbox policy module) and
then stays open: its end means that the parent process is gone, and so must the guest be. Descriptors
beyond the standard three are named in the order. The answer, one JSON object, is written to the
descriptor `answer`. Standard output and error belong to the guest alone.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import platform
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from depcheck.checking.sandbox.launcher import (
        connect_gate,
        landlock,
        leftovers,
        limits,
        mode_gate,
        seccomp,
        system_v,
    )
else:  # run as a folder: it stands on the path itself
    import connect_gate
    import landlock
    import leftovers
    import limits
    import mode_gate
    import seccomp
    import system_v

PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
NOT_STARTED = 97
LAST_CAPABILITY = 63
GRACE_S = 2.0
LaunchOrder = dict[str, Any]


def _call_prctl(option: int, value: int) -> bool:
    try:
        return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) == 0
    except AttributeError:  # not Linux
        return False


def read_order() -> LaunchOrder:
    """Read the order from the first line of standard input.

    Reads nothing beyond that line. Exits with NOT_STARTED if the line does not end.
    """
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(0, 65536)
        if not more:
            sys.exit(NOT_STARTED)
        line += more
    return dict(json.loads(line))


def enter_sandbox(order: LaunchOrder, gate: socket.socket) -> dict[str, bool | int]:
    """Apply the whole sandbox of the order to this process.

    The sequence matters: no other one works. The descriptor that answers its connections goes over `gate`.
    Returns which protections are in force.
    """
    for name, limit in order["limits"].items():
        kind = getattr(resource, name, None)
        if kind is not None:
            hard = resource.getrlimit(kind)[1]
            value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (value, value))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # when memory ends, the guest goes first
    if order["walls"] and os.geteuid() == 0:
        for capability in range(LAST_CAPABILITY + 1):
            _call_prctl(PR_CAPBSET_DROP, capability)
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["uid"])
        os.setuid(order["uid"])
    os.chdir(order["folder"])
    if not order["walls"]:
        return {}
    sealed = _call_prctl(PR_SET_NO_NEW_PRIVS, 1)
    stood = {"landlock_abi": 0, "seccomp": False}
    if sealed:
        stood["landlock_abi"] = landlock.apply_landlock(
            order["read"], order["write"], order["ports"], terminals=order["terminals"]
        )
        closed, own, asks = order["ports"] is not None, order["uid"] is None, order["addresses"]
        asked = seccomp.list_asked_calls(connections=closed and asks, modes=own and asks)
        listener = seccomp.apply_asking_seccomp(asked, closed=closed, own=own)
        if listener is not None:
            socket.send_fds(gate, [b"\0"], [listener])
            os.close(listener)
        stood["seccomp"] = listener is not None or seccomp.apply_seccomp(closed=closed, own=own)
        stood["addresses"] = listener is not None and closed
    return {"user_dropped": order["uid"] is not None, "no_new_privs": sealed, "rlimits": True, **stood}


def _duplicate_high(descriptor: int) -> int:
    """Duplicate `descriptor` above those that the guest gets.

    The copy is closed by exec.
    """
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)


def exec_guest(order: LaunchOrder, report: int, gate: socket.socket) -> None:
    """Run the command in the forked child, sandboxed, in its own session.

    Never returns.
    """
    report = _duplicate_high(report)
    gate = socket.socket(fileno=_duplicate_high(gate.detach()))
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        for source, target in [(_duplicate_high(order["stdin"]), 0), (_duplicate_high(order["channel"]), 3)]:
            os.dup2(source, target)
        os.umask(0o022)
        os.write(report, json.dumps(enter_sandbox(order, gate)).encode() + b"\n")
        os.execvpe(  # noqa: S606  # no shell is the point
            order["argv"][0], order["argv"], order["env"]
        )
    except BaseException as error:  # noqa: BLE001  # whatever stopped us, nothing of the command may run
        os.write(report, (str(error) or type(error).__name__).encode())
    finally:
        os._exit(NOT_STARTED)


def receive_gate(order: LaunchOrder, gate: socket.socket) -> connect_gate.ConnectGate | None:
    """Return what answers the guest's calls, or None.

    None if it did not ask for that.
    """
    with contextlib.suppress(OSError):
        gate.setblocking(False)
        _, descriptors, _, _ = socket.recv_fds(gate, 1, 1)
        for listener in descriptors:
            answers = connect_gate.ConnectGate(listener, order, leftovers.list_descendants)
            modes = mode_gate.ModeGate(order["write"], seccomp.MODE_CALLS[platform.machine()])
            answers.other_calls = dict.fromkeys(modes.calls, modes.change_mode)
            return answers
    return None


def answer_call(gate: connect_gate.ConnectGate, heard: select.poll, event: int) -> None:
    """Answer one call that waits.

    No longer listen if no process is left that could call.
    """
    if event & select.POLLIN:  # without a call the answer would wait for one
        gate.answer()
    else:
        heard.unregister(gate.listener)


def reap_child(child: int) -> int | None:
    """Take the exit statuses of all that ended.

    Return that of `child`, None while it runs.
    """
    with contextlib.suppress(ChildProcessError):
        process, status = -1, 0
        while process:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == child:
                return os.waitstatus_to_exitcode(status)
    return None


def watch_guest(child: int, order: LaunchOrder, wake: int, gate: connect_gate.ConnectGate | None) -> dict[str, Any]:
    """Wait until the guest ends, or must be ended.

    Its connections are answered meanwhile.

    Reasons to end it: its time, the combined limits of its processes, or the end of the parent process.
    """
    began = time.monotonic()
    used = limits.ResourceWatch(order["together"], order["uid"], order["write"])
    stay_up = order["stay_up_s"]
    limit = order["timeout_s"] if stay_up is None else min(order["timeout_s"], stay_up)
    ending = None
    heard = select.poll()
    for descriptor in (0, wake, *([gate.listener] if gate else [])):
        heard.register(descriptor, select.POLLIN)
    while True:
        status = reap_child(child)
        if status is not None:
            return {"status": status, "timed_out": False, "stayed_up": False, **(ending or {})}
        left = limit - (time.monotonic() - began)
        if ending is None and left <= 0:
            stayed = stay_up is not None and stay_up <= order["timeout_s"]
            ending = {"status": None, "timed_out": not stayed, "stayed_up": stayed}
            began, limit = time.monotonic(), GRACE_S
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGTERM)
        elif left <= 0:
            return dict(ending or {})
        ready = dict(heard.poll(max(0.0, 1000 * min(left, limits.INTERVAL_S))))
        if wake in ready:
            os.read(wake, 4096)
        if 0 in ready:
            return {"status": None, "timed_out": False, "stayed_up": False}
        if gate and gate.listener in ready:
            answer_call(gate, heard, ready[gate.listener])
        if ending is None and (why := used.find_exceeded_limit()):
            found = {"exceeded": why, "was_short": used.was_short}
            return {"status": None, "timed_out": False, "stayed_up": False, **found}


def main() -> None:
    """Fork the guest, watch it, clean up, and write the answer."""
    order = read_order()
    for descriptor in (order["stdin"], order["channel"], order["answer"]):
        os.set_inheritable(descriptor, False)
    _call_prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    before = system_v.read_system_v_identities(os.getuid()) if order["uid"] is None else set()
    hear, tell = os.pipe()
    gate, guests_gate = socket.socketpair()
    child = os.fork()
    if child == 0:
        exec_guest(order, tell, guests_gate)
    guests_gate.close()
    _call_prctl(PR_SET_DUMPABLE, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2, tell, order["channel"]):
        os.dup2(nothing, descriptor, inheritable=False)  # the readers must see the guest's end, not ours
    stood, _, error = b"".join(iter(lambda: os.read(hear, 4096), b"")).partition(b"\n")
    ended = watch_guest(child, order, wake, receive_gate(order, gate))
    leftovers.kill_leftovers(child, order["uid"])
    leftovers.remove_leftovers(order["shared"], order["uid"], before)
    answer = {**ended, "walls": json.loads(stood) if stood.startswith(b"{") else None}
    answer["error"] = (error if stood.startswith(b"{") else stood).decode(errors="replace")
    os.write(order["answer"], json.dumps(answer).encode())


if __name__ == "__main__":
    main()
