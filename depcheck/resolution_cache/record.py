"""The store of cached resolutions: one checksummed file each, limited in number."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from depcheck.core.model.releases import ReleaseStatus
from depcheck.index.projects import PageValidators
from depcheck.resolution_cache.key import CACHE_SCHEMA
from depcheck.resolution_cache.relevance import PageFingerprint, PageInterest
from depcheck.stored_files import seal_content, unseal_content, write_atomically

MAX_RECORDS = 2000
MAX_RECORD_BYTES = 4 << 20
_FILE_HEADER = b"depcheck memory %d\n" % CACHE_SCHEMA
_PARTIAL_FILE_AGE_S = 86_400


class PageRecord(msgspec.Struct, frozen=True, array_like=True):
    """A project that was read, with the fingerprint of its pages.

    `marks` identify its pages, `interest` is their relevant part. `release_statuses` has the releases that
    are or will be committed.
    """

    name: str
    marks: tuple[PageValidators, ...]
    interest: PageInterest
    fingerprint: PageFingerprint
    release_statuses: dict[str, ReleaseStatus]


class ResolutionRecord(msgspec.Struct, frozen=True, array_like=True):
    """One resolution: its key, its result's files, and all pages read.

    `files` are texts by path.
    """

    key: str
    files: tuple[tuple[str, str], ...]
    pages: tuple[PageRecord, ...]


@dataclass(frozen=True, slots=True)
class RecordStore:
    """Records in a folder that runs may share.

    A record that is damaged, or of another schema or key, counts as missing.
    """

    folder: Path

    def load_record(self, key: str) -> ResolutionRecord | None:
        """Load the record of `key`, None if it is missing."""
        try:
            with (self.folder / key).open("rb") as file:
                content = file.read(MAX_RECORD_BYTES + 1)
        except OSError:
            return None
        body = unseal_content(content, _FILE_HEADER)
        try:
            record = None if body is None else msgspec.msgpack.decode(body, type=ResolutionRecord)
        except msgspec.MsgspecError:
            return None
        return record if record and record.key == key else None

    def save_record(self, record: ResolutionRecord) -> None:
        """Save `record`.

        If that fails, the next run compiles.
        """
        content = seal_content(msgspec.msgpack.encode(record), _FILE_HEADER)
        if len(content) > MAX_RECORD_BYTES:
            return
        with suppress(OSError):
            write_atomically(self.folder / record.key, content)
            self._delete_old_records()

    def _delete_old_records(self) -> None:
        """Delete the oldest records, and partial files that are a day old."""
        found = sorted(((path.stat().st_mtime, path) for path in self.folder.iterdir()), reverse=True)
        for written_at, path in found:
            half = path.name.startswith("tmp") and written_at < time.time() - _PARTIAL_FILE_AGE_S
            if half or (written_at, path) in found[MAX_RECORDS:]:
                path.unlink(missing_ok=True)
