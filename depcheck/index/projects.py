"""Projects as all upstream indexes show them together, each fetched once a run."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.errors import IndexUnavailableError
from depcheck.index.answer import Answer, Asked
from depcheck.index.disk import Disk, StoredPage
from depcheck.index.memo import Memo
from depcheck.index.page import File, read_html, read_json, version_or_none, version_text
from depcheck.index.troubles import Troubles
from depcheck.index.upstream import Upstream, public

PAGE_LIMIT_BYTES = 64 << 20
_JSON = "application/vnd.pypi.simple.v1+json"
_ANY = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_PYPI = frozenset({"pypi.org", "test.pypi.org"})  # they always speak JSON, with upload times
UNKNOWN = (404, 410)
_REFUSED = (401, 403)
OK, NOT_MODIFIED = 200, 304


@dataclass(frozen=True, slots=True)
class Project:
    """The merged files of one project, in the indexes' order.

    `versions` stand beside `files`, None where a file name tells none.
    `known` is false when no index has the project.
    """

    name: NormalizedName
    files: tuple[File, ...]
    versions: tuple[Version | None, ...]
    known: bool


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """One upstream's page of a project as it was, and what it takes to ask whether it still is.

    `digest` is the SHA-256 of its body, empty where the upstream does not know the project.
    """

    url: str
    etag: str
    last_modified: str
    digest: str


class Projects:
    """Fetches project pages from all upstreams and merges them as pip does: the union of their files.

    Where two indexes have different content under one file name, the first index's file is kept.
    """

    def __init__(self, upstreams: Sequence[Upstream], fetch: Asked, disk: Disk, troubles: Troubles) -> None:
        self._upstreams = upstreams
        self._fetch = fetch
        self._disk = disk
        self._troubles = troubles
        self._found = Memo(self._merged)
        self._marks: dict[str, Mark] = {}

    def marks(self, name: NormalizedName) -> tuple[Mark, ...]:
        """The project's pages, one for each upstream in their order; fetched if need be, raises as `[]` does."""
        self._found[name]  # the marks are made on the way
        return tuple(self._marks[f"{upstream.url}{name}/"] for upstream in self._upstreams)

    def __getitem__(self, name: NormalizedName) -> Project:
        """The project; raises IndexUnavailableError when any upstream failed: what it has is then unknown."""
        return self._found[name]

    def _merged(self, name: NormalizedName) -> Project:
        try:
            pages = self._pages(name)
        except IndexUnavailableError as error:
            self._troubles.add(str(error))
            raise
        merged: dict[str, File] = {}
        for file in (file for page in pages for file in page or ()):
            merged.setdefault(file.filename, file)
        parsed: dict[str | None, Version | None] = {}
        texts = [version_text(filename, name) for filename in merged]
        for text in texts:
            if text not in parsed:
                parsed[text] = version_or_none(text)
        versions = tuple(parsed[text] for text in texts)
        return Project(name, tuple(merged.values()), versions, any(page is not None for page in pages))

    def _pages(self, name: NormalizedName) -> list[tuple[File, ...] | None]:
        if len(self._upstreams) == 1:
            return [self._page(self._upstreams[0], name)]
        with ThreadPoolExecutor(len(self._upstreams)) as pool:
            return list(pool.map(lambda upstream: self._page(upstream, name), self._upstreams))

    def _page(self, upstream: Upstream, name: NormalizedName) -> tuple[File, ...] | None:
        """The files of one upstream; None where it does not know the project."""
        url = f"{upstream.url}{name}/"
        stored = self._disk.page(url)
        asked = page_headers(url, stored.etag, stored.last_modified) if stored else page_headers(url)
        answer = self._fetch.get(url, asked, PAGE_LIMIT_BYTES)
        if answer.status in UNKNOWN:
            self._marks[url] = Mark(url, "", "", "")
            return None
        if answer.status == NOT_MODIFIED and stored is not None:
            self._marks[url] = mark(url, stored)
            return _read(stored)
        if answer.status != OK:
            raise IndexUnavailableError(_refusal(url, answer.status))
        page = _to_store(answer)
        files = _read(page)
        self._marks[url] = mark(url, page)
        self._keep(url, page)
        return files

    def _keep(self, url: str, page: StoredPage) -> None:
        if not page.etag and not page.last_modified:
            return  # it could never be asked whether it still holds
        try:
            self._disk.keep_page(url, page)
        except IndexUnavailableError as error:
            self._troubles.add(str(error))


def page_headers(url: str, etag: str = "", last_modified: str = "") -> dict[str, str]:
    """How a project page is asked for; with validators, only if it has changed since."""
    accept = _JSON if urlsplit(url).hostname in _PYPI else _ANY
    headers = {"Accept": accept, "Cache-Control": "max-age=0"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


def mark(url: str, page: StoredPage) -> Mark:
    """The mark of `page`, which was found at `url`."""
    return Mark(url, page.etag, page.last_modified, hashlib.sha256(page.body).hexdigest())


def _to_store(answer: Answer) -> StoredPage:
    headers = answer.headers
    return StoredPage(
        url=answer.url,
        content_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        body=answer.body,
    )


def _read(page: StoredPage) -> tuple[File, ...]:
    try:
        if page.content_type.endswith("json"):
            return read_json(page.body, page.url)
        return read_html(page.body.decode("utf-8", "replace"), page.url)
    except (ValueError, msgspec.MsgspecError) as error:
        raise IndexUnavailableError(
            f"The answer of {public(page.url)} is not a package page "
            f"({page.content_type or 'no content type'}): {str(error)[:200]}. "
            "Check that the index's address is right and that no login page or proxy answers."
        ) from error


def _refusal(url: str, status: int) -> str:
    if status in _REFUSED:
        return (
            f"The package index refused {public(url)} (HTTP {status}). "
            "Give credentials for its host in the index URL, in a variable, in netrc or in the keyring."
        )
    return f"The package index answered {public(url)} with HTTP {status}, after retries. Try again later."
