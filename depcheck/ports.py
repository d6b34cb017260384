"""What the story needs from the world outside, on one screen. `app` connects the ports with their adapters."""

from collections.abc import Sequence
from typing import Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.checks import Check, CheckResult, Failure
from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.distributions import Distribution
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.pins import Pins
from depcheck.core.releases import Release
from depcheck.core.report import EnvironmentReport
from depcheck.core.world import World


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

    def requires(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Requires-Dist of a release, as written, from a wheel's metadata; None where only a build would tell."""

    def asked_for(self, world: World) -> frozenset[NormalizedName]:
        """The projects whose pages were fetched in `world` so far."""


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


class Environments(Protocol):
    """Builds environments."""

    def install(self, spec: EnvironmentSpec, pins: Pins, world: World) -> Installed:
        """An environment with exactly `pins`; it stays valid until the next call for the same spec."""


class Checks(Protocol):
    """Runs checks in an environment."""

    def run(self, spec: EnvironmentSpec, installed: Installed, checks: Sequence[Check]) -> Sequence[CheckResult]:
        """Run `checks` in order, each in a fresh copy of the workspace; a failed check does not stop the next."""


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
