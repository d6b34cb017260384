"""Known vulnerabilities of releases, from the JSON API of PyPI: what can be done without when it cannot be had."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.advisories import Advisory, distinct
from depcheck.core.errors import IndexUnavailableError
from depcheck.index.answer import Asked
from depcheck.index.disk import Disk
from depcheck.index.memo import Memo
from depcheck.index.page import version_or_none
from depcheck.index.projects import Project
from depcheck.index.upstream import Upstream, public

PYPI_HOSTS = frozenset({"pypi.org"})
"""The hosts that tell of vulnerabilities. Others that answer the same addresses do not."""
FRESH_S = 86_400
_LIMIT_BYTES = 32 << 20
_SHELF = "advisories"
_OK, _NOT_MODIFIED = 200, 304
_UNKNOWN = (404, 410)


class _Vulnerability(msgspec.Struct):
    """One entry of `vulnerabilities`; a text is null where there is none."""

    id: str
    aliases: list[str] = []
    summary: str | None = None
    details: str | None = None
    fixed_in: list[str] = []
    link: str | None = None
    withdrawn: str | None = None


class _Answer(msgspec.Struct):
    """The part of a release's JSON that is read."""

    vulnerabilities: list[_Vulnerability] = []


class _Kept(msgspec.Struct):
    """What is kept of an answer. `at` is when it last held, in seconds since the epoch."""

    at: float
    etag: str
    vulnerabilities: list[_Vulnerability]


class Known(Protocol):
    """Projects by name, as the indexes show them."""

    def __getitem__(self, name: NormalizedName) -> Project:
        """The project; raises IndexUnavailableError."""


class Advisories:
    """Asks once a day for each release. After the first failure nothing more is asked in this run."""

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        fetch: Asked,
        disk: Disk,
        projects: Known,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base = next((_api(each.url) for each in upstreams if urlsplit(each.url).hostname in PYPI_HOSTS), "")
        self._fetch = fetch
        self._disk = disk
        self._projects = projects
        self._clock = clock
        self._failed = ""
        self._found = Memo(self._asked)

    def of(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """The vulnerabilities of a release, those that were taken back left out; by id.

        Raises IndexUnavailableError where they cannot be had.
        """
        return self._found[project, version] if self._base else ()

    def _asked(self, release: tuple[NormalizedName, Version]) -> tuple[Advisory, ...]:
        project, version = release
        url = f"{self._base}{project}/{quote(str(version))}/json"
        kept = self._disk.stored(_SHELF, url, _Kept)
        if kept is None or not 0 <= self._clock() - kept.at < FRESH_S:
            kept = self._renewed(release, url, kept)
        found = (_advisory(project, version, each) for each in kept.vulnerabilities if not each.withdrawn)
        return distinct(found)

    def _renewed(self, release: tuple[NormalizedName, Version], url: str, kept: _Kept | None) -> _Kept:
        if self._failed:
            raise IndexUnavailableError(self._failed)
        try:
            fresh = self._fetched(release, url, kept)
        except IndexUnavailableError as error:
            self._failed = str(error)
            raise
        with suppress(IndexUnavailableError):  # a full disk is told of where it stops us
            self._disk.keep(_SHELF, url, fresh)
        return fresh

    def _fetched(self, release: tuple[NormalizedName, Version], url: str, kept: _Kept | None) -> _Kept:
        headers = {"Accept": "application/json", **({"If-None-Match": kept.etag} if kept and kept.etag else {})}
        answer = self._fetch.get(url, headers, _LIMIT_BYTES)
        if kept is not None and answer.status == _NOT_MODIFIED:
            return _Kept(self._clock(), kept.etag, kept.vulnerabilities)
        if answer.status in _UNKNOWN and not self._is_shown(release):
            return _Kept(self._clock(), "", [])
        if answer.status != _OK:
            raise IndexUnavailableError(f"{public(url)} answered with HTTP {answer.status}.")
        try:
            read = msgspec.json.decode(answer.body, type=_Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise IndexUnavailableError(f"{public(url)} is not what PyPI tells of a release ({error}).") from None
        return _Kept(self._clock(), answer.headers.get("etag", ""), read.vulnerabilities)

    def _is_shown(self, release: tuple[NormalizedName, Version]) -> bool:
        """Whether the index has the release: then its API would know it, and what does not is something else."""
        return release[1] in self._projects[release[0]].versions


def _api(url: str) -> str:
    """The address of the JSON API beside the project pages: /simple/ and /pypi/."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/pypi/"))


def _advisory(project: NormalizedName, version: Version, told: _Vulnerability) -> Advisory:
    text = told.summary or (told.details or "").strip().partition("\n")[0]
    fixed = sorted(told.fixed_in, key=lambda each: version_or_none(each) or Version("0"))
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
