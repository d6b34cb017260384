"""Short phrases that all texts for people are made of."""

from collections.abc import Iterable, Mapping
from datetime import datetime


def format_day(moment: datetime | None) -> str:
    """Format a day as `2018-05-21`, or None as empty."""
    return f"{moment:%Y-%m-%d}" if moment else ""


def format_count(number: int, thing: str) -> str:
    """Format a number with its noun: `1 pin`, `2 pins`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def join_with_and(names: Iterable[str]) -> str:
    """Join names as in `a, b and c`."""
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def format_spent_time(spent_s: Mapping[str, float]) -> str:
    """Format the seconds of each part, such as `compile 3.2 s`."""
    return ", ".join(f"{part} {seconds:.1f} s" for part, seconds in spent_s.items())
