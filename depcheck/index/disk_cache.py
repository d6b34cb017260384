"""The cache folder: files by content hash, pages by URL.

Each entry is written whole or not at all.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.stored_files import open_replacement, seal_content, unseal_content

S = TypeVar("S", bound=msgspec.Struct)


class StoredPage(msgspec.Struct, frozen=True):
    """A project page as an upstream sent it, with its validators.

    The validators (ETag, Last-Modified) allow the cache to ask if the page has changed.
    """

    url: str
    content_type: str
    etag: str
    last_modified: str
    body: bytes


class DiskCache:
    """A folder that only its owner can enter.

    Runs and processes may share it at the same time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / "parts"
        with _translate_disk_errors(self._parts):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def remove_stale_parts(self) -> None:
        """Remove partial files older than a day, left by killed runs."""
        long_ago = time.time() - 86_400
        for part in self._parts.glob("*"):
            with suppress(OSError):  # another run sweeps too
                if part.stat().st_mtime < long_ago:
                    part.unlink()

    def get_file_path(self, key: str) -> Path:
        """Return where the file with this content key is stored.

        The path exists only after the whole file was stored.
        """
        return self._folder / "files" / key[:3] / key

    def get_metadata_path(self, key: str) -> Path:
        """Return where the metadata of the wheel with this key is stored."""
        return self._folder / "metadata" / key[:3] / key

    def load_page(self, url: str) -> StoredPage | None:
        """Load the stored page of `url`.

        None if there is none or it is damaged.
        """
        return self.load_record("pages", url, StoredPage)

    def store_page(self, url: str, page: StoredPage) -> None:
        """Store the page of `url`."""
        self.store_record("pages", url, page)

    def load_record(self, shelf: str, url: str, shape: type[S]) -> S | None:
        """Load what was stored for `url` in the subfolder `shelf`.

        None if there is nothing, or if it is damaged or has another shape.
        """
        try:
            stored = self._get_record_path(shelf, url).read_bytes()
        except OSError:
            return None
        body = unseal_content(stored)
        try:
            return None if body is None else msgspec.msgpack.decode(body, type=shape)
        except msgspec.MsgspecError:
            return None

    def store_record(self, shelf: str, url: str, content: msgspec.Struct) -> None:
        """Store a record for `url` in the subfolder `shelf`, with a checksum."""
        self.write_file(self._get_record_path(shelf, url), seal_content(msgspec.msgpack.encode(content)))

    def _get_record_path(self, shelf: str, url: str) -> Path:
        key = hashlib.sha256(url.encode()).hexdigest()
        return self._folder / shelf / key[:3] / key

    def write_file(self, path: Path, content: bytes) -> None:
        """Write `content` to `path`, whole or not at all."""
        with self.open_replacement(path) as (_, file):
            file.write(content)

    @contextmanager
    def open_replacement(self, path: Path) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a temporary file that replaces `path` at the end.

        On any failure the temporary file is removed. Yields its path and the open file.
        """
        with _translate_disk_errors(path), open_replacement(path, self._parts) as opened:
            yield opened


@contextmanager
def _translate_disk_errors(path: Path) -> Iterator[None]:
    """Convert errors of the disk to an IndexUnavailableError with a remedy."""
    try:
        yield
    except OSError as error:
        raise IndexUnavailableError(
            f"The cache at {path} cannot be written: {error.strerror or error}. "
            "Make room on the disk or choose another cache folder, then run again."
        ) from error
