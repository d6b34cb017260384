"""pip-compile, run from an environment of its own."""

from dataclasses import dataclass
from pathlib import Path

from depcheck.checking.compile.compile_tool import CompileRequest, RequirementsWriter, ShownIndex
from depcheck.checking.compile.tool_envs import PipToolsEnvironment, ToolEnvironments
from depcheck.core.lockfiles.formats.pip_compile_options import is_supported_option
from depcheck.core.lockfiles.spec import LockfileSpec


@dataclass(frozen=True, slots=True)
class PipCompile(RequirementsWriter):
    """The pip-compile of an interpreter's own pip-tools."""

    toolbox: ToolEnvironments

    @property
    def pins_commits(self) -> bool:
        """Return False: it writes the reference that the source names."""
        return False

    def prepare_copy(self, root: Path, lock: LockfileSpec, index: ShownIndex) -> None:
        """Do nothing: the environment names the index, and sources have lost theirs."""

    def needs_only_fitting_files(self, lock: LockfileSpec) -> bool:
        """Return False with hashes and with options of pip's.

        Hashes cover all files of a release.
        """
        return not any(option.partition("=")[0] in {"--generate-hashes", "--pip-args"} for option in lock.options)

    def build_program(self, request: CompileRequest) -> list[str]:
        """Return the program and the options that this pip-tools has."""
        tool = self._get_environment(request)
        options = [option for option in request.lock.options if is_supported_option(option, tool.version)]
        words = [str(tool.python), "-m", "piptools", "compile", *options]
        words += ["--no-emit-index-url", "--cache-dir", str(request.cache / "pip-tools")]
        named = any(option.startswith("--resolver") for option in request.lock.options)
        if tool.version.startswith("6.14") and not named:
            words.append("--resolver=backtracking")  # the default of all later versions
        return words

    def list_no_upgrade_options(self, request: CompileRequest) -> list[str]:
        """Return the option, where this pip-tools has it."""
        supported = is_supported_option("--no-upgrade", self._get_environment(request).version)
        return ["--no-upgrade"] if supported else []

    def build_environ(self, request: CompileRequest, _index: ShownIndex) -> dict[str, str]:
        """Return variables: the index, pip's cache, the header's command."""
        return {
            "PIP_INDEX_URL": request.index_url,
            "PIP_CACHE_DIR": str(request.cache / "pip"),
            "PIP_NO_INPUT": "1",
            "CUSTOM_COMPILE_COMMAND": request.lock.command,
        }

    def _get_environment(self, request: CompileRequest) -> PipToolsEnvironment:
        return self.toolbox.get_pip_tools(request.interpreter, request.python, lenient=request.is_lenient)
