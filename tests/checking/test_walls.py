"""The sandbox holds on this machine, and nothing runs unisolated."""

import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from depcheck.checking.sandbox import policy
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.guest_users import claim_guest_number
from depcheck.checking.sandbox.launcher import landlock, seccomp, system_v
from depcheck.checking.sandbox.launcher.tree_removal import remove_tree
from depcheck.checking.sandbox.policy import (
    NO_NETWORK,
    OPEN_NETWORK,
    NetworkPolicy,
    SandboxPolicy,
    choose_sandbox_policy,
)
from depcheck.core.model.errors import DepcheckError, IndexUnavailableError

UID = policy.GUEST_UID + claim_guest_number()  # a sweep ends all processes of a user: another run keeps its own
needs_landlock = pytest.mark.skipif(landlock.get_landlock_abi() == 0, reason="this kernel has no Landlock")
needs_network_rules = pytest.mark.skipif(
    landlock.get_landlock_abi() < landlock.NET_ABI, reason="no Landlock TCP rules here"
)
needs_seccomp = pytest.mark.skipif(not seccomp.is_seccomp_available(), reason="no seccomp filter for this machine")


def python(guest: Guest, folder: Path, code: str, network: NetworkPolicy = NO_NETWORK):
    return guest.run([sys.executable, "-c", code], folder=folder, timeout_s=60, network=network)


@needs_landlock
def test_files_outside_are_closed(guest, folder, tmp_path) -> None:
    """A home's secrets cannot be read, nor can the repository be written."""
    home = Path("~").expanduser()
    shared = (str(tmp_path), *policy.SHARED_FOLDERS)
    if not os.access(home, os.R_OK) or any(
        Path(each).is_relative_to(home) or home.is_relative_to(each) for each in shared
    ):
        pytest.skip("no home folder to keep closed")
    if any(Path(__file__).is_relative_to(each) for each in policy.SHARED_FOLDERS):
        pytest.skip("this checkout stands in a folder that is open to guests")
    assert "PermissionError" in python(guest, folder, f"import os; os.listdir({str(home)!r})").output
    assert "PermissionError" in python(guest, folder, f"open({str(Path(__file__))!r}, 'a')").output
    assert python(guest, folder, "open('mine', 'w').write('x')").is_success


@needs_network_rules
def test_only_named_ports_can_be_reached(guest, folder) -> None:
    """Reach no port when closed, named ones alone, or all."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        port, closed = server.getsockname()[1], other.getsockname()[1]
        code = "import socket; socket.create_connection(('127.0.0.1', {}), 5)"
        assert "PermissionError" in python(guest, folder, code.format(port)).output
        assert python(guest, folder, code.format(port), NetworkPolicy.from_ports(port)).is_success
        assert "PermissionError" in python(guest, folder, code.format(closed), NetworkPolicy.from_ports(port)).output
        assert python(guest, folder, code.format(closed), OPEN_NETWORK).is_success


@needs_seccomp
@pytest.mark.parametrize(
    "code",
    [
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)",  # multipath TCP
        "socket.socket().sendto(b'x', 0x20000000, ('127.0.0.1', 9))",  # fast open
    ],
)
def test_ways_around_the_port_rules_are_closed(guest, folder, code) -> None:
    """Refuse what Landlock does not see while the network is closed."""
    assert "PermissionError" in python(guest, folder, f"import socket; {code}").output


@needs_seccomp
def test_tracing_and_kernel_doors_are_closed(guest, folder) -> None:
    """ptrace, keyctl, bpf, unshare and mount fail, whatever the network."""
    code = "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
    numbers = {"x86_64": (101, 250, 321, 272, 165), "aarch64": (117, 219, 280, 97, 40)}[platform.machine()]
    for number in numbers:
        code += f"assert c.syscall({number}, 0, 0, 0, 0, 0) == -1 and ctypes.get_errno() == 1, {number}\n"
    assert python(guest, folder, code, OPEN_NETWORK).is_success


@needs_seccomp
def test_ordinary_programs_do_not_notice(guest, folder) -> None:
    """Threads, processes, pools, UNIX sockets and local servers work behind the walls."""
    code = (
        "import socket, multiprocessing, threading, subprocess, asyncio\n"
        "if __name__ == '__main__':\n"
        "    print(multiprocessing.get_context('fork').Pool(2).map(abs, [-1]))\n"
        "    threading.Thread(target=print, args=('thread',)).start()\n"
        "    subprocess.check_call(['true']); socket.socketpair(); socket.create_server(('127.0.0.1', 0))\n"
        "    asyncio.run(asyncio.sleep(0))\n"
    )
    ran = python(guest, folder, code)
    assert ran.is_success, ran.output


def test_no_privilege_is_gained_or_left(guest, folder) -> None:
    """No set-user-id program helps, and no capability is held."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    status = python(guest, folder, "print(open('/proc/self/status').read())").output
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status


