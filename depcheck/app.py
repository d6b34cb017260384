"""The composition root: the only place that names concrete adapters."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePath
from threading import Lock
from typing import TYPE_CHECKING

from depcheck import __version__
from depcheck.checking.greens import GreenNights
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest, run_own
from depcheck.checking.repository import Repository
from depcheck.checking.sandbox import Walls, walls_here
from depcheck.checking.tree import Tree
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError, InterpreterMissingError
from depcheck.core.report import EnvironmentReport, Report, Status, Tool
from depcheck.core.settings import BisectSettings, PublishOptions, Settings
from depcheck.index.advisories import Advisories
from depcheck.index.answer import Asked
from depcheck.index.disk import Disk
from depcheck.index.upstream import Upstream, upstreams
from depcheck.memory.asking import Asker, Hasty, asker, by_proxy
from depcheck.memory.compiler import RememberingCompiler
from depcheck.memory.observing import Observer
from depcheck.memory.quiet_index import ProjectsOf, on_demand, quiet_index
from depcheck.memory.record import Shelf
from depcheck.memory.revalidation import Revalidation
from depcheck.pipeline.night import night
from depcheck.ports import Ports, Reporter
from depcheck.reporting.earlier import earlier
from depcheck.reporting.folder import write

if TYPE_CHECKING:  # imported where it is used: a quiet night fetches nothing, and what judges publishes nothing
    from depcheck.adapters import Adapters
    from depcheck.index.fetch import Fetch
    from depcheck.index.local import LocalIndex
    from depcheck.publishing.publisher import Published

GIT_TIMEOUT_S = 30
_AS_YOU = "packages' code runs as this user, in a clean environment: see docs/security.md"
USERS = 4  # of one environment: as many as lockfiles are compiled at the same time


def check(settings: Settings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """Judge every environment of `settings.repo` and write the report folder.

    Raises:
        DepcheckError: Nothing could be judged at all; nothing was written.
    """
    started_at = _now()
    past = earlier(settings.history)
    specs = environments(settings, environ)
    with _workshop(settings, reporter, environ, specs) as workshop:
        if workshop.guest.walls.uid is None:
            reporter.stage(_AS_YOU)
        reports = night(specs, settings, workshop.connect, _now)
        report = _report(settings, environ, started_at, reports, workshop.guest.walls.isolation())
    write(report, Path(settings.report), past)
    return report


def bisect(settings: BisectSettings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """The same question between two dates: the baseline is the resolution as of `good`, nothing need be locked."""
    paths = tuple(str(path) for path in settings.requirements)
    return check(replace(settings.check, lockfiles=paths or settings.check.lockfiles), reporter, environ)


def publish(report: Path, options: PublishOptions, environ: Mapping[str, str]) -> "Published":
    """Settle what the report in the folder `report` wants, with the token GITHUB_TOKEN of `environ`.

    Raises:
        DepcheckError: The report or the forge cannot be used at all; what is refused singly is in `problems`.
    """
    from depcheck.publishing import publisher  # noqa: PLC0415  # GitHub's library takes half a second
    from depcheck.publishing.place import declined, place_of, require  # noqa: PLC0415

    place = place_of(environ)
    if options.dry_run:
        return publisher.preview(report, options, place)
    if why := declined(environ):
        return publisher.Published((why,))
    token = environ.get("GITHUB_TOKEN", "")
    require(place, token)
    return publisher.publish(report, options, token, place)


def environments(settings: Settings, environ: Mapping[str, str]) -> Sequence[EnvironmentSpec]:
    """The environments of the repository, found and not yet judged."""
    repo = Path(settings.repo).resolve()
    return Repository(settings, lambda words: _git(words, repo, environ)).environments()


def durations(folders: Sequence[PurePath]) -> dict[str, float]:
    """How long each environment took, in seconds, by the reports in `folders`; none for what cannot be read."""
    from depcheck.publishing.validation import read_report  # noqa: PLC0415  # what judges publishes nothing

    found: dict[str, float] = {}
    for folder in folders:
        with suppress(DepcheckError):
            for environment in read_report(Path(folder), "").environments:
                if environment.duration_s is not None:
                    found[environment.name] = max(0.0, environment.duration_s)
    return found


def write_failure(settings: Settings, error: DepcheckError, environ: Mapping[str, str]) -> None:
    """A report that says why nothing could be judged, so that no run is silent."""
    judged = EnvironmentReport(".", settings.python, Status.INFRA, str(error))
    write(_report(settings, environ, _now(), (judged,), {}), Path(settings.report))


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What the environments of one run share."""

    settings: Settings
    reporter: Reporter
    environ: Mapping[str, str]
    guest: Guest
    interpreters: Interpreters
    scratch: Path
    cache: Path
    stack: ExitStack
    indexes: "dict[tuple[Upstream, ...], tuple[LocalIndex, Revalidation]]" = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    building: Lock = field(default_factory=Lock)

    def connect(self, spec: EnvironmentSpec, place: int) -> Ports:
        """The ports for one environment, on the index that its lockfiles name; each place has users and folders."""
        if place:
            return self._beside(place).connect(spec, 0)
        index, revalidation = self._index(spec)
        made = cache(lambda: self._adapters(index, self.settings.of(spec.configured)))
        places = on_demand(lambda: made().environments(), markers=self._markers)
        tree = Tree(Path(self.settings.repo).resolve(), frozenset({Path(self.settings.report).resolve()}))
        compiler = RememberingCompiler(
            compiler=on_demand(lambda: made().compiler(places)),
            observer=Observer(index, self._interpreter),
            revalidation=revalidation,
            shelf=Shelf(self.cache / "memory"),
            tree=tree,
        )
        return Ports(
            compiler=compiler,
            index=index,
            environments=places,
            checks=on_demand(lambda: made().checks()),
            explainer=on_demand(lambda: made().explainer(places)),
            greens=GreenNights(self.cache / "greens", self._repository),
            reporter=self.reporter,
            clock=time.monotonic,
        )

    def _beside(self, place: int) -> "_Workshop":
        scratch = self.scratch / f"place-{place}"
        scratch.mkdir(mode=0o711, exist_ok=True)
        return replace(self, guest=replace(self.guest.beside(place * USERS), scratch=scratch), scratch=scratch)

    @property
    def _repository(self) -> str:
        return self.environ.get("GITHUB_REPOSITORY") or str(Path(self.settings.repo).resolve())

    def _adapters(self, index: "LocalIndex", settings: Settings) -> "Adapters":
        from depcheck.adapters import Adapters  # noqa: PLC0415  # a quiet night starts no process

        places = (self.scratch, self.cache)
        return Adapters(settings, self.environ, self.guest, self.interpreters, index, *places, self.building)

    def _markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        return {**self.interpreters.about(spec.python).markers, "extra": ""}

    def _interpreter(self, python: str) -> tuple[Path, Mapping[str, str]]:
        found = self.interpreters.about(python)
        return found.path, found.markers

    def _index(self, spec: EnvironmentSpec) -> "tuple[LocalIndex, Revalidation]":
        settings = self.settings.of(spec.configured)
        named = [url for lock in spec.lockfiles for url in lock.index_urls]
        asked = [url for url in (settings.index_url, *settings.extra_index_urls) if url]
        places = upstreams(tuple(dict.fromkeys(asked or named)), self.environ)
        with self.lock:
            return self.indexes.get(places) or self._on_demand(places)

    def _on_demand(self, places: "tuple[Upstream, ...]") -> "tuple[LocalIndex, Revalidation]":
        ask = asker(places, self.environ, self._bundle, lambda: self._patient(places))
        disk = Disk(self.cache / "index")
        revalidation = Revalidation(places, disk, ask)
        index = on_demand(lambda: self._opened(places))
        hasty = self._hasty(places)
        advisories = Advisories(places, hasty, disk, ProjectsOf(index))
        self.indexes[places] = quiet_index(index, revalidation, advisories), revalidation
        return self.indexes[places]

    def _hasty(self, places: Sequence[Upstream]) -> Asked:
        """For what can be done without: it gives up soon."""
        patient = cache(lambda: self._patient(places).hasty())
        return patient() if by_proxy(self.environ) else Hasty(Asker(places, self._bundle), patient)

    def _opened(self, places: Sequence[Upstream]) -> "LocalIndex":
        from depcheck.index.local import LocalIndex  # noqa: PLC0415  # only where something is fetched

        return self.stack.enter_context(LocalIndex(places, self.cache / "index", fetch=self._fetch()))

    def _patient(self, places: Sequence[Upstream]) -> "Fetch":
        fetch = self._fetch()
        fetch.trust(places)
        self.stack.callback(fetch.close)
        return fetch

    def _fetch(self) -> "Fetch":
        from depcheck.index.fetch import Fetch  # noqa: PLC0415

        return Fetch(ca_bundle=self._bundle)

    @property
    def _bundle(self) -> str:
        return self.environ.get("PIP_CERT") or self.environ.get("SSL_CERT_FILE") or ""


