"""Commands of the user's: smoke and boot, and what all checks share when they run one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from depcheck.checking.environment import Environment
from depcheck.checking.process import Guest, Ran
from depcheck.checking.sandbox import Network
from depcheck.checking.variables import SYSTEM_PATH
from depcheck.core.checks import Failure
from depcheck.core.outputs import died_of_signal, evidence, exit_sentence, telling_line

SCRIPTS = Path(__file__).with_name("guest")


@dataclass(frozen=True, slots=True)
class Room:
    """Where one check runs: an environment and a fresh copy of the workspace, with a log and a time limit.

    The environment can be read and not changed. Each run has a fresh home, unless `home` is one that is kept.
    """

    guest: Guest
    environment: Environment
    copy: Path
    log: Path
    timeout_s: float
    network: Network
    home: Path | None = None

    def run(
        self,
        argv: Sequence[str],
        *,
        env: dict[str, str] | None = None,
        stay_up_s: float | None = None,
        given: bytes = b"",
        timeout_s: float | None = None,
    ) -> Ran:
        """Run `argv` in the copy with the environment active; see `Guest.run`."""
        binaries = self.environment.python.parent
        active = {
            "PATH": f"{binaries}:{SYSTEM_PATH}",
            "VIRTUAL_ENV": str(binaries.parent),
            "PYTHONUNBUFFERED": "1",  # what a program printed before it was stopped is not lost
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPYCACHEPREFIX": str(self.environment.bytecode),
        }
        return self.guest.run(
            argv,
            folder=self.copy,
            env={**active, **(env or {})},
            timeout_s=self.timeout_s if timeout_s is None else timeout_s,
            stay_up_s=stay_up_s,
            given=given,
            log=self.log,
            network=self.network,
            readable=(SCRIPTS, self.environment.interpreter.prefix, self.environment.folder),
            writable=(self.environment.bytecode, self.results),
            home=self.home,
        )

    @property
    def results(self) -> Path:
        """Where a check may leave its results; made afresh by the check that has some."""
        return self.environment.folder / "results"

    def shell(self, command: str, *, env: dict[str, str] | None = None, stay_up_s: float | None = None) -> Ran:
        """Run a command of the user's by a shell."""
        return self.run(["sh", "-c", command], env=env, stay_up_s=stay_up_s)


def failure_of(ran: Ran, timeout_s: float) -> Failure:
    """The failure of a command as a whole."""
    if ran.timed_out:
        return Failure("", f"timed out after {timeout_s:g} s", evidence(ran.output))
    if ran.exceeded:
        return Failure("", f"ended: {ran.exceeded}", evidence(ran.output))
    status = ran.exit_status or 0
    if died_of_signal(status):
        return Failure("", exit_sentence(status), evidence(ran.output))
    return Failure("", telling_line(ran.output) or exit_sentence(status), evidence(ran.output))


def smoke(room: Room, command: str) -> tuple[Failure, ...]:
    """The command must exit 0 in time."""
    ran = room.shell(command)
    return () if ran.passed else (failure_of(ran, room.timeout_s),)


def boot(room: Room, command: str, boot_seconds: float) -> tuple[Failure, ...]:
    """The program must still run after `boot_seconds`, or have exited 0 before."""
    ran = room.shell(command, stay_up_s=boot_seconds)
    return () if ran.stayed_up or ran.passed else (failure_of(ran, room.timeout_s),)
