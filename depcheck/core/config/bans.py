"""Bans: releases that the maintainers never want to be run."""

from dataclasses import dataclass
from datetime import date

from packaging.utils import NormalizedName

from depcheck.core.config.stated_package import parse_stated_package

_EXAMPLE = "litellm==1.82.8 because it is malware"
_NO_VERSION = "<0.dev0"


@dataclass(frozen=True, slots=True)
class Ban:
    """Releases of a package that are never downloaded, built or run.

    `version` is empty for all of them, else one release or `1.82.*`. `last_day` is its last day, None for no end.
    """

    package: NormalizedName
    version: str
    reason: str
    last_day: date | None = None

    @property
    def allowed(self) -> str:
        """The specifier of what may still be taken."""
        return f"!={self.version}" if self.version else _NO_VERSION


def parse_ban(given: str) -> Ban:
    """Parse a ban, for example `litellm==1.82.8 because it is malware`.

    Raises:
        ValueError: The text is none. The message is appended to the option's name.
    """
    said = parse_stated_package(given, "bans no release for a reason", _EXAMPLE)
    stated = list(said.specifier)
    if [each.operator for each in stated] not in ([], ["=="]):
        raise ValueError(f"has more than a name and `==` of one release; give for example {_EXAMPLE}")
    return Ban(said.name, stated[0].version if stated else "", said.reason, said.last_day)