def test_without_a_sandbox_nothing_is_walled(tmp_path, folder) -> None:
    """--no-sandbox runs as the person, with the clean environment all the same."""
    plain = Guest(choose_sandbox_policy(sandbox=False, in_actions=True), tmp_path, {"GITHUB_TOKEN": "secret"})
    assert plain.policy.to_report()["user_dropped"] is False
    assert "secret" not in plain.run(["env"], folder=folder, timeout_s=9).output


def test_in_actions_what_cannot_be_isolated_is_not_run(tmp_path) -> None:
    """Refuse to run beside a token when isolation is impossible.

    Such as an interpreter that another user cannot read.
    """
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DepcheckError, match="nothing was run"):
        choose_sandbox_policy(sandbox=True, in_actions=True, needed=[closed])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_drops_to_a_user_without_groups(tmp_path) -> None:
    """Run the guest as another user without groups, killed as a whole."""
    scratch = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    scratch.chmod(0o711)
    folder = scratch / "folder"
    folder.mkdir()
    walls = SandboxPolicy(
        is_enabled=True, uid=UID, landlock_abi=landlock.get_landlock_abi(), seccomp=seccomp.is_seccomp_available()
    )
    other = Guest(walls, scratch, {})
    other.take_ownership(folder)
    left = Path("/var/tmp", f"left-behind-{UID}")
    ran = other.run(
        ["sh", "-c", f"id -u; id -G; touch mine; mkdir -p {left}/deep; cat /proc/1/environ; setsid sleep 1000 &"],
        folder=folder,
        timeout_s=60,
    )
    subprocess.check_call(["rm", "-rf", str(scratch)])
    assert ran.output.splitlines()[:2] == [str(UID)] * 2
    assert "Permission denied" in ran.output
    assert not left.exists()


def test_a_failing_wall_stops_the_run(tmp_path, folder) -> None:
    """A guest whose user cannot enter its folder never starts."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder.chmod(0o700)
    other = Guest(SandboxPolicy(is_enabled=True, uid=UID), tmp_path, {})
    with pytest.raises(DepcheckError, match="was not run"):
        other.run(["true"], folder=folder, timeout_s=9)


needs_addresses = pytest.mark.skipif(
    not seccomp.can_hand_over_connections(), reason="this kernel cannot hand a connection over"
)


def find_address() -> str:
    """Another address of this machine than the loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


@needs_addresses
def test_another_address_at_the_port_of_the_index_is_refused(guest, folder) -> None:
    """Allow a port on this host's own loopback address only."""
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        code = "import socket; socket.create_connection(({!r}, {}), 5)"
        assert python(guest, folder, code.format("127.0.0.1", port), NetworkPolicy.from_ports(port)).is_success
        for other in (find_address(), "127.0.0.2", "192.0.2.1"):
            assert (
                "PermissionError"
                in python(guest, folder, code.format(other, port), NetworkPolicy.from_ports(port)).output
            )


