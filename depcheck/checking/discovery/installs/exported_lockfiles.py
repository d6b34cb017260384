"""Requirements files that `uv export` wrote from a uv.lock beside them."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from depcheck.checking.discovery.files.repo_files import RepoFiles, list_parent_folders
from depcheck.core.lockfiles.formats.known_formats import parse_header
from depcheck.core.lockfiles.formats.uv_pip_compile import is_uv_export
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import LockfileError


def find_exports(tree: RepoFiles, lockfiles: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Find exports of a uv.lock in their folder, or in one above.

    Each with that uv.lock and the command that wrote it.
    """
    locks = {posixpath.dirname(path): path for path in lockfiles if posixpath.basename(path) == "uv.lock"}
    found = {}
    for path in lockfiles if locks else ():
        lock = next((locks[above] for above in list_parent_folders(posixpath.dirname(path)) if above in locks), "")
        command = _read_command(tree, path) if lock and lock != path else ""
        if is_uv_export(command):
            found[path] = (lock, command)
    return found


def describe_exports(environment: EnvironmentSpec, exports: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield how each export of an environment's uv.lock is made again."""
    own = {lock.path for lock in environment.lockfiles}
    for path, (lock, command) in exports.items():
        if lock in own:
            yield (
                f"{path} was exported from {lock}, which is checked; no pull request changes it. Write it again with "
                f"`{command}` when {lock} has changed."
            )


def _read_command(tree: RepoFiles, path: str) -> str:
    try:
        return parse_header(tree.read_head(path)).command
    except LockfileError:  # it is told of as a lockfile
        return ""
