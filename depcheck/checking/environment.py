"""One environment on disk, and what is installed in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.installed import OnDisk
from depcheck.checking.interpreters import Interpreter
from depcheck.core.checks import Failure
from depcheck.core.consistency import UNSAFE, Extras, inconsistencies
from depcheck.core.distributions import Distribution
from depcheck.core.own_installation import OwnInstallation


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment on disk: adapter of `ports.Installed`.

    `folder` is its own place, which holds `venv` and the copies of the repository; the guest writes to few of its
    folders and not to itself. `package` and
    `version` name what could not be installed, None where that is the project itself or not known. `own` is what was
    installed of the repository itself. `unsafe` are the packages that its lockfiles leave out.
    """

    folder: Path
    interpreter: Interpreter
    on_disk: tuple[OnDisk, ...] = ()
    failure: Failure | None = None
    package: NormalizedName | None = None
    version: Version | None = None
    extras: Extras = field(default_factory=dict)
    own: OwnInstallation = field(default_factory=OwnInstallation)
    unsafe: frozenset[NormalizedName] = UNSAFE

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
        """Where checks have their copy of the repository, and where editable installations point."""
        return self.folder / "work"

    @property
    def built(self) -> Path:
        """The tree with what editable builds left in it; there only where something was built so."""
        return self.folder / "built"

    @property
    def contents(self) -> str:
        """A name for exactly this set of installed packages."""
        names = sorted(f"{each.distribution.name}=={each.distribution.version}" for each in self.on_disk)
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]

    @property
    def bytecode(self) -> Path:
        """Where the guest keeps what Python compiles: that of one set of packages serves no other."""
        return self.folder / "bytecode" / self.contents

    @property
    def site_packages(self) -> tuple[Path, ...]:
        """Where its packages stand."""
        return tuple((self.folder / "venv").glob("lib/*/site-packages"))

    @property
    def distributions(self) -> Sequence[Distribution]:
        """What is installed."""
        return tuple(each.distribution for each in self.on_disk)

    @property
    def inconsistencies(self) -> Sequence[str]:
        """Requirements among the installed that the installed do not meet, one sentence each."""
        return inconsistencies(self.distributions, self.interpreter.markers, self.extras, self.unsafe)
