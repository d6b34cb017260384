"""The shared state of one run, and the ports of each environment."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.last_green import LastGreenFiles
from depcheck.checking.sandbox.environ import build_guest_environ
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.guest_users import claim_guest_number
from depcheck.checking.sandbox.open_copies import copy_openly, prepare_open_folder
from depcheck.checking.sandbox.policy import SandboxPolicy, choose_sandbox_policy, is_readable_by_others
from depcheck.checking.trial_files import DAY_S, TrialFiles, describe_circumstances
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import InterpreterMissingError
from depcheck.core.targets.left_out import add_left_out
from depcheck.index.advisory_source import AdvisoryClient
from depcheck.index.disk_cache import DiskCache
from depcheck.index.http_messages import HttpPoster
from depcheck.index.revalidating_client import FallbackHttpClient, RevalidatingClient, has_proxy, make_page_fetcher
from depcheck.index.upstreams import Upstream, choose_upstreams, resolve_upstreams
from depcheck.ports import Ports, Reporter
from depcheck.wiring.cache_shortcut import CacheShortcut
from depcheck.wiring.compile_shortcut import CompileShortcut, NoShortcut, ShortcutPlaces
from depcheck.wiring.job_indexes import read_pip_indexes, read_uv_indexes
from depcheck.wiring.lazy import Lazy, LazyCheckExecutor, LazyCompiler, LazyEnvironmentBuilder, LazyExplainer
from depcheck.wiring.lazy_index import LazyIndex, LazyProjects
from depcheck.wiring.run_folders import open_run_folder

if TYPE_CHECKING:  # imported where it is used: a quiet night fetches nothing and starts no process
    from depcheck.index.http_client import HttpClient
    from depcheck.index.server.local import LocalIndex
    from depcheck.wiring.adapters import AdapterFactory

_HASTY_TIMEOUT_S = 5.0
USERS_PER_ENVIRONMENT = (
    5  # of one environment: as many as lockfiles are compiled at the same time, and one who places tools
)


@dataclass(frozen=True, slots=True)
class RunContext:
    """The state that all environments of one run share."""

    settings: Settings
    reporter: Reporter
    environ: Mapping[str, str]
    guest: Guest
    interpreters: InterpreterFinder
    scratch: Path
    cache: Path
    stack: ExitStack
    indexes: dict[tuple[Upstream, ...], tuple[LazyIndex, CompileShortcut]] = field(default_factory=dict)
    index_lock: Lock = field(default_factory=Lock)
    build_lock: Lock = field(default_factory=Lock)

    def connect_ports(self, spec: EnvironmentSpec, place: int) -> Ports:
        """Build the ports for one environment.

        They use the index that its lockfiles name. Each `place` has its own users and folders.
        """
        if place:
            return self._derive_for_place(place).connect_ports(spec, 0)
        index, shortcut = self._get_index(spec)
        settings = self.settings.get_for_environment(spec.configured_name)
        made = cache(lambda: self._make_adapters(index, settings, self._choose_spare(spec, settings)))
        builder = Lazy(lambda: made().make_environments())
        inner = LazyCompiler(Lazy(lambda: made().make_compiler(builder.get())))
        tree = RepoFiles(Path(self.settings.repo).resolve(), frozenset({Path(self.settings.report).resolve()}))
        trials = self._open_trial_files(settings)
        return Ports(
            compiler=shortcut.wrap_compiler(inner, index, self._find_interpreter, tree),
            index=index,
            environments=LazyEnvironmentBuilder(
                builder.get, lambda spec: add_left_out(self._get_markers(spec), settings.without)
            ),
            checks=LazyCheckExecutor(Lazy(lambda: made().make_checks(self.reporter.start_stage))),
            explainer=LazyExplainer(Lazy(lambda: made().make_explainer(builder.get()))),
            last_green=LastGreenFiles(self.cache / "greens", self._repository_name),
            trial_memory=trials,
            kept_passes=replace(
                trials, folder=self.cache / "passes", most_age_s=7 * DAY_S, is_private=self.guest.policy.uid is not None
            ),
            reporter=self.reporter,
            clock=time.monotonic,
        )

    def _open_trial_files(self, settings: Settings) -> TrialFiles:
        variables = build_guest_environ(self.environ, settings.env, Path(), Path())
        seen = (sorted(variables.items()), sorted(self.guest.policy.to_report().items()))
        places = Path(self.settings.repo), (Path(self.settings.report),)
        circumstances = describe_circumstances(*places, seen, self.interpreters.find_path)
        return TrialFiles(self.cache / "trials", self._repository_name, circumstances)

    def _derive_for_place(self, place: int) -> "RunContext":
        scratch = self.scratch / f"place-{place}"
        scratch.mkdir(mode=0o711, exist_ok=True)
        return replace(
            self,
            guest=replace(self.guest.derive_parallel_guest(place * USERS_PER_ENVIRONMENT), scratch=scratch),
            scratch=scratch,
        )

    @property
    def _repository_name(self) -> str:
        return self.environ.get("GITHUB_REPOSITORY") or str(Path(self.settings.repo).resolve())

    def _make_adapters(
        self, index: LazyIndex, settings: Settings, spare: Callable[[], LazyIndex] | None
    ) -> "AdapterFactory":
        from depcheck.wiring.adapters import AdapterFactory  # noqa: PLC0415  # a quiet night starts no process

        places = (self.scratch, self.cache)
        return AdapterFactory(
            settings, self.environ, self.guest, self.interpreters, index, *places, self.build_lock, self.stack, spare
        )

    def _choose_spare(self, spec: EnvironmentSpec, settings: Settings) -> Callable[[], LazyIndex] | None:
        """PyPI, for the compilers themselves, where the environment's indexes are without it."""
        pypi = resolve_upstreams((), self.environ)
        asked = {upstream.url for upstream in self._choose_upstreams(spec, settings)}
        if settings.index_url or pypi[0].url in asked:
            return None

        def open_spare() -> LazyIndex:
            with self.index_lock:
                return (self.indexes.get(pypi) or self._make_index(pypi))[0]

        return open_spare

    def _get_markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        return {**self.interpreters.get_interpreter(spec.python).markers, "extra": ""}

    def _find_interpreter(self, python: str) -> tuple[Path, Mapping[str, str]]:
        found = self.interpreters.get_interpreter(python)
        return found.path, found.markers

    def _get_index(self, spec: EnvironmentSpec) -> tuple[LazyIndex, CompileShortcut]:
        settings = self.settings.get_for_environment(spec.configured_name)
        places = self._choose_upstreams(spec, settings)
        with self.index_lock:
            return self.indexes.get(places) or self._make_index(places)

    def _choose_upstreams(self, spec: EnvironmentSpec, settings: Settings) -> tuple[Upstream, ...]:
        """Return the user's indexes, else those that the tools use here."""
        if settings.index_url:
            return resolve_upstreams((settings.index_url, *settings.extra_index_urls), self.environ)
        forms = [get_lockfile_format(lock.compiler) for lock in spec.lockfiles]
        is_uv = bool(forms) and all(form.reads_uv_config for form in forms)
        choice = read_uv_indexes(self.environ) if is_uv else read_pip_indexes(self.environ)
        for lock in spec.lockfiles:
            choice = choice.override(lock.indexes)
        choice = choice if is_uv else replace(choice, is_union=True)
        return choose_upstreams(choice, self.environ, settings.extra_index_urls)

    def _make_index(self, places: tuple[Upstream, ...]) -> tuple[LazyIndex, CompileShortcut]:
        ask = make_page_fetcher(places, self.environ, self._ca_bundle, lambda: self._make_patient_client(places))
        disk = DiskCache(self.cache / "index")
        shortcut: CompileShortcut = NoShortcut()
        shortcut = CacheShortcut(ShortcutPlaces(places, disk, ask, self.cache / "memory"))
        index = Lazy(lambda: self._open_index(places))
        hasty = self._make_hasty_client(places)
        advisories = AdvisoryClient(places, hasty, disk, LazyProjects(index))
        self.indexes[places] = LazyIndex(index, advisories, shortcut.find_release_status), shortcut
        return self.indexes[places]

    def _make_hasty_client(self, places: Sequence[Upstream]) -> HttpPoster:
        """Build an HTTP client that gives up soon, for optional data."""
        patient = cache(lambda: self._make_patient_client(places).create_impatient_client())
        return (
            patient()
            if has_proxy(self.environ)
            else FallbackHttpClient(RevalidatingClient(places, self._ca_bundle, _HASTY_TIMEOUT_S), patient)
        )

    def _open_index(self, places: Sequence[Upstream]) -> "LocalIndex":
        from depcheck.index.server.local import LocalIndex  # noqa: PLC0415  # only where something is fetched

        return self.stack.enter_context(LocalIndex(places, self.cache / "index", fetch=self._make_http_client()))

    def _make_patient_client(self, places: Sequence[Upstream]) -> "HttpClient":
        fetch = self._make_http_client()
        fetch.register_credentials(places)
        self.stack.callback(fetch.close)
        return fetch

    def _make_http_client(self) -> "HttpClient":
        from depcheck.index.http_client import HttpClient  # noqa: PLC0415

        return HttpClient(ca_bundle=self._ca_bundle)

    @property
    def _ca_bundle(self) -> str:
        return self.environ.get("PIP_CERT") or self.environ.get("SSL_CERT_FILE") or ""


