"""Copy the repository, so that nothing that runs can change the original."""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from depcheck.checking.sandbox.guest import Guest, run_trusted_command
from depcheck.checking.sandbox.launcher.tree_removal import open_guest_folder, remove_tree
from depcheck.checking.sandbox.tree_marks import Marks, find_changes, read_marks, wait_for_tick
from depcheck.core.model.errors import DepcheckError

MOST_BYTES, MOST_FILES = 2 << 30, 200_000
VERSION_CONTROL_FOLDERS = frozenset({".git", ".hg", ".svn"})
CACHE_FOLDERS = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".eggs"})
# Names that credentials have; a file of such a name is copied only if git tracks it.
CREDENTIAL_NAME = re.compile(
    r"gha-creds-.*\.json|\.env(?:\..*)?|\.npmrc|\.pypirc|\.netrc|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.pem|.*\.key"
)
GIT_TIMEOUT_S = 30
EXCLUDED_NAMES = VERSION_CONTROL_FOLDERS | CACHE_FOLDERS | {".tox", ".nox", ".venv", "venv", "node_modules", ".direnv"}


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """A copy as it was when its check began.

    `source` is the tree that it was made of, `told` the marks of that, `marks` its own.
    """

    source: Path
    told: Marks
    marks: Marks


@dataclass(frozen=True, slots=True)
class WorkspaceCopier:
    """Makes copies of `repo` in `scratch` that belong to the guest.

    `excluded_folders` are folders inside it to skip.
    """

    repo: Path
    guest: Guest
    scratch: Path
    excluded_folders: tuple[Path, ...] = ()
    _measured: set[Path] = field(default_factory=set)
    _kept: dict[Path, KeptCopy] = field(default_factory=dict)

    @contextmanager
    def open_copy(self) -> Iterator[Path]:
        """Yield a copy that exists for the length of the block."""
        with open_guest_folder(self.scratch, "copy-") as room:
            room.chmod(0o755)
            copy = room / "repo"
            self._make_copy(copy, None)
            yield copy

    def copy_to(self, folder: Path, source: Path | None = None) -> None:
        """Make `folder` a fresh copy of the repository, or of `source`.

        What was in it before is deleted. Where it is this copier's last copy of the same tree, only what was changed
        since is: no process of the guest is left that could change more meanwhile.
        """
        tree, kept = source or self.repo, self._kept.pop(folder, None)
        told = self._read_source_marks(tree)
        if kept is None or (kept.source, kept.told) != (tree, told) or not self._restore_copy(folder, kept):
            if folder.exists():
                remove_tree(folder)
            self._make_copy(folder, source)
        wait_for_tick()
        self._kept[folder] = KeptCopy(tree, told, read_marks(folder))

    def _make_copy(self, folder: Path, source: Path | None) -> None:
        if source is None and self.repo not in self._measured:
            refuse_large_tree(self.repo, self.excluded_folders)
            self._measured.add(self.repo)
        copy_tree(
            source or self.repo, folder, self.excluded_folders, list_untracked_credentials if source is None else None
        )
        self.guest.take_ownership(folder)

    def _read_source_marks(self, tree: Path) -> Marks:
        """Read the marks of what may be copied, and more."""
        root = tree.resolve()
        left_out = {str(each.resolve().relative_to(root)) for each in self.excluded_folders
                    if each.resolve().is_relative_to(root)}  # fmt: skip
        return read_marks(root, EXCLUDED_NAMES, left_out)

    def _restore_copy(self, folder: Path, kept: KeptCopy) -> bool:
        """Make a copy as it was, unless that takes too much."""
        root = kept.source.resolve()
        try:
            changes = find_changes(kept.marks, read_marks(folder))
            if not changes.is_small:
                return False
            for each in (folder / place for place in changes.new):
                remove_tree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
            for place in changes.changed:
                (folder / place).unlink(missing_ok=True)
                _copy_entry(root / place, folder / place, root, root.stat().st_uid)
                self.guest.take_ownership(folder / place)
        except OSError:  # a new copy says what is wrong, if anything is
            return False
        return True


def copy_tree(
    source: Path,
    target: Path,
    left_out: tuple[Path, ...] = (),
    find_secret: Callable[[Path, list[Path]], frozenset[Path]] | None = None,
) -> None:
    """Copy files, folders and links that stay inside `source`.

    Nothing else, no caches, no virtual environments, and nothing that `find_secret` names of the files of a folder.

    Raises:
        DepcheckError: It is larger than MOST_BYTES or has more than MOST_FILES files.
    """
    root = source.resolve()
    owner = root.stat().st_uid
    count = size = 0
    for here, names in walk_copied(root, left_out, find_secret):
        there = target / here.relative_to(root)
        there.mkdir(parents=True, exist_ok=True)
        for name in names:
            count, size = count + 1, size + _copy_entry(here / name, there / name, root, owner)
            _refuse_large(source, count, size)


def walk_copied(
    root: Path,
    left_out: tuple[Path, ...] = (),
    find_secret: Callable[[Path, list[Path]], frozenset[Path]] | None = None,
) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder that a copy takes, with its files and links."""
    skipped = {path.resolve() for path in left_out}
    for here, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _is_skipped(Path(here, name), skipped)]
        secret = find_secret(root, [Path(here, name) for name in files]) if find_secret else frozenset()
        hidden = {Path(here, ".git"), *secret}  # a submodule's is a file
        links = [name for name in folders if Path(here, name).is_symlink()]
        yield Path(here), [*(name for name in files if Path(here, name) not in hidden), *links]


def refuse_large_tree(source: Path, left_out: tuple[Path, ...] = ()) -> None:
    """Refuse a folder that is too large to copy.

    Raises:
        DepcheckError: It is larger than MOST_BYTES or has more than MOST_FILES files.
    """
    root, count, size = source.resolve(), 0, 0
    skipped = {path.resolve() for path in left_out}
    for here, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _is_skipped(Path(here, name), skipped)]
        for name in files:
            with suppress(OSError):
                state = Path(here, name).lstat()
                count, size = count + 1, size + (state.st_size if stat.S_ISREG(state.st_mode) else 0)
        _refuse_large(source, count, size)


def _refuse_large(source: Path, count: int, size: int) -> None:
    if count > MOST_FILES or size > MOST_BYTES:
        raise DepcheckError(
            f"{source} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 30} GiB beside caches and "
            "environments. That is too much to copy for each check. Run it in a smaller folder: your requirements, "
            "and what the checks need."
        )


def list_untracked_credentials(root: Path, files: list[Path]) -> frozenset[Path]:
    """List untracked files of `files` with a credential's name.

    What a job left beside its checkout is none of the packages' business; outside of git such a file is left out too.
    """
    named = [path for path in files if CREDENTIAL_NAME.fullmatch(path.name)]
    if not named:
        return frozenset()
    words = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "ls-files", "-z", "--"]
    relative = {str(path.relative_to(root)): path for path in named}
    ran = run_trusted_command([*words, *relative], folder=root, timeout_s=GIT_TIMEOUT_S)
    tracked = set(ran.answer.decode(errors="surrogateescape").split("\0")) if ran.is_success else set[str]()
    return frozenset(path for name, path in relative.items() if name not in tracked)


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
