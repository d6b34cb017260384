#!/usr/bin/env python3
"""Measure how often an import is wrongly called a finding.

Where the program works: requirement sets of applications, upgraded.

    benchmarks/false_alarms.py [APPLICATION ...] [--days 2022-06-01 2023-06-01 ...]

Each application (sets/applications.toml) is its requirements and a small program. For each two days that follow one
another both sets are resolved and installed by uv, and the product's own import check runs over both, as in `depcheck
check`. A night counts where the program exits 0 with both sets. It is a false alarm if a module that newly fails is
called a finding. Notes are modules that newly fail and count for nothing: before there were notes, each was a finding.
A program that fails with the newer set alone is a true break, and is told apart. Nothing is walled off: run it where
these packages may run.
"""

import argparse
import itertools
import os
import subprocess
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path

from uv import find_uv_bin

from depcheck.checking.checks.import_check import ImportCheckRunner
from depcheck.checking.checks.interface import CheckJob
from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NO_NETWORK, choose_sandbox_policy
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckKind, CheckResult, find_new_failures
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import add_dependents
from depcheck.pipeline.measure import Measurement, get_known_before

PYTHON = "3.11"
DAYS = ("2022-06-01", "2023-03-01", "2023-12-01", "2024-09-01", "2025-06-01", "2026-03-01")
APPLICATIONS = tomllib.loads((Path(__file__).parent / "sets" / "applications.toml").read_text())


def install(folder: Path, requirements: str, day: str, python: str) -> Path:
    """Make an environment with what these requirements gave on a day."""
    uv, there = find_uv_bin(), folder / "venv"
    subprocess.run([uv, "venv", "-q", "--python", python, there], check=True)
    words = [uv, "pip", "install", "-q", "--python", there / "bin" / "python", "--exclude-newer", f"{day}T00:00:00Z"]
    subprocess.run([*words, "--only-binary", ":all:", *requirements.split()], check=True)
    return there


def look(
    environment: VirtualEnvironment, guest: Guest, repo: Path, check: Check, runner: ImportCheckRunner
) -> CheckResult:
    """Run the import check over one environment."""
    folder = environment.folder
    environment.bytecode_folder.mkdir(parents=True, exist_ok=True)
    packages = add_dependents(check.packages, environment.distributions)
    context = CheckContext(guest, environment, repo, folder / "log.txt", 600, NO_NETWORK)
    spec = EnvironmentSpec("requirements.txt", PYTHON, ())
    found = runner.run_check(CheckJob(spec, replace(check, packages=packages), context, Settings(test="")))
    return CheckResult(CheckKind.IMPORT, "", found.outcome, 0, found.failures, found.passed, optional=found.optional)


def to_environment(folder: Path, interpreter: object) -> VirtualEnvironment:
    """Read an environment as depcheck does."""
    site = next((folder / "venv").glob("lib/*/site-packages"))
    return VirtualEnvironment(folder, interpreter, tuple(read_installed_distributions(site, {})))


def works_with(side: Path, repo: Path) -> bool:
    """Run the application's program in one environment."""
    words = [side / "venv" / "bin" / "python", "main.py"]
    return subprocess.run(words, cwd=repo, capture_output=True, check=False, timeout=300).returncode == 0


def judge(name: str, old: Path, new: Path, scratch: Path) -> str:
    """Compare two sets of one application and print a line."""
    repo = Path(tempfile.mkdtemp(dir=scratch))
    (repo / "main.py").write_text(APPLICATIONS[name]["program"])
    works = [works_with(side, repo) for side in (old, new)]
    policy = choose_sandbox_policy(sandbox=False, in_actions=False, needed=[scratch])
    guest = Guest(policy, scratch, os.environ)
    interpreter = InterpreterFinder(os.environ, scratch / "pythons").get_interpreter(PYTHON)
    sides = [to_environment(side, interpreter) for side in (old, new)]
    pins = [{each.name: each.version for each in side.distributions} for side in sides]
    changed = frozenset(n for n in pins[0].keys() | pins[1].keys() if pins[0].get(n) != pins[1].get(n))
    runner = ImportCheckRunner()
    before = look(sides[0], guest, repo, Check(CheckKind.IMPORT, packages=changed), runner)
    known = get_known_before(Measurement({}, IndexView(), (before,), tuple(sides[0].distributions)))
    after = look(sides[1], guest, repo, Check(CheckKind.IMPORT, packages=changed, before=known), runner)
    findings = [f"{each.id}: {each.headline[:90]}" for each in find_new_failures(before, after)]
    notes = [each.id for each in after.optional if each.id in before.passed_ids]
    kind = "counts" if all(works) else "broke" if works[0] else "left out"
    counts = f"{len(changed)} changed | {len(after.passed_ids)} imports | {kind}"
    return f"{name} | {counts} | findings {findings} | notes {len(notes)}: {notes[:3]}"


def main() -> None:
    """Judge each application between each two days, and count."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("applications", nargs="*")
    words.add_argument("--days", nargs="+", default=list(DAYS))
    given = words.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="false-alarms-") as scratch:
        for name in given.applications or APPLICATIONS:
            sides = []
            for day in given.days:
                folder = Path(scratch, f"{name}-{day}")
                folder.mkdir()
                try:
                    install(folder, APPLICATIONS[name]["requirements"], day, PYTHON)
                except subprocess.CalledProcessError:
                    continue
                sides.append(folder)
            for old, new in itertools.pairwise(sides):
                lines.append(judge(name, old, new, Path(scratch)))
                print(f"{new.name} | {lines[-1]}", flush=True)
    counted = [line for line in lines if "| counts |" in line]
    alarms = [line for line in counted if "findings []" not in line]
    noted = [line for line in counted if "notes 0" not in line]
    print(f"{len(counted)} nights count, {len(alarms)} false alarms, {len(noted)} with notes")


if __name__ == "__main__":
    main()
