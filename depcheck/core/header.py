"""Headers: who wrote a lockfile, when in the writer's history, and by which command."""

import re
import shlex
from dataclasses import dataclass

from depcheck.core.writers import declined, writer

_LONGEST_HEADER = 200  # lines; hatch-pip-compile lists its requirements there
_INTRODUCTION = re.compile(
    r"(?:to update, run|run this to update|by the following command|via the following command):\s*$"
)
_MODULE = re.compile(r"^\S*python[\d.]* -m piptools compile(?=\s|$)")
_TOOL = re.compile(r"^(?:.*[\\/])?pip-compile(?:-?\d[\d.]*)?(?:\.exe)?$")
_OPERATOR = re.compile(r"^(?:&&?|\|\|?|;|\d?>>?.*|<.*|\))$")


@dataclass(frozen=True, slots=True)
class Header:
    """What a lockfile says about its making.

    `compiler` is pip-tools, uv, pip-compile-multi, hatch-pip-compile, or empty for none known; `era` the
    versions of it that write this wording, as a specifier, or empty. `python` is "3.10" or empty. `command`
    is the line as written; `argv` its words, empty where there is none that we understand. `custom` says that
    the command is the maintainers' own (CUSTOM_COMPILE_COMMAND); then `argv` is the compiler's part of it, a hint
    at most. `listed` are the lines between the writer's sentence and the end: hatch-pip-compile's requirements.
    `declined` says why nothing can be compiled, or is empty.
    """

    text: str = ""
    compiler: str = ""
    era: str = ""
    python: str = ""
    command: str = ""
    argv: tuple[str, ...] = ()
    custom: bool = False
    declined: str = ""
    listed: tuple[str, ...] = ()


def split_header(text: str) -> tuple[str, str]:
    """`text` as header and body. Without a known writer, the header is at most the byte order mark."""
    lines = _leading_comments(text)
    known = writer(lines)
    if known is None:
        end = 1 if text.startswith("\ufeff") else 0
        return text[:end], text[end:]
    end = sum(map(len, lines[: _end(lines, known[0])]))
    return text[:end], text[end:]


def read_header(text: str) -> Header:
    """Who wrote the lockfile `text` (whole, or its header), and how."""
    lines = _leading_comments(text)
    known = writer(lines)
    if known is None:
        return Header()
    compiler, era, python = known
    header = split_header(text)[0]
    command = _command(lines)
    refused = declined(compiler, command)
    if refused:
        return Header(header, compiler, era, python, command, declined=refused)
    argv = _argv(compiler, command)
    own = bool(argv) and _is_own(command)
    listed = tuple(line.strip().removeprefix("#").strip() for line in header.splitlines())
    return Header(header, compiler, era, python, command, argv, custom=not own, listed=listed)


def _leading_comments(text: str) -> list[str]:
    """The lines above the first that is neither a comment nor blank, without the blank ones at their end."""
    found: list[str] = []
    position = last = 0
    while len(found) < _LONGEST_HEADER and position < len(text):
        end = text.find("\n", position) + 1 or len(text)
        line = text[position:end]
        bare = line.removeprefix("\ufeff").strip()
        if bare and not bare.startswith("#"):
            break
        found.append(line)
        last = len(found) if bare else last
        position = end
    return found[:last]


def _introduction(lines: list[str]) -> int:
    """The index of the line that introduces the command, or -1; people's own comments may stand above the header."""
    first = _sentence(lines)
    found = (i for i, line in enumerate(lines) if i >= first and _INTRODUCTION.search(line.strip().lower()))
    return next(found, -1)


def _command(lines: list[str]) -> str:
    start = _introduction(lines)
    following = (line.removeprefix("\ufeff").strip().removeprefix("#").strip() for line in lines[start + 1 :])
    return next((line for line in following if line), "") if start >= 0 else ""


def _end(lines: list[str], compiler: str) -> int:
    """How many of `lines` are the header: pip-tools closes it with a bare `#`, uv ends with the command."""
    if compiler not in {"pip-tools", "uv"}:
        return _end_of_block(lines)
    start = _introduction(lines)
    after = range(start + 1, len(lines)) if start >= 0 else range(0)
    command = next((i for i in after if lines[i].strip() != "#"), start)
    if compiler == "pip-tools" and command + 1 < len(lines) and lines[command + 1].strip() == "#":
        return command + 2
    return (command if start >= 0 else _sentence(lines)) + 1


def _end_of_block(lines: list[str]) -> int:
    """The comments that begin with the writer's sentence, up to the first blank line."""
    first = _sentence(lines)
    return next((i for i in range(first, len(lines)) if not lines[i].strip()), len(lines))


def _sentence(lines: list[str]) -> int:
    return next(i for i, line in enumerate(lines) if writer([line.removeprefix("\ufeff")]))


def _is_own(command: str) -> bool:
    """Whether the command is the compiler's and nothing else: not a script's that calls it."""
    words = _MODULE.sub("pip-compile", command).split()
    return words[:1] == ["pip-compile"] or words[:3] == ["uv", "pip", "compile"]


def _argv(compiler: str, command: str) -> tuple[str, ...]:
    """The words of the compiler's own command, which may stand within a longer one; empty for anything else."""
    # uv writes its arguments raw: quotes are part of a value, a space inside one cannot be told
    words = command.split() if compiler == "uv" else _split(command)
    for position, word in enumerate(words):
        rest = words[position + 1 :]
        if compiler == "uv" and words[position : position + 3] == ["uv", "pip", "compile"]:
            return ("uv", "pip", "compile", *_until_operator(rest[2:]))
        if compiler != "uv" and _TOOL.match(word):
            return ("pip-compile", *_until_operator(rest))
        if compiler != "uv" and words[position : position + 3] == ["-m", "piptools", "compile"]:
            return ("pip-compile", *_until_operator(rest[2:]))
    return ()


def _split(command: str) -> list[str]:
    """The words as a shell would give them.

    Without double quotes, which pip-tools never writes, a bare backslash is one of Windows: early ones quoted nothing.
    """
    words = shlex.shlex(command, posix=True)
    words.whitespace_split, words.commenters = True, ""
    words.escape = "\\" if '"' in command else ""
    try:
        return list(words)
    except ValueError:
        return command.split()


def _until_operator(words: list[str]) -> list[str]:
    """The words up to where a shell would end the command; a header's command itself has none."""
    last = next((i for i, word in enumerate(words) if _OPERATOR.match(word) or word.endswith(";")), len(words))
    ended = [words[last].removesuffix(";")] if last < len(words) and not _OPERATOR.match(words[last]) else []
    return [*words[:last], *ended]
