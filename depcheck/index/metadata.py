"""Core metadata of wheels: from the index where it has it (PEP 658), else out of the wheel."""

import hashlib
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from depcheck.core.errors import IndexUnavailableError
from depcheck.index.disk import Disk
from depcheck.index.fetch import Fetch
from depcheck.index.files import Files
from depcheck.index.memo import Memo
from depcheck.index.page import File
from depcheck.index.troubles import Troubles
from depcheck.index.upstream import public

LIMIT_BYTES = 16 << 20
_MEMBERS = 200_000  # more files than any real wheel has
_OK = 200


class BrokenWheelError(Exception):
    """A wheel has no metadata that can be read: the package's own fault."""


class Metadata:
    """Gives METADATA files of wheels, stored by the wheel's content."""

    def __init__(self, fetch: Fetch, files: Files, disk: Disk, troubles: Troubles) -> None:
        self._fetch = fetch
        self._files = files
        self._disk = disk
        self._troubles = troubles
        self._wheels: dict[str, File] = {}
        self._found = Memo(self._get)

    def get(self, wheel: File) -> bytes:
        """The METADATA file of `wheel`.

        Raises BrokenWheelError where the wheel has none, IndexUnavailableError where it cannot be had.
        """
        self._wheels.setdefault(wheel.key, wheel)
        return self._found[wheel.key]

    def _get(self, key: str) -> bytes:
        wheel = self._wheels[key]
        path = self._disk.metadata(key)
        try:
            return path.read_bytes()
        except OSError:
            pass
        try:
            content = self._from_index(wheel)
            if content is None:
                content = read_from_wheel(self._files.get(wheel).path(), wheel.filename)
            self._disk.write(path, content)
        except IndexUnavailableError as error:
            self._troubles.add(str(error))
            raise
        return content

    def _from_index(self, wheel: File) -> bytes | None:
        parts = urlsplit(wheel.url)
        url = urlunsplit(parts._replace(path=parts.path + ".metadata", fragment=""))
        answer = self._fetch.get(url, {}, LIMIT_BYTES)
        if answer.status != _OK:
            return None
        promised = wheel.core_metadata.get("sha256") if isinstance(wheel.core_metadata, dict) else None
        if promised and hashlib.sha256(answer.body).hexdigest() != promised.lower():
            raise IndexUnavailableError(
                f"{public(url)} does not have the sha256 {promised} that the index's page says: refused. "
                "It was changed on its way or at its source; try again later."
            )
        return answer.body if promised or b"metadata-version:" in answer.body[:4096].lower() else None


def read_from_wheel(path: Path, filename: str) -> bytes:
    """The METADATA member of the wheel at `path`, read within limits: a wheel is a stranger's file."""
    project = canonicalize_name(filename.partition("-")[0])
    try:
        with zipfile.ZipFile(path) as wheel:
            members = [item for item in wheel.infolist()[:_MEMBERS] if _is_metadata(item.filename, project)]
            if len(members) != 1:
                raise BrokenWheelError(f"{filename} has {len(members)} METADATA files, not one.")
            with wheel.open(members[0]) as member:
                content = member.read(LIMIT_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BrokenWheelError(f"{filename} is not a readable wheel: {error}.") from error
    if len(content) > LIMIT_BYTES:
        raise BrokenWheelError(f"The METADATA of {filename} is larger than {LIMIT_BYTES} bytes.")
    return content


def _is_metadata(member: str, project: str) -> bool:
    folder, _, name = member.partition("/")
    if name != "METADATA" or not folder.endswith(".dist-info"):
        return False
    return canonicalize_name(folder.removesuffix(".dist-info").rpartition("-")[0]) == project


def requirements(metadata: bytes) -> tuple[str, ...]:
    """The Requires-Dist fields, as written."""
    return tuple(parse_email(metadata)[0].get("requires_dist", ()))
