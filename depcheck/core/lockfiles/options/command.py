"""The compile command of a header, checked option by option.

A header is untrusted input. Nothing of it reaches a shell. Every option must be known by name and every
path must be relative. A header that holds anything else is refused, never guessed at.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.options import pip_compile, table, uv
from depcheck.core.lockfiles.options.table import CommandArgument, parse_compiler_arguments
from depcheck.core.lockfiles.options.treatments import TREATMENTS, WEB_ADDRESS, CompileCommand
from depcheck.core.lockfiles.paths import require_relative_path, resolve_repository_path
from depcheck.core.model.errors import LockfileError

_CONFIG_NAMES = ("pyproject.toml", ".pip-tools.toml")
# With click 8.3, pip-tools before 7.5.1 wrote options that were not given as if they were, with this value.
_NEVER_NONE = frozenset({"--cert", "--client-cert", "--index-url", "--pip-args", "--config", "--output-file"})


def parse_compile_command(header: Header) -> CompileCommand:
    """Parse and check the command of a header.

    The header's `argv` must not be empty. Raises LockfileError for an unknown option, and for anything that
    would reach outside the repository.
    """
    known = uv.UV_OPTIONS if header.compiler == "uv" else pip_compile.PIP_COMPILE_OPTIONS
    words = header.argv[3:] if header.compiler == "uv" else _modernize_spellings(header)
    command = CompileCommand(header.compiler)
    for argument in parse_compiler_arguments(words, known):
        command = _apply_argument(command, argument)
    return _drop_default_config(_drop_wrong_no_index(command))


def apply_tool_config(command: CompileCommand, keys: Mapping[str, Any], path: str) -> CompileCommand:
    """Add the options of the compiler's configuration file to a command.

    `keys` are the file's keys, `path` its path for messages. An option of the command overrides the file's.
    Raises LockfileError as `parse_compile_command` does.
    """
    known = uv.UV_OPTIONS if command.compiler == "uv" else pip_compile.PIP_COMPILE_OPTIONS
    told = {option.partition("=")[0].removeprefix("--").removeprefix("no-") for option in command.options}
    output = command.output
    try:
        for argument in parse_compiler_arguments(table.build_config_arguments(keys, known, path, told), known):
            command = _apply_argument(command, argument)
    except LockfileError as error:
        raise LockfileError(str(error).replace("The header", path).replace("the header", path)) from None
    return replace(_drop_wrong_no_index(command), output=output)


def check_command_paths(command: CompileCommand, folder: str) -> None:
    """Raise LockfileError if a path of the command leaves the repository.

    Paths are resolved from `folder`.
    """
    for source in command.sources:
        resolve_repository_path(folder, source, "A source")
    for path in (*command.paths, *(link for link in command.find_links if not WEB_ADDRESS.match(link))):
        resolve_repository_path(folder, path)
    if command.output:
        resolve_repository_path(folder, command.output, "The output")


def _modernize_spellings(header: Header) -> Iterable[str]:
    """Translate option spellings from before pip-tools 6.1, without the command's name."""
    old = header.writer_versions in {"<1.6.1", ">=1.6.1,<6.2"}
    spellings = pip_compile.PIP_COMPILE_OLD_SPELLINGS if old else {}
    return (spellings.get(word, word) for word in header.argv[1:])


def _apply_argument(command: CompileCommand, argument: CommandArgument) -> CompileCommand:
    """Apply one parsed argument to a command."""
    option, value = argument.option, argument.value
    if option is None:
        return replace(command, sources=(*command.sources, _check_source(value)))
    if not value.isprintable():
        raise LockfileError(f"The header gives {option.name} a value with control characters; correct it.")
    if value == "None" and option.name in _NEVER_NONE:
        return command
    return TREATMENTS[option.treatment](
        command, option.name, value, f"{option.name}={value}" if option.takes_value else option.name
    )


def _check_source(value: str) -> str:
    """Return the path of a source, or raise LockfileError for standard input."""
    if value == "-":
        raise LockfileError(
            "The header says that the source was read from standard input, which is not in the repository; "
            "compile the lockfile from a file."
        )
    return require_relative_path(value, "A source")


def _drop_default_config(command: CompileCommand) -> CompileCommand:
    """Drop a `--config` that names a file the compiler finds by itself.

    pip-tools 6.14 to 7.2 wrote the configuration file that it had found into the header.
    """
    beside = posixpath.dirname(command.sources[0]) if command.sources else ""
    if command.config not in {posixpath.join(beside, name) for name in _CONFIG_NAMES} | set(_CONFIG_NAMES):
        return command
    options = tuple(option for option in command.options if not option.startswith("--config="))
    paths = tuple(path for path in command.paths if path != command.config)
    return replace(command, options=options, paths=paths, config="")


def _drop_wrong_no_index(command: CompileCommand) -> CompileCommand:
    """Drop a `--no-index` of pip-compile that has no find-links.

    With click 8.5, pip-tools before 7.6.2 wrote --no-index unasked. Without links it finds nothing.
    """
    if command.compiler == "uv" or command.find_links:
        return command
    return replace(command, options=tuple(option for option in command.options if option != "--no-index"))
