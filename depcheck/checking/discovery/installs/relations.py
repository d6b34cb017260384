"""Lockfiles that belong to one installation without compiling upon each other."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import follow_includes, is_project_file
from depcheck.checking.discovery.installs.recipes import Recipe, find_installed_together
from depcheck.core.lockfiles.spec import LockfileSpec

_MOST_FILES = 200
_REQUIREMENTS = (".txt", ".in", ".pip")


def find_related(
    tree: RepoFiles, files: Sequence[str], locks: Mapping[str, LockfileSpec], recipes: Sequence[Recipe]
) -> tuple[tuple[str, ...], ...]:
    """Return sets of lockfiles that are installed together.

    Each of two or more, by the paths of `locks`.

    Those of one project (its base, an extra, a group), those that a stage of an image, a job of a workflow or a test
    environment installs, and those that a requirements file includes which is no lockfile itself.
    """
    found = [*_group_by_project(locks), *find_installed_together(recipes, tuple(locks))]
    found += _group_by_include(tree, files, locks)
    return tuple(dict.fromkeys(paths for paths in found if len(paths) > 1))


def _group_by_project(locks: Mapping[str, LockfileSpec]) -> Iterator[tuple[str, ...]]:
    folders: dict[str, list[str]] = {}
    for lock in locks.values():
        for folder in {posixpath.dirname(source) for source in lock.sources if is_project_file(source)}:
            folders.setdefault(folder, []).append(lock.path)
    yield from map(tuple, folders.values())


def _group_by_include(
    tree: RepoFiles, files: Sequence[str], locks: Mapping[str, LockfileSpec]
) -> Iterator[tuple[str, ...]]:
    """Yield what each requirements file beside a lockfile includes by `-r`."""
    beside = {posixpath.dirname(path) for path in locks}
    near = [path for path in files if posixpath.dirname(path) in beside and path.endswith(_REQUIREMENTS)]
    sources = {source for lock in locks.values() for source in lock.sources}
    for path in [path for path in near if path not in locks and path not in sources][:_MOST_FILES]:
        included, _ = follow_includes(tree, (path,))
        yield tuple(each for each in included if each in locks)
