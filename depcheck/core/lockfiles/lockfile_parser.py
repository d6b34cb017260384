"""Parser and writer of lockfiles, exact to the byte."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from packaging.markers import Marker
from packaging.utils import NormalizedName

from depcheck.core.lockfiles.pin_line import parse_pin
from depcheck.core.lockfiles.requirement_line import (
    LogicalLine,
    parse_requirement_line,
    refuse_control_characters,
    split_logical_lines,
)
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.pins import Pin, Pins

_MOST_LINES = 500_000
_LOCKFILE_OPTIONS = frozenset(
    {
        "--constraint",
        "--extra-index-url",
        "--find-links",
        "--index-url",
        "--no-binary",
        "--no-index",
        "--only-binary",
        "--pre",
        "--prefer-binary",
        "--pypi-url",
        "--require-hashes",
        "--requirement",
        "--trusted-host",
        "--use-feature",
    }
)


@dataclass(frozen=True, slots=True)
class LockfileEntry:
    """One requirement of a lockfile: its pin, exact text and line number."""

    pin: Pin
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Lockfile:
    """A parsed lockfile.

    `header` plus the concatenation of `parts` is its text, to the byte. `header` is what the compiler wrote
    about itself, or empty, and includes a byte order mark. A part is an entry, or one line of text: an
    option, a comment, a blank.
    """

    header: str = ""
    parts: tuple[LockfileEntry | str, ...] = ()

    @property
    def text(self) -> str:
        """Return the whole text, as it was parsed."""
        return self.header + self.body

    @property
    def body(self) -> str:
        """Return the text without the header."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def entries(self) -> tuple[LockfileEntry, ...]:
        """Return all requirements in order, whatever their markers."""
        return tuple(part for part in self.parts if isinstance(part, LockfileEntry))

    @property
    def options(self) -> tuple[str, ...]:
        """Return the option lines in order, without comments.

        Examples: `--index-url ...`, `-r base.txt`.
        """
        return tuple(
            LogicalLine(0, part).content for part in self.parts if isinstance(part, str) and _is_option_line(part)
        )

    @property
    def includes(self) -> tuple[str, ...]:
        """Return the files that `-r` and `-c` lines name.

        Paths are as written, relative to the lockfile's folder.
        """
        found = (parse_requirement_line(option) for option in self.options)
        return tuple(line.value for line in found if line.option in {"--requirement", "--constraint"} and line.value)

    @property
    def is_universal(self) -> bool:
        """True if it always holds the pins of every Python and platform."""
        return False

    @property
    def optional_names(self) -> frozenset[str]:
        """The extras and groups that need not be installed."""
        return frozenset()

    @property
    def references(self) -> str:
        """Return the requirements that are no releases, one a line."""
        return "\n".join(entry.pin.reference for entry in self.entries if entry.pin.reference)

    def select_pins(self, marker_environment: Mapping[str, str]) -> Pins:
        """Select the pins whose markers hold.

        `marker_environment` is that of the target, with all names of PEP 508. Extras and hashes of repeated
        entries are united. Raises LockfileError if two active pins give one package different versions.
        """
        found: dict[NormalizedName, Pin] = {}
        for entry in self.entries:
            pin = entry.pin
            if not _is_active_entry(entry, marker_environment):
                continue
            other = found.get(pin.name, pin)
            if (other.version, other.reference) != (pin.version, pin.reference):
                message = f"Line {entry.line} pins {pin}, but {other} holds for the same interpreter"
                raise LockfileError(f"{message}; compile the lockfile again, or correct the markers.")
            found[pin.name] = replace(pin, extras=pin.extras | other.extras, hashes=pin.hashes | other.hashes)
        return found

    def list_inactive_pins(self, marker_environment: Mapping[str, str]) -> tuple[Pin, ...]:
        """Return pins whose markers do not hold in `marker_environment`.

        In order. Raises LockfileError.
        """
        return tuple(entry.pin for entry in self.entries if not _is_active_entry(entry, marker_environment))


