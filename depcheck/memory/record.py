"""What is kept of a resolution, and where: one checked file each, few enough to stay small."""

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from depcheck.index.projects import Mark
from depcheck.memory.key import SCHEMA
from depcheck.memory.relevance import Interest, Sight

MOST_RECORDS = 2000
MOST_RECORD_BYTES = 4 << 20
_MAGIC = b"depcheck memory %d\n" % SCHEMA
_DIGEST_BYTES = 32
_SWEEP_EVERY_S = 86_400


class Page(msgspec.Struct, frozen=True, array_like=True):
    """A project that was looked at: its pages, what could matter of them, and what was seen.

    `stands` tells of the releases that are or will be committed whether the index has them, and why they are yanked.
    """

    name: str
    marks: tuple[Mark, ...]
    interest: Interest
    sight: Sight
    stands: dict[str, tuple[bool, str | None]]


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One resolution: its key once more, its result's texts by path, and every page that it looked at."""

    key: str
    files: tuple[tuple[str, str], ...]
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Records in a folder that runs may share. What is damaged, of another schema or key is not there."""

    folder: Path

    def read(self, key: str) -> Record | None:
        """The record of `key`."""
        try:
            with (self.folder / key).open("rb") as file:
                content = file.read(MOST_RECORD_BYTES + 1)
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST_BYTES
        body = content[start:]
        if content[:start] != _MAGIC + hashlib.sha256(body).digest():
            return None
        try:
            record = msgspec.msgpack.decode(body, type=Record)
        except msgspec.MsgspecError:
            return None
        return record if record.key == key else None

    def keep(self, record: Record) -> None:
        """Store `record`; where that does not work, the next run compiles."""
        body = msgspec.msgpack.encode(record)
        content = _MAGIC + hashlib.sha256(body).digest() + body
        if len(content) > MOST_RECORD_BYTES:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(self.folder / record.key)
            self._sweep()

    def _sweep(self) -> None:
        """Let go of the records that were written longest ago, and of what was left half-written a day ago."""
        found = sorted(((path.stat().st_mtime, path) for path in self.folder.iterdir()), reverse=True)
        for written_at, path in found:
            half = path.name.startswith("tmp") and written_at < time.time() - _SWEEP_EVERY_S
            if half or (written_at, path) in found[MOST_RECORDS:]:
                path.unlink(missing_ok=True)
