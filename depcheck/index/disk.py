"""The cache folder: files by content, pages by address; each written whole or not at all."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from depcheck.core.errors import IndexUnavailableError

S = TypeVar("S", bound=msgspec.Struct)


class StoredPage(msgspec.Struct, frozen=True):
    """A project page as an upstream sent it, with what it takes to ask whether it still holds."""

    url: str
    content_type: str
    etag: str
    last_modified: str
    body: bytes


class Disk:
    """A folder that only its owner can enter, shared by runs and by processes at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / "parts"
        with _explained(self._parts):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sweep(self) -> None:
        """Remove what a run that was killed left half-written, a day ago or earlier."""
        long_ago = time.time() - 86_400
        for part in self._parts.glob("*"):
            with suppress(OSError):  # another run sweeps too
                if part.stat().st_mtime < long_ago:
                    part.unlink()

    def file(self, key: str) -> Path:
        """Where the file with this content key stands, once it has come whole."""
        return self._folder / "files" / key[:3] / key

    def metadata(self, key: str) -> Path:
        """Where the metadata of the wheel with this content key stands."""
        return self._folder / "metadata" / key[:3] / key

    def page(self, url: str) -> StoredPage | None:
        """The stored page of `url`; None when there is none or it was damaged."""
        return self.stored("pages", url, StoredPage)

    def keep_page(self, url: str, page: StoredPage) -> None:
        """Store the page of `url`."""
        self.keep("pages", url, page)

    def stored(self, shelf: str, url: str, shape: type[S]) -> S | None:
        """What was kept of `url` on a shelf; None when there is nothing, or it was damaged or had another shape."""
        try:
            stored = self._path(shelf, url).read_bytes()
        except OSError:
            return None
        digest, body = stored[:32], stored[32:]
        if hashlib.sha256(body).digest() != digest:
            return None
        try:
            return msgspec.msgpack.decode(body, type=shape)
        except msgspec.MsgspecError:
            return None

    def keep(self, shelf: str, url: str, content: msgspec.Struct) -> None:
        """Keep what came from `url` on a shelf, with a checksum."""
        body = msgspec.msgpack.encode(content)
        self.write(self._path(shelf, url), hashlib.sha256(body).digest() + body)

    def _path(self, shelf: str, url: str) -> Path:
        key = hashlib.sha256(url.encode()).hexdigest()
        return self._folder / shelf / key[:3] / key

    def write(self, path: Path, content: bytes) -> None:
        """Put `content` at `path`, whole or not at all."""
        with self.replacing(path) as (_, file):
            file.write(content)

    @contextmanager
    def replacing(self, path: Path) -> Iterator[tuple[Path, BinaryIO]]:
        """A new file beside `path`, which takes its place at the end; on any failure it is removed."""
        with _explained(path):
            for folder in (self._parts, path.parents[1], path.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._parts)
        part = Path(name)
        try:
            with _explained(path), os.fdopen(handle, "wb") as file:
                yield part, file
                file.close()
                part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Failures of the disk, said to a person."""
    try:
        yield
    except OSError as error:
        raise IndexUnavailableError(
            f"The cache at {path} cannot be written: {error.strerror or error}. "
            "Make room on the disk or choose another cache folder, then run again."
        ) from error
