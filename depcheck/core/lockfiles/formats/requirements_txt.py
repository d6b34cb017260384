"""What all formats share whose lockfiles are requirements files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from depcheck.core.lockfiles.formats.lockfile_format import InlineSource
from depcheck.core.lockfiles.formats.merge import merge_fresh_pins
from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.lockfile_parser import Lockfile, parse_requirements_lockfile
from depcheck.core.lockfiles.options.command import apply_config_keys
from depcheck.core.lockfiles.options.compiler_options import OptionTable
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.spec import LockfileSpec


class RequirementsTxtFormat:
    """The base of formats that are requirements files, with nothing particular."""

    options: OptionTable
    default_sources: tuple[str, ...] = ()
    reads_tool_config = False
    reads_uv_config = False
    uses_pip_resolver = False
    needs_layer_constraints = False
    is_exact = False
    hold_table = ""

    def format_hold_lines(self, lines: Iterable[str]) -> list[str]:
        """Return the lines themselves."""
        return [*lines]

    def is_own_text(self, _text: str) -> bool:
        """Return False: a header tells."""
        return False

    def make_header(self, _text: str) -> Header:
        """Return an empty header."""
        return Header()

    def refine_versions(self, versions: str, _lines: Sequence[str]) -> str:
        """Return the versions as the sentence tells them."""
        return versions

    def explain_decline(self, _command: str) -> str:
        """Return nothing: such lockfiles are compiled."""
        return ""

    def is_written_in(self, _lockfile: Lockfile) -> bool:
        """Return False: without a header nothing tells."""
        return False

    def parse_text(self, text: str, header: str) -> Lockfile:
        """Parse a requirements file."""
        return parse_requirements_lockfile(text, header)

    def parse_inline_source(self, _header: Header, _lockfile: Lockfile) -> InlineSource | None:
        """Return None: the sources are files."""
        return None

    def render_lockfile(self, lock: LockfileSpec, fresh: Lockfile, below: Mapping[str, Lockfile]) -> str:
        """Merge new pins with the committed header and index options."""
        return merge_fresh_pins(lock, fresh, below)

    def apply_config(self, command: CompileCommand, keys: Mapping[str, Any], path: str) -> CompileCommand:
        """Add the options of a configuration file to a command."""
        return apply_config_keys(command, keys, path, self.options)

    def list_group_options(self, _groups: Iterable[str]) -> list[str]:
        """Return nothing: the compiler has no groups."""
        return []

    def get_default_output(self, _source: str) -> str:
        """Return nothing: the compiler writes to standard output."""
        return ""

    def list_members(self, _lockfile: Lockfile) -> tuple[str, ...]:
        """Return nothing: the command names the sources."""
        return ()

    def find_violations(self, _before: Lockfile, _after: Lockfile) -> Iterator[str] | None:
        """Return None: it is a requirements file."""
        return None
