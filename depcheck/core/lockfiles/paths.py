"""Paths in a lockfile's header: inside the repository, or refused.

All are POSIX paths, as text.

They are in commands that ran on another machine. If the output, or the source beside it, is an absolute
path that ends like the lockfile's own path, the part before that end is the repository's folder on that
machine. No path of another machine is ever opened: a path that cannot be converted stays absolute, and is
refused later.

pip-compile writes `-e .` as `-e file:///home/somebody/project`, the path on the machine that ran it. If
the end of such a URL is a project in the repository, the rest is the repository's folder on that machine,
and is replaced by it in what is compiled and installed here.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from urllib.parse import unquote

from depcheck.core.model.errors import LockfileError

_OUTSIDE_PATH = re.compile(r"^(?:/|~|\\\\|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:)")


def require_relative_path(value: str, what: str) -> str:
    """Return `value` with forward slashes if it is a relative path.

    `what` names the path in error messages.

    Raises:
        LockfileError: The path is absolute, a URL, empty or not printable.
    """
    if not value or not value.isprintable():
        raise LockfileError(
            f"{what} in the header is no path, {value[:80]!r}; compile the lockfile again to correct it."
        )
    if _OUTSIDE_PATH.match(value):
        raise LockfileError(
            f"{what} in the header is {value[:200]!r}, outside of the repository, and is never opened; "
            "compile the lockfile again with a path relative to the repository."
        )
    return value.replace("\\", "/")  # compiled on Windows


def resolve_repository_path(folder: str, value: str, what: str = "A path") -> str:
    """Resolve `value` against `folder` into a normal path of the repository.

    Both `folder` and the result are relative to the repository's top; the top itself is the empty string.
    `what` names the path in error messages.

    Raises:
        LockfileError: The path leads out of the repository.
    """
    path = posixpath.normpath(posixpath.join(folder, require_relative_path(value, what)))
    if path == ".." or path.startswith("../"):
        raise LockfileError(
            f"{what} in the header is {value[:200]!r}, outside of the repository, and is never opened; "
            "move it into the repository and compile the lockfile again."
        )
    return "" if path == "." else path


_ABSOLUTE_PATH = re.compile(r"^(?:/|[A-Za-z]:[\\/])")
_OPTION_WITH_VALUE = re.compile(r"^(--?[\w-]+=)(.*)$", re.DOTALL)
_OUTPUT_OPTIONS = ("--output-file=", "-o=", "-o")


def strip_foreign_root(argv: Sequence[str], path: str) -> tuple[str, ...]:
    """Return `argv` without the other machine's root in its paths.

    `path` is the lockfile's path in the repository. Unchanged if no root is found.
    """
    root = next((root for root in (_find_foreign_root(word, path) for word in _list_absolute_paths(argv)) if root), "")
    return tuple(_strip_root(root, word) for word in argv) if root else tuple(argv)


def _list_absolute_paths(argv: Sequence[str]) -> list[str]:
    """List absolute paths that may be the lockfile's own or its source's.

    Outputs come first.
    """
    pairs = [value for name, value in pairwise(argv) if name in {"--output-file", "-o"}]
    joined = [word.removeprefix(option) for word in argv for option in _OUTPUT_OPTIONS[:2] if word.startswith(option)]
    sources = [word for word in argv if not word.startswith("-")]
    return [word for word in (*pairs, *joined, *sources) if _ABSOLUTE_PATH.match(word)]


def _find_foreign_root(word: str, path: str) -> str:
    """Find the part of `word` that precedes its common end with `path`.

    Suffixes are ignored. Empty if they share no end.
    """
    theirs = posixpath.splitext(word.replace("\\", "/"))[0].split("/")
    ours = posixpath.splitext(path)[0].split("/")
    shared = 0
    while shared < min(len(theirs) - 1, len(ours)) and theirs[-1 - shared] == ours[-1 - shared]:
        shared += 1
    return "/".join(theirs[: len(theirs) - shared]) + "/" if shared else ""


def _strip_root(root: str, word: str) -> str:
    joined = _OPTION_WITH_VALUE.match(word)
    name, value = (joined[1], joined[2]) if joined else ("", word)
    plain = value.replace("\\", "/")
    return f"{name}{plain.removeprefix(root)}" if plain.startswith(root) else word


_LONGEST_PATH = 4096  # characters; no machine has a longer path
_FILE_URL = re.compile(r"(?:^|[\s@])(?P<root>file://)(?P<path>/[^\s;#\[]*)")


def find_reference_root(references: Iterable[str], is_project: Callable[[str], bool]) -> str:
    """Find the repository's URL where `references` were written.

    Returns such as `file:///home/me/project`, or an empty string. `is_project` tells if a path in the
    repository ("" for the repository itself) can be built. References that disagree give an empty string,
    since not all of them belong to the repository.
    """
    found = (_FILE_URL.search(reference) for reference in references)
    roots = {match["root"] + _find_path_root(match["path"], is_project) for match in found if match}
    return roots.pop() if len(roots) == 1 and roots.isdisjoint({"file://"}) else ""


def _find_path_root(path: str, is_project: Callable[[str], bool]) -> str:
    """Return the part before the longest end that is a project."""
    words = path.rstrip("/").split("/") if len(path) <= _LONGEST_PATH else []
    cuts = (cut for cut in range(2, len(words) + 1) if is_project(unquote("/".join(words[cut:]))))
    return "/".join(words[: next(cuts, 0)])


def restore_local_references(text: str, copy: str, root: str, folder: str) -> str:
    """Replace the URL of a repository copy in a compiled text.

    `copy` is the URL of the copy that was compiled, `root` the URL in the committed lockfile. Without a root,
    editables are written relative to `folder`, the working directory of the compile, as their sources write
    them.
    """
    if root:
        return text.replace(copy, root)
    editable = re.compile(rf"^(?P<option>-e|--editable) {re.escape(copy)}(?P<tail>/[^\s;#\[]*|)", re.MULTILINE)
    return editable.sub(lambda found: f"{found['option']} {_to_relative_path(found['tail'], folder)}", text)


def _to_relative_path(tail: str, folder: str) -> str:
    """Convert a path in the repository to one relative to `folder`."""
    path = posixpath.relpath(unquote(tail).lstrip("/") or ".", folder or ".")
    return path if path.startswith(".") else f"./{path}"


def get_repository_path(target: str, root: str) -> str | None:
    """Return the repository path of a URL below `root`.

    Returns None for any other URL.
    """
    bare = target.partition("#")[0].rstrip("/")
    if not root or not f"{bare}/".startswith(f"{root}/"):
        return None
    path = posixpath.normpath(unquote(bare.removeprefix(root)).strip("/") or ".")
    return None if path.startswith("..") else path
