"""Distribution files: downloaded once, verified, kept by content."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError

from depcheck.core.errors import IndexUnavailableError
from depcheck.index.arrival import Arrival
from depcheck.index.disk import Disk
from depcheck.index.fetch import Fetch, chunks
from depcheck.index.page import File
from depcheck.index.troubles import Troubles
from depcheck.index.upstream import public

_ATTEMPTS = 4
_OK, _PARTIAL = 200, 206
_BROKEN = (requests.RequestException, HTTPError)
_STRONGEST = ("sha256", "sha512", "sha384", "blake2b", "sha224", "sha1", "md5")


class Files:
    """Gives distribution files; several that ask for the same one at the same time cause one download."""

    def __init__(self, fetch: Fetch, disk: Disk, troubles: Troubles) -> None:
        self._fetch = fetch
        self._disk = disk
        self._troubles = troubles
        self._lock = Lock()
        self._coming: dict[str, Arrival] = {}
        self._brought: set[str] = set()

    def get(self, file: File) -> Arrival:
        """`file`, on disk or on its way."""
        path = self._disk.file(file.key)
        if self._has(file):
            return Arrival.arrived(path)
        with self._lock:
            arrival = self._coming.get(file.key)
            if arrival is None:
                arrival = self._coming[file.key] = Arrival(path)
                Thread(target=self._bring, args=(file, arrival), daemon=True).start()
            return arrival

    def put(self, file: File, content: bytes) -> None:
        """Give `content` for `file` in this run."""
        self._disk.write(self._disk.file(file.key), content)
        self._brought.add(file.key)

    def _has(self, file: File) -> bool:
        """Whether it is on disk whole; what no hash vouches for must have come in this run."""
        return (file.is_pinned or file.key in self._brought) and _is_whole(self._disk.file(file.key), file)

    def _bring(self, file: File, arrival: Arrival) -> None:
        path = self._disk.file(file.key)
        try:
            if not self._has(file):  # else it came between the caller's look and its registration
                self._download(file, arrival, path)
                self._brought.add(file.key)
            arrival.finish(path)
        except IndexUnavailableError as error:
            self._troubles.add(str(error))
            arrival.fail(error)
        except Exception as error:  # noqa: BLE001  # whoever waits must be told, whatever it was
            arrival.fail(error)
        finally:
            with self._lock:
                self._coming.pop(file.key, None)

    def _download(self, file: File, arrival: Arrival, path: Path) -> None:
        algorithm = next((name for name in _STRONGEST if name in file.hashes), None)
        digest = hashlib.new(algorithm or "sha256", usedforsecurity=False)
        with self._disk.replacing(path) as (part, target):
            for content in self._content(file, arrival, part):
                _write(target, content)
                digest.update(content)
                arrival.grow(target.tell())
            if algorithm and digest.hexdigest() != file.hashes[algorithm].lower():
                raise IndexUnavailableError(_mismatch(file, algorithm, digest.hexdigest()))

    def _content(self, file: File, arrival: Arrival, part: Path) -> Iterator[bytes]:
        """The body from its first byte to its last; a connection that breaks is taken up where it broke."""
        arrived_bytes = 0
        for attempt in range(_ATTEMPTS):
            try:
                for content in self._from(file, arrival, part, arrived_bytes):
                    arrived_bytes += len(content)
                    yield content
            except _BROKEN as error:
                if attempt == _ATTEMPTS - 1:
                    raise IndexUnavailableError(self._fetch.explain(file.url, error)) from error
            else:
                return

    def _from(self, file: File, arrival: Arrival, part: Path, start: int) -> Iterator[bytes]:
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._fetch.stream(file.url, headers) as response:
            if response.status_code not in {_OK, _PARTIAL}:
                raise IndexUnavailableError(
                    f"The index lists {file.filename}, but {public(file.url)} answers "
                    f"HTTP {response.status_code}. Try again later."
                )
            if not start:
                length = response.headers.get("Content-Length", "")
                arrival.begin(part, int(length) if length.isdecimal() else file.size)
            yield from _less(0 if response.status_code == _PARTIAL else start, chunks(response))


def _less(skip: int, contents: Iterator[bytes]) -> Iterator[bytes]:
    """`contents` without the first `skip` bytes."""
    for content in contents:
        kept = content[skip:]
        skip = max(0, skip - len(content))
        if kept:
            yield kept


def _write(target: BinaryIO, content: bytes) -> None:
    target.write(content)
    target.flush()


def _is_whole(path: Path, file: File) -> bool:
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return file.size is None or size == file.size


def _mismatch(file: File, algorithm: str, found: str) -> str:
    return (
        f"{public(file.url)} has {algorithm} {found}, but the index's page says {file.hashes[algorithm]}: "
        "refused. The file was changed on its way or at its source; do not install it."
    )
