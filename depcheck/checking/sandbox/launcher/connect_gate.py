"""Decide each connection of a guest by its address.

Where the kernel can hand the question over.

Landlock knows ports and no addresses. So connect() of a closed guest waits (seccomp user notification), and the
launcher, which no guest can change, reads the address, connects in the guest's place and puts its own socket there.
The guest's call is never continued: another thread could change the address after it was read.

A UNIX socket, or a port of the loopback address, that processes of the same guest serve may be reached: the kernel
knows who listens.

Source: seccomp_unotify(2); Linux 5.9. Runs in the launcher: standard library only.
"""

import contextlib
import errno
import fcntl
import ipaddress
import os
import select
import socket
import struct
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from depcheck.checking.sandbox.launcher import own_servers
else:  # run as a folder: it stands on the path itself
    import own_servers

RECEIVE, SEND, ADD_DESCRIPTOR = 0xC0502100, 0xC0182101, 0x40182103  # ioctls of linux/seccomp.h
REQUEST, REPLY, DESCRIPTOR = "=QIIiIQ6Q", "=QqiI", "=QIIII"
IN_PLACE = 1  # SECCOMP_ADDFD_FLAG_SETFD
LONGEST_ADDRESS = 128
TCP_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
PATIENCE_S = 0.5  # for a connection of a guest that waits for it: everything that it may reach is near
ROUTES = Path("/proc/net/route")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedCallError(Exception):
    """The call fails with this error number."""

    def __init__(self, number: int) -> None:
        super().__init__(os.strerror(number))
        self.number = number


@contextlib.contextmanager
def act_as_user(uid: int | None) -> Iterator[None]:
    """Ask the kernel as the guest's user.

    It shows that user's processes and sockets to no other. None is our own user.
    """
    if uid is None:
        yield
        return
    ours = os.getegid(), os.geteuid()
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(ours[1])
        os.setegid(ours[0])


def read_near_networks() -> list[ipaddress.IPv4Network]:
    """Return the private networks that this host stands in.

    The services of a workflow's job are in one of them.
    """
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in ROUTES.read_text().splitlines()[1:]:
            words = line.split()
            target, gateway, mask = (struct.pack("=I", int(words[place], 16)) for place in (1, 2, 7))
            network = ipaddress.IPv4Network((target, ipaddress.IPv4Address(mask).exploded))
            if gateway == bytes(4) and network.is_private and network.prefixlen:
                found.append(network)
    return found


