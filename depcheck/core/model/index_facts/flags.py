"""Releases that are never run: malicious, or banned."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.advisories import Advisory

BAN_SOURCE = "your rule"
PROVENANCE_SOURCE = "lost provenance"
MALWARE_ID = "MAL-"
_MALWARE_WORDS = re.compile(
    r"^\W*(?:malware|malicious (?:code|package|release|version|software|dependency))\b"
    r"|\b(?:contain|includ|replac|publish|shipp|ship|embed|upload|inject)\w*\b[^.]{0,80}\b(?:malware|malicious|backdoor)"
    r"|\bembedded malicious\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReleaseFlag:
    """Why a release is never downloaded, built, imported or tested.

    `source` is an advisory's id, or the rule's kind.
    """

    package: NormalizedName
    version: Version
    source: str
    reason: str
    link: str = ""

    def __str__(self) -> str:
        return f"{self.package} {self.version} ({self.source}{f': {self.reason}' if self.reason else ''})"


FlagLookup = Callable[[NormalizedName, Version], ReleaseFlag | None]
"""Tells why a release must not be run."""


def find_malware(found: Iterable[Advisory]) -> ReleaseFlag | None:
    """Return a flag if an advisory calls its release malicious.

    By an id of the malware database (`MAL-…`), or by how its text begins: a release that has a flaw is none.
    """
    for each in found:
        names = [name for name in (each.id, *each.aliases) if name.startswith(MALWARE_ID)]
        if names or _MALWARE_WORDS.search(each.summary):
            return ReleaseFlag(
                each.package, each.version, names[0] if names else each.id, each.summary[:300], each.link
            )
    return None
