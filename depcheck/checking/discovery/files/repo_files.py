"""Read the repository's files without leaving it.

Paths are POSIX and relative to the repository.

Packages that the repository uses itself are suspected first.
"""

import codecs
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from depcheck.core.model.errors import LockfileError, UsageError
from depcheck.core.text.close_names import suggest_name

MOST_TEXT_BYTES = 8 << 20
MOST_REPO_FILES = 200_000
MOST_NAMED = 5
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", "site-packages"}
)


_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class RepoScan:
    """The regular files of a repository, and folders that are unreadable."""

    paths: tuple[str, ...]
    unreadable_folders: tuple[str, ...] = ()

    def describe_unreadable(self) -> tuple[str, ...]:
        """Describe folders in which no lockfile could be looked for."""
        folders = self.unreadable_folders
        if not folders:
            return ()
        more = f" and {len(folders) - MOST_NAMED} more" if len(folders) > MOST_NAMED else ""
        named = f"{', '.join(folders[:MOST_NAMED])}{more}"
        return (
            f"{named} may not be read, so no lockfile was looked for there; correct the permissions if there is one.",
        )


@dataclass(frozen=True, slots=True)
class RepoFiles:
    """The files of a repository on disk.

    `hidden_folders` are folders of this program in it (the report), which are not searched.
    """

    root: Path
    hidden_folders: frozenset[Path] = frozenset()

    def list_files(self) -> Iterator[str]:
        """List every regular file in a stable order.

        Skips version control, virtual environments, symlinks, sockets, and folders that may not be read.

        Raises:
            LockfileError: There are more than MOST_REPO_FILES files.
        """
        yield from self.scan_files().paths

    def scan_files(self) -> RepoScan:
        """List every regular file, and the folders that are unreadable.

        Raises as `list_files` does.
        """
        found, unreadable = list[str](), list[str]()
        todo = [(str(self.root), "")]
        hidden = frozenset(map(str, self.hidden_folders))
        while todo:
            folder, path = todo.pop()
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                unreadable.append(path)
                continue
            if path and any(entry.name == "pyvenv.cfg" for entry in listed):
                continue
            found += [f"{path}{entry.name}" for entry in listed if _is_kind(entry, os.DirEntry.is_file)]
            below = [entry for entry in listed if _is_kind(entry, os.DirEntry.is_dir)]
            seen = [each for each in below if each.name not in _SKIPPED_FOLDERS and each.path not in hidden]
            todo += [(entry.path, f"{path}{entry.name}/") for entry in reversed(seen)]
            if len(found) > MOST_REPO_FILES:
                raise LockfileError(
                    f"The repository has more than {MOST_REPO_FILES:,} files beside caches and environments, too many "
                    "to copy for each check; point --repo at a smaller folder, or clean it."
                )
        return RepoScan(tuple(found), tuple(folder.rstrip("/") or "." for folder in unreadable))

    def has_file(self, path: str) -> bool:
        """Return True if `path` is a file inside the repository.

        Symlinks are followed; their target must be inside too.
        """
        try:
            real = (self.root / path).resolve()
            return real.is_relative_to(self.root.resolve()) and real.is_file()
        except (OSError, ValueError, RuntimeError):
            return False

    def has_path(self, path: str) -> bool:
        """Return True if `path` is a file or folder inside the repository.

        Symlinks are followed; their target must be inside too.
        """
        try:
            real = (self.root / path).resolve()
            return real.is_relative_to(self.root.resolve()) and real.exists()
        except (OSError, ValueError, RuntimeError):
            return False

    def is_project(self, path: str) -> bool:
        """Return True if `path` can be built or installed.

        That is a folder with a build configuration, or a distribution's file.
        """
        if path.endswith((".whl", ".tar.gz", ".zip")):
            return self.has_file(path)
        return any(self.has_file(f"{path}/{name}".lstrip("/")) for name in ("pyproject.toml", "setup.py"))

    def read_head(self, path: str, size: int = 16 << 10) -> str:
        """Read the beginning of a file for a first look.

        `size` in bytes. Empty for a missing file. Bytes that are not UTF-8 are replaced.
        """
        return _decode_tolerantly(self._read_bytes(path, size)) if self.has_file(path) else ""

    def read_scanned_head(self, path: str, size: int = 16 << 10) -> str:
        """Read the beginning of a file that a scan listed.

        It is a regular one, and no link leads to it.
        """
        return _decode_tolerantly(self._read_bytes(path, size))

    def explain_missing_file(self, path: str) -> str:
        """Say that there is no such file, and which one was meant.

        Empty if it is there.
        """
        remedy = "" if self.has_file(path) else self._suggest_remedy(path)
        return f"{path} is not a file of the repository; {remedy}" if remedy else ""

    def refuse_missing_lockfiles(self, paths: Iterable[str]) -> None:
        """Refuse lockfiles that the options name and that are not there.

        Raises:
            UsageError: One is not; the message names the nearest.
        """
        if missing := next(filter(None, map(self.explain_missing_file, paths)), ""):
            raise UsageError(f"--lockfile {missing}")

    def _suggest_remedy(self, path: str) -> str:
        """Suggest one path for each value, or the file that was meant."""
        if "," in path:
            return "give each path by itself: one a line, or the option once for each."
        folder, _, name = path.rpartition("/")
        beside = (self.root / folder).resolve()
        inside = beside.is_relative_to(self.root) and beside.is_dir()
        meant = suggest_name(name, [each.name for each in beside.iterdir()] if inside else ())
        return f"did you mean {f'{folder}/' * bool(folder)}{meant}?" if meant else "commit it, or correct its name."

    def read_text(self, path: str) -> str:
        """Read a file's text with its line ends unchanged.

        Raises:
            LockfileError: It is missing, unreadable, longer than MOST_TEXT_BYTES, or not UTF-8.
        """
        if missing := self.explain_missing_file(path):
            raise LockfileError(missing)
        content = self._read_bytes(path, MOST_TEXT_BYTES + 1)
        if len(content) > MOST_TEXT_BYTES:
            raise LockfileError(f"{path} is longer than {MOST_TEXT_BYTES >> 20} MiB, which no lockfile is; shorten it.")
        if content.startswith(_UTF_16_MARKS):
            raise LockfileError(
                f"{path} is UTF-16, as `>` of Windows PowerShell writes it; save it as UTF-8: "
                f"`Get-Content {path} | Set-Content -Encoding utf8 {path}.new`, then put that in its place."
            )
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise LockfileError(
                f"{path} is not UTF-8 at line {line} (byte 0x{content[error.start]:02x}); save it as UTF-8."
            ) from None

    def _read_bytes(self, path: str, size: int) -> bytes:
        try:
            with open(f"{self.root}/{path}", "rb") as file:  # noqa: PTH123  # 200,000 times, and a Path is slow
                # Not `size` itself: as much memory would be taken before anything is read.
                return file.read(min(size, os.fstat(file.fileno()).st_size))
        except OSError as error:
            raise LockfileError(f"{path} cannot be read ({error.strerror}); correct its permissions.") from None


