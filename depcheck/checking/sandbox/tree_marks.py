"""Tell what changed in a tree, by what only the kernel sets.

A file keeps its mark as long as nobody writes to it, replaces it, or changes its owner or mode: no user but root can
set the time of the last change (ctime).
"""

import os
import stat
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

TICK_S = 0.02  # longer than any tick of the kernel's clock
Mark: TypeAlias = tuple[int, ...]
Marks: TypeAlias = Mapping[str, Mark]
"""What stands below a folder, by its relative path."""


def wait_for_tick() -> None:
    """Wait until what was marked and what changes from now on differ.

    The kernel's clock stands still for some milliseconds.
    """
    time.sleep(TICK_S)


def read_marks(folder: Path, skipped: Container[str] = (), left_out: Container[str] = ()) -> Marks:
    """Read the marks of all below `folder`.

    Without folders whose name is in `skipped`, or whose place in `left_out`. Of a folder the mark is who it is, not
    what is in it. Links are not followed.
    """
    found: dict[str, Mark] = {"": _read_folder_mark(os.lstat(folder))}
    waiting = [""]
    while waiting:
        here = waiting.pop()
        with os.scandir(f"{folder}/{here}") as entries:
            for entry in entries:
                place = f"{here}{entry.name}"
                at = entry.stat(follow_symlinks=False)
                if not stat.S_ISDIR(at.st_mode):
                    found[place] = (at.st_mode, at.st_uid, at.st_ino, at.st_size, at.st_ctime_ns)
                elif entry.name not in skipped and place not in left_out:
                    found[place] = _read_folder_mark(at)
                    waiting.append(f"{place}/")
    return found


def _read_folder_mark(at: os.stat_result) -> Mark:
    return (at.st_mode, at.st_uid, at.st_ino)


@dataclass(frozen=True, slots=True)
class TreeChanges:
    """Places of a tree to be removed, and to be copied again.

    Of what is new only the uppermost folder is named. `is_small` is False where a folder itself was replaced, or so
    much that another copy is quicker.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    is_small: bool


def find_changes(before: Marks, now: Marks) -> TreeChanges:
    """Compare a tree with what it was."""
    added = {place for place in now if place not in before}
    new = tuple(sorted(place for place in added if place.rpartition("/")[0] not in added))
    changed = tuple(sorted(place for place, mark in before.items() if now.get(place) != mark))
    is_small = len(changed) <= len(before) // 10 + 10 and not any(stat.S_ISDIR(before[place][0]) for place in changed)
    return TreeChanges(new, changed, is_small)
