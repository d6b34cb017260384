"""What came of compiling an environment's lockfiles."""

from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.checks import Failure


class Obstacle(StrEnum):
    """Why there is no compiled set."""

    UNBUILDABLE = "unbuildable"  # a source distribution's metadata could not be made
    UNRESOLVABLE = "unresolvable"  # no set satisfies the sources
    DISAGREEING = "disagreeing"  # each lockfile can be compiled, but not so that all can be installed together
    REFUSED = "refused"  # the compiler does not accept the options or the sources


@dataclass(frozen=True, slots=True)
class Compiled:
    """The lockfiles' whole new texts by path, in the environment's order."""

    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NotCompiled:
    """No compiled set, and why. `package` and `version` name what could not be built, where that is known."""

    obstacle: Obstacle
    failure: Failure
    package: NormalizedName | None = None
    version: Version | None = None
