"""Lines that maintainers remove from a lockfile after its compile.

For example by `sed '/^django==/d'`.
"""

import re
from collections.abc import Collection
from dataclasses import replace

from packaging.utils import NormalizedName

from depcheck.core.lockfiles.lockfile_parser import Lockfile, LockfileEntry
from depcheck.core.lockfiles.pin_line import is_source_requirer
from depcheck.core.lockfiles.spec import LockfileSpec

_LOCAL = ("-e .", "-e file:", "./", "../", "file:")
_ANNOTATION = re.compile(r"(?m)^[ \t]+#\s?via\b")


def find_trimmed(
    lock: LockfileSpec, added: Collection[LockfileEntry], edited: Collection[str], *, python_is_sure: bool
) -> frozenset[NormalizedName]:
    """Return the names of `added` that people removed after a compile.

    Empty if one may be new.

    `edited` are the words of commands that edit files. A line was taken out where such a command names it, where its
    annotation was left behind, where the lockfile still names it as a requirer, or where nothing but packages ask for
    it: those are the committed ones, which always did, unless they were resolved for another Python. A line such as
    `-e .` has no name: it was taken out where the lockfile names a requirer that it does not pin.
    """
    committed, direct = lock.lockfile, lock.direct_names
    requirers = {name for entry in committed.entries for name in entry.pin.requirers}
    left_behind = has_orphaned_annotations(committed)
    pinned = {entry.pin.name for entry in committed.entries}
    misses_requirer = any(not is_source_requirer(name) and name not in pinned for name in requirers)

    def is_explained(entry: LockfileEntry) -> bool:
        pin = entry.pin
        asked = pin.name in direct or any(map(is_source_requirer, pin.requirers))
        is_nameless = pin.reference.startswith(_LOCAL) and misses_requirer
        by_packages = python_is_sure and bool(pin.requirers) and not asked
        return pin.name in edited or pin.name in requirers or left_behind or by_packages or is_nameless

    return frozenset(entry.pin.name for entry in added) if all(map(is_explained, added)) else frozenset()


def has_orphaned_annotations(lockfile: Lockfile) -> bool:
    """Return True if an annotation stands where its requirement was removed."""
    loose = any(isinstance(part, str) and _ANNOTATION.match(part) for part in lockfile.parts)
    return loose or any(len(_ANNOTATION.findall(entry.text)) > 1 for entry in lockfile.entries)


def trim_lockfile(lockfile: Lockfile, names: Collection[NormalizedName], *, keeps_annotations: bool) -> Lockfile:
    """Remove the lines of `names` from `lockfile`.

    Their annotations stay if the maintainers leave them.
    """
    parts: list[LockfileEntry | str] = []
    for part in lockfile.parts:
        if isinstance(part, str) or part.pin.name not in names:
            parts.append(part)
        elif keeps_annotations:
            comments = [line for line in part.text.splitlines(keepends=True) if line.lstrip().startswith("#")]
            parts += comments
    return replace(lockfile, parts=tuple(parts))
