"""Parse untrusted TOML in bounded time.

A text is read whole, or refused with a ValueError.
"""

import tomllib
from typing import Any

TOML_LIMIT_CHARS = 1 << 20
_MAX_DOTS = 10_000  # on one line: Python's parser takes time that grows with the square of a dotted key's parts


def parse_toml(text: str) -> dict[str, Any]:
    """Parse `text` into its tables.

    Raises:
        ValueError: The text is no TOML, nested too deeply, or larger than any configuration. The message is a
            reason that completes "is not valid TOML".
    """
    if len(text) > TOML_LIMIT_CHARS:
        raise ValueError(f"it has {len(text)} characters, and {TOML_LIMIT_CHARS} are read")
    if any(line.count(".") > _MAX_DOTS for line in text.splitlines()):
        raise ValueError(f"a line has more than {_MAX_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
