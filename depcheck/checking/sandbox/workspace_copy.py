"""Copy the repository, so that nothing that runs can change the original."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from depcheck.checking.sandbox.guest import Guest
from depcheck.core.model.errors import DepcheckError

MOST_BYTES, MOST_FILES = 2 << 30, 200_000
VERSION_CONTROL_FOLDERS = frozenset({".git", ".hg", ".svn"})
CACHE_FOLDERS = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".eggs"})
EXCLUDED_NAMES = VERSION_CONTROL_FOLDERS | CACHE_FOLDERS | {".tox", ".nox", ".venv", "venv", "node_modules", ".direnv"}


@dataclass(frozen=True, slots=True)
class WorkspaceCopier:
    """Makes copies of `repo` in `scratch` that belong to the guest.

    `excluded_folders` are folders inside it to skip.
    """

    repo: Path
    guest: Guest
    scratch: Path
    excluded_folders: tuple[Path, ...] = ()

    @contextmanager
    def open_copy(self) -> Iterator[Path]:
        """Yield a copy that exists for the length of the block."""
        with TemporaryDirectory(dir=self.scratch, prefix="copy-", ignore_cleanup_errors=True) as room:
            Path(room).chmod(0o755)
            copy = Path(room, "repo")
            self.copy_to(copy)
            yield copy

    def copy_to(self, folder: Path, source: Path | None = None) -> None:
        """Make `folder` a fresh copy of the repository, or of `source`.

        What was in it before is deleted.
        """
        if folder.exists():
            shutil.rmtree(folder)
        copy_tree(source or self.repo, folder, self.excluded_folders)
        self.guest.take_ownership(folder)


def copy_tree(source: Path, target: Path, left_out: tuple[Path, ...] = ()) -> None:
    """Copy files, folders and links that stay inside `source`.

    Nothing else, no caches, no virtual environments.

    Raises:
        DepcheckError: It is larger than MOST_BYTES or has more than MOST_FILES files.
    """
    root = source.resolve()
    skipped = {path.resolve() for path in left_out}
    owner = root.stat().st_uid
    count = size = 0
    for here, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _is_skipped(Path(here, name), skipped)]
        there = target / Path(here).relative_to(root)
        there.mkdir(parents=True, exist_ok=True)
        for name in [*files, *(name for name in folders if Path(here, name).is_symlink())]:
            count, size = count + 1, size + _copy_entry(Path(here, name), there / name, root, owner)
            if count > MOST_FILES or size > MOST_BYTES:
                raise DepcheckError(
                    f"{source} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 30} GiB beside caches and "
                    "environments: too much to copy for each check. Point --repo at a smaller folder, or clean it."
                )


def _is_skipped(folder: Path, skipped: set[Path]) -> bool:
    return folder.name in EXCLUDED_NAMES or folder in skipped or (folder / "pyvenv.cfg").exists()


def _copy_entry(source: Path, target: Path, root: Path, owner: int) -> int:
    """Copy one file or link and return its size in bytes.

    A file with other names that is not of the tree's `owner` may be linked there by a guest who cannot read it.
    """
    try:
        state = source.lstat()
    except FileNotFoundError:  # something else works in the repository at this moment
        return 0
    if stat.S_ISLNK(state.st_mode):
        link = source.readlink()
        aim = Path(os.path.normpath(source.parent / link))
        if not link.is_absolute() and aim.is_relative_to(root):
            target.symlink_to(link)
        return 0
    if not stat.S_ISREG(state.st_mode) or (state.st_nlink > 1 and state.st_uid != owner):
        return 0
    with suppress(PermissionError, FileNotFoundError):  # what its owner may not read, no check of his reads
        shutil.copy2(source, target, follow_symlinks=False)
    return state.st_size