@needs_addresses
def test_an_address_that_changes_after_it_was_read_changes_nothing(guest, folder) -> None:
    """Reach only the first address, also when a thread swaps it.

    While the call waits.
    """
    with socket.create_server(("", 0), backlog=200) as server:
        port = server.getsockname()[1]
        code = f"""
import ctypes, socket, struct, threading
libc = ctypes.CDLL(None, use_errno=True)
good = struct.pack("=H", 2) + struct.pack("!H", {port}) + socket.inet_aton("127.0.0.1") + bytes(8)
evil = struct.pack("=H", 2) + struct.pack("!H", {port}) + socket.inet_aton({find_address()!r}) + bytes(8)
address, going = ctypes.create_string_buffer(good, 16), True
def swap():
    while going:
        address.raw = evil
        address.raw = good
threading.Thread(target=swap, daemon=True).start()
for _ in range(60):
    with socket.socket() as one:
        libc.connect(one.fileno(), address, 16)
        try:
            assert one.getpeername()[0] == "127.0.0.1", one.getpeername()
        except OSError:
            pass
going = False
"""
        ran = python(guest, folder, code, NetworkPolicy.from_ports(port))
    assert ran.is_success, ran.output


OWN_SERVER = """
import socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
threading.Thread(target=lambda: server.accept()[0].sendall(b"word"), daemon=True).start()
near = socket.create_connection(("127.0.0.1", port), 5)
print(near.recv(4).decode())
"""


@needs_addresses
def test_a_server_of_its_own_is_reached_and_one_of_others_is_not(guest, folder) -> None:
    """Let closed tests talk to what they serve themselves."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code = f"{OWN_SERVER}\nsocket.create_connection(('127.0.0.1', {port}), 5)"
        ran = python(guest, folder, code)
    assert "word" in ran.output
    assert "PermissionError" in ran.output


@needs_addresses
def test_a_port_that_others_serve_too_is_refused(guest, folder) -> None:
    """Refuse a port where another program listens at another address."""
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        code = f"import socket\ns = socket.create_server(('127.0.0.1', {port}))\n"
        ran = python(guest, folder, f"{code}socket.create_connection(('127.0.0.1', {port}), 5)")
    assert "PermissionError" in ran.output


@needs_addresses
def test_a_socket_of_the_system_is_refused_and_one_of_its_own_is_not(guest, folder, tmp_path) -> None:
    """Allow UNIX sockets of the guest's own processes only.

    Whatever the path and whoever may write to it.
    """
    with socket.socket(socket.AF_UNIX) as outside:
        place = folder / "outside"
        outside.bind(str(place))
        outside.listen()
        place.chmod(0o777)
        code = f"""
import socket
inside, near = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
inside.bind("inside")
inside.listen()
near.settimeout(5)
near.connect("inside")
near.sendall(b"word")
print(inside.accept()[0].recv(4).decode())
socket.socket(socket.AF_UNIX).connect({str(place)!r})
"""
        ran = python(guest, folder, code)
    assert "word" in ran.output
    assert "PermissionError" in ran.output


@needs_landlock
def test_no_terminal_of_the_person_is_read_or_written(guest, folder) -> None:
    """Open no terminal, unless that is asked for."""
    master, slave = os.openpty()
    for way in ("O_RDONLY", "O_WRONLY"):
        ran = python(guest, folder, f"import os; os.open({os.ttyname(slave)!r}, os.{way})", OPEN_NETWORK)
        assert "PermissionError" in ran.output
    code = (
        "import os, pty; os.openpty(); print(pty.spawn(['true']), open('/dev/null', 'w'), open('/dev/urandom', 'rb'))"
    )
    assert guest.run([sys.executable, "-c", code], folder=folder, timeout_s=60, terminals=True).is_success
    os.close(master)
    os.close(slave)


def test_folders_deeper_than_a_path_are_removed(guest, folder) -> None:
    """Remove what is nested deeper than Python recurses, wherever it is."""
    code = "import os\nfor place in (os.environ['TMPDIR'], os.environ['HOME'], '/tmp'):\n"
    code += f"    os.chdir(place)\n    os.mkdir('deep-{os.getpid()}')\n    os.chdir('deep-{os.getpid()}')\n"
    code += "    for _ in range(2500):\n        os.mkdir('d', 0o700)\n        os.chdir('d')\n"
    assert python(guest, folder, code).is_success
    assert not list(guest.scratch.glob("run-*"))
    left = Path(f"/tmp/deep-{os.getpid()}")
    assert guest.policy.uid is None or not left.exists()
    if left.exists():
        remove_tree(left)
    assert not left.exists()


MODES = """
import ctypes, os, sys
libc, place = ctypes.CDLL(None, use_errno=True), sys.argv[1]
held = os.open(place, os.O_PATH)
folder = os.open(os.path.dirname(place), os.O_PATH)
os.symlink(place, "link")
tries = {
    "chmod": lambda: os.chmod(place, 0o777),
    "link": lambda: os.chmod("link", 0o777),
    "of a folder": lambda: os.chmod(os.path.basename(place), 0o777, dir_fd=folder),
    "by descriptor": lambda: os.chmod(f"/proc/self/fd/{held}", 0o777),
    "attribute": lambda: os.setxattr(place, "user.zz", b""),  # an access list is one as well
    "fchmodat2": lambda: libc.syscall(452, folder, os.path.basename(place).encode(), 0o777, 0) and os.chmod("/zz", 0),
}
for name, attempt in tries.items():
    try:
        attempt()
    except OSError as error:
        print(name, type(error).__name__)
    else:
        print(name, "changed it")
