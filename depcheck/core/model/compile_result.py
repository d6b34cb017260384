"""Results of compiling an environment's lockfiles."""

from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import Failure


class CompileFailureKind(StrEnum):
    """The reasons why a compile gives no lockfiles."""

    UNBUILDABLE = "unbuildable"  # a source distribution's metadata could not be made
    UNRESOLVABLE = "unresolvable"  # no set satisfies the sources
    DISAGREEING = "disagreeing"  # each lockfile can be compiled, but not so that all can be installed together
    REFUSED = "refused"  # the compiler does not accept the options or the sources


@dataclass(frozen=True, slots=True)
class CompiledLockfiles:
    """The compiled lockfiles of an environment.

    `files` are (path, full new text) pairs, in the environment's order. `notes` are for people.
    """

    files: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompileFailure:
    """A failed compile.

    `package` and `version` name the release that could not be built, if known. `found_elsewhere` says which tool found
    no set and which did, where one exists.
    """

    kind: CompileFailureKind
    failure: Failure
    package: NormalizedName | None = None
    version: Version | None = None
    found_elsewhere: str = ""
