"""Lockfiles of `uv lock`."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from depcheck.core.lockfiles.formats.requirements_txt import RequirementsTxtFormat
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_law import find_uv_lock_violations
from depcheck.core.lockfiles.formats.uv_lock.uv_lockfile import UV_LOCK_START, UvLockfile, parse_uv_lock
from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.command import parse_command_words
from depcheck.core.lockfiles.options.compiler_options import CompilerOption, Treatment, build_option_table
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.spec import LockfileSpec

_COMMAND = ("uv", "lock")
_PROJECT = "pyproject.toml"
_OWN_OPTIONS = re.compile(r"^\[options\]\r?\n(?P<lines>(?:[a-z-]+ = [^\n]*\r?\n)*)", re.MULTILINE)
_OWN_OPTION = re.compile(
    r'^(?P<name>resolution-mode|prerelease-mode|fork-strategy|exclude-newer) = "(?P<value>[\w:.+-]+)"'
)
_OPTION_NAMES = {"resolution-mode": "--resolution", "prerelease-mode": "--prerelease"}
_MOST_HEAD_CHARS = 20_000


class UvLockFormat(RequirementsTxtFormat):
    """Lockfiles that `uv lock` writes, for all Pythons and platforms."""

    name = "uv lock"
    compiler = "uv lock"
    options = build_option_table(
        [
            *(CompilerOption(name, takes_value=True) for name in ("--resolution", "--prerelease", "--fork-strategy")),
            CompilerOption("--exclude-newer", takes_value=True),
            CompilerOption("--upgrade", Treatment.DROP, short="-U"),
        ],
        {},
    )
    command_pattern = r"\buv (?:lock|sync)\b"
    sentences = ()
    default_sources = (_PROJECT,)
    reads_uv_config = True
    is_exact = True
    hold_table = "[tool.uv]"

    def format_hold_lines(self, lines: Iterable[str]) -> list[str]:
        """Return uv's setting, which also holds what the project does not name."""
        quoted = ", ".join(f'"{line}"' for line in lines)
        return [f"constraint-dependencies = [{quoted}]"] if quoted else []

    def is_own_text(self, text: str) -> bool:
        """Return True if the text begins as a uv.lock does."""
        return UV_LOCK_START.match(text) is not None

    def make_header(self, text: str) -> Header:
        """Return the command, with the options that the lockfile records."""
        options = _list_recorded_options(text[:_MOST_HEAD_CHARS])
        command = " ".join((*_COMMAND, *options))
        return Header(compiler=self.name, command=command, argv=(*_COMMAND, *options))

    def find_header_end(self, _lines: list[str], _first: int, _introduction: int) -> int:
        """Return 0: there is no header."""
        return 0

    def extract_argv(self, command: str) -> tuple[str, ...]:
        """Extract the words of a `uv lock` command."""
        words = tuple(command.split())
        return words if words[:2] == _COMMAND else ()

    def is_own_command(self, command: str) -> bool:
        """Return True if the command is `uv lock`."""
        return bool(self.extract_argv(command))

    def parse_text(self, text: str, header: str) -> Lockfile:
        """Parse a whole uv.lock."""
        return parse_uv_lock(header + text.removeprefix(header))

    def render_lockfile(self, _lock: LockfileSpec, fresh: Lockfile, _below: Mapping[str, Lockfile]) -> str:
        """Return what uv wrote, to the byte."""
        return fresh.text

    def parse_command(self, header: Header) -> CompileCommand:
        """Parse and check the command, whose source and output are fixed."""
        parsed = parse_command_words(self.compiler, header.argv[2:], self.options)
        return CompileCommand(self.compiler, parsed.options, sources=(_PROJECT,), output="uv.lock")

    def infer_options(self, _header: Header, _lockfile: Lockfile, _given: Collection[str] = ()) -> tuple[str, ...]:
        """Return nothing: the options stand in the lockfile."""
        return ()

    def list_members(self, lockfile: Lockfile) -> tuple[str, ...]:
        """List the folders of the workspace's projects."""
        members = lockfile.graph.members if isinstance(lockfile, UvLockfile) else ()
        return tuple(dict.fromkeys(member.source.place for member in members))

    def find_violations(self, before: Lockfile, after: Lockfile) -> Iterator[str]:
        """Yield what a proposed text must not change."""
        return find_uv_lock_violations(before, after)


def _list_recorded_options(head: str) -> list[str]:
    """List the options that the lockfile was written with."""
    block = _OWN_OPTIONS.search(head)
    lines = block["lines"] if block else ""
    stated = [each for each in map(_OWN_OPTION.match, lines.splitlines()) if each]
    moves = "exclude-newer-span" in lines  # then the project's files state it, and the day is no day
    found = [each for each in stated if not (moves and each["name"] == "exclude-newer")]
    return [f"{_OPTION_NAMES.get(each['name'], '--' + each['name'])}={each['value']}" for each in found]
