"""Context of checks, and the failure of a command as a whole."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from depcheck.checking.checks.running.compiled_code import GUEST_SCRIPTS, make_own_bytecode
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.sandbox.environ import SYSTEM_PATH
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import COMMAND_NOT_FOUND, ProcessResult
from depcheck.core.messages.observed import MISSING_COMMAND
from depcheck.core.model.checks import Failure
from depcheck.core.text.process_output import extract_evidence, find_error_line, format_exit_status, is_crash_status


@dataclass(frozen=True, slots=True)
class CheckContext:
    """An environment and a workspace copy that one check runs in.

    With a log and a time limit. The check can read the environment and not change it. Each run has a fresh
    home, unless `home` is given, which is kept. `folders` are those of the workspace that hold the product's modules,
    beside its top.
    """

    guest: Guest
    environment: VirtualEnvironment
    workspace: Path
    log: Path
    timeout_s: float
    network: NetworkPolicy
    home: Path | None = None
    folders: tuple[str, ...] = ()

    def run(  # noqa: PLR0913  # all by name, nearly all with a default
        self,
        argv: Sequence[str],
        *,
        env: dict[str, str] | None = None,
        stay_up_s: float | None = None,
        given: bytes = b"",
        timeout_s: float | None = None,
        writes_bytecode: bool = True,
        writes_workspace: bool = True,
        watch: Callable[[bytes], None] | None = None,
    ) -> ProcessResult:
        """Run `argv` in the workspace with the environment active.

        See `Guest.run`. What it compiles is kept for it alone, or not at all.
        """
        shared = nullcontext(self.environment.bytecode_folder)
        with make_own_bytecode(self.guest, self.environment) if writes_bytecode else shared as bytecode:
            return self.guest.run(
                argv,
                folder=self.workspace,
                env={**self._build_variables(bytecode), **(env or {})},
                timeout_s=self.timeout_s if timeout_s is None else timeout_s,
                stay_up_s=stay_up_s,
                given=given,
                log=self.log,
                network=self.network,
                readable=(GUEST_SCRIPTS, self.environment.interpreter.prefix, self.environment.folder),
                writable=(self.results_folder, *([bytecode] if writes_bytecode else [])),
                home=self.home,
                watch=watch,
                writes_folder=writes_workspace,
                terminals=writes_bytecode,  # programs and tests
            )

    def _build_variables(self, bytecode: Path) -> dict[str, str]:
        binaries = self.environment.python.parent
        return {
            "PATH": f"{binaries}:{SYSTEM_PATH}",
            "VIRTUAL_ENV": str(binaries.parent),
            "PYTHONUNBUFFERED": "1",  # what a program printed before it was stopped is not lost
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPYCACHEPREFIX": str(bytecode),
        }

    @property
    def results_folder(self) -> Path:
        """The folder for a check's result files.

        The check that writes some creates it afresh.
        """
        return self.environment.folder / "results"

    def run_shell(
        self, command: str, *, env: dict[str, str] | None = None, stay_up_s: float | None = None
    ) -> ProcessResult:
        """Run a command of the user's in a shell."""
        return self.run(["sh", "-c", command], env=env, stay_up_s=stay_up_s)


def build_command_failure(ran: ProcessResult, timeout_s: float) -> Failure:
    """Build the failure of a command as a whole."""
    if ran.timed_out:
        return Failure("", f"timed out after {timeout_s:g} s", extract_evidence(ran.output))
    if ran.exceeded_limit:
        return Failure("", f"ended: {ran.exceeded_limit}", extract_evidence(ran.output))
    status = ran.exit_status or 0
    if is_crash_status(status):
        return Failure("", format_exit_status(status), extract_evidence(ran.output))
    said = find_error_line(ran.output) or format_exit_status(status)
    lacking = MISSING_COMMAND if status == COMMAND_NOT_FOUND else ""
    return Failure("", f"{lacking}{said}", extract_evidence(ran.output))
