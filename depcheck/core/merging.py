"""What a compile wrote, as it would be committed: under the committed header, in the committed writer's manner."""

import re
from collections.abc import Mapping
from dataclasses import replace

from depcheck.core import hatch
from depcheck.core.environments import LockfileSpec
from depcheck.core.lockfile import Entry, Lockfile, parse_lockfile, with_body
from depcheck.core.paths import inside


def merged(lock: LockfileSpec, compiled: str, below: Mapping[str, str]) -> str:
    """The new pins under the committed header and index options; `below` are the new texts of lower layers by path.

    Raises LockfileError where the compiler wrote something that is no lockfile.
    """
    fresh = parse_lockfile(compiled)
    if lock.loose:
        return compiled
    if lock.included:
        fresh = _without_included(lock, fresh, below)
    text = with_body(header_of=lock.lockfile, body_of=fresh)
    annotated = hatch.annotation(lock.lockfile)
    for name, _ in lock.written:
        text = re.sub(rf"(?<=[ ,])-r {re.escape(name)}(?=,|\\s)", annotated or name, text)
    return text


def _without_included(lock: LockfileSpec, fresh: Lockfile, below: Mapping[str, str]) -> Lockfile:
    """pip-compile-multi leaves out what the included lockfiles pin, and does not name them as requirers."""
    folder = lock.path.rpartition("/")[0]
    included = {inside(folder, name, "A lockfile below") for name in lock.lockfile.includes if "://" not in name}
    pinned = {entry.pin.name for path in included for entry in parse_lockfile(below.get(path, "")).entries}
    own = {entry.pin.name for entry in lock.lockfile.entries}
    kept = (part for part in fresh.parts if not isinstance(part, Entry) or part.pin.name not in pinned - own)
    return replace(fresh, parts=tuple(_unconstrained(part) for part in kept))


def _unconstrained(part: Entry | str) -> Entry | str:
    """An entry without the constraint files among its requirers; one requirer stands beside `via` again."""
    if isinstance(part, str) or not any(requirer.startswith("-c ") for requirer in part.pin.via):
        return part
    text = re.sub(r"^    #   -c [^\r\n]*\r?\n", "", part.text, flags=re.MULTILINE)
    text = re.sub(r"# via\r?\n    #   ([^\r\n]*)(\r?\n)(?!    #   )", r"# via \1\2", text)
    return replace(part, text=text)
