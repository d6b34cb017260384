"""Whether all that a resolution looked at would look the same tonight."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.errors import IndexUnavailableError
from depcheck.core.releases import Standing
from depcheck.core.world import World
from depcheck.index.answer import Answer
from depcheck.index.disk import Disk
from depcheck.index.projects import NOT_MODIFIED, UNKNOWN, Mark, Projects, page_headers
from depcheck.index.troubles import Troubles
from depcheck.index.upstream import Upstream
from depcheck.index.view import View
from depcheck.memory.asking import Question, Told
from depcheck.memory.record import Page, Record
from depcheck.memory.relevance import sight, stands

Ask = Callable[[Sequence[Question]], Mapping[str, Told]]
"""Gives the answers by URL; what could not be asked is missing."""


@dataclass(slots=True)
class Revalidation:
    """Asks each page once a run. Changed pages go into the index's cache, where a compile finds them."""

    upstreams: Sequence[Upstream]
    disk: Disk
    ask: Ask
    _marks: dict[str, Mark] = field(default_factory=dict)
    _told: dict[str, Told] = field(default_factory=dict)
    _stands: dict[str, dict[str, tuple[bool, str | None]]] = field(default_factory=dict)

    def still(self, record: Record, world: World) -> Record | None:
        """`record` with the pages as they are now; None where one could show something else in `world`.

        Cost: one request for each page, 16 at a time; pages that changed are read.
        """
        self._ask([mark for page in record.pages for mark in page.marks])
        projects = Projects(self.upstreams, self, self.disk, Troubles())
        pages = []
        for page in record.pages:
            try:
                found = self._page(page, world, projects)
            except IndexUnavailableError:
                return None
            if found is None:
                return None
            pages.append(found)
        for page in pages:
            self._stands.setdefault(page.name, {}).update(page.stands)
        return msgspec.structs.replace(record, pages=tuple(pages))

    def standing(self, name: str, version: Version) -> Standing | None:
        """How a committed release stands, where its page was found to hold tonight."""
        found = self._stands.get(name, {}).get(str(version))
        return Standing(*found) if found else None

    def _page(self, page: Page, world: World, projects: Projects) -> Page | None:
        view = View.of(NormalizedName(page.name), world)
        if all(map(self._is_same, page.marks)) and page.sight.holds_at(view.horizon):
            return page
        project = projects[NormalizedName(page.name)]
        now = sight(project, view, page.interest)
        if not now.sure or now.digest != page.sight.digest:
            return None
        return Page(page.name, projects.marks(project.name), page.interest, now, stands(project, page.interest))

    def _ask(self, marks: Sequence[Mark]) -> None:
        new = {mark.url: mark for mark in marks if self._marks.get(mark.url) != mark}
        self._marks.update(new)
        asked = [Question(mark.url, page_headers(mark.url, mark.etag, mark.last_modified)) for mark in new.values()]
        self._told.update(self.ask(asked) if asked else {})

    def _is_same(self, mark: Mark) -> bool:
        told = self._told.get(mark.url)
        if told is None:
            raise IndexUnavailableError(f"{mark.url} was not answered.")
        if told.status == NOT_MODIFIED:
            return bool(mark.digest)
        if told.status in UNKNOWN:
            return not mark.digest
        return hashlib.sha256(told.body).hexdigest() == mark.digest

    def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Answer:  # noqa: ARG002  # kept by `ask`
        """What `Projects` asks for: the answer that is already here, if it is one to this question."""
        told = self._told.get(url)
        asked = self._marks.get(url)
        stored = (headers.get("If-None-Match", ""), headers.get("If-Modified-Since", ""))
        if (
            told is None
            or asked is None
            or (told.status == NOT_MODIFIED and stored != (asked.etag, asked.last_modified))
        ):
            told = self.ask([Question(url, headers)]).get(url)
        if told is None:
            raise IndexUnavailableError(f"{url} was not answered.")
        return Answer(told.status, told.headers, url, told.body)