@contextmanager
def open_run_context(
    settings: Settings, reporter: Reporter, environ: Mapping[str, str], specs: Sequence[EnvironmentSpec]
) -> Iterator[RunContext]:
    """Open the context of a run that checks `specs`.

    Its folders, users and indexes are removed when the block ends.

    Raises:
        DepcheckError: In Actions, the guest cannot be isolated.
    """
    cache = get_cache_folder(environ)
    open_folder = prepare_open_folder() if settings.sandbox else None
    interpreters = InterpreterFinder(environ, cache / "pythons", open_folder)
    moved = _copy_own_programs(open_folder) if open_folder else {}
    needed = [
        path for spec in specs if not spec.skip_reason for path in _find_needed_interpreters(interpreters, spec.python)
    ]
    walls = choose_sandbox_policy(
        sandbox=settings.sandbox, in_actions=_is_in_actions(environ), needed=needed, worker=claim_guest_number()
    )
    with ExitStack() as stack:
        scratch = stack.enter_context(open_run_folder(_choose_scratch_parent(cache, walls)))
        scratch.chmod(0o711)  # the guest passes through to its own folders, and sees nothing else
        guest = Guest(walls, scratch, environ, settings.env, moved_programs=moved)
        yield RunContext(settings, reporter, environ, guest, interpreters, scratch, cache, stack)


