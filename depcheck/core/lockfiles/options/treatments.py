"""A lockfile's compile command, and each treatment of an option."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from depcheck.core.lockfiles.options import pip_args
from depcheck.core.lockfiles.options.compiler_options import Treatment
from depcheck.core.lockfiles.paths import require_relative_path
from depcheck.core.model.errors import LockfileError

WEB_ADDRESS = re.compile(r"^https?://[^\s]+$")
_VERSION = re.compile(r"^\d+\.\d+")


@dataclass(frozen=True, slots=True)
class CompileCommand:
    """The checked parts of a compile command.

    Paths are as written, relative to the folder of the command. `options` are complete arguments
    (`--extra=dev`) without sources, output, indexes and upgrade options. `upgrade_options` bound upgrades
    (`--upgrade-package=django<5`) and would change the result of a compile without upgrade. `constraints` and
    `paths` are files that the options name, and `paths` includes the constraints. `python` is "3.10" or
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

    def has_option(self, *names: str) -> bool:
        """Return True if any of these options is given."""
        return any(option.partition("=")[0] in names for option in self.options)


def _keep_option(command: CompileCommand, _name: str, _value: str, text: str) -> CompileCommand:
    """Add the option unchanged."""
    return replace(command, options=(*command.options, text))


def _keep_path(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    """Add the option, whose value must be a path inside the repository."""
    path = require_relative_path(value, name)
    return replace(_keep_option(command, name, path, f"{name}={path}"), paths=(*command.paths, path))


def _keep_constraint(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    """Add the option and record its value as a constraint file."""
    return replace(
        _keep_path(command, name, value, text), constraints=(*command.constraints, require_relative_path(value, name))
    )


def _keep_config(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    """Add the option and record its value as the configuration file."""
    return replace(_keep_path(command, name, value, text), config=require_relative_path(value, name))


def _drop_option(command: CompileCommand, _name: str, _value: str, _text: str) -> CompileCommand:
    """Drop the option."""
    return command


def _drop_path(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    """Drop the option, but record and check the path that it names."""
    return replace(command, paths=(*command.paths, require_relative_path(value, name)))


def _drop_folder(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    """Drop the option, but check the folder that it names."""
    require_relative_path(value, name)
    return command


def _set_output(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    """Set the output path, unless the output went to standard output."""
    if value == "-":  # written to standard output, and redirected
        return command
    return replace(command, output=require_relative_path(value, "The output"))


def _set_index(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    """Set the main index."""
    return replace(command, index_url=_parse_index_address(value))


def _add_extra_index(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    """Add an extra index."""
    return replace(command, extra_index_urls=(*command.extra_index_urls, _parse_index_address(value)))


def _parse_index_address(value: str) -> str:
    """Return an index's URL without the name that uv may prefix.

    Raises LockfileError for anything other than an http(s) URL.
    """
    named = re.match(r"^[\w.-]+=(https?://.*)$", value)
    address = named[1] if named else value
    if not WEB_ADDRESS.match(address):
        raise LockfileError(f"The header names the index {value[:200]!r}, which is no http(s) address; correct it.")
    return address


def _add_torch_index(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    """Add the PyTorch index of a named backend as an extra index.

    Raises LockfileError for a value that depends on the machine, such as `auto`.
    """
    if not re.fullmatch(r"cpu|cu\d+|rocm[\d.]+|xpu", value):
        raise LockfileError(
            f"The header gives {name} the value {value[:80]!r}, which depends on the machine that compiles; "
            "compile the lockfile with a backend by name, such as cpu."
        )
    return _add_extra_index(command, name, f"https://download.pytorch.org/whl/{value}", text)


def _add_find_links(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    """Add a find-links URL, or a path inside the repository."""
    link = value if WEB_ADDRESS.match(value) else require_relative_path(value, name)
    return replace(_keep_option(command, name, link, f"{name}={link}"), find_links=(*command.find_links, link))


def _keep_upgrade_bound(command: CompileCommand, _name: str, value: str, text: str) -> CompileCommand:
    """Keep an upgrade option with a version bound, drop any other."""
    bounded = re.match(r"^[A-Za-z0-9][\w.-]*(?:\[[^]]*\])?\s*[=<>!~]", value)
    return replace(command, upgrade_options=(*command.upgrade_options, text)) if bounded else command


def _keep_pip_args(command: CompileCommand, name: str, value: str, _text: str) -> CompileCommand:
    """Add the indexes in pip's arguments and keep the allowed arguments."""
    for address in pip_args.find_index_urls(value):
        command = _add_extra_index(command, name, address, "")
    kept = pip_args.sanitize_pip_args(value)
    return _keep_option(command, name, kept, f"{name}={kept}") if kept else command


def _set_interpreter_version(command: CompileCommand, _name: str, value: str, _text: str) -> CompileCommand:
    """Set the Python version from an interpreter's name or path.

    The interpreter is never started. A name without a version changes nothing.
    """
    version = re.search(r"(\d+\.\d+)[^/]*$", value)
    return replace(command, python=version[1] if version else command.python)


def _keep_python_version(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    """Keep the option and set the Python version from its value."""
    version = _VERSION.match(value)
    return replace(_keep_option(command, name, value, text), python=version[0] if version else command.python)


def _keep_group(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    """Keep a dependency group, and record the path of `path:name`."""
    path = value.rpartition(":")[0]
    kept = _keep_option(command, name, value, text)
    return replace(kept, paths=(*command.paths, require_relative_path(path, name))) if path else kept


def _keep_format(command: CompileCommand, name: str, value: str, text: str) -> CompileCommand:
    """Keep the format requirements.txt, and refuse any other."""
    if value != "requirements.txt":
        raise LockfileError(f"The header asks for the format {value[:80]!r}; only requirements.txt is read.")
    return _keep_option(command, name, value, text)


def _refuse_option(_command: CompileCommand, name: str, _value: str, _text: str) -> CompileCommand:
    """Raise LockfileError for an option that cannot be followed."""
    raise LockfileError(f"The header holds {name}, which cannot be followed here; compile the lockfile without it.")


TREATMENTS: dict[Treatment, Callable[[CompileCommand, str, str, str], CompileCommand]] = {
    Treatment.KEEP: _keep_option,
    Treatment.PATH: _keep_path,
    Treatment.CONSTRAINT: _keep_constraint,
    Treatment.CONFIG: _keep_config,
    Treatment.DROP: _drop_option,
    Treatment.DROP_PATH: _drop_path,
    Treatment.FOLDER: _drop_folder,
    Treatment.TORCH: _add_torch_index,
    Treatment.OUTPUT: _set_output,
    Treatment.INDEX: _set_index,
    Treatment.EXTRA_INDEX: _add_extra_index,
    Treatment.FIND_LINKS: _add_find_links,
    Treatment.UPGRADE_PACKAGE: _keep_upgrade_bound,
    Treatment.PIP_ARGS: _keep_pip_args,
    Treatment.PYTHON: _set_interpreter_version,
    Treatment.PYTHON_VERSION: _keep_python_version,
    Treatment.GROUP: _keep_group,
    Treatment.FORMAT: _keep_format,
    Treatment.REFUSE: _refuse_option,
}
