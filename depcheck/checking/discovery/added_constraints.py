"""Add constraint files that a command had but does not show."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import follow_includes
from depcheck.checking.discovery.working_directory import list_command_sources
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.paths import resolve_repository_path
from depcheck.core.model.errors import LockfileError


def add_layer_constraints(
    command: CompileCommand, path: str, folder: str, lockfile: Lockfile, tree: RepoFiles
) -> CompileCommand:
    """Add the included lockfiles as constraints of the command.

    pip-compile-multi compiles upon the lockfiles that the result includes, and leaves out their pins.
    """
    beside = posixpath.dirname(path)
    below = [
        resolve_repository_path(beside, name, "A lockfile below") for name in lockfile.includes if "://" not in name
    ]
    for name in below:
        _refuse_editables(path, name, tree)
    names = tuple(posixpath.relpath(name, folder or ".") for name in below)
    return _add_constraints(command, names)


def _refuse_editables(path: str, below: str, tree: RepoFiles) -> None:
    """Raise LockfileError if the lower lockfile holds an editable.

    pip refuses an editable as a constraint, so nothing can be compiled upon such a lockfile.
    """
    entries = parse_lockfile(tree.read_text(below)).entries if tree.has_file(below) else ()
    held = next((entry.pin.reference for entry in entries if entry.pin.reference.startswith("-e")), "")
    if held:
        raise LockfileError(
            f"{path} was written by pip-compile-multi upon {below}, which holds the editable {held!r}; pip takes "
            "none as a constraint, so nothing can be compiled upon it. Take it out of the sources, install it apart."
        )


def add_annotated_constraints(
    command: CompileCommand, path: str, folder: str, lockfile: Lockfile, tree: RepoFiles
) -> CompileCommand:
    """Add constraint files that annotations name and no source includes.

    The maintainers' own command names them (`make upgrade`); without them a compile would take what they rule out.
    """
    sources = [resolve_repository_path(folder, name) for name in list_command_sources(tree, command, folder)]
    given = [resolve_repository_path(folder, name) for name in command.constraints]
    known = {path, *given, *follow_includes(tree, sources)[1]}
    added = tuple(name for name, file in _list_annotated(lockfile, folder) if file not in known and tree.has_file(file))
    return _add_constraints(command, added)


def _add_constraints(command: CompileCommand, names: tuple[str, ...]) -> CompileCommand:
    """Return the command as if it named these files."""
    return replace(
        command,
        options=(*command.options, *(f"--constraint={name}" for name in names)),
        constraints=(*command.constraints, *names),
        paths=(*command.paths, *names),
    )


def _list_annotated(lockfile: Lockfile, folder: str) -> Iterator[tuple[str, str]]:
    """Yield each constraint file as annotated, and as seen from the root."""
    requirers = dict.fromkeys(each for entry in lockfile.entries for each in entry.pin.requirers)
    for name in (each.removeprefix("-c ") for each in requirers if each.startswith("-c ")):
        file = posixpath.normpath(posixpath.join(folder, name))
        if "://" not in name and not file.startswith(("/", "..")):
            yield name, file
