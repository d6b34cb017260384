"""Core metadata of wheels: from the index where it has it (PEP 658), else out of the wheel."""

import hashlib
import re
from collections import Counter
from urllib.parse import urlsplit, urlunsplit

from packaging.metadata import RawMetadata, parse_email
from packaging.utils import canonicalize_name

from depcheck.core.errors import IndexUnavailableError
from depcheck.core.pins import Pin
from depcheck.core.target import Target
from depcheck.index.disk import Disk
from depcheck.index.fetch import Fetch
from depcheck.index.files import Files
from depcheck.index.memo import Memo
from depcheck.index.page import File, version_or_none
from depcheck.index.troubles import Troubles
from depcheck.index.upstream import origin, public
from depcheck.index.wheel import LIMIT_BYTES, BrokenWheelError, NoRangesError, open_remote, read_metadata

_LARGE_BYTES = 4 << 20  # below, the whole wheel costs about as much as the requests for its parts
_PATIENCE = 3  # hosts that never had a metadata file are not asked for ever
_OK = 200
_EXTRA = re.compile(r"\bextra\s*==\s*['\"]([^'\"]+)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class Metadata:
    """Gives METADATA files of wheels, stored by the wheel's content."""

    def __init__(self, fetch: Fetch, files: Files, disk: Disk, troubles: Troubles) -> None:
        self._fetch = fetch
        self._files = files
        self._disk = disk
        self._troubles = troubles
        self._wheels: dict[str, File] = {}
        self._found = Memo(self._get)
        self._asked_in_vain: Counter[tuple[str, str, int]] = Counter()
        self._speaking: set[tuple[str, str, int]] = set()

    def get(self, wheel: File) -> bytes:
        """The METADATA file of `wheel`.

        Raises BrokenWheelError where the wheel has none, IndexUnavailableError where it cannot be had.
        """
        self._wheels.setdefault(wheel.key, wheel)
        return self._found[wheel.key]

    def _get(self, key: str) -> bytes:
        wheel = self._wheels[key]
        path = self._disk.metadata(key)
        if wheel.is_pinned and path.exists():
            return path.read_bytes()
        try:
            content = self._from_index(wheel) or self._from_afar(wheel) or self._from_wheel(wheel)
            self._disk.write(path, content)
        except IndexUnavailableError as error:
            self._troubles.add(str(error))
            raise
        return content

    def _from_index(self, wheel: File) -> bytes | None:
        host = origin(wheel.url)
        silent = host not in self._speaking and self._asked_in_vain[host] >= _PATIENCE
        if silent and not wheel.core_metadata:
            return None
        parts = urlsplit(wheel.url)
        url = urlunsplit(parts._replace(path=parts.path + ".metadata", fragment=""))
        answer = self._fetch.get(url, {}, LIMIT_BYTES)
        promised = wheel.core_metadata.get("sha256") if isinstance(wheel.core_metadata, dict) else None
        is_metadata = b"metadata-version:" in answer.body[:4096].lower()
        if answer.status != _OK or not (promised or is_metadata):
            self._asked_in_vain[host] += 1
            return None
        self._speaking.add(host)
        if promised and hashlib.sha256(answer.body).hexdigest() != promised.lower():
            raise IndexUnavailableError(
                f"{public(url)} does not have the sha256 {promised} that the index's page says: refused. "
                "It was changed on its way or at its source; try again later."
            )
        return answer.body

    def _from_afar(self, wheel: File) -> bytes | None:
        """By ranges, where the wheel is large and its host gives them."""
        if wheel.size is None or wheel.size < _LARGE_BYTES or self._disk.file(wheel.key).exists():
            return None
        try:
            with open_remote(self._fetch, wheel.url, wheel.size) as file:
                return read_metadata(file, wheel.filename)
        except NoRangesError:
            return None

    def _from_wheel(self, wheel: File) -> bytes:
        with self._files.get(wheel).path().open("rb") as file:
            return read_metadata(file, wheel.filename)


def fields(metadata: bytes) -> RawMetadata:
    """What METADATA says, without the description, which takes nine tenths of the time."""
    return parse_email(_BLANK_LINE.split(metadata, maxsplit=1)[0])[0]


def requirements(metadata: bytes) -> tuple[str, ...]:
    """The Requires-Dist fields, as written."""
    return tuple(fields(metadata).get("requires_dist", ()))


def said_of(said: RawMetadata, pin: Pin, target: Target) -> bool:
    """Whether a wheel says of itself what its name and index say, and provides the extras that its requirements name.

    pip refuses one that does not, or passes over such requirements.
    """
    provided = {canonicalize_name(extra) for extra in said.get("provides_extra", ())}
    markers = [line.partition(";")[2] for line in said.get("requires_dist", ())]
    named = {canonicalize_name(extra) for marker in markers for extra in _extras(marker)}
    same = canonicalize_name(said.get("name", "")) == pin.name and version_or_none(said.get("version")) == pin.version
    return same and named <= provided and target.serves(said.get("requires_python"))


def _extras(marker: str) -> list[str]:
    """The extras in a marker; the marker itself, which is no name that anyone provides, where it is of another form."""
    return _EXTRA.findall(marker) or [marker] * ("extra" in marker)


__all__ = ["BrokenWheelError", "Metadata", "fields", "requirements", "said_of"]
