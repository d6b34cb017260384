"""Limit what a guest's processes use together: memory, disk space, inodes.

The kernel's own limits are for one process or one file each, and inside a default container no control
group can be written. So the launcher looks every EVERY_S seconds, and ends a guest that used too much.
Each look reads a few short files; processes are counted only while the machine uses more memory than
one guest may have.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from depcheck.checking.sandbox.launcher.connect_gate import act_as_user
else:  # run as a folder: it stands on the path itself
    from connect_gate import act_as_user

INTERVAL_S = 0.1
MIB = 1 << 20
PROC = Path("/proc")
# A container's own limit, by control groups of either version: limit, use, and the statistics with the page cache.
CONTROL_GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    *[tuple(f"/sys/fs/cgroup/memory/memory.{name}" for name in ("limit_in_bytes", "usage_in_bytes", "stat"))],
)
_KIB_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_CACHE_LINE = re.compile(r"^(?:file|total_cache) (\d+)$", re.MULTILINE)
_SHARED_MEMORY_LINE = re.compile(r"^(?:shmem|total_shmem) (\d+)$", re.MULTILINE)
_STATUS_LINE = re.compile(r"^(?:PPid|Uid):\s+(\d+)", re.MULTILINE)


def _sum_kib_lines(text: str, *names: str) -> int:
    """Sum these lines of a file of /proc, in bytes."""
    return 1024 * sum(int(number) for name, number in _KIB_LINE.findall(text) if name in names)


def read_memory() -> tuple[int, int]:
    """Read the total and the available memory, in bytes.

    Of this machine or container. Zeros if neither tells.
    """
    try:
        text = (PROC / "meminfo").read_text()
    except OSError:
        return 0, 0
    total, left = _sum_kib_lines(text, "MemTotal"), _sum_kib_lines(text, "MemAvailable")
    for limit, use, statistics in CONTROL_GROUPS:
        with contextlib.suppress(OSError, ValueError):
            most, used, told = int(Path(limit).read_text()), int(Path(use).read_text()), Path(statistics).read_text()
            cache = sum(map(int, _CACHE_LINE.findall(told))) - sum(map(int, _SHARED_MEMORY_LINE.findall(told)))
            if most < total:
                total, left = most, min(left, most - used + cache)
    return total, left


def _list_processes() -> Iterator[tuple[int, int, int, int]]:
    """Yield each process as (number, parent, user, memory).

    The memory is its own or shared, in bytes.
    """
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            text = (entry / "status").read_text(errors="replace")
            parent, user = map(int, _STATUS_LINE.findall(text))
            yield int(entry.name), parent, user, _sum_kib_lines(text, "RssAnon", "RssShmem", "VmSwap")


def measure_guest_processes(uid: int | None) -> dict[int, int]:
    """Measure the memory of each guest process, in bytes.

    Those of the guest's user, or those below this process. Shared memory counts for each process that
    shares it.
    """
    known = list(_list_processes())
    if uid is not None:
        return {process: size for process, _, user, size in known if user == uid}
    found = {os.getpid()}
    while grown := {process for process, parent, _, _ in known if parent in found} - found:
        found |= grown
    return {process: size for process, _, _, size in known if process in found and process != os.getpid()}


def _measure_share(process: int) -> int:
    """Measure the memory of a process, in bytes.

    Shared memory is divided among the processes that share it. 0 after the process has ended.
    """
    try:
        return _sum_kib_lines((PROC / f"{process}/smaps_rollup").read_text(), "Pss", "SwapPss")
    except (FileNotFoundError, ProcessLookupError):
        return 0


def measure_combined_memory(uid: int | None, sizes: dict[int, int]) -> int:
    """Measure what processes of these `sizes` use together, in bytes.

    Shared memory counts once. A process that hides from its own user counts what it shares in full. This
    takes time: the kernel looks at each page.
    """
    exact = dict(sizes)
    with act_as_user(uid):
        for process in sizes:
            with contextlib.suppress(PermissionError):
                exact[process] = _measure_share(process)
    return sum(exact.values())


def _format_size(number: float) -> str:
    return f"{number / (MIB << 10):.1f} GiB" if number >= MIB << 10 else f"{number / MIB:.0f} MiB"


class ResourceWatch:
    """A watch over what one guest may use.

    `limits` are as the sandbox policy module gives them, `places` are what the guest can write to.
    """

    def __init__(self, limits: dict[str, Any], uid: int | None, places: Iterable[str]) -> None:
        self._uid, self._over, self._looked_at = uid, 0, time.monotonic()
        total, left = read_memory()
        self._before = total - left
        spared = limits["spared"]
        self._most = int(total * limits["memory_share"])
        enough = int(total * limits["free_memory_share"])
        self._least = min(enough, max(0, left) // spared)
        self.was_short = left < enough
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

    def find_exceeded_limit(self) -> str:
        """Return a clause on the limit that the guest exceeded, or empty.

        It is written to follow "ended: ".
        """
        if time.monotonic() - self._looked_at < INTERVAL_S:  # a guest whose processes end all the time asks for it
            return ""
        self._looked_at = time.monotonic()
        return self._check_memory() or next(filter(None, (self._check_disk(*each) for each in self._disks)), "")

    def _check_memory(self) -> str:
        total, left = read_memory()
        used, short = total - left, left < self._least
        self._before = min(self._before, used)
        if (used > self._most or short) and self._is_over_memory(used - self._before, short=short):
            return f"its processes together took more than {_format_size(self._most)} of memory"
        return f"less than {_format_size(self._least)} of memory were left on the machine" if short else ""

    def _is_over_memory(self, grown: int, *, short: bool) -> bool:
        """Return True if the guest's processes use more memory than they may.

        They are measured exactly only if the machine's use does not show it as well: if many processes take
        memory at once, there is no time to count exactly.
        """
        sizes = measure_guest_processes(self._uid)
        if sum(sizes.values()) <= self._most:
            self._over = 0
            return False
        if short or grown > self._most:
            return True
        self._over = self._over + 1 if measure_combined_memory(self._uid, sizes) > self._most else 0
        return (
            self._over > 1
        )  # once may be chance: processes that end meanwhile leave their share to those counted next

    def _check_disk(self, folder: int, space: int, inodes: int) -> str:
        disk = os.fstatvfs(folder)
        if disk.f_bavail * disk.f_frsize < space:
            return "it filled the disk that it writes to"
        return "it made more files than the disk that it writes to has inodes for" if disk.f_favail < inodes else ""
