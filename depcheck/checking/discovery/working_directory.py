"""Find the folder that a header's command was run from.

The folder is not recorded anywhere, and relative paths mean nothing without it.
"""

import posixpath
from collections.abc import Iterable

from depcheck.checking.discovery.files.repo_files import RepoFiles, list_parent_folders
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format
from depcheck.core.lockfiles.options.command import check_command_paths
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.model.errors import LockfileError


def find_working_directory(tree: RepoFiles, path: str, command: CompileCommand, folders: Iterable[str]) -> str:
    """Find the folder where the command's paths fit the lockfile `path`.

    Every path of the command exists there, and its output is `path`.

    If the output names another file (it was moved, or written by redirection), the nearest folder above the
    lockfile in which all paths exist. A compile without upgrade proves the choice later.

    Raises:
        LockfileError: No folder fits.
    """
    near = list_parent_folders(posixpath.dirname(path))
    candidates = [*near, *(folder for folder in sorted(folders) if folder not in near)]
    exact = [folder for folder in candidates if _resolve_output(tree, command, folder) == path]
    for folder in (*exact, *near):
        if not _find_missing_paths(tree, command, folder):
            check_command_paths(command, folder)
            return folder
    return _raise_missing_path(tree, path, command, exact[0] if exact else near[0])


def _raise_missing_path(tree: RepoFiles, path: str, command: CompileCommand, folder: str) -> str:
    check_command_paths(command, folder)
    missing = _find_missing_paths(tree, command, folder)[0]
    raise LockfileError(
        f"The header of {path} names {missing!r}, which is not in the repository"
        f"{f' (looked for from {folder})' if folder else ''}. Commit it, or compile the lockfile again without it."
    )


def list_command_sources(tree: RepoFiles, command: CompileCommand, folder: str) -> tuple[str, ...]:
    """List the command's sources as it sees them from `folder`.

    If the command names none, the one that its compiler takes by default.
    """
    if command.sources:
        return command.sources
    names = get_lockfile_format(command.compiler).default_sources
    return next(((name,) for name in names if tree.has_file(posixpath.join(folder, name))), ())


def _resolve_output(tree: RepoFiles, command: CompileCommand, folder: str) -> str:
    """Return the file that the command writes, seen from `folder`.

    Empty if the command does not tell.
    """
    if command.output:
        return posixpath.normpath(posixpath.join(folder, command.output))
    sources = list_command_sources(tree, command, folder)
    written = get_lockfile_format(command.compiler).get_default_output(sources[0]) if len(sources) == 1 else ""
    return posixpath.normpath(posixpath.join(folder, written)) if written else ""


def _find_missing_paths(tree: RepoFiles, command: CompileCommand, folder: str) -> list[str]:
    """List the command's paths that do not exist, seen from `folder`."""
    sources = list_command_sources(tree, command, folder)
    links = [link for link in command.find_links if "://" not in link]
    absent = [name for name in sources if not tree.has_path(posixpath.join(folder, name))]
    absent += [name for name in (*command.paths, *links) if not tree.has_path(posixpath.join(folder, name))]
    needs_source = not sources and not command.has_option("--group")
    return absent or (["requirements.in"] if needs_source else [])