@contextmanager
def _workshop(
    settings: Settings, reporter: Reporter, environ: Mapping[str, str], specs: Sequence[EnvironmentSpec]
) -> Iterator[_Workshop]:
    cache = cache_folder(environ)
    interpreters = Interpreters(environ, cache / "pythons")
    needed = [path for spec in specs if not spec.skipped for path in _here(interpreters, spec.python)]
    walls = walls_here(sandbox=settings.sandbox, in_actions=_in_actions(environ), needed=needed, worker=os.getpid())
    with ExitStack() as stack:
        room = tempfile.TemporaryDirectory(prefix="depcheck-", dir=_rooms(cache, walls), ignore_cleanup_errors=True)
        scratch = Path(stack.enter_context(room))
        scratch.chmod(0o711)  # the guest passes through to its own folders, and sees nothing else
        guest = Guest(walls, scratch, environ, settings.env)
        yield _Workshop(settings, reporter, environ, guest, interpreters, scratch, cache, stack)


def _rooms(cache: Path, walls: Walls) -> Path | None:
    """Where runs have their folders. A guest that is our own user writes to all of /tmp: then in the cache instead."""
    if walls.uid is not None:
        return None
    rooms = cache / "runs"
    rooms.mkdir(parents=True, exist_ok=True)
    return rooms


