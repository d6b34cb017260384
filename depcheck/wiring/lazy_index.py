"""The index of a run, opened on first use.

With what is known of releases without opening it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.advisories import Advisory, ReleaseId
from depcheck.core.model.index_facts.flags import FlagLookup, ReleaseFlag
from depcheck.core.model.index_facts.project_status import ProjectStatus
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.releases import Origins, Release, ReleaseFacts, ReleaseStatus
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.index.access_log import AccessSummary
from depcheck.index.advisory_source import AdvisoryClient
from depcheck.index.pages import DistributionFile
from depcheck.index.projects import PageValidators, Project
from depcheck.wiring.lazy import Lazy

if TYPE_CHECKING:  # it brings what fetches packages, which takes longer to import than a quiet run takes
    from depcheck.index.server.local import LocalIndex

StatusLookup = Callable[[NormalizedName, Version], ReleaseStatus | None]
"""Tells the status of a release where it is known without the index, else None."""


class LazyProjects:
    """The projects of an index, by name."""

    def __init__(self, inner: "Lazy[LocalIndex]") -> None:
        self._inner = inner

    def __getitem__(self, name: NormalizedName) -> Project:
        return self._inner.get().get_project(name)[0]


class LazyIndex:
    """Adapter of `ports.Index` and `ports.PackageServer`.

    Advisories, and the statuses that `find_status` knows, are told without opening the index.
    """

    def __init__(
        self, inner: "Lazy[LocalIndex]", advisories: AdvisoryClient, find_status: StatusLookup = lambda *_: None
    ) -> None:
        self._inner = inner
        self._advisories = advisories
        self._find_status = find_status

    def get_release_status(self, project: NormalizedName, version: Version) -> ReleaseStatus:
        """Return whether a release is present and yanked today."""
        return self._find_status(project, version) or self._inner.get().get_release_status(project, version)

    def fetch_advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Return the known vulnerabilities of a release."""
        return self._advisories.find_advisories(project, version)

    def find_flags(self, releases: Collection[ReleaseId]) -> tuple[ReleaseFlag, ...]:
        """Return which releases must not be run."""
        return self._advisories.find_flags(releases)

    def get_malware_trouble(self) -> str:
        """Return why nobody could be asked about malware, or empty."""
        return self._advisories.malware_trouble

    # ---- all else is the inner index's

    @property
    def port(self) -> int:
        """The port of the open index."""
        return self._inner.get().port

    def get_index_url(self, world: IndexView, target: InterpreterTarget | None = None, only: str = "") -> str:
        """Return the index URL that shows this view."""
        return self._inner.get().get_index_url(world, target, only)

    def find_origin(self, local_url: str, only: str = "") -> str:
        """Return a file's address at its own index, or nothing."""
        return self._inner.get().find_origin(local_url, only)

    def serve_file(self, url: str, filename: str, content: bytes | None = None) -> str:
        """Serve a file of another address and return its local URL."""
        return self._inner.get().serve_file(url, filename, content)

    def list_releases(self, project: NormalizedName, world: IndexView) -> Sequence[Release]:
        """List the project's releases that the view shows."""
        return self._inner.get().list_releases(project, world)

    def guard_sources(self, find_flag: FlagLookup) -> None:
        """Refuse source distributions that all guards flag."""
        self._inner.get().guard_sources(find_flag)

    def list_refused_releases(self) -> tuple[ReleaseFlag, ...]:
        """List the flagged releases that were asked for in vain."""
        return self._inner.get().list_refused_releases()

    def get_project_status(self, project: NormalizedName) -> ProjectStatus:
        """Return what the index says of the project as a whole."""
        return self._inner.get().get_project_status(project)

    def get_origins(self, project: NormalizedName) -> Origins:
        """Return which indexes were asked for `project`, and which have it."""
        return self._inner.get().get_origins(project)

    def list_fetched_requirements(self) -> tuple[tuple[str, str], ...]:
        """Return each requirements file that was fetched in this run."""
        return self._inner.get().list_fetched_requirements()

    def fetch_requirements(self, url: str, limit_bytes: int) -> str:
        """Return the text of a requirements file at `url`."""
        return self._inner.get().fetch_requirements(url, limit_bytes)

    def get_requires_dist(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Return Requires-Dist of a release."""
        return self._inner.get().get_requires_dist(project, version)

    def get_wheel_requires_dist(self, pin: Pin, world: IndexView, target: InterpreterTarget) -> tuple[str, ...] | None:
        """Return Requires-Dist of the wheel that pip would take."""
        return self._inner.get().get_wheel_requires_dist(pin, world, target)

    def list_pip_candidates(
        self, name: NormalizedName, world: IndexView, target: InterpreterTarget
    ) -> tuple[Version, ...] | None:
        """List the versions that pip has a candidate for."""
        return self._inner.get().list_pip_candidates(name, world, target)

    def get_lockfile_hashes(self, pin: Pin, world: IndexView, target: InterpreterTarget) -> frozenset[str] | None:
        """Return the hashes that pip-compile writes for a pin."""
        return self._inner.get().get_lockfile_hashes(pin, world, target)

    def prefetch_pages(self, names: Iterable[NormalizedName]) -> None:
        """Fetch pages in the background."""
        self._inner.get().prefetch_pages(names)

    def fetch_release_facts(
        self, wanted: Collection[tuple[NormalizedName, Version]]
    ) -> Mapping[tuple[NormalizedName, Version], ReleaseFacts]:
        """Fetch what releases publish about themselves."""
        return self._inner.get().fetch_release_facts(wanted)

    def list_index_errors(self) -> tuple[str, ...]:
        """List the errors of the indexes themselves."""
        return self._inner.get().list_index_errors()

    def list_requested_projects(self, world: IndexView) -> frozenset[NormalizedName]:
        """List the projects whose pages were requested."""
        return self._inner.get().list_requested_projects(world)

    def get_accesses(self, world: IndexView) -> AccessSummary:
        """Return what package tools requested so far."""
        return self._inner.get().get_accesses(world)

    def get_project(self, name: NormalizedName) -> tuple[Project, tuple[PageValidators, ...]]:
        """Return a project, and its pages' validators."""
        return self._inner.get().get_project(name)

    def read_requires_dist(self, wheel: DistributionFile) -> tuple[str, ...] | None:
        """Return Requires-Dist of a wheel, as written."""
        return self._inner.get().read_requires_dist(wheel)

    def get_last_sdist(self) -> str:
        """Return the source distribution served last."""
        return self._inner.get().get_last_sdist()
