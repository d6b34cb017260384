"""Cancel the container at six moments, as GitHub's runner does.

`scripts/container` calls it: IMAGE, the folder of the first job's mounts, and a folder for others.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from container_job import cancel_job, give_to_runner, is_left, is_running, list_owners, start_job
from container_publish import hand_over_report, publish, serve_forge

LIMIT_S = 240.0
CHECKS = {
    "command": "check", "dry-run": "true", "python": "3.13", "test": "none", "imports": "false",
    "smoke": "sleep 600", "fail-on": "unjudged", "token": "",
}  # fmt: skip


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a moment of the run."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("The moment to cancel did not come.")
        time.sleep(0.02)


def judge(name: str, process, log: Path, *folders: Path) -> list[str]:
    """Cancel, and return the promises that are broken."""
    ended = cancel_job(process)
    printed = log.read_text(errors="replace")
    promises = {
        "it ends before it is killed": ended,
        "it is not green": process.returncode != 0,
        "no traceback is shown": "Traceback" not in printed,
        "no container is left": not is_left(log.name),
        "nothing of root is left": 0 not in list_owners(*folders),
    }
    return [f"{name}: {promise}\n{printed[-1500:]}" for promise, kept in promises.items() if not kept]


def main(image: str, checked: str, scratch: str) -> None:
    """Cancel at each moment, then let a run come to its end."""
    source, room, began = Path(checked), Path(scratch), time.monotonic()
    github = room / "github"
    shutil.copytree(source, github, symlinks=True)
    give_to_runner(github)
    seen = {
        "in its first instant": "",
        "as its first line comes": "::",
        "while it compiles": "compile as committed",
        "while it installs": "check your lockfile",
        "while a check runs": "your lockfile: install",
    }
    broken = []
    for number, (name, line) in enumerate(seen.items()):
        log = room / f"cancelled-{number}"
        process = start_job(image, github, CHECKS, {"GITHUB_REPOSITORY": "owner/project"}, log.name)
        wait_until(lambda log=log, line=line: is_running(log.name) and line in log.read_text(errors="replace"))
        broken += judge(name, process, log, github / "workspace", github / "home")
    broken += cancel_publishing(image, source, room)
    if broken:
        raise SystemExit("Cancelled, it broke its promise: " + "\n".join(broken))
    process = start_job(image, github, {**CHECKS, "smoke": ""}, {"GITHUB_REPOSITORY": "owner/project"}, "whole")
    if process.wait(LIMIT_S):
        raise SystemExit(f"After being cancelled, it does not run: {(room / 'whole').read_text()}")
    sys.stdout.write(f"Cancelled at {len(seen) + 1} moments, it kept 5 promises each time, and ran on afterwards; "
                     f"{time.monotonic() - began:.0f} s.\n")  # fmt: skip


def cancel_publishing(image: str, source: Path, room: Path) -> list[str]:
    """Cancel between two calls, and let the next run finish."""
    github, log = room / "publishing", room / "cancelled-publishing"
    hand_over_report(source, github)
    with serve_forge(source / "workspace", room / "forge.git") as forge:
        process = publish(image, github, forge.url, log.name)
        wait_until(lambda: any(method == "POST" and "/git/" in path for method, path in forge.calls))
        broken = judge("while it publishes", process, log, github / "workspace", github / "home")
        after = publish(image, github, forge.url, "published-after", 2).wait(LIMIT_S)
        states = [item["state"] for item in forge.items.values() if item["pull"]]
        whole = (after, states, forge.violations) == (0, ["open"], [])
        return broken + ([] if whole else [f"the next run did not finish it: {after}, {states}, {forge.violations}"])


if __name__ == "__main__":
    main(*sys.argv[1:])
