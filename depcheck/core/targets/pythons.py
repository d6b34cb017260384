"""Minor versions of Python by day, and the order of guesses."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_YEARS = {  # first release and end of life: https://devguide.python.org/versions/
    "3.6": (date(2016, 12, 23), date(2021, 12, 23)),
    "3.7": (date(2018, 6, 27), date(2023, 6, 27)),
    "3.8": (date(2019, 10, 14), date(2024, 10, 7)),
    "3.9": (date(2020, 10, 5), date(2025, 10, 31)),
    "3.10": (date(2021, 10, 4), date(2026, 10, 31)),
    "3.11": (date(2022, 10, 24), date(2027, 10, 31)),
    "3.12": (date(2023, 10, 2), date(2028, 10, 31)),
    "3.13": (date(2024, 10, 7), date(2029, 10, 31)),
    "3.14": (date(2025, 10, 7), date(2030, 10, 31)),
}
_LONG = timedelta(days=365)
_UNBOUNDED = 99


@dataclass(frozen=True, slots=True)
class PythonGuess:
    """A Python ("3.10") that a set may be for, and why.

    `why` is a clause.

    `is_stated` is true where a file of the repository names this very version.
    """

    python: str
    reason: str
    is_stated: bool = False


def parse_minor(python: str) -> int:
    """Return the minor version of "3.10", to compare by.

    One that is out of range for no version.
    """
    minor = python.partition(".")[2]
    return int(minor) if minor.isdecimal() else _UNBOUNDED


def is_maintained(python: str, day: date | None) -> bool:
    """Return True if `python` was maintained on `day`, or may be.

    Released by then and not long out of support; True where that is unknown.
    """
    if day is None or python not in _YEARS:
        return True
    first, last = _YEARS[python]
    return first <= day <= last + _LONG


def is_released(python: str, day: date | None) -> bool:
    """Return True if `python` was released by `day`, or may be.

    True where that is unknown.
    """
    return day is None or python not in _YEARS or _YEARS[python][0] <= day


def find_newest_maintained(day: date | None, within: str) -> str:
    """Return `within` if maintained on `day`, else the newest Python.

    The newest that was maintained.
    """
    if is_maintained(within, day):
        return within
    return next((python for python in reversed(_YEARS) if is_maintained(python, day)), within)


def rank_guesses(guesses: Iterable[PythonGuess], day: date | None, newest: str = "") -> tuple[PythonGuess, ...]:
    """Order guesses, the likeliest first, each Python once.

    `day` is when the lockfile was committed: what did not exist then is dropped, and what was long out of support
    comes last unless a file states it. What is above `newest`, the newest Python that the pins allow, comes last too.
    All other Pythons that were maintained on that day stand between, low ones first.
    """
    known = [guess for guess in guesses if is_released(guess.python, day)]
    bound = parse_minor(newest) if newest else _UNBOUNDED
    likely = [
        guess
        for guess in known
        if parse_minor(guess.python) <= bound and (guess.is_stated or is_maintained(guess.python, day))
    ]
    others = [
        PythonGuess(python, "a version that was maintained when the lockfile was committed")
        for python in _YEARS
        if is_maintained(python, day) and parse_minor(python) <= bound
    ]
    found: dict[str, PythonGuess] = {}
    for guess in (*likely, *others, *known):
        found.setdefault(guess.python, guess)
    return tuple(found.values())
