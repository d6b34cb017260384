"""Store what runs saw of sets of pins, for the next one.

A run that is interrupted, or that meets the same broken set again, goes on from there.
"""

import hashlib
import os
import platform
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import depcheck
from depcheck.checking.sandbox.workspace_copy import list_untracked_credentials, walk_copied
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import DepcheckError
from depcheck.stored_files import seal_content, unseal_content, write_atomically
from depcheck.untrusted_files import read_untrusted_file

DAY_S = 86_400
MOST_RECORD_BYTES, MOST_BYTES = 32 << 20, 128 << 20
_FILE_HEADER = "depcheck trials 2 {}\n"


@dataclass(frozen=True, slots=True)
class TrialFiles:
    """Adapter of `ports.TrialMemory`: a folder for each environment.

    `folder` may or may not outlive the run. `circumstances` is what all results of an interpreter depend on beside the
    pins. What cannot be read or written counts as unknown, and so does what another user wrote: if not `is_private`,
    packages' code could have.
    """

    folder: Path
    repository: str
    circumstances: Callable[[str], str]
    most_age_s: float = 30 * DAY_S
    is_private: bool = True
    used: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)

    def recall_record(self, spec: EnvironmentSpec, key: str) -> bytes | None:
        """Return what an earlier run stored for `key`, or None."""
        if not self.is_private or not self._get_folder(spec).is_dir():  # the digest of all files would be for nothing
            return None
        try:
            path = self._get_path(spec, key)
            state = path.lstat()
            owners = {os.geteuid(), self.folder.parent.stat().st_uid}  # a cache that was restored is its restorer's
            if path in self.written or state.st_mtime < time.time() - self.most_age_s or state.st_uid not in owners:
                return None
        except (OSError, DepcheckError):
            return None
        found = unseal_content(read_untrusted_file(path, MOST_RECORD_BYTES) or b"", _get_header(path))
        self.used.add(path)
        return found

    def remember_record(self, spec: EnvironmentSpec, key: str, content: bytes) -> None:
        """Store the record of `key`.

        Errors are ignored: the next run then sees for itself.
        """
        if not self.is_private:
            return
        with suppress(OSError, DepcheckError):
            path = self._get_path(spec, key)
            sealed = seal_content(content, _get_header(path))
            if len(sealed) > MOST_RECORD_BYTES:
                return
            write_atomically(path, sealed)
            self.used.add(path)
            self.written.add(path)

    def close_records(self, spec: EnvironmentSpec, *, keep: bool) -> None:
        """Delete the environment's records, and the oldest of all.

        With `keep` only those of the environment that this run neither read nor wrote.
        """
        with suppress(OSError):
            for path in self._get_folder(spec).iterdir():
                if not keep or path not in self.used:
                    path.unlink(missing_ok=True)
        with suppress(OSError):
            self._delete_oldest()

    def _delete_oldest(self) -> None:
        """Delete records that nobody reads any more, and what is too much."""
        known = ((path.lstat(), path) for path in self.folder.glob("*/*"))
        left = MOST_BYTES
        for state, path in sorted(known, key=lambda each: each[0].st_mtime, reverse=True):
            left -= state.st_size
            if left < 0 or state.st_mtime < time.time() - self.most_age_s:
                path.unlink(missing_ok=True)

    def _get_folder(self, spec: EnvironmentSpec) -> Path:
        return self.folder / _digest_texts(self.repository, spec.name)

    def _get_path(self, spec: EnvironmentSpec, key: str) -> Path:
        return self._get_folder(spec) / _digest_texts(self.circumstances(spec.python), key)


def describe_circumstances(
    root: Path, left_out: tuple[Path, ...], seen: object, find_program: Callable[[str], Path]
) -> Callable[[str], str]:
    """Return a function that digests what results depend on beside pins.

    That is all that is copied of the repository, this program, the system, the interpreter, and what checks are given
    to see. Each is done once, when it is asked for.
    """

    @cache
    def digest_files() -> str:
        digest = hashlib.sha256(repr((_describe_system(), seen)).encode())
        own = Path(depcheck.__file__).parent
        for path in sorted(own.rglob("*.py")):
            _add_file(digest, own, path)
        copied = walk_copied(root.resolve(), left_out, list_untracked_credentials)
        for here, names in sorted(copied):
            digest.update(os.fsencode(here.relative_to(root.resolve())) + b"\0\0")
            for name in sorted(names):
                _add_file(digest, root.resolve(), here / name)
        return digest.hexdigest()

    @cache
    def digest_circumstances(python: str) -> str:
        program = find_program(python)
        state = program.stat()
        return _digest_texts(digest_files(), str(program), str(state.st_size), str(int(state.st_mtime)))

    return digest_circumstances


def _describe_system() -> tuple[object, ...]:
    release = Path("/etc/os-release")
    return platform.platform(), os.cpu_count(), release.read_bytes() if release.exists() else b""


def _add_file(digest: "hashlib._Hash", root: Path, path: Path) -> None:
    """Add a path, whether it is executed, and its content."""
    mode = path.lstat().st_mode
    content = os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else b""
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
    kind = f"\0{stat.S_IFMT(mode):o} {mode & 0o111:o}\0"
    digest.update(os.fsencode(path.relative_to(root)) + kind.encode() + content + b"\0")


def _get_header(path: Path) -> bytes:
    """Return the beginning of a record, which holds for no other name."""
    return _FILE_HEADER.format(path.name).encode()


def _digest_texts(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:40]
