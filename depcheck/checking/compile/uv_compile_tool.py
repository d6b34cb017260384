"""`uv pip compile`, by the uv that depcheck is installed with."""

from pathlib import Path

from uv import find_uv_bin

from depcheck.checking.compile.compile_tool import CompileRequest, RequirementsWriter, ShownIndex
from depcheck.checking.compile.prepare_sources import list_config_files, redirect_uv_indexes
from depcheck.core.lockfiles.spec import LockfileSpec


class UvPipCompile(RequirementsWriter):
    """The compiler of uv."""

    @property
    def pins_commits(self) -> bool:
        """Return True: it writes the commit that it took."""
        return True

    def prepare_copy(self, root: Path, lock: LockfileSpec, index: ShownIndex) -> None:
        """Point the indexes of uv's configuration at the local one."""
        redirect_uv_indexes(root, list_config_files(lock.folder), lambda _: index.url)

    def needs_only_fitting_files(self, _lock: LockfileSpec) -> bool:
        """Return False: uv resolves for other machines, and reads pages quickly."""
        return False

    def build_program(self, request: CompileRequest) -> list[str]:
        """Return program, options and interpreter.

        The latter unless an option names one.
        """
        options = request.lock.options
        words = [find_uv_bin(), "pip", "compile", "--quiet", *options, "--cache-dir", str(request.cache / "uv")]
        named = any(option.startswith(("--python-version", "--python=", "-p")) for option in options)
        return words if named else [*words, "--python", str(request.interpreter)]

    def list_no_upgrade_options(self, _request: CompileRequest) -> list[str]:
        """Return the option."""
        return ["--no-upgrade"]

    def build_environ(self, request: CompileRequest, _index: ShownIndex) -> dict[str, str]:
        """Return the index, and the command that the header shows."""
        return {
            "UV_DEFAULT_INDEX": request.index_url,
            "UV_NO_CONFIG": "0",  # what the repository sets for uv is a part of the command
            "UV_CUSTOM_COMPILE_COMMAND": request.lock.command or f"uv pip compile for {request.spec.name}",
        }
