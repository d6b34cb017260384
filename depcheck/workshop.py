"""The workshop of one run: what its environments share, and the ports that each is judged through."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from depcheck.checking.greens import GreenNights
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest
from depcheck.checking.sandbox import Walls, walls_here
from depcheck.checking.tree import Tree
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import InterpreterMissingError
from depcheck.core.settings import Settings
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
from depcheck.ports import Ports, Reporter

if TYPE_CHECKING:  # imported where it is used: a quiet night fetches nothing and starts no process
    from depcheck.adapters import Adapters
    from depcheck.index.fetch import Fetch
    from depcheck.index.local import LocalIndex

USERS = 5  # of one environment: as many as lockfiles are compiled at the same time, and one who places tools


@dataclass(frozen=True, slots=True)
class Workshop:
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

    def _beside(self, place: int) -> "Workshop":
        scratch = self.scratch / f"place-{place}"
        scratch.mkdir(mode=0o711, exist_ok=True)
        return replace(self, guest=replace(self.guest.beside(place * USERS), scratch=scratch), scratch=scratch)

    @property
    def _repository(self) -> str:
        return self.environ.get("GITHUB_REPOSITORY") or str(Path(self.settings.repo).resolve())

    def _adapters(self, index: "LocalIndex", settings: Settings) -> "Adapters":
        from depcheck.adapters import Adapters  # noqa: PLC0415  # a quiet night starts no process

        places = (self.scratch, self.cache)
        return Adapters(
            settings, self.environ, self.guest, self.interpreters, index, *places, self.building, self.stack
        )

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
def workshop(
    settings: Settings, reporter: Reporter, environ: Mapping[str, str], specs: Sequence[EnvironmentSpec]
) -> Iterator[Workshop]:
    """The workshop of a run that judges `specs`; its folders, users and indexes are gone when the block ends.

    Raises:
        DepcheckError: In Actions, the guest cannot be kept apart.
    """
    cache = cache_folder(environ)
    interpreters = Interpreters(environ, cache / "pythons")
    needed = [path for spec in specs if not spec.skipped for path in _here(interpreters, spec.python)]
    walls = walls_here(sandbox=settings.sandbox, in_actions=_in_actions(environ), needed=needed, worker=os.getpid())
    with ExitStack() as stack:
        room = tempfile.TemporaryDirectory(prefix="depcheck-", dir=_rooms(cache, walls), ignore_cleanup_errors=True)
        scratch = Path(stack.enter_context(room))
        scratch.chmod(0o711)  # the guest passes through to its own folders, and sees nothing else
        guest = Guest(walls, scratch, environ, settings.env)
        yield Workshop(settings, reporter, environ, guest, interpreters, scratch, cache, stack)


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


def _in_actions(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"