class ConnectGate:
    """Answers one guest's calls of connect(), and others by their numbers.

    They come by the descriptor `listener`.

    `order` names the ports that it may reach: on the loopback address alone, or, if `near`, also on the networks of
    this host. `relatives` gives the processes that belong to the guest.
    """

    def __init__(self, listener: int, order: dict[str, Any], relatives: Callable[[], Collection[int]]) -> None:
        self.listener = listener
        self.other_calls: dict[int, Callable[[int, int, list[int]], int]] = {}
        self._uid, self._ports, self._relatives = order["uid"], frozenset(order["ports"] or ()), relatives
        self._networks = [ipaddress.IPv4Network("127.0.0.0/8"), *read_near_networks()] if order["near"] else []
        self._hosts: tuple[Address, ...] = (ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1"))

    def answer(self) -> None:
        """Answer one call, unless its process has ended meanwhile."""
        request = bytearray(struct.calcsize(REQUEST))
        with contextlib.suppress(OSError):
            call_ioctl(self.listener, RECEIVE, request)
            identity, process, _, number, _, _, *arguments = struct.unpack(REQUEST, request)
            error = 0
            try:
                if number in self.other_calls:
                    error = self.other_calls[number](number, process, arguments)
                else:
                    error = self._connect(identity, process, *arguments[:3])
            except RefusedCallError as refused:
                error = refused.number
            except OSError as failed:
                error = failed.errno or errno.EACCES
            call_ioctl(self.listener, SEND, struct.pack(REPLY, identity, 0, -error, 0))

    def _connect(self, identity: int, process: int, descriptor: int, place: int, length: int) -> int:
        descriptor, length = descriptor & 0xFFFFFFFF, length & 0xFFFFFFFF
        with act_as_user(self._uid):
            flags = read_flags(process, descriptor)
            address = read_process_memory(process, place, min(length, LONGEST_ADDRESS))
        waits = not flags & os.O_NONBLOCK
        if len(address) < struct.calcsize("=H"):
            raise RefusedCallError(errno.EINVAL)
        family = struct.unpack_from("=H", address)[0]
        if family == socket.AF_UNIX:
            made, error = self._connect_local(process, address[2:]), 0
        elif family in {socket.AF_INET, socket.AF_INET6}:
            made, error = self._connect_internet(family, address, waits=waits)
        else:
            raise RefusedCallError(errno.EACCES)
        with made:
            made.setblocking(waits)
            close = os.O_CLOEXEC if flags & os.O_CLOEXEC else 0
            added = struct.pack(DESCRIPTOR, identity, IN_PLACE, made.fileno(), descriptor, close)
            call_ioctl(self.listener, ADD_DESCRIPTOR, added)
        return error

    def _connect_internet(self, family: int, address: bytes, *, waits: bool) -> tuple[socket.socket, int]:
        """Connect by TCP, and return the socket with its state.

        EINPROGRESS where the guest does not wait and need not.
        """
        host, port = parse_internet_address(family, address)
        if not self._is_allowed(host, port):
            raise RefusedCallError(errno.EACCES)
        with contextlib.ExitStack() as failed:
            made = failed.enter_context(socket.socket(TCP_FAMILIES[host.version], socket.SOCK_STREAM))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(False)
            error = made.connect_ex((str(host), port))
            if error == errno.EINPROGRESS and waits:
                error = _wait_connected(made)
            if error not in {0, errno.EINPROGRESS}:
                raise RefusedCallError(error)
            failed.pop_all()
        return made, error

    def _is_allowed(self, host: Address, port: int) -> bool:
        if port in self._ports and (host in self._hosts or any(host in network for network in self._networks)):
            return True
        if host not in self._hosts:
            return False
        relatives = self._relatives()
        with act_as_user(self._uid):
            return own_servers.is_own_server(port, relatives)

    def _connect_local(self, process: int, name: bytes) -> socket.socket:
        """Connect to a UNIX socket of the same guest."""
        with contextlib.ExitStack() as failed:
            made = failed.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            made.setblocking(False)
            with act_as_user(self._uid):
                if name.startswith(b"\0"):
                    made.connect(name)
                else:
                    self._connect_path(made, process, os.fsdecode(name.partition(b"\0")[0]))
            listener = struct.unpack("=iII", made.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            if listener not in self._relatives():
                raise RefusedCallError(errno.EACCES)
            failed.pop_all()
        return made

    @staticmethod
    def _connect_path(made: socket.socket, process: int, path: str) -> None:
        """Connect by a path as the guest's process sees it."""
        whole = os.path.join(os.readlink(f"/proc/{process}/cwd"), path)  # noqa: PTH115, PTH118  # bytes that are no path
        folder = os.open(os.path.dirname(whole), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)  # noqa: PTH120
        try:
            made.connect(f"/proc/self/fd/{folder}/{os.path.basename(whole)}")  # noqa: PTH119
        finally:
            os.close(folder)


def call_ioctl(descriptor: int, request: int, argument: bytes | bytearray) -> None:
    """Call ioctl to its end, whatever signals come.

    A guest whose call is never answered would hang.
    """
    while True:
        try:
            fcntl.ioctl(descriptor, request, argument)
        except InterruptedError:
            continue
        return


def read_flags(process: int, descriptor: int) -> int:
    """Return the open flags of a descriptor of `process`.

    Raises RefusedCallError where it has none.
    """
    try:
        text = Path(f"/proc/{process}/fdinfo/{descriptor}").read_text()
    except FileNotFoundError:
        raise RefusedCallError(errno.EBADF) from None
    return int(text.partition("flags:")[2].split()[0], 8)


def read_process_memory(process: int, place: int, size: int) -> bytes:
    """Return `size` bytes of the memory of `process`."""
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        try:
            return os.pread(memory.fileno(), size, place)
        except OverflowError:
            raise RefusedCallError(errno.EFAULT) from None


def parse_internet_address(family: int, address: bytes) -> tuple[Address, int]:
    """Parse a sockaddr_in or sockaddr_in6.

    An IPv4 address in IPv6's form is an IPv4 address.
    """
    try:
        port = struct.unpack_from("!H", address, 2)[0]
        if family == socket.AF_INET:
            return ipaddress.IPv4Address(address[4:8]), port
        host = ipaddress.IPv6Address(address[8:24])
    except (struct.error, ValueError):
        raise RefusedCallError(errno.EINVAL) from None
    return host.ipv4_mapped or host, port


def _wait_connected(made: socket.socket) -> int:
    """Wait for a connection, and return the error number.

    0 for none.
    """
    _, ready, _ = select.select([], [made], [], PATIENCE_S)
    return made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready else errno.ETIMEDOUT
