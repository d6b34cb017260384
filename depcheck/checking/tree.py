"""The repository's files, read without leaving it. Paths are POSIX and relative to the repository."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from depcheck.core.errors import LockfileError

MOST_BYTES = 8 << 20
MOST_FILES = 200_000
_SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", "site-packages"}
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A repository on disk. `hidden` are folders of our own in it (the report), which are not looked into."""

    root: Path
    hidden: frozenset[Path] = frozenset()

    def walk(self) -> Iterator[str]:
        """Every plain file in a stable order: no version control, virtual environments, or symlinks.

        Raises LockfileError where there are more files than a repository has.
        """
        seen = 0
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if self._is_visible(Path(folder, name)))
            seen += len(files)
            if seen > MOST_FILES:
                raise LockfileError(
                    f"The repository has more than {MOST_FILES} files, too many to look for lockfiles; "
                    "name them with --lockfile."
                )
            for path in (Path(folder, name) for name in sorted(files)):
                if not path.is_symlink():
                    yield path.relative_to(self.root).as_posix()

    def _is_visible(self, folder: Path) -> bool:
        skipped = folder.name in _SKIPPED or folder.is_symlink() or folder in self.hidden
        return not skipped and not (folder / "pyvenv.cfg").exists()

    def has(self, path: str) -> bool:
        """Whether a plain file stands there, inside the repository even after following symlinks."""
        try:
            real = (self.root / path).resolve()
            return real.is_relative_to(self.root.resolve()) and real.is_file()
        except (OSError, ValueError, RuntimeError):
            return False

    def has_any(self, path: str) -> bool:
        """The same for a file or a folder."""
        try:
            real = (self.root / path).resolve()
            return real.is_relative_to(self.root.resolve()) and real.exists()
        except (OSError, ValueError, RuntimeError):
            return False

    def is_project(self, path: str) -> bool:
        """Whether something to build or install stands there: a folder with a build, or a distribution's file."""
        if path.endswith((".whl", ".tar.gz", ".zip")):
            return self.has(path)
        return any(self.has(f"{path}/{name}".lstrip("/")) for name in ("pyproject.toml", "setup.py"))

    def head(self, path: str, size: int = 16 << 10) -> str:
        """The beginning of a file, empty for none, for a first look; what is no UTF-8 is replaced."""
        return self._bytes(path, size).decode("utf-8", "replace") if self.has(path) else ""

    def read(self, path: str) -> str:
        """A file's text, line ends as they are. Raises LockfileError where it is too long or no UTF-8."""
        if not self.has(path):
            raise LockfileError(f"{path} is not a file of the repository; commit it, or correct its name.")
        content = self._bytes(path, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise LockfileError(f"{path} is longer than {MOST_BYTES >> 20} MiB, which no lockfile is; shorten it.")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise LockfileError(
                f"{path} is not UTF-8 at line {line} (byte 0x{content[error.start]:02x}); save it as UTF-8."
            ) from None

    def _bytes(self, path: str, size: int) -> bytes:
        try:
            with (self.root / path).open("rb") as file:
                # Not `size` itself: as much memory would be taken before anything is read.
                return file.read(min(size, os.fstat(file.fileno()).st_size))
        except OSError as error:
            raise LockfileError(f"{path} cannot be read ({error.strerror}); correct its permissions.") from None
