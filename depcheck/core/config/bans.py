"""Bans: releases that the maintainers never want to be run."""

import re
from dataclasses import dataclass

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.config.stated_package import MAX_REASON_CHARS, parse_stated_package

_BAN_SENTENCE = re.compile(r"(?P<what>\S+)\s+because\s+(?P<reason>\S.*)")
_EXAMPLE = "give for example litellm==1.82.8 because it is malware"
_NO_VERSION = "<0.dev0"


@dataclass(frozen=True, slots=True)
class Ban:
    """Releases of a package that are never downloaded, built or run.

    `version` is empty for all of them, else one release or `1.82.*`.
    """

    package: NormalizedName
    version: str
    reason: str

    @property
    def allowed(self) -> str:
        """The specifier of what may still be taken."""
        return f"!={self.version}" if self.version else _NO_VERSION


def parse_ban(given: str) -> Ban:
    """Parse a ban, for example `litellm==1.82.8 because it is malware`.

    Raises:
        ValueError: The text is none. The message is appended to the option's name.
    """
    found = _BAN_SENTENCE.fullmatch(given.strip())
    if not found or len(found["reason"]) > MAX_REASON_CHARS:
        raise ValueError(f"bans no release for a reason; {_EXAMPLE}")
    requirement = parse_stated_package(found["what"], _EXAMPLE)
    stated = list(requirement.specifier)
    names_one = [each.operator for each in stated] in ([], ["=="])
    if requirement.url or requirement.extras or requirement.marker or not names_one:
        raise ValueError(f"has more than a name and `==` of one release in {found['what']!r}; {_EXAMPLE}")
    return Ban(canonicalize_name(requirement.name), stated[0].version if stated else "", found["reason"])
