"""From which folder a header's command was run: it is written nowhere, and paths mean nothing without it."""

import posixpath
from collections.abc import Iterable

from depcheck.checking.sources import is_project_file
from depcheck.checking.tree import Tree
from depcheck.core.compile_command import CompileCommand, check_paths
from depcheck.core.errors import LockfileError

DEFAULT_SOURCES = ("requirements.in", "setup.py", "pyproject.toml", "setup.cfg")


def working_directory(tree: Tree, path: str, command: CompileCommand, folders: Iterable[str]) -> str:
    """The folder in which every path of `command` exists and the output is `path`.

    Where the output names another file (it was moved, or written by redirection), the nearest folder above the
    lockfile in which all paths exist. The faithful compile proves the choice. Raises LockfileError for none.
    """
    near = _upwards(posixpath.dirname(path))
    candidates = [*near, *(folder for folder in sorted(folders) if folder not in near)]
    exact = [folder for folder in candidates if _output(tree, command, folder) == path]
    for folder in (*exact, *near):
        if not _missing(tree, command, folder):
            check_paths(command, folder)
            return folder
    return _refuse(tree, path, command, exact[0] if exact else near[0])


def _refuse(tree: Tree, path: str, command: CompileCommand, folder: str) -> str:
    check_paths(command, folder)
    missing = _missing(tree, command, folder)[0]
    raise LockfileError(
        f"{path} is compiled from {missing!r}, which is not in the repository (seen from {folder or 'its top'!r}); "
        "commit it, or compile the lockfile again from what is there."
    )


def sources_in(tree: Tree, command: CompileCommand, folder: str) -> tuple[str, ...]:
    """The command's sources as it sees them from `folder`: what pip-compile takes where none is named."""
    if command.sources or command.compiler == "uv":
        return command.sources
    return next(((name,) for name in DEFAULT_SOURCES if tree.has(posixpath.join(folder, name))), ())


def _output(tree: Tree, command: CompileCommand, folder: str) -> str:
    """Where the command writes, seen from `folder`; empty where it does not say."""
    if command.output:
        return posixpath.normpath(posixpath.join(folder, command.output))
    sources = sources_in(tree, command, folder)
    if len(sources) != 1 or command.compiler == "uv":
        return ""
    beside, name = posixpath.split(sources[0])
    stem = "requirements" if is_project_file(name) else posixpath.splitext(name)[0]
    return posixpath.normpath(posixpath.join(folder, beside, f"{stem}.txt"))


def _missing(tree: Tree, command: CompileCommand, folder: str) -> list[str]:
    """The paths of the command that are not there, seen from `folder`."""
    sources = sources_in(tree, command, folder)
    links = [link for link in command.find_links if "://" not in link]
    absent = [name for name in sources if not tree.has_any(posixpath.join(folder, name))]
    absent += [name for name in (*command.paths, *links) if not tree.has_any(posixpath.join(folder, name))]
    needs_source = not sources and not command.has("--group")
    return absent or (["requirements.in"] if needs_source else [])


def _upwards(folder: str) -> list[str]:
    found = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found
