"""Guest runs end in time, bounded, clean, and leave nothing behind."""

import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from depcheck.checking.sandbox import guest as guest_module
from depcheck.checking.sandbox.guest import Guest, run_trusted_command
from depcheck.checking.sandbox.process_result import build_result
from depcheck.core.model.errors import DepcheckError, IndexUnavailableError


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def run(guest: Guest, folder: Path, script: str, **options: object):
    return guest.run(["sh", "-c", script], folder=folder, **{"timeout_s": 60, **options})


def test_output_and_exit_status_are_kept_apart_from_the_answer(guest, folder) -> None:
    """Keep both streams and exit status apart from descriptor 3.

    Printing cannot pollute that channel.
    """
    ran = run(guest, folder, "echo out; echo err >&2; printf told >&3; exit 4")
    assert (ran.exit_status, ran.output, ran.answer, ran.is_success) == (4, "out\nerr\n", b"told", False)


def test_a_hanging_command_is_stopped_with_its_group(guest, folder) -> None:
    """Time is up for the whole tree, and it is said so."""
    ran = run(guest, folder, "sleep 1000 & echo $!; wait", timeout_s=0.5)
    assert ran.timed_out
    assert ran.exit_status is None
    assert not alive(int(ran.output))


def test_a_command_that_ignores_termination_is_killed(guest, folder) -> None:
    """A polite request is followed by one that cannot be refused."""
    ran = run(guest, folder, "trap '' TERM; echo $$; while :; do sleep 1; done", timeout_s=0.5)
    assert ran.timed_out
    assert not alive(int(ran.output.split()[0]))


def test_a_program_that_stays_up_has_passed_its_time_box(guest, folder) -> None:
    """Staying up is not a timeout."""
    ran = run(guest, folder, "echo ready; sleep 1000", stay_up_s=0.5)
    assert (ran.stayed_up, ran.timed_out, ran.output) == (True, False, "ready\n")


@pytest.mark.parametrize(
    "leave", ["setsid sleep 1000 &", "setsid sh -c 'setsid sleep 1000 & echo $!' &", "sleep 1000 &"]
)
def test_daemons_left_behind_are_gone(guest, folder, leave) -> None:
    """End daemons with their run, and never wait for them."""
    ran = run(guest, folder, f"{leave} echo $!")
    assert ran.exit_status == 0
    assert not any(alive(int(pid)) for pid in ran.output.split())


def test_a_flood_of_output_is_bounded_and_its_ends_are_kept(guest, folder, tmp_path) -> None:
    """Keep head and tail of 64 MB of output without blocking."""
    log = tmp_path / "log.txt"
    ran = run(guest, folder, "echo first; head -c 64000000 /dev/zero | tr '\\0' x; echo; echo last", log=log)
    assert ran.is_success
    assert ran.output.startswith("first\n")
    assert ran.output.endswith("\nlast\n")
    assert len(ran.output) < 400_000
    assert log.stat().st_size < 9 << 20


def test_hostile_output_becomes_plain_text(guest, folder) -> None:
    """Turn invalid UTF-8, escapes and lone carriage returns into plain text."""
    ran = run(guest, folder, r"printf 'a\377\033[31mb\033]0;title\007\000\rc\n'")
    assert ran.output == "a\N{REPLACEMENT CHARACTER}b\nc\n"


def test_signals_are_told(guest, folder) -> None:
    """A crash has a negative exit status."""
    assert guest.run(["sh", "-c", "kill -SEGV $$"], folder=folder, timeout_s=9).exit_status == -11


def test_a_missing_command_is_a_finding(guest, folder) -> None:
    """Report a missing command by exit status 127, without an exception."""
    ran = guest.run(["no-such-command"], folder=folder, timeout_s=9)
    assert (ran.exit_status, "no-such-command" in ran.output) == (127, True)


def test_standard_input_is_what_was_given_and_then_ends(guest, folder) -> None:
    """Nothing that asks a question can hang on its answer."""
    assert run(guest, folder, "cat", given=b"in\n").output == "in\n"
    assert run(guest, folder, "cat").output == ""


def test_the_environment_is_an_allow_list(tmp_path, folder, guest) -> None:
    """Pass only certificates and --env names to a guest.

    Tokens, package tools' settings and Python's own switches stay outside.
    """
    outer = {
        "GITHUB_TOKEN": "t", "ACTIONS_RUNTIME_TOKEN": "t", "INPUT_TOKEN": "t", "PIP_INDEX_URL": "t", "UV_INDEX": "t",
        "PYTHONDONTWRITEBYTECODE": "1", "HTTPS_PROXY": "t", "SSL_CERT_FILE": "/c.pem", "DATABASE": "mine",
    }  # fmt: skip
    hidden = Guest(guest.policy, guest.scratch, outer, ("DATABASE",))
    seen = dict(line.split("=", 1) for line in run(hidden, folder, "env").output.splitlines())
    assert "t" not in seen.values()
    assert "PYTHONDONTWRITEBYTECODE" not in seen
    assert (seen["SSL_CERT_FILE"], seen["DATABASE"]) == ("/c.pem", "mine")


