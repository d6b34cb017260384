"""Revalidation of cached resolutions: check if the index pages still match."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.releases import ReleaseStatus
from depcheck.index.access_log import FailureLog
from depcheck.index.disk_cache import DiskCache
from depcheck.index.http_messages import HttpRequest, HttpResponse
from depcheck.index.projects import (
    HTTP_NOT_MODIFIED,
    UNKNOWN_STATUSES,
    PageValidators,
    ProjectLoader,
    build_page_headers,
)
from depcheck.index.release_index import ProjectView
from depcheck.index.revalidating_client import PageFetcher
from depcheck.index.upstreams import Upstream
from depcheck.resolution_cache.record import PageRecord, ResolutionRecord
from depcheck.resolution_cache.relevance import compute_fingerprint, list_release_statuses


@dataclass(slots=True)
class Revalidator:
    """Requests each page once a run.

    Changed pages are saved in the index's cache, where a compile finds them.
    """

    upstreams: Sequence[Upstream]
    disk: DiskCache
    fetcher: PageFetcher
    _marks: dict[str, PageValidators] = field(default_factory=dict)
    _responses: dict[str, HttpResponse] = field(default_factory=dict)
    _release_statuses: dict[str, dict[str, ReleaseStatus]] = field(default_factory=dict)

    def revalidate_record(self, record: ResolutionRecord, world: IndexView) -> ResolutionRecord | None:
        """Return the record with today's pages if it is still valid.

        None if a page could show something else in `world`.

        Cost: one request for each page, 16 at a time. Changed pages are parsed.
        """
        self._request_pages([mark for page in record.pages for mark in page.marks])
        projects = ProjectLoader(self.upstreams, self, self.disk, FailureLog())
        pages = []
        for page in record.pages:
            try:
                found = self._revalidate_page(page, world, projects)
            except IndexUnavailableError:
                return None
            if found is None:
                return None
            pages.append(found)
        for page in pages:
            self._release_statuses.setdefault(page.name, {}).update(page.release_statuses)
        return msgspec.structs.replace(record, pages=tuple(pages))

    def get_release_status(self, name: str, version: Version) -> ReleaseStatus | None:
        """Return the status of a committed release.

        None if its page was not found valid in this run.
        """
        return self._release_statuses.get(name, {}).get(str(version))

    def _revalidate_page(self, page: PageRecord, world: IndexView, projects: ProjectLoader) -> PageRecord | None:
        view = ProjectView.from_index_view(NormalizedName(page.name), world)
        if all(map(self._is_unchanged, page.marks)) and page.fingerprint.is_valid_at(view.uploaded_before):
            return page
        project = projects[NormalizedName(page.name)]
        now = compute_fingerprint(project, view, page.interest)
        if not now.has_all_hashes or now.digest != page.fingerprint.digest:
            return None
        return PageRecord(
            page.name,
            projects.get_validators(project.name),
            page.interest,
            now,
            list_release_statuses(project, page.interest),
        )

    def _request_pages(self, marks: Sequence[PageValidators]) -> None:
        new = {mark.url: mark for mark in marks if self._marks.get(mark.url) != mark}
        self._marks.update(new)
        asked = [
            HttpRequest(mark.url, build_page_headers(mark.url, mark.etag, mark.last_modified)) for mark in new.values()
        ]
        self._responses.update(self.fetcher(asked) if asked else {})

    def _is_unchanged(self, mark: PageValidators) -> bool:
        told = self._responses.get(mark.url)
        if told is None:
            raise IndexUnavailableError(f"{mark.url} was not answered.")
        if told.status == HTTP_NOT_MODIFIED:
            return bool(mark.digest)
        if told.status in UNKNOWN_STATUSES:
            return not mark.digest
        return hashlib.sha256(told.body).hexdigest() == mark.digest

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> HttpResponse:  # noqa: ARG002  # kept by `ask`
        """Return the response that was already received for this request.

        `Projects` calls this. If there is none, the page is requested now.
        """
        told = self._responses.get(url)
        asked = self._marks.get(url)
        stored = (headers.get("If-None-Match", ""), headers.get("If-Modified-Since", ""))
        if (
            told is None
            or asked is None
            or (told.status == HTTP_NOT_MODIFIED and stored != (asked.etag, asked.last_modified))
        ):
            told = self.fetcher([HttpRequest(url, headers)]).get(url)
        if told is None:
            raise IndexUnavailableError(f"{url} was not answered.")
        return HttpResponse(told.status, told.headers, url, told.body)
