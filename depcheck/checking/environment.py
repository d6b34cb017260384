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


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment on disk: adapter of `ports.Installed`.

    `folder` is its own place, which holds `venv` and the copies of the repository; the guest writes to few of its
    folders and not to itself. `package` and
    `version` name what could not be installed, None where that is the project itself or not known. `project` is the
    repository's own distribution, where it has one. `unsafe` are the packages that its lockfiles leave out.
    """

    folder: Path
    interpreter: Interpreter
    on_disk: tuple[OnDisk, ...] = ()
    failure: Failure | None = None
    package: NormalizedName | None = None
    version: Version | None = None
    extras: Extras = field(default_factory=dict)
    project: NormalizedName | None = None
    unsafe: frozenset[NormalizedName] = UNSAFE

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "venv" / "bin" / "python"

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
