"""The composition root: the only place that names concrete adapters."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from depcheck import __version__
from depcheck.checking.checks import GuestChecks
from depcheck.checking.compiler import CommandCompiler
from depcheck.checking.environments import UvEnvironments
from depcheck.checking.explaining import GuestExplainer
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest, run_own
from depcheck.checking.proving import ProvingCompiler
from depcheck.checking.repository import Repository
from depcheck.checking.sandbox import Walls, open_to_others, walls_here
from depcheck.checking.targets import Targets
from depcheck.checking.toolbox import Toolbox
from depcheck.checking.tree import Tree
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError, InterpreterMissingError
from depcheck.core.report import EnvironmentReport, Report, Status, Tool
from depcheck.core.settings import BisectSettings, PublishOptions, Settings
from depcheck.core.world import World
from depcheck.index.fetch import Fetch
from depcheck.index.local import LocalIndex
from depcheck.index.upstream import upstreams
from depcheck.pipeline.night import night
from depcheck.ports import Ports, Reporter
from depcheck.publishing import publisher
from depcheck.publishing.place import declined, place_of, require
from depcheck.publishing.publisher import Published
from depcheck.reporting.earlier import earlier
from depcheck.reporting.folder import write

GIT_TIMEOUT_S = 30
PREPARE_TIMEOUT_S = 1800  # one compile or installation; --timeout is for the checks


def check(settings: Settings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """Judge every environment of `settings.repo` and write the report folder.

    Raises:
        DepcheckError: Nothing could be judged at all; nothing was written.
    """
    started_at = _now()
    past = earlier(settings.history)
    specs = environments(settings, environ)
    with _workshop(settings, reporter, environ, specs) as workshop:
        reports = night(specs, settings, workshop.connect, _now)
        report = _report(settings, environ, started_at, reports, workshop.guest.walls.isolation())
    write(report, Path(settings.report), past)
    return report


def bisect(settings: BisectSettings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """The same question between two dates: the baseline is the resolution as of `good`, nothing need be locked."""
    paths = tuple(str(path) for path in settings.requirements)
    return check(replace(settings.check, lockfiles=paths or settings.check.lockfiles), reporter, environ)


def publish(report: Path, options: PublishOptions, environ: Mapping[str, str]) -> Published:
    """Settle what the report in the folder `report` wants, with the token GITHUB_TOKEN of `environ`.

    Raises:
        DepcheckError: The report or the forge cannot be used at all; what is refused singly is in `problems`.
    """
    place = place_of(environ)
    if options.dry_run:
        return publisher.preview(report, options, place)
    if why := declined(environ):
        return Published((why,))
    token = environ.get("GITHUB_TOKEN", "")
    require(place, token)
    return publisher.publish(report, options, token, place)


def environments(settings: Settings, environ: Mapping[str, str]) -> Sequence[EnvironmentSpec]:
    """The environments of the repository, found and not yet judged."""
    repo = Path(settings.repo).resolve()
    return Repository(settings, lambda words: _git(words, repo, environ)).environments()


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
    indexes: dict[tuple[str, ...], LocalIndex] = field(default_factory=dict)

    def connect(self, spec: EnvironmentSpec) -> Ports:
        """The ports for one environment, on the index that its lockfiles name."""
        index = self._index(spec)
        settings = self.settings
        copies = WorkspaceCopy(Path(settings.repo), self.guest, self.scratch, (Path(settings.report),))
        toolbox = Toolbox(_readable(self.cache, self.scratch) / "tools", lambda: index.url(World()), self.environ)
        targets = Targets(self.guest, toolbox, self.interpreters.about)
        compiler = CommandCompiler(
            guest=self.guest,
            index=index,
            toolbox=toolbox,
            targets=targets,
            copy=copies.fresh,
            caches=self.scratch / "compile",
            timeout_s=PREPARE_TIMEOUT_S,
        )
        places = UvEnvironments(self.guest, index, self.interpreters, copies, self.scratch, PREPARE_TIMEOUT_S)
        return Ports(
            compiler=ProvingCompiler(compiler, index, Tree(Path(settings.repo).resolve()), targets),
            index=index,
            environments=places,
            checks=GuestChecks(self.guest, index, copies, settings, Path(settings.report) / "logs"),
            explainer=GuestExplainer(self.guest, places),
            reporter=self.reporter,
            clock=time.monotonic,
        )

    def _index(self, spec: EnvironmentSpec) -> LocalIndex:
        named = [url for lock in spec.lockfiles for url in lock.index_urls]
        asked = [url for url in (self.settings.index_url, *self.settings.extra_index_urls) if url]
        urls = tuple(dict.fromkeys(asked or named))
        if urls not in self.indexes:
            bundle = self.environ.get("PIP_CERT") or self.environ.get("SSL_CERT_FILE") or ""
            index = LocalIndex(upstreams(urls, self.environ), self.cache / "index", fetch=Fetch(ca_bundle=bundle))
            self.indexes[urls] = self.stack.enter_context(index)
        return self.indexes[urls]


@contextmanager
def _workshop(
    settings: Settings, reporter: Reporter, environ: Mapping[str, str], specs: Sequence[EnvironmentSpec]
) -> Iterator[_Workshop]:
    cache = _cache(environ)
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


def _readable(cache: Path, scratch: Path) -> Path:
    """The cache where the guest can read it, else this run's own folder: then tools are built for each run."""
    cache.mkdir(parents=True, exist_ok=True)
    return cache if open_to_others(cache) else scratch


def _cache(environ: Mapping[str, str]) -> Path:
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
