"""The local package index: what package tools see of all upstreams, in any world."""

import hashlib
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.advisories import Advisory
from depcheck.core.errors import IndexUnavailableError
from depcheck.core.pins import Pin
from depcheck.core.release_facts import ReleaseFacts
from depcheck.core.releases import Release, Standing
from depcheck.core.target import Target
from depcheck.core.world import World
from depcheck.index.advisories import Advisories
from depcheck.index.disk import Disk
from depcheck.index.facts import Facts
from depcheck.index.fetch import Fetch
from depcheck.index.files import Files
from depcheck.index.metadata import BrokenWheelError, Metadata, fields, requirements, said_of
from depcheck.index.page import File
from depcheck.index.projects import Mark, Project, Projects
from depcheck.index.releases import choices, chosen_wheel, hashes, releases, standing
from depcheck.index.render import local
from depcheck.index.routes import Routes, Shown
from depcheck.index.seen import Looked
from depcheck.index.server import HOST, Server
from depcheck.index.troubles import Troubles
from depcheck.index.upstream import Upstream

_AHEAD = 8  # threads; the pages' own decoding costs more than their latency
LIVE = "live"
"""The token of the world as it is now."""


class LocalIndex:
    """Implements `depcheck.ports.Index`, and serves package tools while its context is open.

    `upstreams` are asked in this order; `cache` is a folder that may be shared by runs and processes at the
    same time, and may be lost. Nothing is served outside the context; `releases` and `requires` always work.
    """

    def __init__(self, upstreams: Sequence[Upstream], cache: Path, *, fetch: Fetch | None = None) -> None:
        self._fetch = fetch or Fetch()
        self._fetch.trust(upstreams)
        self._cache = cache
        self._troubles = Troubles()
        self._disk = disk = Disk(cache)
        self._projects = Projects(upstreams, self._fetch, disk, self._troubles)
        self._hasty = self._fetch.hasty()
        self._hasty.trust(upstreams)
        self._advisories = Advisories(upstreams, self._hasty, disk, self._projects)
        self._files = files = Files(self._fetch, disk, self._troubles)
        self._metadata = Metadata(self._fetch, files, disk, self._troubles)
        self._facts = Facts(self._projects, self._hasty, disk)
        self._lock = Lock()
        self._worlds = {LIVE: Shown(World())}
        self._releases: dict[tuple[NormalizedName, World], Sequence[Release]] = {}
        self._choices: dict[tuple[NormalizedName, World, Target], tuple[Version, ...] | None] = {}
        self._routes = Routes(self._worlds, self._projects, files, self._metadata, self._troubles)
        self._server: Server | None = None
        self._ahead = ThreadPoolExecutor(_AHEAD)

    def __enter__(self) -> Self:
        self._disk.sweep()
        self._server = Server(_preferred_port(self._cache), self._routes.answer)
        self._routes.base = f"http://{HOST}:{self.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._ahead.shutdown(wait=False, cancel_futures=True)
        self._fetch.close()
        self._hasty.close()

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

    def url(self, world: World, target: Target | None = None) -> str:
        """The index URL of `world`, for package tools; equal worlds have equal URLs, in every run.

        With a `target`, pages are without the files that pip would pass over there: fewer to read, the same answer.
        """
        name = token(world) if target is None else f"{token(world)}-{_digest((target.python, target.tags))}"
        with self._lock:
            self._worlds.setdefault(name, Shown(world, target))
        return f"http://{HOST}:{self.port}/{name}/simple/"

    def releases(self, project: NormalizedName, world: World) -> Sequence[Release]:
        """The project's releases visible in `world`, in version order; empty for an unknown project."""
        place = (project, world)
        if place not in self._releases:
            self._releases[place] = releases(self._projects[project], world)
        return self._releases[place]

    def standing(self, project: NormalizedName, version: Version) -> Standing:
        """How a release stands now: yanked only where all of its files are."""
        return standing(self._projects[project], version)

    def requires(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Requires-Dist as written, from a wheel's metadata; None where only a build would tell."""
        found = self._projects[project]
        wheels = [file for file, of in zip(found.files, found.versions, strict=True) if of == version and file.is_wheel]
        for wheel in sorted(wheels, key=lambda file: not file.filename.endswith("-none-any.whl"))[:1]:
            try:
                return requirements(self._metadata.get(wheel))
            except BrokenWheelError:
                return None
        return None

    def advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Known vulnerabilities of a release on PyPI; none from other indexes, which do not tell.

        Answers are kept for a day. Raises IndexUnavailableError where they cannot be had; that is no trouble.
        """
        return self._advisories.of(project, version)

    def stated(self, pin: Pin, world: World, target: Target) -> tuple[str, ...] | None:
        """Requires-Dist of the wheel that pip would take for `pin` in `world`, as written.

        None where it is not certain to take a wheel, or one that it can read: then only the compiler can tell.
        """
        self._routes.seen.page(token(world), pin.name)
        wheel = chosen_wheel(self._projects[pin.name], pin, world, target)
        if wheel is None:
            return None
        self._routes.seen.file(wheel)
        try:
            said = fields(self._metadata.get(wheel))
        except BrokenWheelError:
            return None
        return tuple(said.get("requires_dist", ())) if said_of(said, pin, target) else None

    def choices(self, name: NormalizedName, world: World, target: Target) -> tuple[Version, ...] | None:
        """The versions that pip has a candidate for in `world`, newest first, without yanked ones.

        None where it is not certain.
        """
        self._routes.seen.page(token(world), name)
        place = (name, world, target)
        if place not in self._choices:
            self._choices[place] = choices(self._projects[name], world, target)
        return self._choices[place]

    def hashes(self, pin: Pin, world: World, target: Target) -> frozenset[str] | None:
        """What pip-compile writes down as the hashes of `pin`'s files in `world`; None where it would have to fetch."""
        self._routes.seen.page(token(world), pin.name)
        return hashes(self._projects[pin.name], pin.version, world, target) if pin.version else None

    def offer(self, url: str, filename: str, content: bytes | None = None) -> str:
        """A local address, below `filename`, for what stands at `url` or is `content`; the same in every run.

        It is fetched when it is asked for, afresh in each run. Raises IndexUnavailableError where the disk is full.
        """
        file = File(filename=filename, url=url)
        if content is not None:
            self._files.put(file, content)
        self._routes.offered[file.key, filename] = file
        return local(file, self._routes.base).url

    def prefetch(self, names: Iterable[NormalizedName]) -> None:
        """Fetch these projects' pages at once, in the background: they will be asked for. Failures are not told."""
        for name in names:
            self._ahead.submit(self._quietly, name)

    def _quietly(self, name: NormalizedName) -> None:
        with suppress(IndexUnavailableError):
            self._projects[name]

    def facts(
        self, wanted: Collection[tuple[NormalizedName, Version]]
    ) -> Mapping[tuple[NormalizedName, Version], ReleaseFacts]:
        """What these releases say of themselves, as far as it can be had soon; see `Facts`."""
        return self._facts.of(wanted)

    def asked_for(self, world: World) -> frozenset[NormalizedName]:
        """The projects whose pages were asked for in `world` so far, those that no index knows included."""
        return self.looked(world).projects

    def looked(self, world: World) -> Looked:
        """What package tools looked at so far: pages of `world`, files of all worlds."""
        return self._routes.seen.under(*(name for name, shown in self._worlds.copy().items() if shown.world == world))

    def project(self, name: NormalizedName) -> tuple[Project, tuple[Mark, ...]]:
        """A project as it is now, with the marks of its pages; raises IndexUnavailableError."""
        return self._projects[name], self._projects.marks(name)

    def stated_by(self, wheel: File) -> tuple[str, ...] | None:
        """Requires-Dist of a wheel, as written; None where it cannot be read."""
        try:
            return requirements(self._metadata.get(wheel))
        except BrokenWheelError:
            return None

    def last_source(self) -> str:
        """The file name of the source distribution that was served last, or empty."""
        return self._routes.last_source

    def troubles(self) -> tuple[str, ...]:
        """Each failure of an upstream, the network or the disk so far: a sentence, once, without secrets."""
        return self._troubles.all()


def token(world: World) -> str:
    """A name for `world` that is the same in every run."""
    if world == World():
        return LIVE
    parts = (
        world.until,
        sorted(world.until_for),
        sorted(world.allowed),
        sorted((name, str(version)) for name, version in world.keep),
    )
    return _digest(parts)


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:16]


def _preferred_port(cache: Path) -> int:
    """The same port for the same cache folder: package tools key their caches by URL.

    It is below the range that systems give to outgoing connections.
    """
    return 20_000 + zlib.crc32(str(cache.resolve()).encode()) % 12_000
