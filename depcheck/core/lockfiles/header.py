"""Lockfile headers: the compiler, its version range and its command.

Each tool puts a sentence at the top. Tools that are recognized but not supported get an explanation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WriterSentence:
    """A sentence by which a header names its writer.

    `versions` are those that say so, as a specifier, or empty. The group `python` of the pattern is the Python that
    the header names.
    """

    pattern: re.Pattern[str]
    versions: str = ""


class HeaderWriter(Protocol):
    """A writer of headers: its sentences, and its header's grammar."""

    @property
    def name(self) -> str:
        """The writer's name."""

    @property
    def sentences(self) -> tuple[WriterSentence, ...]:
        """The sentences by which it names itself, from any version."""

    def refine_versions(self, versions: str, lines: Sequence[str]) -> str:
        """Refine the writer's versions by other lines of the header."""

    def find_header_end(self, lines: list[str], first: int, introduction: int) -> int:
        """Find the number of lines that belong to the header.

        `first` is the line of the sentence, `introduction` the one that introduces the command, or -1.
        """

    def extract_argv(self, command: str) -> tuple[str, ...]:
        """Extract the words of the compiler's command from a command line.

        Empty for any other.
        """

    def is_own_command(self, command: str) -> bool:
        """Return True if the command line starts with the compiler."""

    def explain_decline(self, command: str) -> str:
        """Explain why the lockfile cannot be compiled, and what to do.

        Empty if it can.
        """


def explain_unread_origin(writer: str, origin: str) -> str:
    """Explain that a writer's sources are not read."""
    return (
        f"It was written by {writer} from {origin}, which depcheck does not read; "
        "compile a requirements.txt with `pip-compile` or `uv pip compile` to have it judged."
    )


def identify_writer(lines: Sequence[str], writers: Sequence[HeaderWriter]) -> tuple[HeaderWriter, str, str] | None:
    """Identify the writer by its header lines.

    Returns it, its versions with this wording (a specifier, or empty), and the Python version that the
    header names (or empty). None if no writer is recognized.
    """
    for writer in writers:
        for sentence in writer.sentences:
            for line in lines:
                match = sentence.pattern.search(line.strip())
                if match:
                    python = match.groupdict().get("python") or ""
                    return writer, writer.refine_versions(sentence.versions, lines), python
    return None


def is_pylock_name(path: str) -> bool:
    """Return True for `pylock.toml` and `pylock.NAME.toml`."""
    name = path.rpartition("/")[2]
    return name == "pylock.toml" or (name.startswith("pylock.") and name.endswith(".toml"))


_MOST_HEADER_LINES = 200  # lines; hatch-pip-compile lists its requirements there
_INTRODUCTION = re.compile(
    r"(?:to update, run|run this to update|by the following command|via the following command):\s*$"
)
_OPERATOR = re.compile(r"^(?:&&?|\|\|?|;|\d?>>?.*|<.*|\))$")


@dataclass(frozen=True, slots=True)
class Header:
    """The parsed header of a lockfile.

    - `compiler` is the name of the writer's format, or empty if unknown.
    - `writer_versions` are the compiler's versions that write this wording, as a specifier, or empty.
    - `python` is "3.10" or empty.
    - `command` is the command line as written. `argv` are its words, empty if it is not understood.
    - `is_custom` means that the command is the maintainers' own (CUSTOM_COMPILE_COMMAND). Then `argv` is
      the compiler's part of it, and no more than a hint.
    - `listed_lines` are all lines of the header without `#`, among them the requirements of
      hatch-pip-compile.
    - `decline_reason` is why nothing can be compiled, or empty.
    """

    text: str = ""
    compiler: str = ""
    writer_versions: str = ""
    python: str = ""
    command: str = ""
    argv: tuple[str, ...] = ()
    is_custom: bool = False
    decline_reason: str = ""
    listed_lines: tuple[str, ...] = ()


def split_header_text(text: str, writers: Sequence[HeaderWriter]) -> tuple[str, str]:
    """Split a lockfile's text into header and body.

    Without a known writer, the header is at most the byte order mark.
    """
    lines = _read_leading_comments(text)
    known = identify_writer(lines, writers)
    if known is None:
        end = 1 if text.startswith("\ufeff") else 0
        return text[:end], text[end:]
    first = _find_writer_line(lines, writers)
    end = sum(map(len, lines[: known[0].find_header_end(lines, first, _find_introduction(lines, first))]))
    return text[:end], text[end:]


def parse_header_text(text: str, writers: Sequence[HeaderWriter]) -> Header:
    """Parse the header of a lockfile.

    `text` is the whole lockfile, or its header.
    """
    lines = _read_leading_comments(text)
    known = identify_writer(lines, writers)
    if known is None:
        return Header()
    writer, versions, python = known
    header = split_header_text(text, writers)[0]
    command = _read_command(lines, _find_writer_line(lines, writers))
    refused = writer.explain_decline(command)
    if refused:
        return Header(header, writer.name, versions, python, command, decline_reason=refused)
    argv = writer.extract_argv(command)
    own = bool(argv) and writer.is_own_command(command)
    listed = tuple(line.strip().removeprefix("#").strip() for line in header.splitlines())
    return Header(header, writer.name, versions, python, command, argv, is_custom=not own, listed_lines=listed)


def _read_leading_comments(text: str) -> list[str]:
    """Read the comments at the top, without trailing blank lines.

    At most _MOST_HEADER_LINES.
    """
    found: list[str] = []
    position = last = 0
    while len(found) < _MOST_HEADER_LINES and position < len(text):
        end = text.find("\n", position) + 1 or len(text)
        line = text[position:end]
        bare = line.removeprefix("\ufeff").strip()
        if bare and not bare.startswith("#"):
            break
        found.append(line)
        last = len(found) if bare else last
        position = end
    return found[:last]


def _find_introduction(lines: list[str], first: int) -> int:
    """Find the index of the line that introduces the command, or -1.

    Comments of people may stand above the header.
    """
    found = (i for i, line in enumerate(lines) if i >= first and _INTRODUCTION.search(line.strip().lower()))
    return next(found, -1)


def _read_command(lines: list[str], first: int) -> str:
    """Read the command line of the header, or return an empty string."""
    start = _find_introduction(lines, first)
    following = (line.removeprefix("\ufeff").strip().removeprefix("#").strip() for line in lines[start + 1 :])
    return next((line for line in following if line), "") if start >= 0 else ""


def _find_writer_line(lines: list[str], writers: Sequence[HeaderWriter]) -> int:
    """Find the index of the line that names the writer."""
    return next(i for i, line in enumerate(lines) if identify_writer([line.removeprefix("\ufeff")], writers))


def find_command_end(lines: list[str], first: int, introduction: int) -> int:
    """Count the lines up to the command, or to the sentence.

    To the sentence if it introduces none.
    """
    after = range(introduction + 1, len(lines)) if introduction >= 0 else range(0)
    command = next((i for i in after if lines[i].strip() != "#"), introduction)
    return (command if introduction >= 0 else first) + 1


def find_block_end(lines: list[str], first: int) -> int:
    """Find the first blank line after the writer's sentence."""
    return next((i for i in range(first, len(lines)) if not lines[i].strip()), len(lines))


def cut_at_operator(words: list[str]) -> list[str]:
    """Return the words up to a shell operator that ends the command."""
    last = next((i for i, word in enumerate(words) if _OPERATOR.match(word) or word.endswith(";")), len(words))
    ended = [words[last].removesuffix(";")] if last < len(words) and not _OPERATOR.match(words[last]) else []
    return [*words[:last], *ended]