def _here(interpreters: Interpreters, python: str) -> tuple[Path, ...]:
    """The interpreter, if there is one; that it is missing is said when its environment is judged."""
    try:
        return (interpreters.find(python),)
    except InterpreterMissingError:
        return ()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where to keep what the next run can use: DEPCHECK_CACHE, or a folder of the user's cache."""
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "/"), ".cache"))
    return Path(environ.get("DEPCHECK_CACHE") or Path(home, "depcheck")).absolute()


def _report(
    settings: Settings,
    environ: Mapping[str, str],
    started_at: datetime,
    judged: tuple[EnvironmentReport, ...],
    isolation: dict[str, bool | int | str],
) -> Report:
    repo = Path(settings.repo).resolve()
    head = _git(["git", "-c", "safe.directory=*", "rev-parse", "HEAD"], repo, environ).strip()
    return Report(
        tool=Tool("depcheck", __version__),
        started_at=started_at,
        finished_at=_now(),
        as_of=settings.as_of,
        repository=environ.get("GITHUB_REPOSITORY"),
        commit=head or None,
        isolation=isolation,
        environments=judged,
    )


def _git(words: Sequence[str], repo: Path, environ: Mapping[str, str]) -> str:
    ran = run_own(words, folder=repo, timeout_s=GIT_TIMEOUT_S, outer=environ)
    return ran.answer.decode(errors="replace") if ran.passed else ""


def _in_actions(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


def _now() -> datetime:
    return datetime.now(UTC)
