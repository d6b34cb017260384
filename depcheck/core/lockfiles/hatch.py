"""Lockfiles of hatch-pip-compile, whose headers hold the environment's requirements."""

import re

from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.paths import resolve_repository_path
from depcheck.core.lockfiles.pin_line import is_source_requirer
from depcheck.core.model.errors import LockfileError

_LISTED_REQUIREMENT = re.compile(r"^- (?P<requirement>[A-Za-z0-9].*)$")
_CONSTRAINT_LINE = re.compile(r"^\[constraints\] (?P<path>\S.*?)(?: \(SHA256: [0-9a-f]+\))?$")
_ENVIRONMENT_NAME = re.compile(r"^hatch\.envs\.[\w.-]+$")


def parse_hatch_source(header: Header, lockfile: Lockfile) -> tuple[str, str, tuple[str, ...]]:
    """Parse the source that the header holds.

    Returns its name, as annotations use it, its text, and the lockfiles that constrain it. Raises
    LockfileError if the header lists no requirements.
    """
    matches = (_LISTED_REQUIREMENT.match(line) for line in header.listed_lines)
    requirements = [match["requirement"] for match in matches if match]
    if not requirements:
        raise LockfileError(
            "It was written by hatch-pip-compile, but its header lists no requirements, and no other file holds them; "
            "run hatch-pip-compile again, or compile it with `pip-compile`."
        )
    below = (_CONSTRAINT_LINE.match(line) for line in header.listed_lines)
    constraints = tuple(resolve_repository_path("", match["path"], "A constraint") for match in below if match)
    return _get_environment_name(lockfile), "".join(f"{line}\n" for line in requirements), constraints


def find_hatch_annotation(lockfile: Lockfile) -> str:
    """Find the environment's name in the annotations, or return an empty string."""
    named = (requirer for entry in lockfile.entries for requirer in entry.pin.requirers if is_source_requirer(requirer))
    return next(named, "")


def _get_environment_name(lockfile: Lockfile) -> str:
    """Return the annotated environment name, or that of the default environment."""
    named = find_hatch_annotation(lockfile)
    return named if _ENVIRONMENT_NAME.match(named) else "hatch.envs.default"
