"""Run subprocesses: hostile code as the guest, and this program's own commands.

No other module starts processes. Every run has a time limit, its own session, bounded output that never
blocks, and leaves no process behind.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from depcheck.checking.sandbox import environ
from depcheck.checking.sandbox import policy as sandbox
from depcheck.checking.sandbox.environ import BoundedOutput, WatchedOutput, drain_streams
from depcheck.checking.sandbox.launcher.tree_removal import open_guest_folder
from depcheck.checking.sandbox.policy import NO_NETWORK, NetworkPolicy, SandboxPolicy
from depcheck.checking.sandbox.process_result import (
    COMMAND_NOT_FOUND,
    HEAD_CHARS,
    TAIL_CHARS,
    ProcessResult,
    build_result,
)
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.text.process_output import clean_text, cut_middle
from depcheck.core.text.secret_values import SecretMasker, find_secret_values, make_secret_masker

LAUNCHER = Path(__file__).with_name("launcher")
HALF_OUTPUT_BYTES = 4 << 20
CHANNEL_BYTES = 64 << 20
_DEAD_LAUNCHER = (
    "The process that starts packages' code ended before it was told what to run, so {} was not run. Most often the "
    "machine has no memory or no processes left: free some, and run again."
)
SLACK_S = 15.0  # what the launcher needs to end a guest, at most


@contextmanager
def _supervise_launcher(process: subprocess.Popen[bytes]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Yield the launcher's input and output, then end it with its guest."""
    if process.stdin is None or process.stdout is None:  # pragma: no cover  # both were asked for
        raise AssertionError
    try:
        yield process.stdin, process.stdout
    finally:
        with suppress(BrokenPipeError):  # it has ended already
            process.stdin.close()  # the launcher ends its guest when this closes
        try:
            process.wait(SLACK_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


@dataclass(slots=True)
class Guest:
    """Runs hostile code, one command at a time.

    `scratch` is a folder of this program for the runs' homes. `host_environ` holds this process's
    variables, of which the guest sees an allow-list and the names in `passed_variables`. `readable` are
    folders that every run may read (interpreters). `moved_programs` names copies of programs that it could not read.
    """

    policy: SandboxPolicy
    scratch: Path
    host_environ: Mapping[str, str] = field(default_factory=dict)
    passed_variables: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    moved_programs: Mapping[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _masker: SecretMasker = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to mask what guests were given and may print."""
        self._masker = make_secret_masker(find_secret_values(self.host_environ, self.passed_variables))

    def run(  # noqa: PLR0913  # all by name, nearly all with a default
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        network: NetworkPolicy = NO_NETWORK,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        stay_up_s: float | None = None,
        home: Path | None = None,
        given: bytes = b"",
        watch: Callable[[bytes], None] | None = None,
        writes_folder: bool = True,
        terminals: bool = False,
    ) -> ProcessResult:
        """Run `argv` in `folder` until it ends or its time is up.

        `folder` is writable, unless not `writes_folder`. With `stay_up_s`, it runs until it has stayed up for so long.
        `env` is added to the clean environment. `home` is kept; without it the run has a fresh one. `given` is standard
        input. `watch` sees what the guest writes to its channel, as it comes. `terminals` lets it make and use some.

        Raises:
            DepcheckError: The sandbox could not be set up; nothing was run.
        """
        with self._lock, self._make_run_folders(home) as (own, temporary):
            clean = environ.build_guest_environ(self.host_environ, self.passed_variables, own, temporary)
            seen = {name: self._move_paths(value) for name, value in {**clean, **(env or {})}.items()}
            argv = [self._move_paths(word) for word in argv]
            programs = sandbox.find_program_folders(argv[0], seen["PATH"])
            trees = [*self._list_readable(), *readable, *programs, folder]
            places = [*([folder] if writes_folder else []), own, temporary, *writable]
            order = {
                **sandbox.build_sandbox_order(self.policy, network, readable=trees, writable=places),
                "argv": list(argv), "env": seen, "folder": str(folder), "timeout_s": timeout_s,
                "stay_up_s": stay_up_s, "terminals": terminals,
            }  # fmt: skip
            return self._run_launcher(order, given, log, watch)

    def _move_paths(self, text: str) -> str:
        """Name the copies of programs that guests cannot read where they stand."""
        for old, new in self.moved_programs.items():
            text = text.replace(old, new)
        return text

    def derive_installer(self) -> "Guest":
        """Derive a guest that installs what this one uses.

        This one cannot change what the installer wrote. The installer never runs hostile code itself.
        """
        return replace(self, policy=self.policy.derive_installer(), passed_variables=(), _lock=threading.Lock())

    def derive_parallel_guest(self, number: int) -> "Guest":
        """Derive a guest that can run in parallel, as another user.

        0 gives a guest of the same user.
        """
        return replace(self, policy=self.policy.derive_parallel_user(number), _lock=threading.Lock())

    def take_ownership(self, folder: Path) -> None:
        """Make the guest's user the owner of `folder` and all in it."""
        sandbox.give_folder_to_guest(folder, self.policy)

    def take_back(self, folder: Path) -> None:
        """Give `folder` back to our own user.

        And all in it. The guest can only read it from now on.
        """
        sandbox.take_back(folder, self.policy)

    def _list_readable(self) -> list[Path]:
        """List what every run may read: copied programs, interpreters, certificates."""
        names = [name for name in environ.CERTIFICATE_VARIABLES if name in self.host_environ]
        certificates = [Path(self.host_environ[name]) for name in names]
        return [*map(Path, self.moved_programs.values()), *self.readable, *certificates]

    @contextmanager
    def _make_run_folders(self, home: Path | None) -> Iterator[tuple[Path, Path]]:
        """Yield a home and a temporary folder for one run.

        Both are deleted after the run, except for a given home.
        """
        with open_guest_folder(self.scratch, "run-") as room:
            own, temporary = home or Path(room, "home"), Path(room, "tmp")
            own.mkdir(exist_ok=True)
            temporary.mkdir()
            self.take_ownership(room)
            yield own, temporary

    def _run_launcher(
        self, order: dict[str, Any], given: bytes, log: Path | None, watch: Callable[[bytes], None] | None
    ) -> ProcessResult:
        began = time.monotonic()
        with (
            _open_standard_input(given) as stdin,
            _open_pipe() as (channel_end, channel_in),
            _open_pipe() as (answer_end, answer_in),
        ):
            theirs = {"stdin": stdin.fileno(), "channel": channel_in.fileno(), "answer": answer_in.fileno()}
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, pass_fds=tuple(theirs.values()), start_new_session=True,
                env={}, cwd="/",
            )  # fmt: skip
            channel_in.close()
            answer_in.close()
            output, channel, answer = (
                BoundedOutput(HALF_OUTPUT_BYTES),
                WatchedOutput(CHANNEL_BYTES, watch) if watch else BoundedOutput(CHANNEL_BYTES),
                BoundedOutput(CHANNEL_BYTES),
            )
            with _supervise_launcher(process) as (asking, printing):
                try:
                    asking.write(json.dumps(order | theirs).encode() + b"\n")
                    asking.flush()
                except BrokenPipeError:
                    raise IndexUnavailableError(_DEAD_LAUNCHER.format(order["argv"][0])) from None
                streams = {
                    printing.fileno(): output,
                    channel_end.fileno(): channel,
                    answer_end.fileno(): answer,
                }
                drain_streams(streams, began + order["timeout_s"] + SLACK_S, last=answer_end.fileno())
        text = self._masker.mask_text(clean_text(output.to_bytes().decode(errors="replace")))
        if log:
            with log.open("a", encoding="utf-8") as whole:
                whole.write(text)
        return build_result(answer.to_bytes(), order["argv"][0], text, channel.to_bytes(), time.monotonic() - began)


@contextmanager
def _open_pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as read_end, os.fdopen(writing, "wb", 0) as write_end:
        yield read_end, write_end


@contextmanager
def _open_standard_input(given: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        yield file


def run_trusted_command(  # noqa: PLR0913  # all by name, nearly all with a default
    argv: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    outer: Mapping[str, str] = MappingProxyType({}),
    env: Mapping[str, str] | None = None,
    given: bytes = b"",
) -> ProcessResult:
    """Run a command of this program (git, uv) to its end.

    Never use it for hostile code.

    `answer` is its raw stdout, `output` both streams. `outer` holds this process's variables, of which the
    command gets those that the tools need; `env` is added to them.
    """
    seen = {**environ.build_tool_environ(outer), **(env or {})}
    began = time.monotonic()
    output, answer = BoundedOutput(HALF_OUTPUT_BYTES), BoundedOutput(CHANNEL_BYTES)
    with _open_standard_input(given) as stdin, _open_pipe() as (out, out_in), _open_pipe() as (errors, errors_in):
        try:
            process = subprocess.Popen(
                list(argv), cwd=folder, env=seen, stdin=stdin, stdout=out_in, stderr=errors_in, start_new_session=True
            )
        except FileNotFoundError as error:
            return ProcessResult(COMMAND_NOT_FOUND, False, f"{clean_text(str(error))}\n", 0.0)
        out_in.close()
        errors_in.close()
        drain_streams({out.fileno(): answer, errors.fileno(): output}, began + timeout_s)
        status = _wait_or_kill(process, began + timeout_s - time.monotonic())
    text = clean_text((answer.to_bytes() + output.to_bytes()).decode(errors="replace"))
    shown, took_s = cut_middle(text, HEAD_CHARS, TAIL_CHARS), time.monotonic() - began
    return ProcessResult(status, status is None, shown, took_s, answer=answer.to_bytes())


def _wait_or_kill(process: subprocess.Popen[bytes], left_s: float) -> int | None:
    """Wait for the process and return its exit status.

    After `left_s` seconds its group is killed and None is returned.
    """
    try:
        return process.wait(max(0.05, left_s))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
