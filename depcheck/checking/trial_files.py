"""Store what was seen of sets that break, for the next run.

A run that is interrupted, or that meets the same broken set again, goes on from there.
"""

import hashlib
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import depcheck
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import DepcheckError
from depcheck.stored_files import seal_content, unseal_content, write_atomically

MOST_AGE_S = 30 * 86_400
MOST_RECORD_BYTES = 32 << 20
_FILE_HEADER = b"depcheck trials 1\n"


@dataclass(frozen=True, slots=True)
class TrialFiles:
    """Adapter of `ports.TrialMemory`: a folder for each environment.

    `folder` may or may not outlive the run. `circumstances` is what all results depend on beside the pins. What cannot
    be read or written counts as unknown.
    """

    folder: Path
    repository: str
    circumstances: Callable[[], str]
    used: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)

    def recall_record(self, spec: EnvironmentSpec, key: str) -> bytes | None:
        """Return what an earlier run stored for `key`, or None."""
        if not self._get_folder(spec).is_dir():  # the digest of all files would be for nothing
            return None
        path = self._get_path(spec, key)
        try:
            if path in self.written or path.stat().st_mtime < time.time() - MOST_AGE_S:
                return None
            with path.open("rb") as file:
                found = unseal_content(file.read(MOST_RECORD_BYTES + 1), _FILE_HEADER)
        except (OSError, DepcheckError):
            return None
        self.used.add(path)
        return found

    def remember_record(self, spec: EnvironmentSpec, key: str, content: bytes) -> None:
        """Store the record of `key`.

        Errors are ignored: the next run then sees for itself.
        """
        sealed = seal_content(content, _FILE_HEADER)
        if len(sealed) > MOST_RECORD_BYTES:
            return
        with suppress(OSError, DepcheckError):
            path = self._get_path(spec, key)
            write_atomically(path, sealed)
            self.used.add(path)
            self.written.add(path)

    def close_records(self, spec: EnvironmentSpec, *, keep: bool) -> None:
        """Delete the environment's records.

        With `keep` only those that this run neither read nor wrote.
        """
        with suppress(OSError):
            for path in self._get_folder(spec).iterdir():
                if not keep or path not in self.used:
                    path.unlink(missing_ok=True)

    def _get_folder(self, spec: EnvironmentSpec) -> Path:
        return self.folder / _digest_texts(self.repository, spec.name)

    def _get_path(self, spec: EnvironmentSpec, key: str) -> Path:
        return self._get_folder(spec) / _digest_texts(self.circumstances(), key)


def describe_circumstances(tree: RepoFiles, seen: Sequence[tuple[str, str]]) -> Callable[[], str]:
    """Return a function that digests what results depend on beside pins.

    That is all files of the repository, this program, the system, and the variables that checks see. It is done once,
    when it is asked for.
    """

    @cache
    def digest_circumstances() -> str:
        digest = hashlib.sha256(repr((platform.platform(), tuple(seen))).encode())
        own = Path(depcheck.__file__).parent
        for root, paths in ((own, sorted(own.rglob("*.py"))), (tree.root, map(tree.root.joinpath, tree.list_files()))):
            for path in paths:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").digest()
                digest.update(str(path.relative_to(root)).encode("utf-8", "surrogateescape") + b"\0" + content)
        return digest.hexdigest()

    return digest_circumstances


def _digest_texts(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:40]
