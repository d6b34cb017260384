"""Paths that a lockfile's header names: inside the repository or refused. All are POSIX, as text."""

import posixpath
import re

from depcheck.core.errors import LockfileError

_ELSEWHERE = re.compile(r"^(?:/|~|\\\\|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:)")


def relative(value: str, what: str) -> str:
    """`value`, if it is a relative path, with slashes; `what` names it in the LockfileError raised otherwise."""
    if not value or not value.isprintable():
        raise LockfileError(
            f"{what} in the header is no path, {value[:80]!r}; compile the lockfile again to correct it."
        )
    if _ELSEWHERE.match(value):
        raise LockfileError(
            f"{what} in the header is {value[:200]!r}, outside of the repository, and is never opened; "
            "compile the lockfile again with a path relative to the repository."
        )
    return value.replace("\\", "/")  # compiled on Windows


def inside(folder: str, value: str, what: str = "A path") -> str:
    """`value`, relative to `folder` of the repository, as a normal path relative to the repository.

    Raises LockfileError where it leads out of the repository.
    """
    path = posixpath.normpath(posixpath.join(folder, relative(value, what)))
    if path == ".." or path.startswith("../"):
        raise LockfileError(
            f"{what} in the header is {value[:200]!r}, outside of the repository, and is never opened; "
            "move it into the repository and compile the lockfile again."
        )
    return "" if path == "." else path
