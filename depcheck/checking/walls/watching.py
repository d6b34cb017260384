"""Watch what a guest uses up with all its processes together: memory, free disk space and free inodes.

The kernel's own limits are for one process or one file each, and inside a default container no control group can be
written. So the launcher looks, EVERY_S apart, and ends a guest that took too much. Each look reads a few short files;
processes are counted only while the machine uses more memory than one guest may have.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

EVERY_S = 0.1
MIB = 1 << 20
PROC = Path("/proc")
# A container's own limit, by control groups of either version: limit, use, and the statistics with the page cache.
GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    *[tuple(f"/sys/fs/cgroup/memory/memory.{name}" for name in ("limit_in_bytes", "usage_in_bytes", "stat"))],
)
_KIB = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_CACHE = re.compile(r"^(?:file|total_cache) (\d+)$", re.MULTILINE)
_SHARED_MEMORY = re.compile(r"^(?:shmem|total_shmem) (\d+)$", re.MULTILINE)
_STATUS = re.compile(r"^(?:PPid|Uid):\s+(\d+)", re.MULTILINE)


def _kib(text: str, *names: str) -> int:
    """The sum of these lines of a file of /proc, in bytes."""
    return 1024 * sum(int(number) for name, number in _KIB.findall(text) if name in names)


def memory() -> tuple[int, int]:
    """The memory of this machine or container, and what is left of it, in bytes; zeros where nothing tells."""
    try:
        text = (PROC / "meminfo").read_text()
    except OSError:
        return 0, 0
    total, left = _kib(text, "MemTotal"), _kib(text, "MemAvailable")
    for limit, use, statistics in GROUPS:
        with contextlib.suppress(OSError, ValueError):
            most, used, told = int(Path(limit).read_text()), int(Path(use).read_text()), Path(statistics).read_text()
            cache = sum(map(int, _CACHE.findall(told))) - sum(map(int, _SHARED_MEMORY.findall(told)))
            if most < total:
                total, left = most, min(left, most - used + cache)
    return total, left


def _processes() -> Iterator[tuple[int, int, int, int]]:
    """Each process: its number, its parent's, its user and the memory that is its own or shared, in bytes."""
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            text = (entry / "status").read_text(errors="replace")
            parent, user = map(int, _STATUS.findall(text))
            yield int(entry.name), parent, user, _kib(text, "RssAnon", "RssShmem", "VmSwap")


def guests(uid: int | None) -> dict[int, int]:
    """The memory of each process of the guest's user, or of those below this one, in bytes.

    What is shared counts for each that shares it.
    """
    known = list(_processes())
    if uid is not None:
        return {process: size for process, _, user, size in known if user == uid}
    found = {os.getpid()}
    while grown := {process for process, parent, _, _ in known if parent in found} - found:
        found |= grown
    return {process: size for process, _, _, size in known if process in found and process != os.getpid()}


@contextlib.contextmanager
def _as_user(uid: int | None) -> Iterator[None]:
    """Ask the kernel as the guest's user, whom it tells of that user's processes; signals still need our real one."""
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


def _share(process: int) -> int:
    """The memory of a process, where what it shares is divided among those who share it; none once it has ended."""
    try:
        return _kib((PROC / f"{process}/smaps_rollup").read_text(), "Pss", "SwapPss")
    except (FileNotFoundError, ProcessLookupError):
        return 0


def together(uid: int | None, sizes: dict[int, int]) -> int:
    """What processes of these `sizes` use together, in bytes, where what they share counts once.

    A process that shuts itself to its own user counts what it shares in full. It takes time: each page is looked at.
    """
    exact = dict(sizes)
    with _as_user(uid):
        for process in sizes:
            with contextlib.suppress(PermissionError):
                exact[process] = _share(process)
    return sum(exact.values())


def _size(number: float) -> str:
    return f"{number / (MIB << 10):.1f} GiB" if number >= MIB << 10 else f"{number / MIB:.0f} MiB"


class Watch:
    """What one guest may use; `limits` as `depcheck.checking.sandbox` gives them, `places` are what it can write to."""

    def __init__(self, limits: dict[str, Any], uid: int | None, places: Iterable[str]) -> None:
        self._uid, self._over = uid, 0
        total, left = memory()
        self._before = total - left
        spared = limits["spared"]
        self._most = int(total * limits["memory_share"])
        self._least = min(int(total * limits["free_memory_share"]), left // spared)
        self._disks = []
        seen = set()
        for place in places:
            with contextlib.suppress(OSError):
                folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                if os.fstat(folder).st_dev in seen:
                    os.close(folder)
                    continue
                seen.add(os.fstat(folder).st_dev)
                disk = os.fstatvfs(folder)
                space = min(limits["free_bytes"], disk.f_bavail * disk.f_frsize // spared)
                self._disks.append((folder, space, min(limits["free_inodes"], disk.f_favail // spared)))

    def exceeded(self) -> str:
        """What the guest used up, in words that follow "ended: "; empty while it keeps within its limits."""
        return self._memory() or next(filter(None, (self._disk(*each) for each in self._disks)), "")

    def _memory(self) -> str:
        total, left = memory()
        used, short = total - left, left < self._least
        self._before = min(self._before, used)
        if (used > self._most or short) and self._is_large(used - self._before, short=short):
            return f"its processes together took more than {_size(self._most)} of memory"
        return f"less than {_size(self._least)} of memory were left on the machine" if short else ""

    def _is_large(self, grown: int, *, short: bool) -> bool:
        """Whether its processes use more than they may; exactly only where the machine's use does not show it as well.

        Where memory is taken by many at once there is no time to count exactly.
        """
        sizes = guests(self._uid)
        if sum(sizes.values()) <= self._most:
            self._over = 0
            return False
        if short or grown > self._most:
            return True
        self._over = self._over + 1 if together(self._uid, sizes) > self._most else 0
        return (
            self._over > 1
        )  # once may be chance: processes that end meanwhile leave their share to those counted next

    def _disk(self, folder: int, space: int, inodes: int) -> str:
        disk = os.fstatvfs(folder)
        if disk.f_bavail * disk.f_frsize < space:
            return "it filled the disk that it writes to"
        return "it made more files than the disk that it writes to has inodes for" if disk.f_favail < inodes else ""