os.chdir("..")
own = os.path.join(sys.argv[2], "own")
open(own, "w").close()
os.chmod(own, 0o600)
with open(own) as file:
    os.fchmod(file.fileno(), 0o640)
print(oct(os.stat(own).st_mode))
"""


@needs_addresses
@needs_landlock
def test_modes_of_files_that_cannot_be_opened_stay(guest, folder, apart_folder) -> None:
    """Change no mode of a file that the guest cannot write.

    Whoever is our own user could, for Landlock does not see it.
    """
    place = apart_folder / "private"
    place.mkdir(mode=0o700)
    for network in (NO_NETWORK, OPEN_NETWORK):
        (folder / "link").unlink(missing_ok=True)
        ran = guest.run(
            [sys.executable, "-c", MODES, str(place), str(folder)], folder=folder, timeout_s=60, network=network
        )
        assert place.stat().st_mode & 0o777 == 0o700, ran.output
        assert "changed it" not in ran.output
        assert "0o100640" in ran.output


@needs_seccomp
@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_RAW])
@pytest.mark.parametrize("make", ["socket.socket(socket.AF_UNIX, {})", "socket.socketpair(socket.AF_UNIX, {})[0]"])
def test_no_datagram_reaches_a_socket_of_the_system(guest, folder, make, kind) -> None:
    """Send no datagram to a UNIX socket, which needs no connection.

    A socket of a pair can send to any path as well.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outside:
        place = folder / "outside"
        outside.bind(str(place))
        outside.setblocking(False)
        place.chmod(0o777)
        ran = python(guest, folder, f"import socket\n{make.format(int(kind))}.sendto(b'word', {str(place)!r})")
        with pytest.raises(BlockingIOError):
            outside.recv(4)
    assert "PermissionError" in ran.output


@needs_addresses
def test_a_connection_that_does_not_wait_works(guest, folder) -> None:
    """Connect sockets that do not block, as asyncio and uv do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', {port}))"
        ran = python(guest, folder, code, NetworkPolicy.from_ports(port))
    assert ran.is_success, ran.output


LEAVE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
assert libc.shmget(0, 1 << 20, 0o1600) >= 0 and libc.msgget(0, 0o1600) >= 0 and libc.semget(0, 1, 0o1600) >= 0
"""


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="no System V tables here")
def test_system_v_memory_does_not_outlive_the_run(guest, folder) -> None:
    """Remove a guest's shared memory with its run.

    Of a user of its own also queues and semaphores.
    """
    uid = os.getuid() if guest.policy.uid is None else guest.policy.uid
    before = system_v.read_system_v_identities(uid)
    assert python(guest, folder, LEAVE).is_success
    left = system_v.read_system_v_identities(uid) - before
    assert not left if guest.policy.uid is not None else not [each for each in left if each[0] == "shm"]
    for kind, identity in left:
        system_v._remove_entry(kind, identity)


def test_a_machine_that_was_short_before_is_no_finding(guest, folder, monkeypatch) -> None:
    """Blame no package for memory that was short before."""
    monkeypatch.setattr(policy, "COMBINED_LIMITS", {**policy.COMBINED_LIMITS, "free_memory_share": 2.0, "spared": 1})
    with pytest.raises(IndexUnavailableError, match="was so before it began"):
        python(guest, folder, "import time; memory = bytearray(300 << 20); time.sleep(5)")
