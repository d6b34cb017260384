"""What a compile without upgrade changes in a committed lockfile."""

from collections.abc import Iterable, Mapping

from depcheck.core.lockfiles.diff import Change
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.text.terminal_safe import to_one_line


def describe_rewritten(locks: Iterable[LockfileSpec], files: Mapping[str, str]) -> str:
    """Describe the first change beside the pins, where the format allows none.

    `files` are the compiled texts by path. Empty for no change.
    """
    for lock in locks:
        before, after = lock.lockfile.text, files[lock.path]
        if get_lockfile_format(lock.compiler).is_exact and before != after:
            line = _find_first_difference(before.splitlines(), after.splitlines())
            return (
                f"`{lock.command}` changes {lock.path} although no pin moves (first {to_one_line(line.strip(), 80)!r}"
                "), so it is behind what the project states. Run it and commit the result."
            )
    return ""


def describe_difference(change: Change, path: str, scope: str = "") -> str:
    """Describe a pin that a compile without upgrade changes in a file."""
    if change.after is None:
        return f"{change.name} {change.old_label}{scope} is pinned in {path}, but nothing requires it"
    if change.before is None:
        return f"{change.name} {change.new_label}{scope} is required, but not pinned in {path}"
    return f"{change}{scope} in {path}"


def _find_first_difference(before: list[str], after: list[str]) -> str:
    old, fresh = set(before), set(after)
    new = (line for line in after if line not in old)
    gone = (line for line in before if line not in fresh)
    return next(new, "") or next(gone, "the order of lines")
