"""pylock.toml of `uv pip compile`, recompiled by its header's command."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from depcheck.core.lockfiles.formats.pylock.pylock_parser import PYLOCK_START, parse_pylock
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_law import find_uv_lock_violations
from depcheck.core.lockfiles.formats.uv_options import UV_OPTIONS
from depcheck.core.lockfiles.formats.uv_pip_compile import UvPipCompileFormat
from depcheck.core.lockfiles.header import Header, parse_header_text
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.compiler_options import CompilerOption
from depcheck.core.lockfiles.spec import LockfileSpec

_CREATOR = re.compile(r'^created-by = "([\w .-]+)"', re.MULTILINE)
_MOST_HEAD_CHARS = 4000
_PIP = "pip"
_COMMAND = "uv pip compile requirements.in --format pylock.toml -o pylock.toml"


_OPTIONS = {**UV_OPTIONS, "--format": CompilerOption("--format", takes_value=True)}


class PylockFormat(UvPipCompileFormat):
    """A pylock.toml whose header names the command of uv that wrote it."""

    name = "uv pip compile pylock.toml"
    compiler = "uv pip compile pylock.toml"
    options = _OPTIONS
    command_pattern = r"\buv pip compile\b.*\bpylock\b"
    sentences = ()

    def is_own_text(self, text: str) -> bool:
        """Return True if the text begins as a pylock.toml does."""
        return PYLOCK_START.match(text) is not None

    def make_header(self, text: str) -> Header:
        """Return the header that uv wrote, or why there is none."""
        found = parse_header_text(text, [UvPipCompileFormat()])
        if found.compiler:
            return replace(found, text="", compiler=self.name)
        creator = _CREATOR.search(text[:_MOST_HEAD_CHARS])
        return Header(compiler=self.name, decline_reason=_explain_missing_command(creator[1] if creator else ""))

    def is_written_in(self, _lockfile: Lockfile) -> bool:
        """Return False: the text itself tells."""
        return False

    def parse_text(self, text: str, header: str) -> Lockfile:
        """Parse a whole pylock.toml."""
        return parse_pylock(header + text.removeprefix(header))

    def render_lockfile(self, lock: LockfileSpec, fresh: Lockfile, _below: Mapping[str, Lockfile]) -> str:
        """Return what uv wrote below the committed comments."""
        return _get_comments(lock.lockfile.text) + fresh.text[len(_get_comments(fresh.text)) :]

    def infer_options(self, _header: Header, _lockfile: Lockfile, _given: Collection[str] = ()) -> tuple[str, ...]:
        """Return nothing: the header shows every option."""
        return ()

    def find_violations(self, before: Lockfile, after: Lockfile) -> Iterator[str]:
        """Yield what a proposed text must not change."""
        return find_uv_lock_violations(before, after)


def _explain_missing_command(creator: str) -> str:
    """Say why a file without a command is declined."""
    if creator == _PIP:
        return (
            "It is a pylock.toml of `pip lock`, which records no command, and of each package the one wheel that its "
            f"own machine takes. No compile here gives that again. Write it with `{_COMMAND}`, or compile a "
            "requirements.txt."
        )
    who = f" by {creator}" if creator else ""
    return (
        f"It is a pylock.toml written{who} that does not tell its command; say it, as in "
        f'--compile-command "pylock.toml={_COMMAND}".'
    )


def _get_comments(text: str) -> str:
    found = re.match(r"(?:#[^\n]*\n)*", text)
    return found[0] if found else ""
