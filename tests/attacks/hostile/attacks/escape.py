"""Becoming more than a guest, and staying longer than one."""

import contextlib
import ctypes
import glob
import os
import signal
import struct
import subprocess
import sys
import time

MARK = "zz-left-behind"


def set_user_id_program(stage):
    """Starts set-user-id programs of the system and looks whether they run as root."""
    found = (
        [
            path
            for folder in ("/bin", "/usr/bin", "/sbin", "/usr/sbin")
            for path in glob.glob(f"{folder}/*")
            if os.stat(path).st_mode & 0o4000 and os.stat(path).st_uid == 0
        ]
        if os.getuid()
        else []
    )
    for program in sorted(found):
        if os.path.basename(program) not in {"su", "passwd", "chsh", "newgrp"}:
            continue
        with subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            seen = ""
            for _ in range(20):
                with contextlib.suppress(OSError), open(f"/proc/{process.pid}/status") as status:
                    seen = next((line for line in status if line.startswith("Uid:")), seen)
                if seen.split()[2:3] == ["0"]:
                    process.kill()
                    return f"{program} runs as root"
                time.sleep(0.01)
            process.kill()
    return None


def become_root(stage):
    """setuid(0), setgid(0) and a look at its capabilities."""
    with open("/proc/self/status") as status:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    if int(fields["CapEff"], 16):
        return f"capabilities {fields['CapEff']}"
    os.setuid(0)
    return "user 0"


def join_groups(stage):
    """Groups that it already has beside its own, or setgroups([0])."""
    if set(os.getgroups()) - {os.getgid()}:
        return f"groups {os.getgroups()}"
    os.setgroups([0])
    return "group 0"


def new_namespaces(stage):
    """unshare: a user namespace in which it would be root, and a mount in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(0x10000000) == 0 else 1)
    if os.waitpid(child, 0)[1] == 0:
        return "a user namespace of its own"
    raise PermissionError("unshare")


def clone_into_namespaces(stage):
    """clone and clone3 with a user namespace, which need no unshare."""
    libc, made = ctypes.CDLL(None, use_errno=True), []
    wanted = struct.pack("=11Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
    for name, words in (("clone", (56, 0x10000011, 0, 0, 0, 0)), ("clone3", (435, wanted, len(wanted)))):
        child = libc.syscall(*words)
        if child == 0:
            os._exit(0)
        if child > 0:
            os.waitpid(child, 0)
            made.append(name)
    return made


def modes_of_others(stage):
    """Opens to itself by chmod what it may not open: secrets, our own code, the system's files."""
    changed = []
    for path in ("/github/runner_temp", "/github/home/.netrc", "/etc/passwd", "/opt/depcheck", os.__file__):
        with contextlib.suppress(OSError):
            os.chmod(path, 0o777)
            changed.append(path)
    return changed


def kernel_doors(stage):
    """keyctl, bpf, perf_event_open, userfaultfd, io_uring: large doors into the kernel."""
    libc = ctypes.CDLL(None, use_errno=True)
    doors = {
        "add_key": (248, b"user", b"zz", b"zz", 2, -3),
        "bpf": (321, 0, 0, 0),
        "userfaultfd": (323, 1),
        "io_uring_setup": (425, 1, ctypes.create_string_buffer(120)),
        "perf_event_open": (298, 0, 0, -1, -1, 0),
    }
    opened = []
    for name, words in doors.items():
        result = libc.syscall(*words)
        if result >= 0 or ctypes.get_errno() not in {1, 13, 38}:
            opened.append(name)
    return opened


def signals(stage):
    """A signal to every process that is not its own user's, and to process 1."""
    hit = []
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path[6:])
        with contextlib.suppress(OSError):
            if pid != os.getpid() and (os.stat(path).st_uid != os.getuid() or pid == 1):
                os.kill(pid, signal.SIGCONT)
                hit.append(pid)
    return hit


def outlive_the_trial(stage):
    """A daemon: two forks, an own session, deaf to signals. It looks for those of the stages before."""
    alive = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            words = file.read().split(b"\0")
            if MARK.encode() in words and stage.encode() not in words:
                alive.append(words[-2].decode())
    code = "import signal, sys, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ntime.sleep(600)"
    subprocess.Popen(
        [
            sys.executable,
            "-S",
            "-E",
            "-c",
            f"import os\nos.fork() and os._exit(0)\nos.setsid()\nos.fork() and os._exit(0)\nos.execv({sys.executable!r}, [{sys.executable!r}, '-I', '-S', '-c', {code!r}, {MARK!r}, {stage!r}])",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return alive


def leave_files(stage):
    """Leaves files in the shared folders for temporary files, and looks for those of the stages before."""
    found = []
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        found += [path for path in glob.glob(f"{folder}/{MARK}-*") if not path.endswith(stage)]
        with contextlib.suppress(OSError):
            os.makedirs(f"{folder}/{MARK}-{stage}", exist_ok=True)
            with open(f"{folder}/{MARK}-{stage}/file", "w") as file:
                file.write("left behind")
            os.chmod(f"{folder}/{MARK}-{stage}", 0)
    return found


def leave_shared_memory(stage):
    """Leaves System V memory, a queue and semaphores, which no process holds, and looks for those of the stages before."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for kind in ("shm", "msg", "sem"):
        with open(f"/proc/sysvipc/{kind}") as table:
            head, *rows = (line.split() for line in table)
        found += [f"{kind} {row[1]}" for row in rows if int(row[head.index("uid")]) == os.getuid()]
    libc.shmget(0, 1 << 20, 0o1600)
    libc.msgget(0, 0o1600)
    libc.semget(0, 1, 0o1600)
    return found
