"""Merging of a compiled text into the committed lockfile's header and style."""

import re
from collections.abc import Mapping
from dataclasses import replace

from depcheck.core.lockfiles import hatch
from depcheck.core.lockfiles.lockfile_parser import Lockfile, LockfileEntry, merge_header_and_body, parse_lockfile
from depcheck.core.lockfiles.paths import resolve_repository_path
from depcheck.core.lockfiles.spec import LockfileSpec


def merge_compiled_text(lock: LockfileSpec, compiled: str, below: Mapping[str, str]) -> str:
    """Merge new pins with the committed header and index options.

    `below` are the new texts of lower layers by path. Raises LockfileError if the compiler's output is no
    lockfile.
    """
    fresh = parse_lockfile(compiled)
    if lock.is_unlocked:
        return compiled
    if lock.omits_included_pins:
        fresh = _drop_included_pins(lock, fresh, below)
    text = merge_header_and_body(header_of=lock.lockfile, body_of=fresh)
    annotated = hatch.find_hatch_annotation(lock.lockfile)
    for name, _ in lock.inline_sources:
        text = re.sub(rf"(?<=[ ,])-r {re.escape(name)}(?=,|\\s)", annotated or name, text)
    return text


def _drop_included_pins(lock: LockfileSpec, fresh: Lockfile, below: Mapping[str, str]) -> Lockfile:
    """Drop the pins of included lockfiles.

    pip-compile-multi leaves them out and does not name those lockfiles as requirers.
    """
    folder = lock.path.rpartition("/")[0]
    included = {
        resolve_repository_path(folder, name, "A lockfile below")
        for name in lock.lockfile.includes
        if "://" not in name
    }
    pinned = {entry.pin.name for path in included for entry in parse_lockfile(below.get(path, "")).entries}
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
