"""Words in commands that edit files, such as `sed`.

`sed '/^django==/d' requirements.txt` takes a line out.
"""

import re
from collections.abc import Sequence

from packaging.utils import canonicalize_name

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.model.errors import LockfileError

_MOST_FILES = 60
_FILES = re.compile(
    r"^(?:GNUm|M|m)akefile$|^(?:[\w-]+/)?[\w.-]+\.(?:mk|sh)$|^(?:tox\.ini|noxfile\.py|tasks\.py|justfile|Taskfile\.ya?ml)$"
    r"|^\.github/workflows/[^/]+\.ya?ml$"
)
_EDITS = re.compile(r"\b(?:sed|awk|perl)\b|\bgrep\b.*\s-\w*v")
_EITHER_CASE = re.compile(r"\[(\w)\w\]")
_WORD = re.compile(r"[A-Za-z][\w.-]*\w")


def read_edited_words(tree: RepoFiles, files: Sequence[str]) -> frozenset[str]:
    """Return package names in lines that edit files."""
    found: set[str] = set()
    for path in [path for path in files if _FILES.search(path)][:_MOST_FILES]:
        try:
            lines = tree.read_head(path).splitlines()
        except LockfileError:  # it says nothing
            continue
        for line in (_EITHER_CASE.sub(r"\1", line) for line in lines if _EDITS.search(line)):
            found.update(canonicalize_name(word) for word in _WORD.findall(line))
    return frozenset(found)
