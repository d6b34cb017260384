"""Exceptions from the cooldown: packages proposed at any age, and why."""

from dataclasses import dataclass
from datetime import date

from packaging.utils import NormalizedName

from depcheck.core.config.stated_package import parse_stated_package

_FEW_DAYS = 2
_EXAMPLE = "our-client because we release it ourselves"


@dataclass(frozen=True, slots=True)
class CooldownException:
    """A package whose releases need not be of any age.

    `last_day` is its last day, None for no end.
    """

    package: NormalizedName
    reason: str
    last_day: date | None = None


def parse_cooldown_exception(given: str) -> CooldownException:
    """Parse an exception from the cooldown.

    For example `our-client because we release it ourselves`.

    Raises:
        ValueError: The text is none. The message is appended to the option's name.
    """
    said = parse_stated_package(given, "says of no package why it is taken at any age", _EXAMPLE)
    if said.specifier:
        raise ValueError(f"is about whole packages, and has {str(said.specifier)!r}; give for example {_EXAMPLE}")
    return CooldownException(said.name, said.reason, said.last_day)


def describe_days(days: float) -> str:
    """Describe a time as `3 days`, or `12 hours` below two days."""
    number, unit = (days, "day") if days >= _FEW_DAYS or days == 1 else (days * 24, "hour")
    return f"{number:.4g} {unit}{'' if number == 1 else 's'}"
