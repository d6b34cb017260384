"""Projects merged from all upstream indexes.

Each project is fetched once in a run.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_facts.project_status import ACTIVE_PROJECT, ProjectMarker, ProjectStatus
from depcheck.core.model.releases import Origins
from depcheck.index.access_log import FailureLog, SingleFlightCache
from depcheck.index.disk_cache import DiskCache, StoredPage
from depcheck.index.http_messages import HttpGetter, HttpResponse
from depcheck.index.pages import (
    DistributionFile,
    extract_version_text,
    parse_html_page,
    parse_html_status,
    parse_json_page,
    parse_json_status,
    parse_version_or_none,
)
from depcheck.index.upstreams import Upstream, to_public_url

PAGE_LIMIT_BYTES = 64 << 20
_ACCEPT_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT_ANY = f"{_ACCEPT_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_JSON_HOSTS = frozenset({"pypi.org", "test.pypi.org"})  # they always speak JSON, with upload times
UNKNOWN_STATUSES = (404, 410)
_REFUSED_STATUSES = (401, 403)
HTTP_OK, HTTP_NOT_MODIFIED = 200, 304


@dataclass(frozen=True, slots=True)
class Project:
    """The merged files of one project, in the indexes' order.

    `versions` stand beside `files`, None where a file name tells none.
    `known` is false when no index has the project; `origins` tells which were asked. `status` is what the first index
    says that says anything; files of an index that has quarantined the project are left out.
    """

    name: NormalizedName
    files: tuple[DistributionFile, ...]
    versions: tuple[Version | None, ...]
    is_known: bool
    origins: Origins = field(default_factory=lambda: Origins((), ()))
    status: ProjectStatus = ACTIVE_PROJECT


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One index's page of a project."""

    files: tuple[DistributionFile, ...]
    status: ProjectStatus = ACTIVE_PROJECT


class PageValidators(msgspec.Struct, frozen=True, array_like=True):
    """One upstream's page of a project, with its HTTP validators.

    `etag` and `last_modified` allow to ask if the page has changed. `digest` is the SHA-256 of its body, empty
    if the upstream does not know the project.
    """

    url: str
    etag: str
    last_modified: str
    digest: str


class ProjectLoader:
    """Fetches project pages from all upstreams and merges them as pip does.

    The result is the union of their files. If two indexes have different content under one file name, the first
    index's file is used.
    """

    def __init__(self, upstreams: Sequence[Upstream], fetch: HttpGetter, disk: DiskCache, troubles: FailureLog) -> None:
        self._upstreams = upstreams
        self._fetch = fetch
        self._disk = disk
        self._troubles = troubles
        self._found = SingleFlightCache(self._load_project)
        self._found_in = SingleFlightCache(self._load_from)
        self._validators: dict[str, PageValidators] = {}

    def get_validators(self, name: NormalizedName) -> tuple[PageValidators, ...]:
        """Return the validators of the project's pages, one for each upstream.

        They are in the order of the upstreams. The pages are fetched if needed. Raises IndexUnavailableError.
        """
        self._found[name]  # the marks are made on the way
        return tuple(self._validators[f"{upstream.url}{name}/"] for upstream in self._choose_upstreams(name))

    def __getitem__(self, name: NormalizedName) -> Project:
        """Return the project.

        Raises IndexUnavailableError if any upstream failed, because its files are then unknown.
        """
        return self._found[name]

    def get_from(self, name: NormalizedName, only: str) -> Project:
        """Return the project as one index has it, or as all do.

        `only` is the address of an upstream; any other address, and none, means all. Raises IndexUnavailableError.
        """
        place = f"{only.rstrip('/')}/"
        if not only or all(upstream.url != place for upstream in self._upstreams):
            return self[name]
        return self._found_in[place, name]

    def list_known_files(self, name: NormalizedName, only: str = "") -> Iterator[DistributionFile]:
        """Yield the project's files: those of `only`, all merged, by index.

        Raises IndexUnavailableError.
        """
        yield from self.get_from(name, only).files
        yield from self[name].files if only else ()
        for upstream in self._upstreams if len(self._upstreams) > 1 else ():
            yield from self._found_in[upstream.url, name].files

    def _load_project(self, name: NormalizedName) -> Project:
        return self._merge_pages(name, self._choose_upstreams(name))

    def _load_from(self, place: tuple[str, NormalizedName]) -> Project:
        url, name = place
        return self._merge_pages(name, [upstream for upstream in self._upstreams if upstream.url == url][:1])

    def _merge_pages(self, name: NormalizedName, asked: Sequence[Upstream]) -> Project:
        try:
            pages = self._load_pages(name, asked)
        except IndexUnavailableError as error:
            self._troubles.add_failure(str(error))
            raise
        merged: dict[str, DistributionFile] = {}
        for upstream, page in zip(asked, pages, strict=True):
            for file in page.files if page else ():
                merged.setdefault(file.filename, file)
            if upstream.is_exclusive and page is not None:
                break
        parsed: dict[str | None, Version | None] = {}
        texts = [extract_version_text(filename, name) for filename in merged]
        for text in texts:
            if text not in parsed:
                parsed[text] = parse_version_or_none(text)
        versions = tuple(parsed[text] for text in texts)
        origins = _compare_origins(asked, pages)
        is_known = any(page is not None for page in pages)
        return Project(name, tuple(merged.values()), versions, is_known, origins, _choose_status(pages))

    def _load_pages(self, name: NormalizedName, asked: Sequence[Upstream]) -> list[ProjectPage | None]:
        if len(asked) == 1:
            return [self._load_page(asked[0], name)]
        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(lambda upstream: self._load_page(upstream, name), asked))

    def _choose_upstreams(self, name: NormalizedName) -> Sequence[Upstream]:
        """Return the indexes to ask for a project.

        Those that are for it alone, else all that are for all.
        """
        own = [upstream for upstream in self._upstreams if name in upstream.projects]
        return own or [upstream for upstream in self._upstreams if not upstream.projects]

    def _load_page(self, upstream: Upstream, name: NormalizedName) -> ProjectPage | None:
        """Load one upstream's page.

        None if the upstream does not know the project.
        """
        url = f"{upstream.url}{name}/"
        stored = self._disk.load_page(url)
        asked = build_page_headers(url, stored.etag, stored.last_modified) if stored else build_page_headers(url)
        answer = self._fetch.get(url, asked, PAGE_LIMIT_BYTES)
        if answer.status in UNKNOWN_STATUSES:
            self._validators[url] = PageValidators(url, "", "", "")
            return None
        if answer.status == HTTP_NOT_MODIFIED and stored is not None:
            self._validators[url] = build_page_validators(url, stored)
            return _parse_stored_page(stored)
        if answer.status != HTTP_OK:
            raise IndexUnavailableError(_format_refusal(url, answer.status))
        page = _to_stored_page(answer)
        parsed = _parse_stored_page(page)
        self._validators[url] = build_page_validators(url, page)
        self._store_page(url, page)
        return parsed

    def _store_page(self, url: str, page: StoredPage) -> None:
        if not page.etag and not page.last_modified:
            return  # it could never be asked whether it still holds
        try:
            self._disk.store_page(url, page)
        except IndexUnavailableError as error:
            self._troubles.add_failure(str(error))


