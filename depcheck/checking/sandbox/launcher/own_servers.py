"""Tell whether the guest itself serves a port of this host.

Tests start servers of their own; to reach them leads nowhere else. Runs in the launcher: standard library only.
"""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENS = "0A"  # the state of a socket that listens


def is_own_server(port: int, relatives: Collection[int]) -> bool:
    """Return True if `relatives` alone listen at a port of this host.

    At whatever address: another program's socket at the same port makes it false. Ask as the guest's user, to whom the
    kernel shows its processes' files.
    """
    listening = _find_listeners(port)
    return bool(listening) and listening <= _list_sockets(relatives)


def _find_listeners(port: int) -> frozenset[str]:
    """Return the inodes of all sockets that listen at `port`."""
    found = set()
    for table in TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    found.add(words[9])
    return frozenset(found)


def _list_sockets(processes: Collection[int]) -> frozenset[str]:
    """Return the inodes of all sockets that these processes have open."""
    found = set()
    for process in processes:
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{process}/fd"):  # noqa: PTH208  # half of the time of a Path for each
                with contextlib.suppress(OSError):
                    found.add(os.readlink(f"/proc/{process}/fd/{name}"))  # noqa: PTH115
    return frozenset(each[8:-1] for each in found if each.startswith("socket:["))
