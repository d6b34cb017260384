"""The container, started and cancelled as by GitHub's runner."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

RUNNER = 1001
TOKEN = "never-a-real-token"
MOUNTS = ("runner_temp", "home", "workflow", "file_commands", "workspace")
# The runner asks with SIGINT, then with SIGTERM, then kills, after so many seconds.
ASKED_S, TOLD_S = 7.5, 2.5


def make_mounts(github: Path) -> None:
    """Make the empty folders and files that the runner mounts."""
    for name in MOUNTS:
        (github / name).mkdir(parents=True, exist_ok=True)
    for name in ("output", "summary"):
        (github / "file_commands" / name).touch()
    give_to_runner(github)


def give_to_runner(folder: Path) -> None:
    """Make everything the runner's user's own, where we are root."""
    for path in (folder, *folder.rglob("*")) if os.geteuid() == 0 else ():
        os.chown(path, RUNNER, RUNNER, follow_symlinks=False)


def start_job(image: str, github: Path, inputs: Mapping[str, str], variables: Mapping[str, str], name: str):
    """Start the container, its output in a file beside the mounts."""
    given = {f"INPUT_{key.upper()}": value for key, value in inputs.items()} | {
        "HOME": "/github/home",
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "GITHUB_WORKSPACE": "/github/workspace",
        "GITHUB_OUTPUT": "/github/file_commands/output",
        "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
        **variables,
    }
    words = ["run", "--rm", "--name", _name_container(name), "--network", "host", "--workdir", "/github/workspace"]
    words += [word for key, value in given.items() for word in ("-e", f"{key}={value}")]
    words += [word for each in MOUNTS for word in ("-v", f"{github / each}:/github/{each}")]
    with (github.parent / name).open("wb") as log:
        return subprocess.Popen([os.environ.get("DOCKER", "docker"), *words, image], stdout=log, stderr=log)


def cancel_job(process) -> bool:
    """Cancel as the runner does, and return whether it ended itself."""
    for number, patience_s in ((signal.SIGINT, ASKED_S), (signal.SIGTERM, TOLD_S)):
        process.send_signal(number)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        return True
    process.kill()
    process.wait()
    return False


def is_running(name: str) -> bool:
    """Return True if the container has begun and not ended."""
    return _is_listed(name, "--filter", "status=running")


def is_left(name: str, patience_s: float = 20.0) -> bool:
    """Return True if the engine does not remove the container in time."""
    end = time.monotonic() + patience_s
    while _is_listed(name, "--all"):
        if time.monotonic() > end:
            return True
        time.sleep(0.2)
    return False


def _is_listed(name: str, *filters: str) -> bool:
    words = [os.environ.get("DOCKER", "docker"), "ps", "--quiet", "--filter", f"name=^{_name_container(name)}$"]
    return bool(subprocess.run([*words, *filters], capture_output=True, check=True).stdout.strip())


def _name_container(name: str) -> str:
    """Name the container so that runs side by side have one each."""
    return f"depcheck-{os.getpid()}-{name}"


def list_owners(*folders: Path) -> set[int]:
    """Return the users that own anything in the folders."""
    return {path.lstat().st_uid for folder in folders for path in folder.rglob("*")}
