"""Merging of fresh pins into the committed lockfile's header and style."""

import re
from collections.abc import Mapping
from dataclasses import replace

from depcheck.core.lockfiles.lockfile_parser import Lockfile, LockfileEntry, merge_header_and_body
from depcheck.core.lockfiles.paths import resolve_repository_path
from depcheck.core.lockfiles.pin_line import is_source_requirer
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.lockfiles.trimming import has_orphaned_annotations, trim_lockfile


def merge_fresh_pins(lock: LockfileSpec, fresh: Lockfile, below: Mapping[str, Lockfile]) -> str:
    """Merge fresh pins with the committed header and index options.

    `below` are the fresh lockfiles of lower layers by path.
    """
    if lock.omits_included_pins:
        fresh = _drop_included_pins(lock, fresh, below)
    if lock.trimmed_packages:
        keeps = has_orphaned_annotations(lock.lockfile)
        fresh = trim_lockfile(fresh, lock.trimmed_packages, keeps_annotations=keeps)
    text = merge_header_and_body(header_of=lock.lockfile, body_of=fresh)
    annotated = find_source_annotation(lock.lockfile)
    for name, _ in lock.inline_sources:
        text = re.sub(rf"(?<=[ ,])-r {re.escape(name)}(?=,|\\s)", annotated or name, text)
    return text


def find_source_annotation(lockfile: Lockfile) -> str:
    """Find the first source in the annotations, or return an empty string."""
    named = (requirer for entry in lockfile.entries for requirer in entry.pin.requirers if is_source_requirer(requirer))
    return next(named, "")


def _drop_included_pins(lock: LockfileSpec, fresh: Lockfile, below: Mapping[str, Lockfile]) -> Lockfile:
    """Drop the pins of included lockfiles.

    pip-compile-multi leaves them out and does not name those lockfiles as requirers.
    """
    folder = lock.path.rpartition("/")[0]
    included = {
        resolve_repository_path(folder, name, "A lockfile below")
        for name in lock.lockfile.includes
        if "://" not in name
    }
    pinned = {entry.pin.name for path in included for entry in below.get(path, Lockfile()).entries}
    own = {entry.pin.name for entry in lock.lockfile.entries}
    kept = (part for part in fresh.parts if not isinstance(part, LockfileEntry) or part.pin.name not in pinned - own)
    return replace(fresh, parts=tuple(_drop_constraint_requirers(part) for part in kept))


def _drop_constraint_requirers(part: LockfileEntry | str) -> LockfileEntry | str:
    """Drop constraint files from an entry's requirers.

    A single remaining requirer is written beside `via`.
    """
    if isinstance(part, str) or not any(requirer.startswith("-c ") for requirer in part.pin.requirers):
        return part
    text = re.sub(r"^    #   -c [^\r\n]*\r?\n", "", part.text, flags=re.MULTILINE)
    text = re.sub(r"# via\r?\n    #   ([^\r\n]*)(\r?\n)(?!    #   )", r"# via \1\2", text)
    return replace(part, text=text)
