"""The tags that a repository's version comes from."""

import re
from collections.abc import Callable, Sequence

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.model.errors import LockfileError
from depcheck.core.text.version_history_stream import MOST_COMMITS, MOST_TAGS, History

_DERIVED = re.compile(
    r"setuptools[-_]scm|vcs[-_]versioning|hatch[-_]vcs|versioneer|\bpbr\b|dunamai|versioningit|dynamic[-_]versioning"
    r"|git[-_]versioning|miniver|source\s*=\s*[\"'](?:scm|vcs)[\"']|git[ ,\"']+describe",
    re.IGNORECASE,
)
_PLACES = ("pyproject.toml", "setup.cfg", "setup.py")
_TAG = re.compile(r"[A-Za-z0-9][\w.+-]*(?:/[\w.+-]+)*")


def read_history(tree: RepoFiles, git: Callable[[Sequence[str]], str]) -> History | None:
    """Read the newest tags of a repository whose version needs them.

    None otherwise. Without git, builds are given a version that is made up. An archive of a repository has no tags.

    `git` runs git's words in the repository and gives what it prints, empty where it fails.
    """
    if not any(_DERIVED.search(_head(tree, name)) for name in _PLACES) or not git(("--version",)):
        return None
    at = git(("log", "-1", "--format=%ct")).strip()
    if not at.isdigit():
        return History()
    listed = git(("tag", "--list", "--merged", "HEAD", "--sort=-creatordate")).split()
    found = []
    for tag in [each for each in listed if _TAG.fullmatch(each)][:MOST_TAGS]:
        distance = git(("rev-list", "--count", f"refs/tags/{tag}..HEAD")).strip()
        if distance.isdigit() and int(distance) <= MOST_COMMITS:
            found.append((tag, int(distance)))
    return History(tuple(found), int(at))


def _head(tree: RepoFiles, name: str) -> str:
    try:
        return tree.read_head(name, 256 << 10)
    except LockfileError:
        return ""
