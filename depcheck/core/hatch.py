"""What hatch-pip-compile writes: the requirements of an environment stand in the header, not in a file."""

import re

from depcheck.core.annotations import is_source
from depcheck.core.errors import LockfileError
from depcheck.core.header import Header
from depcheck.core.lockfile import Lockfile
from depcheck.core.paths import inside

_LISTED = re.compile(r"^- (?P<requirement>[A-Za-z0-9].*)$")
_CONSTRAINED = re.compile(r"^\[constraints\] (?P<path>\S.*?)(?: \(SHA256: [0-9a-f]+\))?$")
_ENVIRONMENT = re.compile(r"^hatch\.envs\.[\w.-]+$")


def source(header: Header, lockfile: Lockfile) -> tuple[str, str, tuple[str, ...]]:
    """The source that the header holds: its name, which annotations use, its text, and the lockfiles below.

    Raises LockfileError where the header lists nothing.
    """
    matches = (_LISTED.match(line) for line in header.listed)
    requirements = [match["requirement"] for match in matches if match]
    if not requirements:
        raise LockfileError(
            "It was written by hatch-pip-compile, but its header lists no requirements, and no other file holds them; "
            "run hatch-pip-compile again, or compile it with `pip-compile`."
        )
    below = (_CONSTRAINED.match(line) for line in header.listed)
    constraints = tuple(inside("", match["path"], "A constraint") for match in below if match)
    return _name(lockfile), "".join(f"{line}\n" for line in requirements), constraints


def annotation(lockfile: Lockfile) -> str:
    """How the lockfile's annotations name the environment; empty where none does."""
    named = (requirer for entry in lockfile.entries for requirer in entry.pin.via if is_source(requirer))
    return next(named, "")


def _name(lockfile: Lockfile) -> str:
    named = annotation(lockfile)
    return named if _ENVIRONMENT.match(named) else "hatch.envs.default"
