"""The local package index: all upstreams, in any index view."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.advisories import Advisory
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_facts.flags import FlagLookup, ReleaseFlag
from depcheck.core.model.index_facts.project_status import ProjectStatus
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.releases import Origins, Release, ReleaseFacts, ReleaseStatus
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.index.access_log import AccessSummary, FailureLog
from depcheck.index.advisory_source import AdvisoryClient
from depcheck.index.disk_cache import DiskCache
from depcheck.index.files.downloads import FileDownloader
from depcheck.index.files.metadata import (
    BrokenWheelError,
    WheelMetadataLoader,
    is_consistent_metadata,
    parse_metadata_headers,
    parse_requires_dist,
)
from depcheck.index.http_client import HttpClient
from depcheck.index.pages import DistributionFile
from depcheck.index.projects import PageValidators, Project, ProjectLoader
from depcheck.index.release_facts import ReleaseFactsLoader
from depcheck.index.release_index import (
    choose_wheel,
    collect_hashes,
    compute_standing,
    list_candidate_versions,
    list_releases,
)
from depcheck.index.server.http_server import HOST, LoopbackServer, choose_loopback_port
from depcheck.index.server.render import to_local_file
from depcheck.index.server.requirement_texts import RequirementFetcher
from depcheck.index.server.routes import RequestRouter, ServedView
from depcheck.index.server.view_tokens import LIVE_VIEW, compute_view_digest, compute_view_token
from depcheck.index.upstreams import Upstream

_PREFETCH_THREADS = 8  # threads; the pages' own decoding costs more than their latency


class LocalIndex:
    """The package index of a run, served to package tools over HTTP.

    It implements `depcheck.ports.Index`. `upstreams` are queried in this order. `cache` is a folder that runs
    and processes may share at the same time, and that may be lost. Nothing is served outside the context;
    listing releases and reading requirements always work.
    """

    def __init__(self, upstreams: Sequence[Upstream], cache: Path, *, fetch: HttpClient | None = None) -> None:
        self._client = fetch or HttpClient()
        self._client.register_credentials(upstreams)
        self._troubles = FailureLog()
        self._disk = disk = DiskCache(cache)
        self._projects = ProjectLoader(upstreams, self._client, disk, self._troubles)
        self._impatient_client = self._client.create_impatient_client()
        self._impatient_client.register_credentials(upstreams)
        self._advisories = AdvisoryClient(upstreams, self._impatient_client, disk, self._projects)
        self._files = files = FileDownloader(self._client, disk, self._troubles)
        self._metadata = WheelMetadataLoader(self._client, files, disk, self._troubles)
        self._facts = ReleaseFactsLoader(self._projects, self._impatient_client, disk)
        self._lock = Lock()
        self._requirements = RequirementFetcher(self._impatient_client)
        self._views = {LIVE_VIEW: ServedView(IndexView())}
        self._releases: dict[tuple[NormalizedName, IndexView], Sequence[Release]] = {}
        self._choices: dict[tuple[NormalizedName, IndexView, InterpreterTarget], tuple[Version, ...] | None] = {}
        self._routes = RequestRouter(self._views, self._projects, files, self._metadata, self._troubles)
        self._routes.find_flag = self._advisories.find_flag
        self._metadata.refuse_file = self._facts.metadata.refuse_file = self._routes.refuse_file
        self._server: LoopbackServer | None = None
        self._prefetch_pool = ThreadPoolExecutor(_PREFETCH_THREADS)

    def __enter__(self) -> Self:
        self._disk.remove_stale_parts()
        self._server = LoopbackServer(choose_loopback_port(), self._routes.handle_path)
        self._routes.base_url = f"http://{HOST}:{self.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop_serving()
            self._server = None
        self._prefetch_pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()
        self._impatient_client.close()

    @property
    def host(self) -> str:
        """The loopback address."""
        return HOST

    @property
    def port(self) -> int:
        """The port of the open index."""
        if self._server is None:
            raise RuntimeError("The local index has no address before its context is entered.")
        return self._server.server_port

    def get_index_url(self, world: IndexView, target: InterpreterTarget | None = None, only: str = "") -> str:
        """Return the index URL that shows this view.

        Equal views have equal URLs, in every run. With a `target`, pages leave out the files that pip would skip on
        it, with `only` what other indexes have.
        """
        name = compute_view_token(world)
        name += f"-{compute_view_digest((target.python, target.tags))}" if target else ""
        name += f"-{compute_view_digest(only)}" if only else ""
        with self._lock:
            self._views.setdefault(name, ServedView(world, target, only))
        return f"http://{HOST}:{self.port}/{name}/simple/"

    def find_origin(self, local_url: str, only: str = "") -> str:
        """Return a file's address at its own index, or nothing."""
        return self._routes.find_origin(local_url, only)

    def list_releases(self, project: NormalizedName, world: IndexView) -> Sequence[Release]:
        """List the project's releases that the view shows, in version order.

        Empty for an unknown project.
        """
        place = (project, world)
        if place not in self._releases:
            self._releases[place] = list_releases(self._projects[project], world)
        return self._releases[place]

    def get_release_status(self, project: NormalizedName, version: Version) -> ReleaseStatus:
        """Return whether a release is present and yanked today.

        It is yanked only if all of its files are.
        """
        return compute_standing(self._projects[project], version)

    def get_project_status(self, project: NormalizedName) -> ProjectStatus:
        """Return what the index says of the project as a whole."""
        return self._projects[project].status

    def get_origins(self, project: NormalizedName) -> Origins:
        """Return which indexes were asked for `project`, and which have it."""
        return self._projects[project].origins

    def get_requires_dist(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Return Requires-Dist of a release as written in a wheel's metadata.

        None if only a build could find it out.
        """
        found = self._projects[project]
        wheels = [file for file, of in zip(found.files, found.versions, strict=True) if of == version and file.is_wheel]
        chosen = sorted(wheels, key=lambda file: not file.filename.endswith("-none-any.whl"))[:1]
        return self.read_requires_dist(chosen[0]) if chosen else None

    def fetch_advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Fetch the known vulnerabilities of a release on PyPI.

        Empty for other indexes, which publish none. Answers are cached for a day. Raises IndexUnavailableError if
        they cannot be fetched; that is not recorded as an index error.
        """
        return self._advisories.find_advisories(project, version)

    def get_wheel_requires_dist(self, pin: Pin, world: IndexView, target: InterpreterTarget) -> tuple[str, ...] | None:
        """Return Requires-Dist of the wheel that pip would take for `pin`.

        It is as written. None if pip is not certain to take a wheel, or one that it can read: then only the
        compiler can tell.
        """
        self._routes.access_log.record_page(compute_view_token(world), pin.name)
        wheel = choose_wheel(self._projects[pin.name], pin, world, target)
        if wheel is None:
            return None
        self._routes.access_log.record_file(wheel)
        try:
            said = parse_metadata_headers(self._metadata.load_metadata(wheel))
        except BrokenWheelError:
            return None
        return tuple(said.get("requires_dist", ())) if is_consistent_metadata(said, pin, target) else None

    def list_pip_candidates(
        self, name: NormalizedName, world: IndexView, target: InterpreterTarget
    ) -> tuple[Version, ...] | None:
        """List the versions that pip has a candidate for, newest first.

        Yanked versions are left out. None if the list is not certain.
        """
        self._routes.access_log.record_page(compute_view_token(world), name)
        place = (name, world, target)
        if place not in self._choices:
            self._choices[place] = list_candidate_versions(self._projects[name], world, target)
        return self._choices[place]

    def get_lockfile_hashes(self, pin: Pin, world: IndexView, target: InterpreterTarget) -> frozenset[str] | None:
        """Return the hashes that pip-compile writes for `pin`.

        None if pip-compile would have to fetch files to compute them.
        """
        self._routes.access_log.record_page(compute_view_token(world), pin.name)
        return collect_hashes(self._projects[pin.name], pin.version, world, target) if pin.version else None

    def serve_file(self, url: str, filename: str, content: bytes | None = None) -> str:
        """Serve a file of another address and return its local URL.

        The URL ends in `filename` and is the same in every run. The file is `content`, or is fetched from `url` on
        its first request, once in each run. Raises IndexUnavailableError if the disk is full.
        """
        file = DistributionFile(filename=filename, url=url)
        if content is not None:
            self._files.store_content(file, content)
        self._routes.offered_files[file.content_key, filename] = file
        return to_local_file(file, self._routes.base_url).url

    def fetch_requirements(self, url: str, limit_bytes: int) -> str:
        """Return the text of the requirements file at `url`, fetched once.

        Raises LockfileError, with the address, if it cannot be had.
        """
        return self._requirements.fetch(url, limit_bytes)

    def list_fetched_requirements(self) -> tuple[tuple[str, str], ...]:
        """Return the address and SHA-256 of each requirements file fetched."""
        return self._requirements.list_digests()

    def prefetch_pages(self, names: Iterable[NormalizedName]) -> None:
        """Fetch the projects' pages in the background, before they are requested.

        Failures are not reported.
        """
        for name in names:
            self._prefetch_pool.submit(self._prefetch_page, name)

    def _prefetch_page(self, name: NormalizedName) -> None:
        with suppress(IndexUnavailableError):
            self._projects[name]

    def fetch_release_facts(
        self, wanted: Collection[tuple[NormalizedName, Version]]
    ) -> Mapping[tuple[NormalizedName, Version], ReleaseFacts]:
        """Fetch what these releases publish about themselves.

        Releases whose facts cannot be fetched in time are left out; see `ReleaseFactsLoader`.
        """
        return self._facts.load_facts(wanted)

    def list_requested_projects(self, world: IndexView) -> frozenset[NormalizedName]:
        """List the projects whose pages were requested, known or not."""
        return self.get_accesses(world).projects

    def get_accesses(self, world: IndexView) -> AccessSummary:
        """Return what package tools requested so far.

        The pages are those of this view, the files those of all views.
        """
        return self._routes.access_log.summarize_accesses(
            *(name for name, shown in self._views.copy().items() if shown.index_view == world)
        )

    def get_project(self, name: NormalizedName) -> tuple[Project, tuple[PageValidators, ...]]:
        """Return a project as it is today, and its pages' validators.

        Raises IndexUnavailableError.
        """
        return self._projects[name], self._projects.get_validators(name)

    def read_requires_dist(self, wheel: DistributionFile) -> tuple[str, ...] | None:
        """Return Requires-Dist of a wheel, or None without metadata."""
        try:
            return parse_requires_dist(self._metadata.load_metadata(wheel))
        except BrokenWheelError:
            return None

    def guard_sources(self, find_flag: FlagLookup) -> None:
        """Refuse source distributions that all guards flag."""
        self._routes.source_guards.append(find_flag)

    def list_refused_releases(self) -> tuple[ReleaseFlag, ...]:
        """List the flagged releases that package tools asked for in vain."""
        return tuple(self._routes.refused.values())

    def get_last_sdist(self) -> str:
        """Return the name of the source distribution served last, or empty."""
        return self._routes.last_source

    def list_index_errors(self) -> tuple[str, ...]:
        """List the failures of upstreams so far, without secrets, each once."""
        return self._troubles.list_failures()
