"""What the story needs from the world outside, on one screen. `app` connects the ports with their adapters."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.advisories import Advisory
from depcheck.core.checks import Check, CheckResult, Failure
from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.distributions import Distribution
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.own_installation import OwnInstallation
from depcheck.core.pins import Pin, Pins
from depcheck.core.release_facts import ReleaseFacts
from depcheck.core.releases import Release, Standing
from depcheck.core.report import EnvironmentReport
from depcheck.core.target import Target
from depcheck.core.world import World

if TYPE_CHECKING:  # of use in a search alone
    from depcheck.core.explanation import Step


class Workspace(Protocol):
    """The repository under judgement."""

    def environments(self) -> Sequence[EnvironmentSpec]:
        """All environments found, those that cannot be judged with the reason in `skipped`."""


class Compiler(Protocol):
    """pip-compile or uv, as the lockfile's header says."""

    def compile(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | NotCompiled:
        """Compile all lockfiles of `spec` in layer order, without writing to the repository."""


class Index(Protocol):
    """The local package index."""

    def releases(self, project: NormalizedName, world: World) -> Sequence[Release]:
        """The project's releases visible in `world`, in version order; empty for an unknown project."""

    def standing(self, project: NormalizedName, version: Version) -> Standing:
        """How a release stands now, in the world without a horizon."""

    def requires(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Requires-Dist of a release, as written, from a wheel's metadata; None where only a build would tell."""

    def advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Known vulnerabilities of a release, where an index tells of them. Safe for threads.

        Raises IndexUnavailableError where they could not be had, which says nothing about any package.
        """

    def facts(
        self, wanted: Collection[tuple[NormalizedName, Version]]
    ) -> Mapping[tuple[NormalizedName, Version], ReleaseFacts]:
        """What these releases say of themselves, asked for at the same time; those that cannot be had are left out.

        Never an error and never a trouble: no verdict hangs on it.
        """

    def troubles(self) -> tuple[str, ...]:
        """What failed of the indexes themselves, one sentence each; then no package is to blame."""

    def asked_for(self, world: World) -> frozenset[NormalizedName]:
        """The projects whose pages were fetched in `world` so far."""


class PackageServer(Protocol):
    """Where package tools find the local index."""

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""

    def url(self, world: World, target: Target | None = None) -> str:
        """The index URL of `world`; with a `target`, pages are without the files that do not fit it."""

    def offer(self, url: str, filename: str, content: bytes | None = None) -> str:
        """A local address for what stands at `url`; it is fetched when asked for, unless `content` is given."""

    def stated(self, pin: Pin, world: World, target: Target) -> tuple[str, ...] | None:
        """Requires-Dist of the wheel that pip would take for `pin`; None where it is not certain to take one."""

    def choices(self, name: NormalizedName, world: World, target: Target) -> tuple[Version, ...] | None:
        """The versions that pip has a candidate for, newest first, without yanked ones.

        None where it is not certain; raises IndexUnavailableError.
        """

    def hashes(self, pin: Pin, world: World, target: Target) -> frozenset[str] | None:
        """What pip-compile writes down as the hashes of `pin`'s files; None where it would have to fetch."""

    def prefetch(self, names: Iterable[NormalizedName]) -> None:
        """Fetch these projects' pages at once, in the background: they will be asked for. Failures are not told."""

    def troubles(self) -> tuple[str, ...]:
        """What failed of the indexes themselves, one sentence each."""

    def requires(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Requires-Dist of a release, as written, from a wheel's metadata; None where only a build would tell."""

    def last_source(self) -> str:
        """The file name of the source distribution that was fetched last, or empty."""


class Installed(Protocol):
    """One environment on disk."""

    @property
    def failure(self) -> Failure | None:
        """Why the pins could not be installed, or None."""

    @property
    def package(self) -> NormalizedName | None:
        """Which package could not be built or installed, where that is known."""

    @property
    def distributions(self) -> Sequence[Distribution]:
        """What is installed."""

    @property
    def inconsistencies(self) -> Sequence[str]:
        """Requirements among the installed that the installed do not meet, one sentence each."""

    @property
    def own(self) -> OwnInstallation:
        """How the repository's own package was installed."""


class Environments(Protocol):
    """Builds environments."""

    def markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        """The marker environment of the spec's interpreter, with all of PEP 508's names."""

    def install(self, spec: EnvironmentSpec, pins: Pins, world: World) -> Installed:
        """An environment with exactly `pins`; it stays valid until the next call for the same spec."""


class Checks(Protocol):
    """Runs checks in an environment."""

    def run(self, spec: EnvironmentSpec, installed: Installed, checks: Sequence[Check]) -> Sequence[CheckResult]:
        """Run `checks` in order, each in a fresh copy of the workspace; a failed check does not stop the next."""


class Explainer(Protocol):
    """Finds out what a release took away."""

    def explain(self, spec: EnvironmentSpec, installed: Installed, world: World, step: "Step", failure: Failure) -> str:
        """A sentence that names what `step` removed or changed and the line in `installed` that uses it.

        Only what the files of both releases show; empty where they show nothing, or cannot be had in `world`.
        """


class Greens(Protocol):
    """Remembers when an environment was green."""

    def last(self, spec: EnvironmentSpec) -> datetime | None:
        """When a fresh installation of `spec` passed last, aware UTC; None where no such night is remembered."""

    def keep(self, spec: EnvironmentSpec, moment: datetime) -> None:
        """Remember that it passed at `moment`."""


class Reporter(Protocol):
    """Tells people what goes on."""

    def environment(self, spec: EnvironmentSpec) -> None:
        """The judgement of `spec` begins."""

    def stage(self, text: str) -> None:
        """A stage of the work begins; `text` says which, for a person."""

    def checked(self, label: str, result: CheckResult) -> None:
        """A check has ended in the environment `label` (`baseline`, `candidate`, `trial 3`, `proposal`)."""

    def judged(self, report: EnvironmentReport) -> None:
        """The judgement of an environment has ended."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the story needs, connected. `clock` gives monotonic seconds."""

    compiler: Compiler
    index: Index
    environments: Environments
    checks: Checks
    explainer: Explainer
    greens: Greens
    reporter: Reporter
    clock: Callable[[], float]