def _choose_status(pages: Sequence[ProjectPage | None]) -> ProjectStatus:
    """Return a quarantine before all else, then the first word."""
    stated = sorted(
        (page.status for page in pages if page),
        key=lambda each: (not each.is_quarantined, each.marker is ProjectMarker.ACTIVE),
    )
    return stated[0] if stated else ACTIVE_PROJECT


def _compare_origins(asked: Sequence[Upstream], pages: Sequence[ProjectPage | None]) -> Origins:
    """Compare which indexes have a project, and if they differ.

    Indexes that mirror each other do not differ: one has all files that the other has.
    """
    found = [(upstream, page) for upstream, page in zip(asked, pages, strict=True) if page]
    having = [(to_public_url(upstream.url), page.files) for upstream, page in found if page.files]
    names = [{file.filename for file in files} for _, files in having]
    united = not any(upstream.is_exclusive for upstream in asked)
    differ = united and len(names) > 1 and not any(all(each <= whole for each in names) for whole in names)
    differ = differ and not _declare_each_other([page.status for _, page in found if page.files])
    return Origins(tuple(to_public_url(upstream.url) for upstream in asked), tuple(url for url, _ in having), differ)


def _declare_each_other(stated: Sequence[ProjectStatus]) -> bool:
    """Return True if the indexes say that they belong together (PEP 708).

    All but one track another's page, or all name the same alternate locations.
    """
    places = {each.place for each in stated}
    tracking = sum(bool(places.intersection(each.tracks) - {each.place}) for each in stated)
    return tracking >= len(stated) - 1 or all(places <= {each.place, *each.alternate_locations} for each in stated)


def build_page_headers(url: str, etag: str = "", last_modified: str = "") -> dict[str, str]:
    """Build the request headers for a project page.

    With validators, the request is conditional: the body is sent only if the page has changed.
    """
    accept = _ACCEPT_JSON if urlsplit(url).hostname in _JSON_HOSTS else _ACCEPT_ANY
    headers = {"Accept": accept, "Cache-Control": "max-age=0"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


def build_page_validators(url: str, page: StoredPage) -> PageValidators:
    """Build the validators of `page`, which was found at `url`."""
    return PageValidators(url, page.etag, page.last_modified, hashlib.sha256(page.body).hexdigest())


def _to_stored_page(answer: HttpResponse) -> StoredPage:
    headers = answer.headers
    return StoredPage(
        url=answer.url,
        content_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        body=answer.body,
    )


def _parse_stored_page(page: StoredPage) -> ProjectPage:
    place = to_public_url(page.url)
    try:
        if page.content_type.endswith("json"):
            parsed = ProjectPage(parse_json_page(page.body, page.url), parse_json_status(page.body, place))
        else:
            text = page.body.decode("utf-8", "replace")
            parsed = ProjectPage(parse_html_page(text, page.url), parse_html_status(text, place))
        return ProjectPage((), parsed.status) if parsed.status.is_quarantined else parsed
    except (ValueError, msgspec.MsgspecError) as error:
        raise IndexUnavailableError(
            f"The answer of {to_public_url(page.url)} is not a package page "
            f"({page.content_type or 'no content type'}): {str(error)[:200]}. "
            "Check that the index's address is right and that no login page or proxy answers."
        ) from error


def _format_refusal(url: str, status: int) -> str:
    if status in _REFUSED_STATUSES:
        return (
            f"The package index refused {to_public_url(url)} (HTTP {status}). "
            "Give credentials for its host in the index URL, in a variable, in netrc or in the keyring."
        )
    return f"The package index answered {to_public_url(url)} with HTTP {status}, after retries. Try again later."
