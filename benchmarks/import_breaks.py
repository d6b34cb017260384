#!/usr/bin/env python3
"""Look whether public breaks at import time are found by imports alone.

    benchmarks/import_breaks.py [BREAK ...]

Each break (sets/import_breaks.toml) is a small project, what it requires, and a release that broke it. Both sets are
installed by uv, whatever their metadata say of each other, and the product's own import check runs over both. It is
found if a module that newly fails is called a finding and shows the error. Nothing is walled off: run it where these
packages may run.
"""

import argparse
import os
import subprocess
import tempfile
import tomllib
from pathlib import Path

from false_alarms import TwoEnvironments, compare_environments, to_environment
from uv import find_uv_bin

from depcheck.checking.checks.import_check import ImportCheckRunner
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import choose_sandbox_policy

BREAKS = tomllib.loads((Path(__file__).parent / "sets" / "import_breaks.toml").read_text())


def install_side(folder: Path, story: dict[str, str], moved: str, python: Path) -> None:
    """Install the requirements as of the day, then the moved release."""
    uv, there = find_uv_bin(), folder / "venv"
    subprocess.run([uv, "venv", "-q", "--python", python, there], check=True)
    words = [uv, "pip", "install", "-q", "--python", there / "bin" / "python", "--exclude-newer", story["day"]]
    subprocess.run([*words, *story["requirements"].split(), story["old"]], check=True)
    subprocess.run([*words, moved], check=True)


def look_for(name: str, scratch: Path) -> str:
    """Compare both sets of one break and return a line."""
    story = BREAKS[name]
    python = InterpreterFinder(os.environ, scratch / "pythons").get_interpreter(story.get("python", "3.9"))
    repo = scratch / "repo"
    repo.mkdir()
    files = {"main.py": story["program"]} if story["program"] else {}
    for path, text in {**files, **story.get("files", {})}.items():
        (repo / path).write_text(text)
    sides = {}
    for side in ("old", "new"):
        (scratch / side).mkdir()
        install_side(scratch / side, story, story[side], python.path)
        sides[side] = to_environment(scratch / side, python)
    guest = Guest(choose_sandbox_policy(sandbox=False, in_actions=False, needed=[scratch]), scratch, os.environ)
    direct = frozenset(word.partition("=")[0] for word in story["requirements"].split())
    both = TwoEnvironments(sides, guest, repo, ImportCheckRunner(), lambda *_: None, direct)
    _, _, after = compare_environments(both)
    failures = after.results[-1].failures
    found = any(story["error"] in f"{each.headline}{each.evidence}" for each in failures)
    return (
        f"{name} | {'found' if found else 'MISSED'} | {[f'{each.id}: {each.headline[:100]}' for each in failures][:3]}"
    )


def main() -> None:
    """Look for each break, and count."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("breaks", nargs="*")
    lines = []
    for name in words.parse_args().breaks or BREAKS:
        with tempfile.TemporaryDirectory(prefix="import-breaks-") as scratch:
            try:
                lines.append(look_for(name, Path(scratch)))
            except subprocess.CalledProcessError as error:
                lines.append(f"{name} | left out: {error}")
        print(lines[-1], flush=True)
    print(f"{sum('| found |' in line for line in lines)} of {len(lines)} found")


if __name__ == "__main__":
    main()
