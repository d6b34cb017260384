"""Project pages of an index, parsed from JSON or HTML.

JSON pages follow PEP 691 and PEP 700, HTML pages PEP 503.
"""

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_facts.project_status import ACTIVE_PROJECT, ProjectStatus, to_marker
from depcheck.core.text.terminal_safe import to_one_line

_REASON_CHARS, _MOST_LOCATIONS = 300, 10
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!~@ -]{0,254}")  # no slash, no quote, no control character
HASH_ALGORITHMS = frozenset(hashlib.algorithms_guaranteed)
_SDIST_SUFFIX = re.compile(r"\.(?:tar\.gz|zip|tar\.bz2|tgz|tar\.xz|tar\.Z|tar|tbz)$")
_DISTRIBUTION_SUFFIX = re.compile(rf"{_SDIST_SUFFIX.pattern}|\.(?:whl|egg)$")


def _create_empty_hashes() -> dict[str, str]:
    """Return an empty dict, as default for `hashes`.

    The default is not `dict` itself, which would leave the key out of our own pages: PEP 691 demands it, and uv
    insists.
    """
    return {}


class DistributionFile(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="kebab", omit_defaults=True):
    """One distribution file, with the keys of PEP 691, 700 and 740.

    `hashes` are lower-case hex by algorithm. `provenance` is the address of the file's attestations (PEP 740).
    `core_metadata` is False if the index says that there is no metadata file, None if it says nothing.

    It is a msgspec structure rather than a dataclass: a page of 5,000 files decodes in 5 ms.
    """

    filename: str
    url: str
    hashes: dict[str, str] = msgspec.field(default_factory=_create_empty_hashes)
    requires_python: str | None = None
    size: int | None = None
    upload_time: datetime | None = None
    yanked: bool | str | None = False
    core_metadata: bool | dict[str, str] | None = None
    provenance: str | None = None

    @property
    def is_wheel(self) -> bool:
        """True if the file installs without a build."""
        return self.filename.endswith(".whl")

    @property
    def is_sdist(self) -> bool:
        """True if the file is a source distribution."""
        return _SDIST_SUFFIX.search(self.filename) is not None

    @property
    def content_key(self) -> str:
        """The key that addresses the file's content.

        It is the SHA-256. If the page has none, it is `u` and a digest of the URL and the known hashes.
        """
        if "sha256" in self.hashes:
            return self.hashes["sha256"]
        known = [self.url, *(f"{name}={self.hashes[name]}" for name in sorted(self.hashes))]
        return "u" + hashlib.sha256("\n".join(known).encode()).hexdigest()

    @property
    def is_pinned(self) -> bool:
        """True if the index gives a hash of the content.

        Otherwise the content may change behind its URL.
        """
        return not HASH_ALGORITHMS.isdisjoint(self.hashes)


class _RawPage(msgspec.Struct):
    files: list[msgspec.Raw]


class _StatedStatus(msgspec.Struct):
    status: str = ""
    reason: str | None = None


class _PageMeta(msgspec.Struct):
    tracks: list[str] = []


class _StatedPage(msgspec.Struct, rename="kebab"):
    project_status: _StatedStatus = msgspec.field(default_factory=_StatedStatus)
    meta: _PageMeta = msgspec.field(default_factory=_PageMeta)
    alternate_locations: list[str] = []


class _DecodedPage(msgspec.Struct):
    files: list[DistributionFile]


_decode_page = msgspec.json.Decoder(_DecodedPage).decode
_decode_raw_page = msgspec.json.Decoder(_RawPage).decode
_decode_status = msgspec.json.Decoder(_StatedPage).decode
_decode_file = msgspec.json.Decoder(DistributionFile).decode


