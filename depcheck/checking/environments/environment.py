"""Describe one environment on disk and what is installed in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.environments.interpreters import Interpreter
from depcheck.checking.environments.read_installed import InstalledDistribution, list_hook_owners
from depcheck.core.model.checks import Failure
from depcheck.core.model.installed import Distribution, OwnInstallation
from depcheck.core.model.requirements import UNSAFE_PACKAGES, ExtrasByName, find_inconsistencies
from depcheck.core.start_hooks.added_hooks import HookOwner


@dataclass(frozen=True, slots=True)
class VirtualEnvironment:
    """One environment on disk: adapter of `ports.Installed`.

    `folder` is its own place, which holds `venv` and the copies of the repository; the guest writes to few of its
    folders and not to itself. `package` and
    `version` name what could not be installed, None where that is the project itself or not known. `own` is what was
    installed of the repository itself. `unsafe` are the packages that its lockfiles leave out.
    """

    folder: Path
    interpreter: Interpreter
    installed_distributions: tuple[InstalledDistribution, ...] = ()
    failure: Failure | None = None
    package: NormalizedName | None = None
    version: Version | None = None
    extras: ExtrasByName = field(default_factory=dict)
    own: OwnInstallation = field(default_factory=OwnInstallation)
    unsafe_packages: frozenset[NormalizedName] = UNSAFE_PACKAGES

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def project(self) -> NormalizedName | None:
        """The repository's own distribution, where it is installed."""
        return self.own.name

    @property
    def work(self) -> Path:
        """Folder of the checks' copy, where editable installations point."""
        return self.folder / "work"

    @property
    def built(self) -> Path:
        """The tree with what editable builds left, if any were made."""
        return self.folder / "built"

    @property
    def bytecode_folder(self) -> Path:
        """The folder of compiled code of what is installed."""
        return self.folder / "bytecode" / "tree"

    @property
    def site_packages(self) -> tuple[Path, ...]:
        """The folders that its packages are installed in."""
        return tuple((self.folder / "venv").glob("lib/*/site-packages"))

    @property
    def distributions(self) -> Sequence[Distribution]:
        """The installed distributions."""
        return tuple(each.distribution for each in self.installed_distributions)

    @property
    def hook_owners(self) -> tuple[HookOwner, ...]:
        """What of each installed package runs without an import.

        The project is left out.
        """
        return tuple(each for each in list_hook_owners(self.installed_distributions) if each.name != self.project)

    @property
    def content_digest(self) -> str:
        """A digest of all that is installed but the project.

        Empty if something of it cannot be read.
        """
        others = [each for each in self.installed_distributions if each.distribution.name != self.project]
        if not all(each.digest for each in others):
            return ""
        return hashlib.sha256("\n".join(sorted(each.digest for each in others)).encode()).hexdigest()

    @property
    def inconsistencies(self) -> Sequence[str]:
        """Requirements that the installed packages do not meet, one sentence each."""
        unknown = frozenset({self.own.name} if self.own.name and not self.own.has_version else ())
        return find_inconsistencies(
            self.distributions, self.interpreter.markers, self.extras, self.unsafe_packages, unknown
        )
