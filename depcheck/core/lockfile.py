"""Lockfiles: text to values and back, to the byte."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from packaging.markers import Marker
from packaging.utils import NormalizedName

from depcheck.core.errors import LockfileError
from depcheck.core.header import split_header
from depcheck.core.lines import Line, logical_lines, refuse_controls
from depcheck.core.pins import Pin, Pins
from depcheck.core.requirement import parse_pin

_MOST_LINES = 500_000
_OPTION = re.compile(
    r"^(?:-i|--index-url|--pypi-url|--extra-index-url|--no-index|-f|--find-links|--no-binary|--only-binary"
    r"|--prefer-binary|--require-hashes|--pre|--trusted-host|--use-feature|-r|--requirement|-c|--constraint)(?=$|[\s=]|(?<=^-\w))"
)
_INCLUDE = re.compile(r"^(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement of a lockfile: its pin and its exact text, annotations and hashes included."""

    pin: Pin
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Lockfile:
    """A parsed lockfile: `header` and then the concatenation of `parts` is its text, to the byte.

    `header` is what its writer says about itself (empty for none; a byte order mark belongs to it). A part is
    an entry, or one line of text: an option, a comment, a blank.
    """

    header: str = ""
    parts: tuple[Entry | str, ...] = ()

    @property
    def text(self) -> str:
        """The whole text, as it was parsed."""
        return self.header + self.body

    @property
    def body(self) -> str:
        """The text without the header."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The requirements, in order, whatever their markers."""
        return tuple(part for part in self.parts if isinstance(part, Entry))

    @property
    def options(self) -> tuple[str, ...]:
        """The option lines, such as `--index-url ...` or `-r base.txt`, without comments, in order."""
        return tuple(Line(0, part).joined for part in self.parts if isinstance(part, str) and _is_option(part))

    @property
    def includes(self) -> tuple[str, ...]:
        """The files that `-r` and `-c` lines name, as written: relative to the lockfile's folder."""
        found = (_INCLUDE.match(option) for option in self.options)
        return tuple(match[1] for match in found if match)

    def pins(self, marker_environment: Mapping[str, str]) -> Pins:
        """The pins whose markers hold in `marker_environment` (the target's, with all of PEP 508's names).

        Raises LockfileError where two that hold give one package different versions.
        """
        found: dict[NormalizedName, Pin] = {}
        for entry in self.entries:
            pin = entry.pin
            if not _applies(entry, marker_environment):
                continue
            other = found.get(pin.name, pin)
            if (other.version, other.reference) != (pin.version, pin.reference):
                message = f"Line {entry.line} pins {pin}, but {other} holds for the same interpreter"
                raise LockfileError(f"{message}; compile the lockfile again, or correct the markers.")
            found[pin.name] = replace(pin, extras=pin.extras | other.extras, hashes=pin.hashes | other.hashes)
        return found


@lru_cache(64)
def parse_lockfile(text: str) -> Lockfile:
    """Parse the text of a lockfile; `parse_lockfile(text).text == text`. Each text is parsed once: a night asks often.

    Raises LockfileError, with the line's number and what to do, for lines that are no pin, option or comment.
    """
    refuse_controls(text)
    if text.count("\n") > _MOST_LINES:
        raise LockfileError(f"The lockfile has more than {_MOST_LINES} lines, which none has; compile it again.")
    header, body = split_header(text)
    parts: list[Entry | str] = []
    pending: list[Line] = []
    for line in logical_lines(body, header.count("\n") + 1):
        if pending and _belongs_to_entry(line):
            pending.append(line)
            continue
        parts += _entry(pending)
        pending = [line] if _is_requirement(line) else []
        parts += [] if pending else [line.text]
    return Lockfile(header, (*parts, *_entry(pending)))


def with_body(*, header_of: Lockfile, body_of: Lockfile) -> str:
    """The text of `body_of`'s entries under what `header_of`, the committed lockfile, says above its own.

    Kept from `header_of`: the header, the block of option lines at the top (indexes above all), the line
    ends, and whether the last line ends.
    """
    options, _ = _split_options(header_of.parts)
    _, entries = _split_options(body_of.parts)
    committed = header_of.text
    text = header_of.header + Lockfile(parts=(*options, *entries)).text
    newline = "\r\n" if "\r\n" in committed else "\n"
    text = newline.join(text.replace("\r\n", "\n").split("\n"))
    return text if not committed or committed.endswith("\n") else text.removesuffix(newline)


def _split_options(parts: tuple[Entry | str, ...]) -> tuple[tuple[Entry | str, ...], tuple[Entry | str, ...]]:
    """The block at the top up to its last option line and the blank lines after it, and the rest.

    pip-tools 1.6 leaves a blank line at the top where it has no options to write.
    """
    end = 0
    for index, part in enumerate(parts):
        if isinstance(part, Entry):
            break
        if _is_option(part):
            end = index + 1
    while end < len(parts) and isinstance(parts[end], str) and not str(parts[end]).strip():
        end += 1
    return parts[:end], parts[end:]


def _entry(lines: list[Line]) -> list[Entry]:
    """The entry that a requirement line and the annotations below it make; none for no lines."""
    if not lines:
        return []
    text = "".join(line.text for line in lines)
    return [Entry(parse_pin(Line(lines[0].number, text)), text, lines[0].number)]


def _belongs_to_entry(line: Line) -> bool:
    return line.is_comment and line.text[0] in " \t"


def _is_requirement(line: Line) -> bool:
    """Whether the line states a requirement; LockfileError for an option that no lockfile holds."""
    joined = line.joined
    if joined.startswith("-") and not re.match(r"^(?:-e|--editable)(?:$|[\s=])", joined) and not _OPTION.match(joined):
        raise LockfileError(f"Line {line.number} holds an option that is not understood: {joined[:80]!r}; remove it.")
    return bool(joined) and not _is_option(line.text)


def _is_option(text: str) -> bool:
    return bool(_OPTION.match(text.lstrip()))


def _applies(entry: Entry, marker_environment: Mapping[str, str]) -> bool:
    if not entry.pin.marker:
        return True
    try:
        return Marker(entry.pin.marker).evaluate(dict(marker_environment))
    except (ValueError, KeyError) as error:
        message = f"Line {entry.line} has a marker that cannot be evaluated, {entry.pin.marker!r} ({error})"
        raise LockfileError(f"{message}; compile the lockfile again.") from None
