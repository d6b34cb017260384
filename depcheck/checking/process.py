"""The one gate to subprocesses: strangers' code as the guest, and our own commands.

Every run has a wall clock, its own session, bounded output that never blocks, and leaves no process behind.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import IO, Any

from depcheck.checking import sandbox, variables
from depcheck.checking.drain import Kept, drain
from depcheck.checking.sandbox import OFF, Network, Walls
from depcheck.core.errors import DepcheckError
from depcheck.core.outputs import clean, middle_cut

LAUNCHER = Path(__file__).with_name("walls")
HALF_LOG_BYTES = 4 << 20
CHANNEL_BYTES = 64 << 20
HEAD_CHARS, TAIL_CHARS = 64 << 10, 256 << 10
SLACK_S = 15.0  # what the launcher needs to end a guest, at most
COMMAND_NOT_FOUND = 127
_ANSWER: dict[str, type | tuple[type, ...]] = {
    "status": (int, NoneType), "timed_out": bool, "stayed_up": bool, "walls": (dict, NoneType), "error": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a process. `exit_status` is negative for a signal, None when we ended it.

    `exceeded` says, where we ended it for that, which limit its processes passed together. `output` is stdout and
    stderr together, clean and bounded. `answer` are the raw bytes of the separate channel: descriptor 3 of a guest,
    stdout of a command of ours.
    """

    exit_status: int | None
    timed_out: bool
    output: str
    duration_s: float
    stayed_up: bool = False
    answer: bytes = b""
    exceeded: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ended by itself and well."""
        return self.exit_status == 0 and not self.timed_out


@contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The launcher's input and output; when the block ends, so do the launcher and its guest."""
    if process.stdin is None or process.stdout is None:  # pragma: no cover  # both were asked for
        raise AssertionError
    try:
        yield process.stdin, process.stdout
    finally:
        process.stdin.close()  # the launcher ends its guest when this closes
        try:
            process.wait(SLACK_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


@dataclass(slots=True)
class Guest:
    """Runs strangers' code, one command at a time.

    `scratch` is a folder of ours for the runs' homes; `outer` our own variables, of which the guest sees an
    allow-list and the names in `through`; `readable` are folders that every run may read (interpreters).
    """

    walls: Walls
    scratch: Path
    outer: Mapping[str, str] = field(default_factory=dict)
    through: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def run(  # noqa: PLR0913  # all by name, nearly all with a default
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        network: Network = OFF,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        stay_up_s: float | None = None,
        home: Path | None = None,
        given: bytes = b"",
    ) -> Ran:
        """Run `argv` in `folder` (writable) until it ends, its time is up, or it stayed up for `stay_up_s`.

        `env` is added to the clean environment. `home` is kept; without it the run has a fresh one. `given`
        is standard input. Raises DepcheckError when the walls could not be raised: then nothing was run.
        """
        with self._turn, self._room(home) as (own, temporary):
            seen = {**variables.of_guest(self.outer, self.through, own, temporary), **(env or {})}
            trees = [
                *self.readable,
                *readable,
                *sandbox.trees_of(argv[0], seen["PATH"]),
                *self._certificates(),
            ]
            places = [folder, own, temporary, *writable]
            order = {
                **sandbox.order(self.walls, network, readable=trees, writable=places),
                "argv": list(argv), "env": seen, "folder": str(folder), "timeout_s": timeout_s,
                "stay_up_s": stay_up_s,
            }  # fmt: skip
            return self._launch(order, given, log)

    def apart(self) -> "Guest":
        """A guest that puts in place what this one uses and must not change; it never runs strangers' code itself."""
        return replace(self, walls=self.walls.apart(), through=(), _turn=threading.Lock())

    def beside(self, number: int) -> "Guest":
        """A guest of another user, which can run at the same time as this one; 0 is a guest of the same user."""
        return replace(self, walls=self.walls.beside(number), _turn=threading.Lock())

    def own(self, folder: Path) -> None:
        """Make the guest the owner of `folder` and all in it."""
        sandbox.hand_over(folder, self.walls)

    def take_back(self, folder: Path) -> None:
        """Make this process's user the owner of `folder` and all in it: the guest can only read it from now on."""
        sandbox.take_back(folder, self.walls)

    def _certificates(self) -> list[Path]:
        return [Path(self.outer[name]) for name in variables.CERTIFICATES if name in self.outer]

    @contextmanager
    def _room(self, home: Path | None) -> Iterator[tuple[Path, Path]]:
        """A home and a folder for temporary files, gone after the run but for a home that is kept."""
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="run-", ignore_cleanup_errors=True) as room:
            own, temporary = home or Path(room, "home"), Path(room, "tmp")
            own.mkdir(exist_ok=True)
            temporary.mkdir()
            self.own(Path(room))
            yield own, temporary

    def _launch(self, order: dict[str, Any], given: bytes, log: Path | None) -> Ran:
        began = time.monotonic()
        with (
            _standard_input(given) as stdin,
            _pipe() as (channel_end, channel_in),
            _pipe() as (answer_end, answer_in),
        ):
            theirs = {"stdin": stdin.fileno(), "channel": channel_in.fileno(), "answer": answer_in.fileno()}
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, pass_fds=tuple(theirs.values()), start_new_session=True,
                env={}, cwd="/",
            )  # fmt: skip
            channel_in.close()
            answer_in.close()
            output, channel, answer = Kept(HALF_LOG_BYTES), Kept(CHANNEL_BYTES), Kept(CHANNEL_BYTES)
            with _watched(process) as (asking, printing):
                asking.write(json.dumps(order | theirs).encode() + b"\n")
                asking.flush()
                streams = {
                    printing.fileno(): output,
                    channel_end.fileno(): channel,
                    answer_end.fileno(): answer,
                }
                drain(streams, began + order["timeout_s"] + SLACK_S, last=answer_end.fileno())
        text = clean(output.whole().decode(errors="replace"))
        if log:
            with log.open("a", encoding="utf-8") as whole:
                whole.write(text)
        return _ran(answer.whole(), order["argv"][0], text, channel.whole(), time.monotonic() - began)


