"""TOML that anybody may have written: read whole, or refused with a ValueError, in bounded time."""

import tomllib
from typing import Any

LIMIT_CHARS = 1 << 20
_MOST_DOTS = 10_000  # on one line: Python's parser takes time that grows with the square of a dotted key's parts


def parse(text: str) -> dict[str, Any]:
    """The tables of `text`.

    Raises ValueError, with a reason that completes "is not valid TOML", for what is none, nested too deeply,
    or larger than any configuration.
    """
    if len(text) > LIMIT_CHARS:
        raise ValueError(f"it has {len(text)} characters, and {LIMIT_CHARS} are read")
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"a line has more than {_MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
