"""Lines of requirements files as pip reads them."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from depcheck.core.model.errors import LockfileError

_BLANKS = " \t"
_CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]|\\r(?!\n)")


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One logical line of a requirements file.

    `text` is exact, line ends included. `number` is that of its first physical line.
    """

    number: int
    text: str

    @property
    def content(self) -> str:
        """Return the line as pip understands it.

        Continuations, comments, line ends and a byte order mark are removed.
        """
        pieces = (_strip_comment(piece) for piece in self.text.removeprefix("\ufeff").splitlines())
        return " ".join(piece.strip().removesuffix("\\").strip() for piece in pieces).strip()

    @property
    def comments(self) -> tuple[str, ...]:
        """Return the text after `#` of each physical line with a comment."""
        found = ((piece, _find_comment_start(piece)) for piece in self.text.splitlines())
        return tuple(piece[start + 1 :] for piece, start in found if start >= 0)

    @property
    def is_comment(self) -> bool:
        """Return True if the line is nothing but a comment."""
        return self.text.lstrip().startswith("#")


def split_logical_lines(text: str, first: int = 1) -> Iterator[LogicalLine]:
    """Split a text into logical lines, whose texts join to it.

    `text` must have passed `refuse_control_characters`. `first` is the number of its first line.
    """
    pending: list[str] = []
    number = start = first
    for number, physical in enumerate(text.splitlines(keepends=True), first):
        start = start if pending else number
        pending.append(physical)
        bare = physical.rstrip("\r\n")
        if bare.lstrip().startswith("#") or not bare.endswith("\\"):
            yield LogicalLine(start, "".join(pending))
            pending = []
    if pending:
        yield LogicalLine(start, "".join(pending))


def refuse_control_characters(text: str) -> None:
    """Raise LockfileError if a text holds control characters or rare line ends.

    pip ends lines at some of these characters, but editors do not, so a comment could hide a requirement.
    """
    odd = _CONTROLS.search(text)
    if odd is None:
        return
    number = text.count("\n", 0, odd.start()) + 1
    message = f"Line {number} holds the character U+{ord(odd[0]):04X}, at which tools end lines differently"
    raise LockfileError(f"{message}; remove it and commit the lockfile again.")


def _find_comment_start(line: str) -> int:
    """Find the index where pip sees a comment start, or -1.

    A comment starts at `#` in the first column or after white space.
    """
    start = line.find("#")
    while start > 0 and line[start - 1] not in _BLANKS:
        start = line.find("#", start + 1)
    return start


def _strip_comment(line: str) -> str:
    """Strip the comment from a physical line."""
    start = _find_comment_start(line)
    return line if start < 0 else line[:start]


_SHORT_OPTIONS = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
}
_INDEX_OPTIONS = frozenset({"--index-url", "--pypi-url", "--extra-index-url", "--trusted-host"})
_FIRST_OPTION = re.compile(r"(?:^|\s)--?[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One line of a requirements file: a requirement, or an option.

    `content` is the whole line without comments. `options` is what follows a requirement. `option` is the long
    name of the line's first option, and empty beside a requirement. `value` has no quotes.
    """

    content: str
    requirement: str = ""
    options: str = ""
    option: str = ""
    value: str = ""

    @property
    def is_constraint(self) -> bool:
        """Return True if the line includes a file of constraints."""
        return self.option == "--constraint"

    @property
    def is_index_option(self) -> bool:
        """Return True if the line says where packages come from."""
        return self.option in _INDEX_OPTIONS

    @property
    def has_only_hashes(self) -> bool:
        """Return True if nothing but hashes follows the requirement."""
        return not self.options or self.options.startswith("--hash")

    @property
    def included_file(self) -> str:
        """The file that the line includes, as written.

        Empty for URLs.
        """
        includes = self.option in {"--requirement", "--constraint"} and "://" not in self.value
        return self.value if includes else ""

    @property
    def included_url(self) -> str:
        """The URL of the file that the line includes.

        Empty for a path.
        """
        includes = self.option in {"--requirement", "--constraint"} and "://" in self.value
        return self.value if includes else ""

    def get_included_path(self, path: str) -> str:
        """Return the included file's path for a line of `path`."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), self.included_file))


def parse_requirement_line(content: str) -> RequirementLine:
    """Parse the content of a logical line as pip does.

    What precedes the first option is the requirement. The words of options are split as a shell does, so
    quotes are removed.
    """
    first = _FIRST_OPTION.search(content)
    if first is None or content[: first.start()].strip():
        end = first.start() if first else len(content)
        return RequirementLine(content, content[:end].strip(), content[end:].strip())
    option, value = _split_option(content.strip())
    return RequirementLine(content, option=option, value=value)


def parse_requirement_lines(text: str) -> list[RequirementLine]:
    """Parse all lines of a requirements file that are not empty.

    Raises:
        LockfileError: The text holds control characters.
    """
    refuse_control_characters(text)
    return [parse_requirement_line(line.content) for line in split_logical_lines(text) if line.content]


def _split_option(content: str) -> tuple[str, str]:
    """Split an option line into its first long option and value."""
    try:
        words = shlex.split(content)
    except ValueError:  # a quote without its end: pip refuses the line
        words = content.split()
    word, following = words[0], next(iter(words[1:]), "")
    if word.startswith("--"):
        name, joined, value = word.partition("=")
        return name, value if joined else following
    return _SHORT_OPTIONS.get(word[:2], word[:2]), word[2:] or following