def _copy_own_programs(folder: Path) -> Mapping[str, str]:
    """Copy uv and guest scripts to `folder` where others can read.

    Returns old paths and new ones, if other users cannot read them.
    """
    from uv import find_uv_bin  # noqa: PLC0415  # a quiet run starts no process

    from depcheck.checking.checks.running.compiled_code import GUEST_SCRIPTS  # noqa: PLC0415
    from depcheck.checking.compile.tool_envs import LOCKS  # noqa: PLC0415

    places = (Path(find_uv_bin()), GUEST_SCRIPTS, LOCKS)
    copies = {place: copy_openly(place, folder) for place in places if not is_readable_by_others(place)}
    return {str(place): str(copy) for place, copy in copies.items()}


def _choose_scratch_parent(cache: Path, walls: SandboxPolicy) -> Path | None:
    """Return the parent of the runs' folders, None for the default.

    A guest that is our own user writes to all of /tmp, so then the folder is in the cache.
    """
    if walls.uid is not None:
        return None
    rooms = cache / "runs"
    rooms.mkdir(parents=True, exist_ok=True)
    return rooms


def _find_needed_interpreters(interpreters: InterpreterFinder, python: str) -> tuple[Path, ...]:
    """Return the interpreter, or nothing if it is missing.

    That it is missing is reported when its environment is checked.
    """
    try:
        return (interpreters.find_path(python),)
    except InterpreterMissingError:
        return ()


def get_cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for what the next run can use.

    DEPCHECK_CACHE, or a folder of the user's cache.
    """
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "/"), ".cache"))
    return Path(environ.get("DEPCHECK_CACHE") or Path(home, "depcheck")).absolute()


def _is_in_actions(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"
