"""Read METADATA from a local or remote wheel, within limits.

A wheel is untrusted input.
"""

import io
import re
import struct
import zipfile
import zlib
from typing import IO, BinaryIO

import requests
from packaging.utils import canonicalize_name
from urllib3.exceptions import HTTPError

from depcheck.index.http_client import HttpClient

METADATA_LIMIT_BYTES = 16 << 20
_DIRECTORY_LIMIT_BYTES = 8 << 20  # some 80,000 files: more than any real wheel has
_CHUNK_BYTES = 1 << 16
_PARTIAL = 206
_CONTENT_RANGE = re.compile(r"bytes \d+-\d+/(\d+)")
_COMPRESSION_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    struct.error,
)


class BrokenWheelError(Exception):
    """A wheel has no readable metadata, which is the package's own fault."""


def read_wheel_metadata(wheel: BinaryIO, filename: str) -> bytes:
    """Read the METADATA member of the open `wheel`.

    Raises BrokenWheelError if there is none within the limits. The member must be stored or deflated, as PyPI
    demands: the other methods can demand any amount of memory before a byte is read.
    """
    project = canonicalize_name(filename.partition("-")[0])
    try:
        with zipfile.ZipFile(_BoundedReader(wheel)) as archive:
            members = [item for item in archive.infolist() if _is_metadata_member(item.filename, project)]
            if len(members) != 1:
                raise BrokenWheelError(f"{filename} has {len(members)} METADATA files, not one.")
            if members[0].compress_type not in _COMPRESSION_METHODS:
                raise BrokenWheelError(f"The METADATA of {filename} is neither stored nor deflated.")
            with archive.open(members[0]) as member:
                return _read_member(member, filename)
    except _ARCHIVE_ERRORS as error:
        raise BrokenWheelError(f"{filename} is not a readable wheel: {error}.") from error


def _read_member(member: IO[bytes], filename: str) -> bytes:
    content = bytearray()
    while chunk := member.read(_CHUNK_BYTES):
        content += chunk
        if len(content) > METADATA_LIMIT_BYTES:
            raise BrokenWheelError(f"The METADATA of {filename} is larger than {METADATA_LIMIT_BYTES} bytes.")
    return bytes(content)


def _is_metadata_member(member: str, project: str) -> bool:
    folder, _, name = member.partition("/")
    if name != "METADATA" or not folder.endswith(".dist-info"):
        return False
    return canonicalize_name(folder.removesuffix(".dist-info").rpartition("-")[0]) == project


class _BoundedReader:
    """A file whose single reads are limited in size.

    zipfile reads the archive's directory in one piece, so a crafted wheel could make it read everything.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = file.seek(0, io.SEEK_END)
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._end - self._file.tell())
        wanted = min(left, size) if size >= 0 else left
        if wanted > _DIRECTORY_LIMIT_BYTES:
            raise zipfile.BadZipFile(f"its directory is larger than {_DIRECTORY_LIMIT_BYTES} bytes")
        return self._file.read(wanted)


class RemoteFile(io.RawIOBase):
    """A file on an upstream, read by range requests.

    So the metadata of a large wheel costs some kilobytes.
    """

    def __init__(self, fetch: HttpClient, url: str, size_bytes: int) -> None:
        super().__init__()
        self._fetch = fetch
        self._url = url
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Set the position and return it.

        Nothing is requested before the next read.
        """
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}
        position = bases[whence] + offset
        if position < 0:
            raise ValueError(f"it ends {-position} bytes before its first byte")
        self._position = position
        return position

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # as RawIOBase says
        """Fill `buffer` by one request and return the number of bytes.

        Raises NoRangesError if the upstream does not serve ranges.
        """
        end = min(self._size_bytes, self._position + len(buffer))
        if self._position >= end:
            return 0
        wanted = f"bytes={self._position}-{end - 1}"
        try:
            content = self._fetch_range(wanted)[: end - self._position]
        except (requests.RequestException, HTTPError) as error:
            raise NoRangesError from error
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _fetch_range(self, wanted: str) -> bytes:
        with self._fetch.open_stream(self._url, {"Range": wanted}) as response:
            total = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if response.status_code != _PARTIAL or not total or int(total[1]) != self._size_bytes:
                raise NoRangesError
            return bytes(response.raw.read(_DIRECTORY_LIMIT_BYTES))


class NoRangesError(Exception):
    """The upstream serves whole files only.

    It is not an OSError, which zipfile takes for a damaged archive.
    """


def open_remote_file(fetch: HttpClient, url: str, size_bytes: int) -> BinaryIO:
    """Open the file of `size_bytes` at `url` for reading in blocks.

    Only the blocks that are read are requested.
    """
    return io.BufferedReader(RemoteFile(fetch, url, size_bytes), _CHUNK_BYTES)
