"""The one sentence of options about releases.

`PACKAGE[RANGE] [until DAY] because REASON`.
"""

import re
from dataclasses import dataclass
from datetime import date

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

MAX_REASON_CHARS = 500
_SENTENCE = re.compile(r"(?P<what>.*?)(?:\s+until\s+(?P<until>\S+))?\s+because\s+(?P<reason>\S.*)")


@dataclass(frozen=True, slots=True)
class StatedPackage:
    """What a sentence says: of which releases, why, and until when.

    `last_day` counts, in UTC; None is without an end.
    """

    name: NormalizedName
    specifier: SpecifierSet
    reason: str
    last_day: date | None


def parse_stated_package(given: str, refusal: str, example: str) -> StatedPackage:
    """Parse a sentence.

    Raises:
        ValueError: It is none, with `refusal` and `example` in the message, which is appended to the option's name.
    """
    hint = f"give for example {example}"
    found = _SENTENCE.fullmatch(given.strip())
    if not found or len(found["reason"]) > MAX_REASON_CHARS:
        raise ValueError(f"{refusal}; {hint}")
    try:
        named = Requirement(found["what"])
    except InvalidRequirement:
        raise ValueError(f"names no package in {found['what']!r}; {hint}") from None
    if named.url or named.marker or named.extras:
        raise ValueError(f"has more than a name and a specifier in {found['what']!r}; {hint}")
    return StatedPackage(
        canonicalize_name(named.name), named.specifier, found["reason"], _parse_last_day(found["until"])
    )


def _parse_last_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"ends on {text!r}, which is no day; give for example 2027-01-01") from None


def is_in_force(last_day: date | None, day: date) -> bool:
    """Return True if what ends with `last_day` still holds on `day`."""
    return last_day is None or day <= last_day
