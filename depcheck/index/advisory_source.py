"""Known vulnerabilities of releases, from PyPI's JSON API, and malware.

A run can do without them if they cannot be fetched.
"""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.advisories import Advisory, ReleaseId, deduplicate_advisories
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_facts.flags import ReleaseFlag, find_malware
from depcheck.index.access_log import SingleFlightCache
from depcheck.index.disk_cache import DiskCache
from depcheck.index.http_messages import HttpPoster
from depcheck.index.malware_source import MalwareClient
from depcheck.index.pages import parse_version_or_none
from depcheck.index.projects import Project
from depcheck.index.upstreams import Upstream, to_public_url

PYPI_HOSTS = frozenset({"pypi.org"})
"""The hosts that tell of vulnerabilities. Others that answer the same addresses do not."""
MAX_AGE_S = 86_400
_LIMIT_BYTES = 32 << 20
_CACHE_FOLDER = "advisories"
_OK, _NOT_MODIFIED = 200, 304
_PARALLEL_LOOKUPS = 16
_UNKNOWN_STATUSES = (404, 410)


class _Vulnerability(msgspec.Struct):
    """One entry of `vulnerabilities`.

    A text that the API does not have is null.
    """

    id: str
    aliases: list[str] = []
    summary: str | None = None
    details: str | None = None
    fixed_in: list[str] = []
    link: str | None = None
    withdrawn: str | None = None


class _ReleaseJson(msgspec.Struct):
    """The part of a release's JSON that is read."""

    vulnerabilities: list[_Vulnerability] = []


class _CachedAdvisories(msgspec.Struct):
    """A cached answer.

    `at` is when it was last confirmed, in seconds since the epoch.
    """

    at: float
    etag: str
    vulnerabilities: list[_Vulnerability]


class ProjectLookup(Protocol):
    """Projects by name, as the indexes show them."""

    def __getitem__(self, name: NormalizedName) -> Project:
        """Return the project.

        Raises IndexUnavailableError.
        """


