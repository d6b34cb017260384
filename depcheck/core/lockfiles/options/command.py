"""The compile command of a header, checked option by option.

A header is untrusted input. Nothing of it reaches a shell. Every option must be known by name and every
path must be relative. A header that holds anything else is refused, never guessed at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from depcheck.core.lockfiles.options.compiler_options import (
    CommandArgument,
    OptionTable,
    build_config_arguments,
    parse_compiler_arguments,
)
from depcheck.core.lockfiles.options.treatments import TREATMENTS, WEB_ADDRESS, CompileCommand
from depcheck.core.lockfiles.paths import require_relative_path, resolve_repository_path
from depcheck.core.model.errors import LockfileError

# With click 8.3, pip-tools before 7.5.1 wrote options that were not given as if they were, with this value.
_NEVER_NONE = frozenset({"--cert", "--client-cert", "--index-url", "--pip-args", "--config", "--output-file"})


def parse_command_words(compiler: str, words: Iterable[str], known: OptionTable) -> CompileCommand:
    """Parse and check the words after the command's name.

    Raises LockfileError for an unknown option, and for anything that would reach outside the repository.
    """
    command = CompileCommand(compiler)
    for argument in parse_compiler_arguments(words, known):
        command = _apply_argument(command, argument)
    return command


def apply_config_keys(
    command: CompileCommand, keys: Mapping[str, Any], path: str, known: OptionTable
) -> CompileCommand:
    """Add the options of the compiler's configuration file to a command.

    `keys` are the file's keys, `path` its path for messages. An option of the command overrides the file's.
    Raises LockfileError as `parse_command_words` does.
    """
    told = {option.partition("=")[0].removeprefix("--").removeprefix("no-") for option in command.options}
    output = command.output
    try:
        for argument in parse_compiler_arguments(build_config_arguments(keys, known, path, told), known):
            command = _apply_argument(command, argument)
    except LockfileError as error:
        raise LockfileError(str(error).replace("The header", path).replace("the header", path)) from None
    return replace(command, output=output)


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
