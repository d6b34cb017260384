"""A lockfile format is one file and one row.

It needs no other change to be read, compiled and installed.
"""

import ast
import re
from pathlib import Path

import pytest

import depcheck
from depcheck.core.config.parsers import parse_path_with_command
from depcheck.core.lockfiles.formats import known_formats
from depcheck.core.lockfiles.formats.requirements_txt import RequirementsTxtFormat
from depcheck.core.lockfiles.header import WriterSentence, find_command_end
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.command import parse_command_words
from depcheck.core.lockfiles.options.compiler_options import CompilerOption, build_option_table
from depcheck.core.lockfiles.spec import LockfileSpec

HOUSE = Path(depcheck.__file__).parent


class ToyFormat(RequirementsTxtFormat):
    """What the file of a new format would hold."""

    name = compiler = "toy"
    options = build_option_table([CompilerOption("--extra", takes_value=True)], {})
    command_pattern = r"\btoy lock\b"
    sentences = (WriterSentence(re.compile("written by toy"), ">=2"),)

    def find_header_end(self, lines, first, introduction):
        return find_command_end(lines, first, introduction)

    def extract_argv(self, command):
        return tuple(command.split())

    def is_own_command(self, command):
        return command.startswith("toy lock")

    def parse_command(self, header):
        return parse_command_words(self.compiler, header.argv[2:], self.options)

    def infer_options(self, *_):
        return ("--toy",)


@pytest.fixture
def toy(monkeypatch):
    form = ToyFormat()
    monkeypatch.setitem(known_formats.LOCKFILE_FORMATS, "toy", form)
    known_formats.parse_lockfile.cache_clear()
    return form


def test_a_row_is_all_that_a_new_format_needs(toy) -> None:
    """Read a new format's header, command and pins, and render it."""
    header = "# written by toy by the following command:\n# toy lock --extra x a.in\n"
    text = f"{header}b==1\n    # via -r a.in\n"
    header, lockfile = known_formats.parse_header(text), known_formats.parse_lockfile(text)
    assert (header.compiler, header.writer_versions, header.is_custom) == ("toy", ">=2", False)
    command = known_formats.parse_compile_command(header)
    assert (command.compiler, command.options, command.sources) == ("toy", ("--extra=x",), ("a.in",))
    assert known_formats.detect_format(header, lockfile) is toy
    assert {str(pin) for pin in lockfile.select_pins({}).values()} == {"b==1"}
    lock = LockfileSpec("a.txt", ("a.in",), "", "toy", None, "", (), lockfile)
    assert known_formats.merge_compiled_text(lock, text.replace("--extra x ", "").replace("==1", "==2"), {}) == (
        text.replace("==1", "==2")
    )


def test_its_command_may_be_configured(toy) -> None:
    """Find the user's own command by the new format's pattern."""
    assert parse_path_with_command("a.txt=toy lock a.in") == ("a.txt", "toy lock a.in")
    assert known_formats.find_command_format("toy lock a.in") is toy


def test_names_of_formats_are_compared_in_their_folder_alone() -> None:
    """Everywhere else a format is asked, so that no place forgets one."""
    names = {*known_formats.LOCKFILE_FORMATS, *(each.compiler for each in known_formats.LOCKFILE_FORMATS.values())}
    found = [
        f"{path.relative_to(HOUSE)}:{node.lineno}"
        for path in HOUSE.rglob("*.py")
        if "formats" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        for each in ast.walk(side)
        if isinstance(each, ast.Constant) and each.value in names
    ]
    assert not found


def test_an_empty_lockfile_belongs_to_pip_compile() -> None:
    """Compile with pip-compile what names no other writer.

    And has no wording of another.
    """
    assert known_formats.detect_format(known_formats.parse_header(""), Lockfile()) is known_formats.PIP_COMPILE
