"""One file on its way from an upstream to the disk: read by any number of clients while it grows."""

from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from threading import Condition

_CHUNK_BYTES = 1 << 18


class Arrival:
    """How far a file has come.

    Its last byte is held back until the whole content was verified: no client ever completes a file whose
    hash is wrong, and none has to wait in silence for a large one.
    """

    def __init__(self, path: Path) -> None:
        self._changed = Condition()
        self._arrived_bytes = 0
        self._reading = path
        self._size: int | None = None
        self._whole = False
        self._error: Exception | None = None

    @classmethod
    def arrived(cls, path: Path) -> "Arrival":
        """A file that is already on disk."""
        arrival = cls(path)
        arrival.finish(path)
        return arrival

    def begin(self, part: Path, size: int | None) -> None:
        """Bytes will stand in `part`; `size` is their number, where it is known."""
        with self._changed:
            self._reading, self._size = part, size
            self._changed.notify_all()

    def grow(self, arrived_bytes: int) -> None:
        """So many bytes can be read from `part` now."""
        with self._changed:
            self._arrived_bytes = arrived_bytes
            self._changed.notify_all()

    def finish(self, path: Path) -> None:
        """The whole verified content stands at `path`."""
        with self._changed:
            self._reading, self._whole = path, True
            self._size = self._arrived_bytes = path.stat().st_size
            self._changed.notify_all()

    def fail(self, error: Exception) -> None:
        """It will not come."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def size(self) -> int:
        """Length in bytes; waits until it is known, and raises the error if the file will not come."""
        with self._changed:
            self._changed.wait_for(lambda: self._size is not None or self._error)
            if self._error is not None:
                raise self._error
            assert self._size is not None  # noqa: S101  # what was waited for
            return self._size

    def path(self) -> Path:
        """The whole file; waits for it, and raises the error if it will not come."""
        with self._changed:
            self._changed.wait_for(lambda: self._whole or self._error)
            if self._error is not None:
                raise self._error
            return self._reading

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end` (exclusive), as they come; raises the error if they will not."""
        with self._open() as file:
            file.seek(start)
            while start < end:
                stop = min(end, self._ready_beyond(start), start + _CHUNK_BYTES)
                if stop <= start:
                    return  # it is whole, and shorter than its index said
                content = file.read(stop - start)
                start += len(content)
                yield content

    def _open(self) -> FileIO:
        with self._changed:
            path = self._reading
        try:
            return path.open("rb", buffering=0)
        except FileNotFoundError:
            return self.path().open("rb", buffering=0)  # it was put in its place meanwhile

    def _ready_beyond(self, start: int) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._ready() > start or self._whole or self._error)
            if self._error is not None:
                raise self._error
            return self._ready()

    def _ready(self) -> int:
        return self._arrived_bytes if self._whole else self._arrived_bytes - 1
