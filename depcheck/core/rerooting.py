"""Commands that were run on another machine with absolute paths, turned into paths of the repository.

Where the output, or the source beside it, is an absolute path that ends like the lockfile's own, what stands before
that end is the folder of the repository there. Nothing of another machine is ever opened: what cannot be turned
stays absolute, and is refused.
"""

import posixpath
import re
from collections.abc import Sequence
from itertools import pairwise

_ABSOLUTE = re.compile(r"^(?:/|[A-Za-z]:[\\/])")
_JOINED = re.compile(r"^(--?[\w-]+=)(.*)$", re.DOTALL)
_OUTPUT = ("--output-file=", "-o=", "-o")


def rerooted(argv: Sequence[str], path: str) -> tuple[str, ...]:
    """`argv` with the other machine's root taken off; `path` is the lockfile's in the repository."""
    root = next((root for root in (_root(word, path) for word in _candidates(argv)) if root), "")
    return tuple(_without(root, word) for word in argv) if root else tuple(argv)


def _candidates(argv: Sequence[str]) -> list[str]:
    """Absolute paths that may be the lockfile's own or its source's: outputs first."""
    pairs = [value for name, value in pairwise(argv) if name in {"--output-file", "-o"}]
    joined = [word.removeprefix(option) for word in argv for option in _OUTPUT[:2] if word.startswith(option)]
    sources = [word for word in argv if not word.startswith("-")]
    return [word for word in (*pairs, *joined, *sources) if _ABSOLUTE.match(word)]


def _root(word: str, path: str) -> str:
    """What stands before the part that `word` and `path` share at their ends, suffixes left aside; empty for none."""
    theirs = posixpath.splitext(word.replace("\\", "/"))[0].split("/")
    ours = posixpath.splitext(path)[0].split("/")
    shared = 0
    while shared < min(len(theirs) - 1, len(ours)) and theirs[-1 - shared] == ours[-1 - shared]:
        shared += 1
    return "/".join(theirs[: len(theirs) - shared]) + "/" if shared else ""


def _without(root: str, word: str) -> str:
    joined = _JOINED.match(word)
    name, value = (joined[1], joined[2]) if joined else ("", word)
    plain = value.replace("\\", "/")
    return f"{name}{plain.removeprefix(root)}" if plain.startswith(root) else word
