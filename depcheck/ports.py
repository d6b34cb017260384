"""The interfaces through which the pipeline reaches the outside world.

`wiring/app.py` connects these protocols with their adapters.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.advisories import Advisory, ReleaseId
from depcheck.core.model.checks import Check, CheckResult, Failure
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.index_facts.flags import FlagLookup, ReleaseFlag
from depcheck.core.model.index_facts.project_status import ProjectStatus
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import Distribution, OwnInstallation
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.releases import Origins, Release, ReleaseFacts, ReleaseStatus
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.core.start_hooks.added_hooks import HookOwner

if TYPE_CHECKING:  # of use in a search alone
    from depcheck.core.tool_output.api_errors import ReleaseStep


class Compiler(Protocol):
    """The compiler that the lockfile's header names: pip-compile or uv."""

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Compile all lockfiles of `spec` in layer order.

        Nothing is written to the repository.
        """


class Index(Protocol):
    """The local package index, as the pipeline queries it."""

    def list_releases(self, project: NormalizedName, world: IndexView) -> Sequence[Release]:
        """List the project's releases that the view shows, in version order."""

    def get_release_status(self, project: NormalizedName, version: Version) -> ReleaseStatus:
        """Return whether a release is present and yanked today."""

    def get_project_status(self, project: NormalizedName) -> ProjectStatus:
        """Return what the index says of the project as a whole."""

    def find_flags(self, releases: Collection[ReleaseId]) -> tuple[ReleaseFlag, ...]:
        """Return which releases must not be run."""

    def get_malware_trouble(self) -> str:
        """Return why nobody could be asked about malware, or empty."""

    def guard_sources(self, find_flag: FlagLookup) -> None:
        """Refuse source distributions that all guards flag."""

    def list_refused_releases(self) -> tuple[ReleaseFlag, ...]:
        """List the flagged releases that package tools asked for in vain."""

    def list_fetched_requirements(self) -> tuple[tuple[str, str], ...]:
        """Return address and SHA-256 of each requirements file fetched so far."""

    def get_origins(self, project: NormalizedName) -> Origins:
        """Return which indexes were asked for `project`, and which have it."""

    def get_requires_dist(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Return a release's Requires-Dist as in a wheel, else None."""

    def fetch_advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Fetch the known vulnerabilities of a release.

        Empty for an index that publishes none. Safe for threads. Raises IndexUnavailableError, which says nothing
        about any package.
        """

    def fetch_release_facts(
        self, wanted: Collection[tuple[NormalizedName, Version]]
    ) -> Mapping[tuple[NormalizedName, Version], ReleaseFacts]:
        """Fetch what these releases publish about themselves, at the same time.

        What cannot be fetched is left out. Raises and records no error: no verdict depends on it.
        """

    def list_index_errors(self) -> tuple[str, ...]:
        """List the errors of the indexes: then no package is to blame."""

    def list_requested_projects(self, world: IndexView) -> frozenset[NormalizedName]:
        """List the projects whose pages were requested in this view so far."""


class PackageServer(Protocol):
    """The local HTTP server through which package tools see the index."""

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""

    def get_index_url(self, world: IndexView, target: InterpreterTarget | None = None, only: str = "") -> str:
        """Return the index URL that shows this view.

        Pages leave out the files that do not fit a `target`, or that the index `only` does not have.
        """

    def find_origin(self, local_url: str, only: str = "") -> str:
        """Return a served file's address at its own index, or nothing."""

    def serve_file(self, url: str, filename: str, content: bytes | None = None) -> str:
        """Serve a file of another address, fetched when asked for, or `content`."""

    def get_wheel_requires_dist(self, pin: Pin, world: IndexView, target: InterpreterTarget) -> tuple[str, ...] | None:
        """Return Requires-Dist of the wheel that pip would take for `pin`.

        None if pip is not certain to take a wheel.
        """

    def list_pip_candidates(
        self, name: NormalizedName, world: IndexView, target: InterpreterTarget
    ) -> tuple[Version, ...] | None:
        """List the versions that pip has a candidate for, newest first.

        Yanked versions are left out. None if the list is not certain.

        Raises:
            IndexUnavailableError: The project's page cannot be fetched.
        """

    def get_lockfile_hashes(self, pin: Pin, world: IndexView, target: InterpreterTarget) -> frozenset[str] | None:
        """Return the hashes that pip-compile writes for `pin`.

        None if pip-compile would have to fetch files to compute them.
        """

    def fetch_requirements(self, url: str, limit_bytes: int) -> str:
        """Return the text of a requirements file, or raise LockfileError."""

    def prefetch_pages(self, names: Iterable[NormalizedName]) -> None:
        """Fetch the projects' pages in the background, without a word of failures."""

    def list_index_errors(self) -> tuple[str, ...]:
        """List the errors of the indexes themselves, one sentence each."""

    def get_requires_dist(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Return a release's Requires-Dist as in a wheel, else None."""

    def get_origins(self, project: NormalizedName) -> Origins:
        """Return which indexes were asked for `project`, and which have it."""

    def get_last_sdist(self) -> str:
        """Return the name of the source distribution fetched last, or empty."""


class InstalledEnvironment(Protocol):
    """An environment on disk."""

    @property
    def failure(self) -> Failure | None:
        """The failure that stopped the installation, or None."""

    @property
    def package(self) -> NormalizedName | None:
        """The package that could not be built or installed, if known."""

    @property
    def distributions(self) -> Sequence[Distribution]:
        """The installed distributions."""

    @property
    def hook_owners(self) -> tuple[HookOwner, ...]:
        """What of each installed package runs without an import."""

    @property
    def content_digest(self) -> str:
        """A digest of what the installed packages hold, or empty."""

    @property
    def inconsistencies(self) -> Sequence[str]:
        """Requirements that the installed packages do not meet, one sentence each."""

    @property
    def own(self) -> OwnInstallation:
        """How the repository's own package was installed."""


class EnvironmentBuilder(Protocol):
    """Builds environments."""

    def get_markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        """Return the interpreter's markers, all names of PEP 508."""

    def install_pins(self, spec: EnvironmentSpec, pins: Pins, world: IndexView) -> InstalledEnvironment:
        """Install exactly `pins` into an environment.

        The environment stays valid until the next call for the same spec.
        """


class CheckExecutor(Protocol):
    """Runs checks in an environment."""

    def run_checks(
        self, spec: EnvironmentSpec, installed: InstalledEnvironment, checks: Sequence[Check], *, closed: bool = False
    ) -> Sequence[CheckResult]:
        """Run `checks` in order, each in a fresh copy of the workspace.

        A failed check does not stop the next one. If `closed`, an open network is closed but for its ports.
        """


class Explainer(Protocol):
    """Finds out which name a release removed or changed."""

    def explain_failure(
        self,
        spec: EnvironmentSpec,
        installed: InstalledEnvironment,
        world: IndexView,
        step: "ReleaseStep",
        failure: Failure,
    ) -> str:
        """Return what `step` removed, and the line of `installed` that uses it.

        Based only on both releases' files. Empty if they show nothing, or if the view does not have them.
        """


class LastGreenStore(Protocol):
    """Stores when an environment last passed, and what was run there."""

    def get_last_green(self, spec: EnvironmentSpec) -> datetime | None:
        """Return when `spec` last passed, aware UTC, or None."""

    def get_run_releases(self, spec: EnvironmentSpec) -> Mapping[ReleaseId, str]:
        """Return the releases that earlier runs installed, each with its day."""

    def save_run_releases(self, spec: EnvironmentSpec, releases: Mapping[ReleaseId, str]) -> None:
        """Save the releases that runs have installed, each with its day."""

    def save_last_green(self, spec: EnvironmentSpec, moment: datetime) -> None:
        """Save `moment` as the time when the environment last passed."""


class TrialMemory(Protocol):
    """Stores what runs have seen of sets of pins."""

    def recall_record(self, spec: EnvironmentSpec, key: str) -> bytes | None:
        """Return what an earlier run stored for `key`, or None."""

    def remember_record(self, spec: EnvironmentSpec, key: str, content: bytes) -> None:
        """Store the record of `key`, or do nothing."""

    def close_records(self, spec: EnvironmentSpec, *, keep: bool) -> None:
        """Delete the environment's records, with `keep` only the unused ones."""


class Reporter(Protocol):
    """Shows people the progress of a run."""

    def start_environment(self, spec: EnvironmentSpec) -> None:
        """Announce that the check of an environment starts."""

    def start_stage(self, text: str) -> None:
        """Announce a stage of the work by `text`, which is for people."""

    def start_check(self, label: str, text: str) -> None:
        """Announce a check on `label`, such as `import` or `test pytest`."""

    def report_check(self, label: str, result: CheckResult) -> None:
        """Report one result on `label`: `baseline`, `candidate`, `trial 3` or `proposal`."""

    def finish_environment(self, report: EnvironmentReport) -> None:
        """Announce that the check of an environment has ended."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every adapter that the pipeline needs for one environment.

    `trial_memory` is of sets that break or wait, `kept_passes` of committed sets that pass. `clock` gives monotonic
    seconds.
    """

    compiler: Compiler
    index: Index
    environments: EnvironmentBuilder
    checks: CheckExecutor
    explainer: Explainer
    last_green: LastGreenStore
    trial_memory: TrialMemory
    kept_passes: TrialMemory
    reporter: Reporter
    clock: Callable[[], float]
