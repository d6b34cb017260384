"""Foreign text for a line of a terminal, a log or a title: no control characters, bounded."""

import re

# halves of surrogate pairs too, from file names that are no UTF-8: a log in UTF-8 cannot take them
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def one_line(text: str, limit: int = 300) -> str:
    """`text` on one line of at most `limit` characters, without sequences and invisible characters."""
    line = " ".join(_CONTROL.sub(" ", _ESCAPE_SEQUENCE.sub("", text)).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def lines(text: str, limit: int = 200) -> tuple[str, ...]:
    """The last `limit` lines of `text`, each as `one_line` but with its spaces."""
    found = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(_CONTROL.sub(" ", line.expandtabs(4)).rstrip() for line in found[-limit:])
