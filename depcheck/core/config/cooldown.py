"""Exceptions from the cooldown: packages proposed at any age, and why."""

import re
from dataclasses import dataclass

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.config.stated_package import MAX_REASON_CHARS, parse_stated_package

_EXCEPTION_SENTENCE = re.compile(r"(?P<name>\S+)\s+because\s+(?P<reason>\S.*)")
_FEW_DAYS = 2
_EXAMPLE = "give for example our-client because we release it ourselves"


@dataclass(frozen=True, slots=True)
class CooldownException:
    """A package whose releases need not be of any age."""

    package: NormalizedName
    reason: str


def parse_cooldown_exception(given: str) -> CooldownException:
    """Parse an exception from the cooldown.

    For example `our-client because we release it ourselves`.

    Raises:
        ValueError: The text is none. The message is appended to the option's name.
    """
    found = _EXCEPTION_SENTENCE.fullmatch(given.strip())
    if not found or len(found["reason"]) > MAX_REASON_CHARS:
        raise ValueError(f"says of no package why it is taken at any age; {_EXAMPLE}")
    requirement = parse_stated_package(found["name"], _EXAMPLE)
    if requirement.specifier or requirement.url or requirement.extras or requirement.marker:
        raise ValueError(f"has more than a name in {found['name']!r}; {_EXAMPLE}")
    return CooldownException(canonicalize_name(requirement.name), found["reason"])


def describe_days(days: float) -> str:
    """Describe a time as `3 days`, or `12 hours` below two days."""
    number, unit = (days, "day") if days >= _FEW_DAYS or days == 1 else (days * 24, "hour")
    return f"{number:.4g} {unit}{'' if number == 1 else 's'}"
