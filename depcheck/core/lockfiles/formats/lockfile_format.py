"""The interface of a lockfile format: all of one writer's particulars."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from depcheck.core.lockfiles.header import Header, HeaderWriter
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.compiler_options import OptionTable
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.spec import LockfileSpec


@dataclass(frozen=True, slots=True)
class InlineSource:
    """A source that stands in the header instead of a file.

    `name` is what annotations call it. `constraints` are the files that constrain it, from the repository's top.
    """

    name: str
    text: str
    constraints: tuple[str, ...] = ()


class LockfileFormat(HeaderWriter, Protocol):
    """A format: how its lockfiles are detected, parsed, rendered, compiled and installed.

    Its sentences and its header's grammar are those of a `HeaderWriter`.
    """

    @property
    def compiler(self) -> str:
        """The compiler's name in reports and in the table of tools."""

    @property
    def options(self) -> OptionTable:
        """The compiler's options."""

    @property
    def command_pattern(self) -> str:
        """A regular expression that finds the compiler's command in a command line."""

    @property
    def default_sources(self) -> tuple[str, ...]:
        """The sources that a command without any compiles, the first that exists."""

    @property
    def reads_tool_config(self) -> bool:
        """True if `[tool.pip-tools]` holds options of the command."""

    @property
    def reads_uv_config(self) -> bool:
        """True if `[tool.uv]` holds indexes of the command."""

    @property
    def uses_pip_resolver(self) -> bool:
        """True if pip's resolver chooses the pins, for one interpreter and platform."""

    @property
    def needs_layer_constraints(self) -> bool:
        """True if a lockfile is constrained by those that it includes.

        It is compiled upon them, and holds none of their pins.
        """

    @property
    def is_exact(self) -> bool:
        """True if a compile without upgrade must not change a byte."""

    @property
    def hold_table(self) -> str:
        """The table of the source that holds releases back, such as `[tool.uv]`.

        Empty where lines of the source do.
        """

    def format_hold_lines(self, lines: Iterable[str]) -> list[str]:
        """Format the requirements that hold releases back as the source has them."""

    def is_own_text(self, text: str) -> bool:
        """Return True if a whole text can only be of this format."""

    def make_header(self, text: str) -> Header:
        """Return what the header of an own text would say."""

    def is_written_in(self, lockfile: Lockfile) -> bool:
        """Return True if a headerless lockfile has this format's wording."""

    def parse_text(self, text: str, header: str) -> Lockfile:
        """Parse a whole lockfile, of which `header` is the beginning.

        Raises:
            LockfileError: It holds lines that are not understood.
        """

    def parse_inline_source(self, header: Header, lockfile: Lockfile) -> InlineSource | None:
        """Return the source in the header, or None if it names files.

        Raises:
            LockfileError: The header should hold it, and does not.
        """

    def render_lockfile(self, lock: LockfileSpec, fresh: Lockfile, below: Mapping[str, Lockfile]) -> str:
        """Return a fresh lockfile's text in the committed one's style.

        `below` are the fresh lockfiles of lower layers, by path.
        """

    def parse_command(self, header: Header) -> CompileCommand:
        """Parse and check a header's command, with `argv` not empty.

        Raises:
            LockfileError: It has an unknown option, or would reach outside the repository.
        """

    def apply_config(self, command: CompileCommand, keys: Mapping[str, Any], path: str) -> CompileCommand:
        """Add options of the configuration at `path`, below the command.

        The command overrides them.

        Raises:
            LockfileError: As `parse_command` does.
        """

    def infer_options(self, header: Header, lockfile: Lockfile, given: Collection[str] = ()) -> tuple[str, ...]:
        """Infer options that the header leaves out.

        What the options `given` decide is not inferred.
        """

    def list_group_options(self, groups: Iterable[str]) -> list[str]:
        """Return the options that compile these dependency groups.

        Empty for a compiler that has no groups.
        """

    def get_default_output(self, source: str) -> str:
        """Return the output's path by default for an only source.

        That of a command without output, or empty.
        """

    def list_members(self, lockfile: Lockfile) -> tuple[str, ...]:
        """List the folders whose projects are compiled together, from the lockfile's own.

        Empty where the command names all sources.
        """

    def find_violations(self, before: Lockfile, after: Lockfile) -> Iterator[str] | None:
        """Yield what a proposed lockfile must not change, beyond its pins.

        None for a requirements file, whose lines are all held against the committed ones.
        """
