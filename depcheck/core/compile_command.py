"""A header's command, checked: what may be given to the compiler, and what it says about the lockfile.

A header is hostile input. Nothing of it reaches a shell, every option is known by name, every path is
relative, and what a header adds beyond the known is a reason to refuse, never to guess.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from depcheck.core import configured, pip_args, pip_compile_options, uv_options
from depcheck.core.compiler_options import Argument, Treatment, arguments
from depcheck.core.errors import LockfileError
from depcheck.core.header import Header
from depcheck.core.paths import inside, relative

_CONFIGS = ("pyproject.toml", ".pip-tools.toml")
_URL = re.compile(r"^https?://[^\s]+$")
_VERSION = re.compile(r"^\d+\.\d+")
# With click 8.3, pip-tools before 7.5.1 wrote options that were not given as if they were, with this value.
_NEVER_NONE = frozenset({"--cert", "--client-cert", "--index-url", "--pip-args", "--config", "--output-file"})


@dataclass(frozen=True, slots=True)
class CompileCommand:
    """The checked parts of a command. Paths are as written: relative to the command's folder.

    `options` are complete arguments (`--extra=dev`) without sources, output, indexes and upgrade options;
    `upgrade_options` bound upgrades (`--upgrade-package=django<5`) and would move a faithful compile.
    `constraints` and `paths` (which holds them too) are files that the options name. `python` is "3.10" or
    empty.
    """

    compiler: str
    options: tuple[str, ...] = ()
    upgrade_options: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    output: str = ""
    constraints: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    config: str = ""
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    python: str = ""

    def has(self, *names: str) -> bool:
        """Whether any of these options is given."""
        return any(option.partition("=")[0] in names for option in self.options)


def parse_command(header: Header) -> CompileCommand:
    """Check the command of a header whose `argv` is not empty.

    Raises LockfileError for unknown options and for whatever would reach outside of the repository.
    """
    known = uv_options.OPTIONS if header.compiler == "uv" else pip_compile_options.OPTIONS
    words = header.argv[3:] if header.compiler == "uv" else _modern(header)
    command = CompileCommand(header.compiler)
    for argument in arguments(words, known):
        command = _with(command, argument)
    return _without_default_config(_without_wrong_no_index(command))


def with_configuration(command: CompileCommand, keys: Mapping[str, Any], path: str) -> CompileCommand:
    """`command` with what its tool's configuration at `path` adds; what the command says itself wins.

    Raises LockfileError, as `parse_command` does.
    """
    known = uv_options.OPTIONS if command.compiler == "uv" else pip_compile_options.OPTIONS
    told = {option.partition("=")[0].removeprefix("--").removeprefix("no-") for option in command.options}
    output = command.output
    try:
        for argument in arguments(configured.words(keys, known, path, told), known):
            command = _with(command, argument)
    except LockfileError as error:
        raise LockfileError(str(error).replace("The header", path).replace("the header", path)) from None
    return replace(_without_wrong_no_index(command), output=output)


def check_paths(command: CompileCommand, folder: str) -> None:
    """Raise LockfileError where a path of the command leads out of the repository, seen from `folder`."""
    for source in command.sources:
        inside(folder, source, "A source")
    for path in (*command.paths, *(link for link in command.find_links if not _URL.match(link))):
        inside(folder, path)
    if command.output:
        inside(folder, command.output, "The output")


def _modern(header: Header) -> Iterable[str]:
    """The words after the command's name, with the spellings of before 6.1 translated."""
    old = header.era in {"<1.6.1", ">=1.6.1,<6.2"}
    spellings = pip_compile_options.OLD_SPELLINGS if old else {}
    return (spellings.get(word, word) for word in header.argv[1:])


def _with(command: CompileCommand, argument: Argument) -> CompileCommand:
    option, value = argument.option, argument.value
    if option is None:
        return replace(command, sources=(*command.sources, _source(value)))
    if not value.isprintable():
        raise LockfileError(f"The header gives {option.name} a value with control characters; correct it.")
    if value == "None" and option.name in _NEVER_NONE:
        return command
    return _TREATMENTS[option.treatment](
        command, option.name, value, f"{option.name}={value}" if option.value else option.name
    )


def _source(value: str) -> str:
    if value == "-":
        raise LockfileError(
            "The header says that the source was read from standard input, which is not in the repository; "
            "compile the lockfile from a file."
        )
    return relative(value, "A source")


def _keep(command: CompileCommand, _name: str, _value: str, text: str) -> CompileCommand:
    return replace(command, options=(*command.options, text))