@contextmanager
def _pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as read_end, os.fdopen(writing, "wb", 0) as write_end:
        yield read_end, write_end


@contextmanager
def _standard_input(given: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        yield file


def _ran(answer: bytes, program: str, text: str, channel: bytes, duration_s: float) -> Ran:
    shown = middle_cut(text, HEAD_CHARS, TAIL_CHARS)
    ended = _answered(answer)
    if not ended:  # the launcher itself did not answer in time
        return Ran(None, True, shown, duration_s)
    if ended["walls"] is None:
        raise DepcheckError(
            f"The walls around packages' code could not be raised ({ended['error']}): {program} was not run. "
            "Use a kernel and a container that allow them, or --no-sandbox where no secret is in reach."
        )
    if ended["error"]:
        return Ran(COMMAND_NOT_FOUND, False, f"{program} could not be started: {clean(ended['error'])}\n", duration_s)
    told = ended.get("exceeded", "")
    return Ran(ended["status"], ended["timed_out"], shown, duration_s, ended["stayed_up"], channel, told)


def _answered(answer: bytes) -> dict[str, Any]:
    """The launcher's answer; empty where it was ended before it could say all of it."""
    try:
        ended = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    whole = isinstance(ended, dict) and ended.keys() >= _ANSWER.keys()
    return ended if whole and all(isinstance(ended[name], kind) for name, kind in _ANSWER.items()) else {}


def run_own(  # noqa: PLR0913  # all by name, nearly all with a default
    argv: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    outer: Mapping[str, str] = MappingProxyType({}),
    env: Mapping[str, str] | None = None,
    given: bytes = b"",
) -> Ran:
    """Run a command of ours (git, uv) to its end; never strangers' code.

    `answer` is its raw stdout, `output` both streams. `outer` are our own variables, of which it gets
    those that our tools need; `env` is added to them.
    """
    seen = {**variables.of_ours(outer), **(env or {})}
    began = time.monotonic()
    output, answer = Kept(HALF_LOG_BYTES), Kept(CHANNEL_BYTES)
    with _standard_input(given) as stdin, _pipe() as (out, out_in), _pipe() as (errors, errors_in):
        try:
            process = subprocess.Popen(
                list(argv), cwd=folder, env=seen, stdin=stdin, stdout=out_in, stderr=errors_in, start_new_session=True
            )
        except FileNotFoundError as error:
            return Ran(COMMAND_NOT_FOUND, False, f"{clean(str(error))}\n", 0.0)
        out_in.close()
        errors_in.close()
        drain({out.fileno(): answer, errors.fileno(): output}, began + timeout_s)
        status = _end(process, began + timeout_s - time.monotonic())
    text = clean((answer.whole() + output.whole()).decode(errors="replace"))
    shown, took_s = middle_cut(text, HEAD_CHARS, TAIL_CHARS), time.monotonic() - began
    return Ran(status, status is None, shown, took_s, answer=answer.whole())


def _end(process: subprocess.Popen[bytes], left_s: float) -> int | None:
    """The exit status within `left_s`, else None, and the process's group is gone."""
    try:
        return process.wait(max(0.05, left_s))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
