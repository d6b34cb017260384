"""The table of lockfile formats, and its use for texts."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from depcheck.core.lockfiles.formats.hatch_pip_compile import HatchPipCompileFormat
from depcheck.core.lockfiles.formats.lockfile_format import LockfileFormat
from depcheck.core.lockfiles.formats.pip_compile import PipCompileFormat
from depcheck.core.lockfiles.formats.pip_compile_multi import PipCompileMultiFormat
from depcheck.core.lockfiles.formats.pylock.pylock_format import PylockFormat
from depcheck.core.lockfiles.formats.unsupported_writers import UNSUPPORTED_WRITERS
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_format import UvLockFormat
from depcheck.core.lockfiles.formats.uv_pip_compile import UvPipCompileFormat
from depcheck.core.lockfiles.header import Header, HeaderWriter, parse_header_text, split_header_text
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.spec import LockfileSpec

PIP_COMPILE = PipCompileFormat()
UV_PIP_COMPILE = UvPipCompileFormat()
UV_LOCK = UvLockFormat()
PYLOCK = PylockFormat()
_ALL_FORMATS: tuple[LockfileFormat, ...] = (
    HatchPipCompileFormat(),
    PipCompileMultiFormat(),
    PIP_COMPILE,
    UV_PIP_COMPILE,
    UV_LOCK,
    PYLOCK,
)
LOCKFILE_FORMATS: dict[str, LockfileFormat] = {each.name: each for each in _ALL_FORMATS}
"""All formats by name. Headers are held against their sentences in this order."""


def get_lockfile_format(name: str) -> LockfileFormat:
    """Return the format of a writer or compiler.

    pip-compile's for an empty name: what names no writer is compiled by it.
    """
    return LOCKFILE_FORMATS[name] if name else PIP_COMPILE


def detect_format(header: Header, lockfile: Lockfile) -> LockfileFormat:
    """Return a lockfile's format by its header, else by its text."""
    if header.compiler:
        return get_lockfile_format(header.compiler)
    return next((each for each in LOCKFILE_FORMATS.values() if each.is_written_in(lockfile)), PIP_COMPILE)


def find_command_format(command: str) -> LockfileFormat | None:
    """Return the format whose compiler a command calls, or None.

    The last row of the table wins.
    """
    found = (each for each in reversed(LOCKFILE_FORMATS.values()) if re.search(each.command_pattern, command))
    return next(found, None)


def list_command_patterns() -> tuple[str, ...]:
    """Return the patterns that find all compilers' commands, each once."""
    return tuple(dict.fromkeys(each.command_pattern for each in LOCKFILE_FORMATS.values()))


def uses_pip_resolver(lock: LockfileSpec) -> bool:
    """Return True if pip's resolver chooses a lockfile's pins."""
    return get_lockfile_format(lock.compiler).uses_pip_resolver


def find_hold_format(compilers: Iterable[str]) -> LockfileFormat:
    """Return the format that says how releases are held.

    That of the first lockfile. `compilers` may come from a report, so unknown names count as pip-compile.
    """
    return LOCKFILE_FORMATS.get(next(iter(compilers), ""), PIP_COMPILE)


def split_header(text: str) -> tuple[str, str]:
    """Split a lockfile's text into header and body.

    Without a known writer, the header is at most the byte order mark.
    """
    return split_header_text(text, _list_writers()) if _find_owner(text) is None else ("", text)


def parse_header(text: str) -> Header:
    """Parse the header of a lockfile.

    `text` is the whole lockfile, or its header.
    """
    owner = _find_owner(text)
    return owner.make_header(text) if owner else parse_header_text(text, _list_writers())


@lru_cache(64)
def parse_lockfile(text: str) -> Lockfile:
    """Parse the text of a lockfile.

    `parse_lockfile(text).text == text`. Results are cached, because a run parses the same text often. Raises
    LockfileError, with the line number and a remedy, for lines that are no pin, option or comment.
    """
    header = parse_header(text)
    return LOCKFILE_FORMATS.get(header.compiler, PIP_COMPILE).parse_text(text, header.text or split_header(text)[0])


def parse_compile_command(header: Header) -> CompileCommand:
    """Parse and check the command of a header.

    The header's `argv` must not be empty. Raises LockfileError for an unknown option, and for anything that
    would reach outside the repository.
    """
    return get_lockfile_format(header.compiler).parse_command(header)


def apply_tool_config(command: CompileCommand, keys: Mapping[str, Any], path: str) -> CompileCommand:
    """Add the options of the compiler's configuration file to a command.

    `keys` are the file's keys, `path` its path for messages. An option of the command overrides the file's.
    Raises LockfileError as `parse_compile_command` does.
    """
    return get_lockfile_format(command.compiler).apply_config(command, keys, path)


def merge_compiled_text(lock: LockfileSpec, compiled: str, below: Mapping[str, str]) -> str:
    """Render a compiler's output in the style of the committed lockfile.

    `below` are the new texts of lower layers by path. Raises LockfileError if the output is no lockfile.
    """
    fresh = parse_lockfile(compiled)
    if lock.is_unlocked:
        return compiled
    layers = below.items() if lock.omits_included_pins else ()
    lower = {path: parse_lockfile(text) for path, text in layers}
    return get_lockfile_format(lock.compiler).render_lockfile(lock, fresh, lower)


def _find_owner(text: str) -> LockfileFormat | None:
    return next((each for each in LOCKFILE_FORMATS.values() if each.is_own_text(text)), None)


def _list_writers() -> tuple[HeaderWriter, ...]:
    return (*LOCKFILE_FORMATS.values(), *UNSUPPORTED_WRITERS)
