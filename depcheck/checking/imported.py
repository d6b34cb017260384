"""Which modules the repository's own files import: what it uses itself is suspected first."""

import re
from collections.abc import Iterable

from depcheck.checking.tree import Tree
from depcheck.core.errors import LockfileError

MOST_FILES = 2000
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([A-Za-z_][\w., \t]*))", re.MULTILINE)
_TOP = re.compile(r"(?:^|,)\s*([A-Za-z_]\w*)")


def imported(tree: Tree, files: Iterable[str]) -> frozenset[str]:
    """The top-level names in import statements of the first MOST_FILES Python files. Nothing is parsed or run."""
    found: set[str] = set()
    for path in [path for path in files if path.endswith(".py")][:MOST_FILES]:
        try:
            text = tree.read(path)
        except LockfileError:  # too large, or no text: nothing to learn from
            continue
        for origin, plain in _IMPORT.findall(text):
            found |= {origin} if origin else set(_TOP.findall(plain))
    return frozenset(found)