def test_home_is_fresh_and_gone(guest, folder) -> None:
    """Give each run a fresh home and temporary folder."""
    first = run(guest, folder, 'touch "$HOME/a" "$TMPDIR/b"; echo "$HOME"')
    assert first.is_success
    assert not Path(first.output.strip()).exists()
    assert run(guest, folder, 'ls "$HOME" "$TMPDIR" | grep -c "[ab]$"').output == "0\n"


def test_runs_from_several_threads_take_turns(guest, folder) -> None:
    """Run one thing at a time as one guest.

    So that sweeping after one cannot hit another.
    """
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(run(guest, folder, "sleep 0.1").is_success)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 3


def test_the_guest_ends_with_whoever_ordered_it(guest, folder, tmp_path) -> None:
    """Kill depcheck itself, and the guest is gone as well."""
    script = f"""
import os, signal, sys, threading, time
from pathlib import Path
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import SandboxPolicy
def end():
    while not Path({str(folder)!r}, "pid").exists(): time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=end).start()
Guest(SandboxPolicy(), Path({str(tmp_path)!r})).run(["sh", "-c", "sleep 1000 & echo $! > new; mv new pid; wait"],
    folder=Path({str(folder)!r}), timeout_s=1000)
"""
    assert run_trusted_command([sys.executable, "-c", script], folder=folder, timeout_s=60).exit_status == -9
    pid = int((folder / "pid").read_text())
    for _ in range(500):
        if not alive(pid):
            break
        threading.Event().wait(0.02)
    assert not alive(pid)


def test_our_own_commands_give_their_bytes(folder) -> None:
    """Standard output comes as written, beside the text of both streams."""
    ran = run_trusted_command(
        ["sh", "-c", r"cat; printf 'a\r\n'; echo err >&2"], folder=folder, timeout_s=9, given=b"in\n"
    )
    assert (ran.answer, ran.output, ran.is_success) == (b"in\na\r\n", "in\na\nerr\n", True)


def test_our_own_commands_have_a_wall_clock_and_no_token(folder) -> None:
    """Time out our own git commands, and give them no token."""
    assert run_trusted_command(["sleep", "100"], folder=folder, timeout_s=0.2).timed_out
    outer = {**os.environ, "GITHUB_TOKEN": "secret"}
    assert "secret" not in run_trusted_command(["env"], folder=folder, timeout_s=9, outer=outer).output


def test_a_process_that_ended_before_it_began_blames_no_package() -> None:
    """The machine is, where the launcher tells no error."""
    answer = {"status": 1, "timed_out": False, "stayed_up": False, "walls": None, "error": ""}
    with pytest.raises(IndexUnavailableError, match="no package is to blame"):
        build_result(json.dumps(answer).encode(), "program", "", b"", 0.1)


def test_a_launcher_that_dies_at_its_start_is_said(guest, folder, tmp_path, monkeypatch) -> None:
    """Take a launcher's death for no closed output of ours."""
    broken = tmp_path / "launcher"
    broken.mkdir()
    (broken / "__main__.py").write_text("import os\nos.close(0)\nos._exit(1)\n")
    monkeypatch.setattr(guest_module, "LAUNCHER", broken)
    with pytest.raises(DepcheckError, match="ended before it was told"):
        guest.run(["true"], folder=folder, timeout_s=5, env={"BIG": "x" * 200_000})  # more than a pipe holds


def test_output_and_log_hide_what_a_guest_was_given(guest, folder, tmp_path) -> None:
    """Mask a password that a check prints, also in base64."""
    told = replace(guest, host_environ={**guest.host_environ, "DB_PASSWORD": "hunter2-hunter2"})
    told = replace(told, passed_variables=("DB_PASSWORD",))
    ran = run(told, folder, 'echo "$DB_PASSWORD"; printf "u:$DB_PASSWORD" | base64', log=tmp_path / "log.txt")
    assert "hunter2" not in ran.output + (tmp_path / "log.txt").read_text()
    assert "aHVudGVyMi1odW50ZXIy"[4:-4] not in ran.output
    assert ran.output.splitlines()[0] == "***"