class AdvisoryClient:
    """Fetches the advisories of releases, once a day for each release.

    After the first failure nothing more is requested in this run.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        fetch: HttpPoster,
        disk: DiskCache,
        projects: ProjectLookup,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api_url = next(
            (_build_api_url(each.url) for each in upstreams if urlsplit(each.url).hostname in PYPI_HOSTS), ""
        )
        self._are_several = len(upstreams) > 1
        self._fetch = fetch
        self._disk = disk
        self._projects = projects
        self._clock = clock
        self._first_failure = ""
        self._malware = MalwareClient(fetch, disk, self._is_public, clock)
        self._found = SingleFlightCache(self._load_advisories)

    def find_advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Return the advisories of a release, without withdrawn ones, by id.

        Empty if no upstream is PyPI. Raises IndexUnavailableError if they cannot be fetched.
        """
        return self._found[project, version] if self._api_url else ()

    @property
    def malware_trouble(self) -> str:
        """Why OSV could not be asked, or empty."""
        return self._malware.trouble

    def find_flags(self, releases: Collection[ReleaseId]) -> tuple[ReleaseFlag, ...]:
        """Return which releases must not be run.

        Cost: one request for all, and a small one for each; not for what was asked about within a day.
        """
        if not self._api_url:
            return ()
        with ThreadPoolExecutor(_PARALLEL_LOOKUPS) as pool:
            loaded = pool.submit(self._malware.load_releases, releases)
            told = list(pool.map(self._find_advised_flag, releases))
            loaded.result()
        return tuple(
            flag for each, known in zip(releases, told, strict=True) if (flag := known or self._find_known(each))
        )

    def find_flag(self, project: NormalizedName, version: Version) -> ReleaseFlag | None:
        """Return why a release must not be run, None if it may.

        None too where advisories cannot be fetched or are not asked for: the report says so.
        """
        return next(iter(self.find_flags([(project, version)])), None)

    def _find_known(self, release: ReleaseId) -> ReleaseFlag | None:
        known = self._malware.find_malware(*release)
        return find_malware([known]) if known else None

    def _find_advised_flag(self, release: ReleaseId) -> ReleaseFlag | None:
        try:
            return find_malware(self.find_advisories(*release))
        except IndexUnavailableError:
            return None

    def _is_public(self, project: NormalizedName) -> bool:
        try:
            return not self._are_several or self._is_on_pypi(project)
        except IndexUnavailableError:
            return False

    def _load_advisories(self, release: tuple[NormalizedName, Version]) -> tuple[Advisory, ...]:
        project, version = release
        url = f"{self._api_url}{project}/{quote(str(version))}/json"
        kept = self._disk.load_record(_CACHE_FOLDER, url, _CachedAdvisories)
        if kept is None or not 0 <= self._clock() - kept.at < MAX_AGE_S:
            kept = self._refresh_record(release, url, kept)
        found = (_to_advisory(project, version, each) for each in kept.vulnerabilities if not each.withdrawn)
        return deduplicate_advisories(found)

    def _refresh_record(
        self, release: tuple[NormalizedName, Version], url: str, kept: _CachedAdvisories | None
    ) -> _CachedAdvisories:
        if self._first_failure:
            raise IndexUnavailableError(self._first_failure)
        try:
            fresh = self._fetch_record(release, url, kept)
        except IndexUnavailableError as error:
            self._first_failure = str(error)
            raise
        with suppress(IndexUnavailableError):  # a full disk is told of where it stops us
            self._disk.store_record(_CACHE_FOLDER, url, fresh)
        return fresh

    def _fetch_record(
        self, release: tuple[NormalizedName, Version], url: str, kept: _CachedAdvisories | None
    ) -> _CachedAdvisories:
        if not self._is_public(release[0]):  # nobody learns a private name from us
            return _CachedAdvisories(self._clock(), "", [])
        headers = {"Accept": "application/json", **({"If-None-Match": kept.etag} if kept and kept.etag else {})}
        answer = self._fetch.get(url, headers, _LIMIT_BYTES)
        if kept is not None and answer.status == _NOT_MODIFIED:
            return _CachedAdvisories(self._clock(), kept.etag, kept.vulnerabilities)
        if answer.status in _UNKNOWN_STATUSES and not self._has_release(release):
            return _CachedAdvisories(self._clock(), "", [])
        if answer.status != _OK:
            raise IndexUnavailableError(f"{to_public_url(url)} answered with HTTP {answer.status}.")
        try:
            read = msgspec.json.decode(answer.body, type=_ReleaseJson)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise IndexUnavailableError(
                f"{to_public_url(url)} is not what PyPI tells of a release ({error})."
            ) from None
        return _CachedAdvisories(self._clock(), answer.headers.get("etag", ""), read.vulnerabilities)

    def _is_on_pypi(self, project: NormalizedName) -> bool:
        """Return True if PyPI is among the indexes that have the project."""
        return any(urlsplit(url).hostname in PYPI_HOSTS for url in self._projects[project].origins.having)

    def _has_release(self, release: tuple[NormalizedName, Version]) -> bool:
        """Return True if the index has the release.

        Then PyPI's API must know it, and a host that does not know it is not PyPI's API.
        """
        return release[1] in self._projects[release[0]].versions


def _build_api_url(url: str) -> str:
    """Return the address of the JSON API of an index URL.

    It is /pypi/, beside the project pages at /simple/.
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/pypi/"))


def _to_advisory(project: NormalizedName, version: Version, told: _Vulnerability) -> Advisory:
    text = told.summary or (told.details or "").strip().partition("\n")[0]
    fixed = sorted(told.fixed_in, key=lambda each: parse_version_or_none(each) or Version("0"))
    link = told.link or ""
    return Advisory(
        package=project,
        version=version,
        id=told.id,
        aliases=tuple(told.aliases),
        summary=text[:500],
        fixed_in=tuple(fixed),
        link=link if link.startswith("https://") else "",
    )