MOST_SCANNED_FILES = 2000
_IMPORT_STATEMENT = re.compile(r"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([A-Za-z_][\w., \t]*))", re.MULTILINE)
_TOP_LEVEL_NAME = re.compile(r"(?:^|,)\s*([A-Za-z_]\w*)")


def scan_imported_modules(tree: RepoFiles, files: Iterable[str]) -> frozenset[str]:
    """Return the top-level names in import statements of the Python files.

    Only the first MOST_SCANNED_FILES files. Nothing is parsed or run.
    """
    found: set[str] = set()
    for path in [path for path in files if path.endswith(".py")][:MOST_SCANNED_FILES]:
        try:
            text = tree.read_text(path)
        except LockfileError:  # too large, or no text: nothing to learn from
            continue
        for origin, plain in _IMPORT_STATEMENT.findall(text):
            found |= {origin} if origin else set(_TOP_LEVEL_NAME.findall(plain))
    return frozenset(found)


def _decode_tolerantly(content: bytes) -> str:
    """Decode the beginning of a file for a look, also of UTF-16."""
    return content.decode("utf-16" if content.startswith(_UTF_16_MARKS) else "utf-8", "replace")


def is_utf_8(path: str) -> bool:
    """Return True if a path is one that a report can hold."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_kind(entry: os.DirEntry[str], test: Callable[..., bool]) -> bool:
    """Return True if an entry itself passes `test`.

    No link to it. What cannot be asked does not.
    """
    try:
        return test(entry, follow_symlinks=False)
    except OSError:
        return False


def list_parent_folders(folder: str) -> list[str]:
    """Return `folder` and all above it, the top ("") last."""
    found = [folder]
    while found[-1]:
        found.append(posixpath.dirname(found[-1]))
    return found