def parse_json_page(body: bytes, url: str) -> tuple[DistributionFile, ...]:
    """Parse the JSON page at `url` and return its files.

    Unreadable files are left out, as package tools do. Raises ValueError if the body is not such a page.
    """
    try:
        return _normalize_files(_decode_files(body), url)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_json_status(body: bytes, place: str) -> ProjectStatus:
    """Parse what the JSON page at `place` says of the project.

    Active where it says nothing that can be read.
    """
    try:
        found = _decode_status(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ACTIVE_PROJECT
    stated = found.project_status
    return ProjectStatus(
        to_marker(stated.status),
        to_one_line(stated.reason or "", _REASON_CHARS),
        place,
        tuple(found.alternate_locations[:_MOST_LOCATIONS]),
        tuple(found.meta.tracks[:_MOST_LOCATIONS]),
    )


class _StatusTags(HTMLParser):
    """Collects the `<meta name="pypi:…">` of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a meta tag of the index."""
        given = dict(attrs)
        if tag == "meta" and (given.get("name") or "").startswith("pypi:"):
            self.found.append((given.get("name") or "", given.get("content") or ""))


def parse_html_status(text: str, place: str) -> ProjectStatus:
    """Parse what the HTML page at `place` says of the project."""
    if "pypi:" not in text:
        return ACTIVE_PROJECT
    tags = _StatusTags()
    try:
        tags.feed(text)
    except AssertionError:  # how Python's parser says that a declaration is none
        return ACTIVE_PROJECT
    stated = dict(tags.found)
    return ProjectStatus(
        to_marker(stated.get("pypi:project-status")),
        to_one_line(stated.get("pypi:project-status-reason", ""), _REASON_CHARS),
        place,
        tuple(content for name, content in tags.found if name == "pypi:alternate-locations")[:_MOST_LOCATIONS],
        tuple(content for name, content in tags.found if name == "pypi:tracks")[:_MOST_LOCATIONS],
    )


def _decode_files(body: bytes) -> list[DistributionFile]:
    try:
        return _decode_page(body).files
    except msgspec.ValidationError:
        return [file for raw in _decode_raw_page(body).files if (file := _decode_file_or_none(raw))]


def _decode_file_or_none(raw: msgspec.Raw) -> DistributionFile | None:
    try:
        return _decode_file(raw)
    except (msgspec.ValidationError, RecursionError):
        return None


def parse_html_page(text: str, url: str) -> tuple[DistributionFile, ...]:
    """Parse the HTML page at `url` and return its files.

    Raises ValueError if the page cannot be read, or if it contains a form and no file: that is a login page,
    not an index.
    """
    from simple_repository.parser import parse_html_project_page  # noqa: PLC0415  # a quarter of a second, for HTML alone

    try:
        listed = parse_html_project_page(text, "").files
    except AssertionError as error:  # how Python's parser says that a declaration is none
        raise ValueError(str(error)) from None
    found = _normalize_files(
        [
            # The library quotes every href once more, "%" included; unquoting is the exact inverse.
            DistributionFile(
                filename=file.filename.strip(),
                url=unquote(file.url),
                hashes={name: value for name, value in file.hashes.items() if name in HASH_ALGORITHMS},
                requires_python=file.requires_python,
                yanked=file.yanked,
                core_metadata=file.dist_info_metadata,
            )
            for file in listed
            if _DISTRIBUTION_SUFFIX.search(file.filename.strip())
        ],
        url,
    )
    if not found and "<form" in text.lower():
        raise ValueError("it is a web page with a form and no files")
    return found


def _normalize_files(files: list[DistributionFile], url: str) -> tuple[DistributionFile, ...]:
    return tuple(usable for file in files if (usable := _normalize_file(file, url)))


def _normalize_file(file: DistributionFile, url: str) -> DistributionFile | None:
    """Return `file` with an absolute URL and an aware upload time.

    None if its name or hash cannot be part of a path.
    """
    sha256 = file.hashes.get("sha256")
    if sha256 and not sha256.islower():
        sha256 = sha256.lower()
        file = msgspec.structs.replace(file, hashes={**file.hashes, "sha256": sha256})
    if not _FILENAME.fullmatch(file.filename) or (sha256 is not None and not _SHA256.fullmatch(sha256)):
        return None
    if file.upload_time is not None and file.upload_time.tzinfo is None:
        file = msgspec.structs.replace(file, upload_time=file.upload_time.replace(tzinfo=UTC))
    if not file.url.startswith(("https://", "http://")):
        file = msgspec.structs.replace(file, url=urljoin(url, file.url))
    return file if file.url.startswith(("https://", "http://")) else None


def extract_version_text(filename: str, project: str) -> str | None:
    """Return the version in a file name of `project`, as written.

    `project` is normalized. None if the name contains no version.
    """
    if filename.endswith((".whl", ".egg")):
        parts = filename.split("-")
        return parts[1].removesuffix(".egg") if len(parts) > 1 else None
    stem = _SDIST_SUFFIX.sub("", filename)
    if stem == filename:
        return None
    for position, character in enumerate(stem):
        if character == "-" and _canonicalize_cached(stem[:position]) == project:
            return stem[position + 1 :]
    return None


_canonicalize_cached = lru_cache(4096)(canonicalize_name)


def parse_version_or_none(text: str | None) -> Version | None:
    """Parse `text` as a version (PEP 440), or return None.

    None also for numbers longer than Python reads.
    """
    try:
        return Version(text) if text else None
    except ValueError:
        return None
