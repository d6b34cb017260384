"""Lockfiles of other tools, which are told of and not read."""

import posixpath
from collections.abc import Iterable

_OTHER_TOOLS = {"poetry.lock": "Poetry", "pdm.lock": "PDM", "Pipfile.lock": "Pipenv"}
_WAY_OUT = (
    "to have pins judged, lock the project with `uv lock`, or compile a requirements.txt with `pip-compile` or "
    "`uv pip compile`."
)


def describe_unread_lockfiles(source: str, files: Iterable[str]) -> tuple[str, ...]:
    """Describe other tools' lockfiles beside an unlocked source.

    What the source allows is judged instead.
    """
    beside = posixpath.dirname(source)
    found = {posixpath.basename(path) for path in files if posixpath.dirname(path) == beside}
    return tuple(
        f"{name} is not read, because depcheck does not run {tool}: what {source} allows is judged, as of a repository "
        f"that locks nothing; {_WAY_OUT}"
        for name, tool in _OTHER_TOOLS.items()
        if name in found
    )


def find_unread_lockfile(files: Iterable[str]) -> tuple[str, str]:
    """Find a lockfile of another tool, and the reason to decline it.

    For a repository that states no requirements which are read. Empty for none.
    """
    named = ((path, _OTHER_TOOLS.get(posixpath.basename(path), "")) for path in files)
    path, tool = next(((path, tool) for path, tool in named if tool), ("", ""))
    return path, f"It is a lockfile of {tool}, which depcheck does not run; {_WAY_OUT}" if tool else ""
