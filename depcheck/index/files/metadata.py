"""Core metadata of wheels, from the index (PEP 658) or the wheel."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from packaging.metadata import RawMetadata, parse_email
from packaging.utils import canonicalize_name

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.pins import Pin
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.index.access_log import FailureLog, SingleFlightCache
from depcheck.index.disk_cache import DiskCache
from depcheck.index.files.downloads import FileDownloader
from depcheck.index.files.wheel import (
    METADATA_LIMIT_BYTES,
    BrokenWheelError,
    NoRangesError,
    open_remote_file,
    read_wheel_metadata,
)
from depcheck.index.http_client import HttpClient
from depcheck.index.pages import DistributionFile, parse_version_or_none
from depcheck.index.upstreams import parse_origin, to_public_url

_RANGES_FROM_BYTES = 4 << 20  # below, the whole wheel costs about as much as the requests for its parts
_MAX_MISSES = 3  # hosts that never had a metadata file are not asked for ever
_OK = 200
_EXTRA = re.compile(r"\bextra\s*==\s*['\"]([^'\"]+)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class WheelMetadataLoader:
    """Loads METADATA files of wheels and caches them by the wheel's content."""

    def __init__(self, fetch: HttpClient, files: FileDownloader, disk: DiskCache, troubles: FailureLog) -> None:
        self._fetch = fetch
        self._files = files
        self._disk = disk
        self._troubles = troubles
        self._wheels: dict[str, DistributionFile] = {}
        self._found = SingleFlightCache(self._load_uncached)
        self._misses_by_origin: Counter[tuple[str, str, int]] = Counter()
        self._serving_origins: set[tuple[str, str, int]] = set()
        self.refuse_file: Callable[[DistributionFile], None] = lambda _: None  # raises BrokenWheelError for some

    def load_metadata(self, wheel: DistributionFile) -> bytes:
        """Return the METADATA file of `wheel`.

        Raises BrokenWheelError if the wheel has none, IndexUnavailableError if it cannot be fetched.
        """
        self._wheels.setdefault(wheel.content_key, wheel)
        return self._found[wheel.content_key]

    def _load_uncached(self, key: str) -> bytes:
        wheel = self._wheels[key]
        path = self._disk.get_metadata_path(key)
        if wheel.is_pinned and path.exists():
            return path.read_bytes()
        try:
            content = self._fetch_from_index(wheel) or self._read_wheel(wheel)
            self._disk.write_file(path, content)
        except IndexUnavailableError as error:
            self._troubles.add_failure(str(error))
            raise
        return content

    def _fetch_from_index(self, wheel: DistributionFile) -> bytes | None:
        host = parse_origin(wheel.url)
        silent = host not in self._serving_origins and self._misses_by_origin[host] >= _MAX_MISSES
        if silent and not wheel.core_metadata:
            return None
        parts = urlsplit(wheel.url)
        url = urlunsplit(parts._replace(path=parts.path + ".metadata", fragment=""))
        answer = self._fetch.get(url, {}, METADATA_LIMIT_BYTES)
        promised = wheel.core_metadata.get("sha256") if isinstance(wheel.core_metadata, dict) else None
        is_metadata = b"metadata-version:" in answer.body[:4096].lower()
        if answer.status != _OK or not (promised or is_metadata):
            self._misses_by_origin[host] += 1
            return None
        self._serving_origins.add(host)
        if promised and hashlib.sha256(answer.body).hexdigest() != promised.lower():
            raise IndexUnavailableError(
                f"{to_public_url(url)} does not have the sha256 {promised} that the index's page says: refused. "
                "It was changed on its way or at its source; try again later."
            )
        return answer.body

    def _read_wheel(self, wheel: DistributionFile) -> bytes:
        self.refuse_file(wheel)
        return self._fetch_by_ranges(wheel) or self._read_downloaded_wheel(wheel)

    def _fetch_by_ranges(self, wheel: DistributionFile) -> bytes | None:
        """Read METADATA by range requests.

        None if the wheel is small, is on disk already, or its host does not serve ranges.
        """
        if (
            wheel.size is None
            or wheel.size < _RANGES_FROM_BYTES
            or self._disk.get_file_path(wheel.content_key).exists()
        ):
            return None
        try:
            with open_remote_file(self._fetch, wheel.url, wheel.size) as file:
                return read_wheel_metadata(file, wheel.filename)
        except NoRangesError:
            return None

    def _read_downloaded_wheel(self, wheel: DistributionFile) -> bytes:
        with self._files.get_download(wheel).wait_for_path().open("rb") as file:
            return read_wheel_metadata(file, wheel.filename)


def parse_metadata_headers(metadata: bytes) -> RawMetadata:
    """Parse the header fields of METADATA.

    The description is left out, because it takes nine tenths of the time.
    """
    return parse_email(_BLANK_LINE.split(metadata, maxsplit=1)[0])[0]


def parse_requires_dist(metadata: bytes) -> tuple[str, ...]:
    """Return the Requires-Dist fields, as written."""
    return tuple(parse_metadata_headers(metadata).get("requires_dist", ()))


def is_consistent_metadata(said: RawMetadata, pin: Pin, target: InterpreterTarget) -> bool:
    """Return True if a wheel's metadata agrees with its pin and requirements.

    Name and version must equal the pin's, every extra that the requirements name must be provided, and
    Requires-Python must accept the target. pip refuses a wheel that disagrees, or skips such requirements.
    """
    provided = {canonicalize_name(extra) for extra in said.get("provides_extra", ())}
    markers = [line.partition(";")[2] for line in said.get("requires_dist", ())]
    named = {canonicalize_name(extra) for marker in markers for extra in _find_extras(marker)}
    same = (
        canonicalize_name(said.get("name", "")) == pin.name
        and parse_version_or_none(said.get("version")) == pin.version
    )
    return same and named <= provided and target.is_compatible_python(said.get("requires_python"))


def _find_extras(marker: str) -> list[str]:
    """Return the extras that a marker names.

    If `extra` occurs in another form, return the marker itself, which equals no provided extra.
    """
    return _EXTRA.findall(marker) or [marker] * ("extra" in marker)


__all__ = [
    "BrokenWheelError",
    "WheelMetadataLoader",
    "is_consistent_metadata",
    "parse_metadata_headers",
    "parse_requires_dist",
]
