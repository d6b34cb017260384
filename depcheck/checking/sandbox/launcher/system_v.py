"""Remove what a guest left in System V's tables.

Shared memory, message queues, semaphores.

They belong to no process and outlive all of them. Runs in the launcher: standard library only.
"""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

TABLES = Path("/proc/sysvipc")
REMOVE = 0  # IPC_RMID
IDENTITY = {"shm": "shmid", "msg": "msqid", "sem": "semid"}
Entry = dict[str, int]


def read_system_v_table(kind: str) -> Iterator[Entry]:
    """Yield the rows of one table by its column names.

    None where the system has no such table.
    """
    try:
        head, *rows = (TABLES / kind).read_text().splitlines()
    except (OSError, ValueError):
        return
    names = head.split()
    for row in rows:
        words = row.split()
        if len(words) == len(names):
            yield {name: int(word, 8 if name == "perms" else 10) for name, word in zip(names, words, strict=True)}


def read_system_v_identities(uid: int) -> set[tuple[str, int]]:
    """Return what belongs to the user `uid`, by kind and number."""
    return {
        (kind, entry[column])
        for kind, column in IDENTITY.items()
        for entry in read_system_v_table(kind)
        if uid in {entry["uid"], entry["cuid"]}
    }


def remove_system_v_entries(uid: int) -> None:
    """Remove all that belongs to `uid`, running as that user."""
    for kind, identity in read_system_v_identities(uid):
        _remove_entry(kind, identity)


def remove_orphaned_memory(before: set[tuple[str, int]]) -> None:
    """Remove our user's new, unused shared memory without a maker.

    New since `before`; its maker has ended.
    """
    for entry in read_system_v_table("shm"):
        new = ("shm", entry["shmid"]) not in before and entry["uid"] == os.getuid()
        if new and entry["nattch"] == 0 and not Path(f"/proc/{entry['cpid']}").exists():
            _remove_entry("shm", entry["shmid"])


def _remove_entry(kind: str, identity: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if kind == "sem":
        libc.semctl(identity, 0, REMOVE)
    else:
        getattr(libc, f"{kind}ctl")(identity, REMOVE, None)