def _path(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    path = relative(value, name)
    return replace(_keep(command, name, path, f"{name}={path}"), paths=(*command.paths, path))


def _constraint(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    return replace(_path(command, name, value, text), constraints=(*command.constraints, relative(value, name)))


def _config(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    return replace(_path(command, name, value, text), config=relative(value, name))


def _drop(command: CompileCommand, _name: str, _value: str, _text: str) -> CompileCommand:
    return command


def _drop_path(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    return replace(command, paths=(*command.paths, relative(value, name)))


def _folder(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    relative(value, name)
    return command


def _output(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    if value == "-":  # written to standard output, and redirected
        return command
    return replace(command, output=relative(value, "The output"))


def _index(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    return replace(command, index_url=_address(value))


def _extra_index(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    return replace(command, extra_index_urls=(*command.extra_index_urls, _address(value)))


def _address(value: str) -> str:
    """An index's address, without the name that uv may write before it."""
    named = re.match(r"^[\w.-]+=(https?://.*)$", value)
    address = named[1] if named else value
    if not _URL.match(address):
        raise LockfileError(f"The header names the index {value[:200]!r}, which is no http(s) address; correct it.")
    return address


def _torch(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    if not re.fullmatch(r"cpu|cu\d+|rocm[\d.]+|xpu", value):
        raise LockfileError(
            f"The header gives {name} the value {value[:80]!r}, which depends on the machine that compiles; "
            "compile the lockfile with a backend by name, such as cpu."
        )
    return _extra_index(command, name, f"https://download.pytorch.org/whl/{value}", text)


def _find_links(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    link = value if _URL.match(value) else relative(value, name)
    return replace(_keep(command, name, link, f"{name}={link}"), find_links=(*command.find_links, link))


def _upgrade_package(command: CompileCommand, _name: str, value: str, text: str) -> CompileCommand:
    bounded = re.match(r"^[A-Za-z0-9][\w.-]*(?:\[[^]]*\])?\s*[=<>!~]", value)
    return replace(command, upgrade_options=(*command.upgrade_options, text)) if bounded else command


def _pip_args(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    for address in pip_args.indexes(value):
        command = _extra_index(command, name, address, "")
    kept = pip_args.checked(value)
    return _keep(command, name, kept, f"{name}={kept}") if kept else command


def _python(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    """An interpreter's name or path; it is never started, its name may tell the version."""
    version = re.search(r"(\d+\.\d+)[^/]*$", value)
    return replace(command, python=version[1] if version else command.python)


def _python_version(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    version = _VERSION.match(value)
    return replace(_keep(command, name, value, text), python=version[0] if version else command.python)


def _group(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    path = value.rpartition(":")[0]
    kept = _keep(command, name, value, text)
    return replace(kept, paths=(*command.paths, relative(path, name))) if path else kept


def _format(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    if value != "requirements.txt":
        raise LockfileError(f"The header asks for the format {value[:80]!r}; only requirements.txt is read.")
    return _keep(command, name, value, text)


def _refuse(_command: CompileCommand, name: str, _value: str, _text: str) -> CompileCommand:
    raise LockfileError(f"The header holds {name}, which cannot be followed here; compile the lockfile without it.")


_TREATMENTS: dict[Treatment, Callable[[CompileCommand, str, str, str], CompileCommand]] = {
    Treatment.KEEP: _keep,
    Treatment.PATH: _path,
    Treatment.CONSTRAINT: _constraint,
    Treatment.CONFIG: _config,
    Treatment.DROP: _drop,
    Treatment.DROP_PATH: _drop_path,
    Treatment.FOLDER: _folder,
    Treatment.TORCH: _torch,
    Treatment.OUTPUT: _output,
    Treatment.INDEX: _index,
    Treatment.EXTRA_INDEX: _extra_index,
    Treatment.FIND_LINKS: _find_links,
    Treatment.UPGRADE_PACKAGE: _upgrade_package,
    Treatment.PIP_ARGS: _pip_args,
    Treatment.PYTHON: _python,
    Treatment.PYTHON_VERSION: _python_version,
    Treatment.GROUP: _group,
    Treatment.FORMAT: _format,
    Treatment.REFUSE: _refuse,
}


def _without_default_config(command: CompileCommand) -> CompileCommand:
    """6.14 to 7.2 wrote the config file that they had found by themselves into the header."""
    beside = posixpath.dirname(command.sources[0]) if command.sources else ""
    if command.config not in {posixpath.join(beside, name) for name in _CONFIGS} | set(_CONFIGS):
        return command
    options = tuple(option for option in command.options if not option.startswith("--config="))
    paths = tuple(path for path in command.paths if path != command.config)
    return replace(command, options=options, paths=paths, config="")


def _without_wrong_no_index(command: CompileCommand) -> CompileCommand:
    """With click 8.5, pip-tools before 7.6.2 wrote --no-index unasked; without links it finds nothing."""
    if command.compiler == "uv" or command.find_links:
        return command
    return replace(command, options=tuple(option for option in command.options if option != "--no-index"))
