"""Distribution files: downloaded once, verified, stored by content.

Any number of clients can read it while it grows.
"""

import hashlib
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.index.access_log import FailureLog
from depcheck.index.disk_cache import DiskCache
from depcheck.index.http_client import HttpClient, read_body_chunks
from depcheck.index.pages import DistributionFile
from depcheck.index.upstreams import to_public_url

_CHUNK_BYTES = 1 << 18


class Download:
    """The state of one file's download.

    The last byte is held back until the whole content is verified: so no client completes a file whose hash is
    wrong, and none has to wait in silence for a large one.
    """

    def __init__(self, path: Path) -> None:
        self._condition = Condition()
        self._available_bytes = 0
        self._current_path = path
        self._size: int | None = None
        self._is_finished = False
        self._error: Exception | None = None

    @classmethod
    def from_file(cls, path: Path) -> "Download":
        """Return a finished download for a file on disk."""
        arrival = cls(path)
        arrival.mark_finished(path)
        return arrival

    def start_writing(self, part: Path, size: int | None) -> None:
        """Announce that bytes will be written to `part`.

        `size` is their total number, if known.
        """
        with self._condition:
            self._current_path, self._size = part, size
            self._condition.notify_all()

    def set_available_bytes(self, arrived_bytes: int) -> None:
        """Set how many bytes of `part` can be read now."""
        with self._condition:
            self._available_bytes = arrived_bytes
            self._condition.notify_all()

    def mark_finished(self, path: Path) -> None:
        """Mark the download as finished, with its verified content at `path`."""
        with self._condition:
            self._current_path, self._is_finished = path, True
            self._size = self._available_bytes = path.stat().st_size
            self._condition.notify_all()

    def mark_failed(self, error: Exception) -> None:
        """Mark the download as failed.

        Every waiting client gets `error`.
        """
        with self._condition:
            self._error = error
            self._condition.notify_all()

    def wait_for_size(self) -> int:
        """Return the length in bytes, waiting until it is known.

        Raises the download's error if it failed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._size is not None or self._error)
            if self._error is not None:
                raise self._error
            assert self._size is not None  # noqa: S101  # what was waited for
            return self._size

    def wait_for_path(self) -> Path:
        """Return the path of the whole file, waiting until it is complete.

        Raises the download's error if it failed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._is_finished or self._error)
            if self._error is not None:
                raise self._error
            return self._current_path

    def read_range(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end` (exclusive) as they arrive.

        Raises the download's error if it fails.
        """
        with self._open_file() as file:
            file.seek(start)
            while start < end:
                stop = min(end, self._wait_for_bytes_beyond(start), start + _CHUNK_BYTES)
                if stop <= start:
                    return  # it is whole, and shorter than its index said
                content = file.read(stop - start)
                start += len(content)
                yield content

    def _open_file(self) -> FileIO:
        with self._condition:
            path = self._current_path
        try:
            return path.open("rb", buffering=0)
        except FileNotFoundError:
            return self.wait_for_path().open("rb", buffering=0)  # it was put in its place meanwhile

    def _wait_for_bytes_beyond(self, start: int) -> int:
        with self._condition:
            self._condition.wait_for(lambda: self._count_readable_bytes() > start or self._is_finished or self._error)
            if self._error is not None:
                raise self._error
            return self._count_readable_bytes()

    def _count_readable_bytes(self) -> int:
        return self._available_bytes if self._is_finished else self._available_bytes - 1


_MAX_ATTEMPTS = 4
_OK, _PARTIAL = 200, 206
_CONNECTION_ERRORS = (requests.RequestException, HTTPError)
_ALGORITHMS_BY_STRENGTH = ("sha256", "sha512", "sha384", "blake2b", "sha224", "sha1", "md5")


class FileDownloader:
    """Downloads distribution files.

    Simultaneous requests for the same file cause one download.
    """

    def __init__(self, fetch: HttpClient, disk: DiskCache, troubles: FailureLog) -> None:
        self._fetch = fetch
        self._disk = disk
        self._troubles = troubles
        self._lock = Lock()
        self._downloads: dict[str, Download] = {}
        self._stored_keys: set[str] = set()

    def get_download(self, file: DistributionFile) -> Download:
        """Return the download of `file`, finished if it is on disk.

        Else it is started in the background.
        """
        path = self._disk.get_file_path(file.content_key)
        if self._has_file(file):
            return Download.from_file(path)
        with self._lock:
            arrival = self._downloads.get(file.content_key)
            if arrival is None:
                arrival = self._downloads[file.content_key] = Download(path)
                Thread(target=self._run_download, args=(file, arrival), daemon=True).start()
            return arrival

    def store_content(self, file: DistributionFile, content: bytes) -> None:
        """Store `content` as the content of `file` for this run."""
        self._disk.write_file(self._disk.get_file_path(file.content_key), content)
        self._stored_keys.add(file.content_key)

    def _has_file(self, file: DistributionFile) -> bool:
        """Return True if the file is on disk as a whole.

        A file without a hash must have been stored in this run.
        """
        return (file.is_pinned or file.content_key in self._stored_keys) and _is_complete_file(
            self._disk.get_file_path(file.content_key), file
        )

    def _run_download(self, file: DistributionFile, arrival: Download) -> None:
        path = self._disk.get_file_path(file.content_key)
        try:
            if not self._has_file(file):  # else it came between the caller's look and its registration
                self._download_verified(file, arrival, path)
                self._stored_keys.add(file.content_key)
            arrival.mark_finished(path)
        except IndexUnavailableError as error:
            self._troubles.add_failure(str(error))
            arrival.mark_failed(error)
        except Exception as error:  # noqa: BLE001  # whoever waits must be told, whatever it was
            arrival.mark_failed(error)
        finally:
            with self._lock:
                self._downloads.pop(file.content_key, None)

    def _download_verified(self, file: DistributionFile, arrival: Download, path: Path) -> None:
        algorithm = next((name for name in _ALGORITHMS_BY_STRENGTH if name in file.hashes), None)
        digest = hashlib.new(algorithm or "sha256", usedforsecurity=False)
        with self._disk.open_replacement(path) as (part, target):
            for content in self._read_with_resume(file, arrival, part):
                _write_and_flush(target, content)
                digest.update(content)
                arrival.set_available_bytes(target.tell())
            if algorithm and digest.hexdigest() != file.hashes[algorithm].lower():
                raise IndexUnavailableError(_format_hash_mismatch(file, algorithm, digest.hexdigest()))

    def _read_with_resume(self, file: DistributionFile, arrival: Download, part: Path) -> Iterator[bytes]:
        """Yield the body from its first byte to its last.

        A broken connection is resumed at the byte where it broke.
        """
        arrived_bytes = 0
        for attempt in range(_MAX_ATTEMPTS):
            try:
                for content in self._read_from_offset(file, arrival, part, arrived_bytes):
                    arrived_bytes += len(content)
                    yield content
            except _CONNECTION_ERRORS as error:
                if attempt == _MAX_ATTEMPTS - 1:
                    raise IndexUnavailableError(self._fetch.describe_failure(file.url, error)) from error
            else:
                return

    def _read_from_offset(self, file: DistributionFile, arrival: Download, part: Path, start: int) -> Iterator[bytes]:
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._fetch.open_stream(file.url, headers) as response:
            if response.status_code not in {_OK, _PARTIAL}:
                raise IndexUnavailableError(
                    f"The index lists {file.filename}, but {to_public_url(file.url)} answers "
                    f"HTTP {response.status_code}. Try again later."
                )
            if not start:
                length = response.headers.get("Content-Length", "")
                arrival.start_writing(part, int(length) if length.isdecimal() else file.size)
            yield from _skip_bytes(0 if response.status_code == _PARTIAL else start, read_body_chunks(response))


def _skip_bytes(skip: int, contents: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `contents` without the first `skip` bytes."""
    for content in contents:
        kept = content[skip:]
        skip = max(0, skip - len(content))
        if kept:
            yield kept


def _write_and_flush(target: BinaryIO, content: bytes) -> None:
    target.write(content)
    target.flush()


def _is_complete_file(path: Path, file: DistributionFile) -> bool:
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return file.size is None or size == file.size


def _format_hash_mismatch(file: DistributionFile, algorithm: str, found: str) -> str:
    return (
        f"{to_public_url(file.url)} has {algorithm} {found}, but the index's page says {file.hashes[algorithm]}: "
        "refused. The file was changed on its way or at its source; do not install it."
    )
