"""Run uv as the installer, and read its failures and needs.

Needs: what is still to be installed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name
from uv import find_uv_bin

from depcheck.checking.environments.absent_projects import describe_absent
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.wheel_builder import UV_VARIABLES
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.core.model.checks import Failure
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.pins import Pins
from depcheck.core.model.requirements import collect_unsafe_requirements
from depcheck.core.tool_output import install_errors
from depcheck.ports import PackageServer

SETUPTOOLS = canonicalize_name("setuptools")
NO_WHEEL = "building it gave no wheel"


@dataclass(frozen=True, slots=True)
class UvCommand:
    """uv in one environment, as a user that runs no package."""

    installer: Guest
    environment: VirtualEnvironment
    cache_folder: Path
    timeout_s: float

    def run(self, words: Sequence[str], network: NetworkPolicy, *places: Path) -> ProcessResult:
        """Run uv with the arguments `words`, which must not execute any package.

        It can write to the cache, the environment and `places`.

        Raises:
            IndexUnavailableError: uv exceeded a limit of the machine.
        """
        uv = find_uv_bin()
        ran = self.installer.run(
            [uv, *words],
            folder=self.environment.folder / "venv",
            timeout_s=self.timeout_s,
            env={**UV_VARIABLES, "UV_CACHE_DIR": str(self.cache_folder)},
            network=network,
            readable=(Path(uv).parent, self.environment.interpreter.prefix, self.environment.folder),
            writable=(self.cache_folder, *places),
        )
        if ran.exceeded_limit:  # nothing of a package ran
            raise IndexUnavailableError(
                f"Packages could not be installed: uv was ended, {ran.exceeded_limit}. No package is to blame; "
                "try a machine with more of it."
            )
        return ran


def list_unsafe_lines(environment: VirtualEnvironment, pins: Pins) -> dict[str, NormalizedName]:
    """List lines for setuptools and other unsafe packages that are required.

    The interpreter's own wheel, as `python -m venv` installs, or the newest release.
    """
    about = environment.interpreter.markers
    asked = collect_unsafe_requirements(
        environment.distributions, about, environment.extras, environment.unsafe_packages
    )
    lines = {name: f"{name}{specifier}" for name, specifier in sorted(asked.items()) if name not in pins}
    bundled = environment.interpreter.setuptools_wheel
    if bundled and SETUPTOOLS not in pins:
        version = bundled.name.split("-")[1]
        if SETUPTOOLS not in asked or asked[SETUPTOOLS].contains(version, prereleases=True):
            lines[SETUPTOOLS] = str(bundled)
    return {line: name for name, line in sorted(lines.items())}


def mark_unbuilt(
    environment: VirtualEnvironment, ran: ProcessResult | None, index: PackageServer, timeout_s: float
) -> VirtualEnvironment:
    """Record uv's failure as the environment's.

    Raises:
        IndexUnavailableError: No package is to blame.
    """
    if ran is None:
        return replace(environment, failure=Failure("", NO_WHEEL))
    return _mark_failed(environment, ran, index, timeout_s)


def _mark_failed(
    environment: VirtualEnvironment, ran: ProcessResult, index: PackageServer, timeout_s: float
) -> VirtualEnvironment:
    """Record why uv failed as the environment's failure.

    Raises:
        IndexUnavailableError: No package is to blame.
    """
    stopped = f"was ended: {ran.exceeded_limit}" if ran.exceeded_limit else f"timed out after {timeout_s:g} s"
    if ran.exceeded_limit or ran.timed_out:
        return replace(environment, failure=Failure("", f"installing {stopped}"))
    blocked = install_errors.describe_blocked_install(ran.output)
    if blocked:
        troubles = index.list_index_errors()
        raise IndexUnavailableError(
            f"Packages could not be installed: {troubles[0] if troubles else blocked}. "
            "No package is to blame; try again later."
        )
    found = install_errors.parse_install_failure(ran.output)
    absence = describe_absent(index, ran.output)
    failure = replace(found.failure, headline=absence) if absence else found.failure
    return replace(environment, failure=failure, package=found.package, version=found.version)


def find_unreadable(environment: VirtualEnvironment) -> VirtualEnvironment | None:
    """Return the environment as failed if something is unreadable."""
    for each in environment.installed_distributions:
        if each.unreadable:
            name, version = each.distribution.name, each.distribution.version
            failure = Failure("", f"{name} {version} cannot be read: {each.unreadable}")
            return replace(environment, failure=failure, package=name, version=version)
    return None
