"""Logical lines of a requirements file, as pip reads them: continuations joined, comments apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from depcheck.core.errors import LockfileError

_BLANKS = " \t"
_CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]|\\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: its exact text, line ends included, and the number of its first physical line."""

    number: int
    text: str

    @property
    def joined(self) -> str:
        """The line without continuations, comments and line ends, on one line, as pip understands it."""
        pieces = (_without_comment(piece) for piece in self.text.splitlines())
        return " ".join(piece.strip().removesuffix("\\").strip() for piece in pieces).strip()

    @property
    def comments(self) -> tuple[str, ...]:
        """The text after `#` on each physical line that has a comment."""
        found = ((piece, _comment_start(piece)) for piece in self.text.splitlines())
        return tuple(piece[start + 1 :] for piece, start in found if start >= 0)

    @property
    def is_comment(self) -> bool:
        """Whether nothing but a comment stands here."""
        return self.text.lstrip().startswith("#")


def logical_lines(text: str, first: int = 1) -> Iterator[Line]:
    """Split `text`, which `refuse_controls` let pass, into logical lines whose texts join to it.

    `first` is the number of its first line.
    """
    pending: list[str] = []
    number = start = first
    for number, physical in enumerate(text.splitlines(keepends=True), first):
        start = start if pending else number
        pending.append(physical)
        bare = physical.rstrip("\r\n")
        if bare.lstrip().startswith("#") or not bare.endswith("\\"):
            yield Line(start, "".join(pending))
            pending = []
    if pending:
        yield Line(start, "".join(pending))


def refuse_controls(text: str) -> None:
    """Raise LockfileError where `text` holds a control character or a rare line end.

    pip ends lines at some of these characters, editors do not: a comment could hide a requirement.
    """
    odd = _CONTROLS.search(text)
    if odd is None:
        return
    number = text.count("\n", 0, odd.start()) + 1
    message = f"Line {number} holds the character U+{ord(odd[0]):04X}, at which tools end lines differently"
    raise LockfileError(f"{message}; remove it and commit the lockfile again.")


def _comment_start(line: str) -> int:
    """Where pip sees a comment start: at `#` in the first column or after white space; -1 for none."""
    start = line.find("#")
    while start > 0 and line[start - 1] not in _BLANKS:
        start = line.find("#", start + 1)
    return start


def _without_comment(line: str) -> str:
    start = _comment_start(line)
    return line if start < 0 else line[:start]
