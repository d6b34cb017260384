"""The world as of a date, with build tools that the interpreter and today's installers can work with.

An interpreter cannot use what was released long before it, and pip >= 23.1 and uv build every source distribution
through PEP 517, whose fallback needs setuptools >= 40.8.0 (2019-02-05). So the build tools alone are shown up to
the later of the date asked for, the interpreter's own release, and that day.
"""

from datetime import UTC, datetime

from packaging.utils import canonicalize_name

from depcheck.core.world import World

TOOLS = tuple(map(canonicalize_name, ("setuptools", "wheel")))
_PEP_517 = datetime(2019, 2, 6, tzinfo=UTC)
_RELEASED = {  # https://devguide.python.org/versions/
    "3.8": datetime(2019, 10, 14, tzinfo=UTC),
    "3.9": datetime(2020, 10, 5, tzinfo=UTC),
    "3.10": datetime(2021, 10, 4, tzinfo=UTC),
    "3.11": datetime(2022, 10, 24, tzinfo=UTC),
    "3.12": datetime(2023, 10, 2, tzinfo=UTC),
    "3.13": datetime(2024, 10, 7, tzinfo=UTC),
    "3.14": datetime(2025, 10, 7, tzinfo=UTC),
}


def as_of(until: datetime | None, python: str) -> World:
    """The world up to `until` (None: now) for the interpreter `python` ("3.10")."""
    usable = _RELEASED.get(python, _PEP_517)
    if until is None or until >= usable:
        return World(until=until)
    return World(until=until, until_for=tuple((tool, usable) for tool in TOOLS))