def parse_requirements_lockfile(text: str, header: str) -> Lockfile:
    """Parse a requirements lockfile that begins with `header`.

    Raises LockfileError, with the line number and a remedy, for lines that are no pin, option or comment.
    """
    refuse_control_characters(text)
    if text.count("\n") > _MOST_LINES:
        raise LockfileError(f"The lockfile has more than {_MOST_LINES} lines, which none has; compile it again.")
    body = text[len(header) :]
    parts: list[LockfileEntry | str] = []
    pending: list[LogicalLine] = []
    for line in split_logical_lines(body, header.count("\n") + 1):
        if pending and _is_annotation_line(line):
            pending.append(line)
            continue
        parts += _parse_entry(pending)
        pending = [line] if _is_requirement_line(line) else []
        parts += [] if pending else [line.text]
    return Lockfile(header, (*parts, *_parse_entry(pending)))


def merge_header_and_body(*, header_of: Lockfile, body_of: Lockfile) -> str:
    """Join the header of one lockfile with the entries of another.

    Kept from `header_of`, the committed lockfile: the header, the option lines at the top (indexes above
    all), the line ends, and whether the last line ends.
    """
    options, _ = _split_options(header_of.parts)
    _, entries = _split_options(body_of.parts)
    committed = header_of.text
    text = header_of.header + Lockfile(parts=(*options, *entries)).text
    newline = "\r\n" if "\r\n" in committed else "\n"
    text = newline.join(text.replace("\r\n", "\n").split("\n"))
    return text if not committed or committed.endswith("\n") else text.removesuffix(newline)


def _split_options(
    parts: tuple[LockfileEntry | str, ...],
) -> tuple[tuple[LockfileEntry | str, ...], tuple[LockfileEntry | str, ...]]:
    """Split off the option lines at the top and following blank lines.

    pip-tools 1.6 leaves a blank line at the top if it has no options to write.
    """
    end = 0
    for index, part in enumerate(parts):
        if isinstance(part, LockfileEntry):
            break
        if _is_option_line(part):
            end = index + 1
    while end < len(parts) and isinstance(parts[end], str) and not str(parts[end]).strip():
        end += 1
    return parts[:end], parts[end:]


def _parse_entry(lines: list[LogicalLine]) -> list[LockfileEntry]:
    """Parse a requirement line and its annotations, or return an empty list."""
    if not lines:
        return []
    text = "".join(line.text for line in lines)
    return [LockfileEntry(parse_pin(LogicalLine(lines[0].number, text)), text, lines[0].number)]


def _is_annotation_line(line: LogicalLine) -> bool:
    """Return True if the line is an indented comment."""
    return line.is_comment and line.text[0] in " \t"


def _is_requirement_line(line: LogicalLine) -> bool:
    """Return True if the line states a requirement.

    Raises LockfileError for an option that no lockfile holds.
    """
    joined = line.content
    if not joined.startswith("-"):
        return bool(joined)
    option = parse_requirement_line(joined).option
    if option not in {"--editable", *_LOCKFILE_OPTIONS}:
        raise LockfileError(f"Line {line.number} holds an option that is not understood: {joined[:80]!r}; remove it.")
    return option == "--editable"


def _is_option_line(text: str) -> bool:
    """Return True if the line is an option."""
    joined = LogicalLine(0, text).content if text.lstrip().startswith("-") else ""
    return parse_requirement_line(joined).option in _LOCKFILE_OPTIONS


def _is_active_entry(entry: LockfileEntry, marker_environment: Mapping[str, str]) -> bool:
    """Return True if the entry's marker holds.

    Raises LockfileError for a marker that cannot be evaluated.
    """
    if not entry.pin.marker:
        return True
    try:
        return Marker(entry.pin.marker).evaluate(dict(marker_environment))
    except (ValueError, KeyError) as error:
        message = f"Line {entry.line} has a marker that cannot be evaluated, {entry.pin.marker!r} ({error})"
        raise LockfileError(f"{message}; compile the lockfile again.") from None
