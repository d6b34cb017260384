#!/usr/bin/env python3
"""Measure how often an import is wrongly called a finding.

Where the program works: requirement sets of applications, upgraded.

    benchmarks/false_alarms.py [APPLICATION ...] [--days 2022-06-01 2023-06-01 ...] [--results FILE]

Each application (sets/applications.toml) is its requirements, a small program, and sometimes other files. For each two
days that follow one another both sets are resolved and installed by uv, and the product's own import check runs over
both, as in `depcheck check`: what newly fails is asked again on both sides. An upgrade counts where the program exits 0
with both sets. It is a false alarm if a module that newly fails is called a finding. Notes are modules that newly fail
and count for nothing. A program that fails with the newer set alone is a true break, and is told apart. Each line is
written as soon as it is known, and those that the results file has are not run again; every application has its first
turn before any has its second. Nothing is walled off: run it where these packages may run.
"""

import argparse
import itertools
import os
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

from uv import find_uv_bin

from depcheck.checking.checks.import_check import ImportCheckRunner
from depcheck.checking.checks.interface import CheckJob
from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.checks.running.compiled_code import compile_installed
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.interpreters import Interpreter, InterpreterFinder
from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NO_NETWORK, choose_sandbox_policy
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckKind, CheckResult, compare_check_results
from depcheck.core.model.index_view import IndexView
from depcheck.pipeline.measure import Measurement, measure_pins, plan_checks
from depcheck.pipeline.proving.prove_imports import prove_imports

DAYS = ("2022-06-01", "2023-03-01", "2023-12-01", "2024-09-01", "2025-06-01", "2026-03-01", "2026-11-01")
PYTHONS = {"2025": "3.12", "2026": "3.12"}  # by the year of the newer day; before, 3.10
APPLICATIONS = tomllib.loads((Path(__file__).parent / "sets" / "applications.toml").read_text())


def install(folder: Path, requirements: str, day: str, python: Path) -> Path:
    """Make an environment with what these requirements gave on a day."""
    uv, there = find_uv_bin(), folder / "venv"
    subprocess.run([uv, "venv", "-q", "--python", python, there], check=True)
    words = [uv, "pip", "install", "-q", "--python", there / "bin" / "python", "--exclude-newer", f"{day}T00:00:00Z"]
    subprocess.run([*words, "--only-binary", ":all:", *requirements.split()], check=True)
    return there


class NamedSide(dict[str, object]):
    """Stands for the pins of a side, which nothing reads here."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


@dataclass(frozen=True, slots=True)
class TwoEnvironments:
    """Environments and checks of the pipeline, for two sets on disk."""

    sides: dict[str, VirtualEnvironment]
    guest: Guest
    repo: Path
    runner: ImportCheckRunner
    report_check: Callable[[str, CheckResult], None]
    direct_names: frozenset[str] = frozenset()

    def start_check(self, *_: object) -> None:
        """Say nothing: `report_check` says what came of it."""

    def install_pins(self, _spec: EnvironmentSpec, pins: NamedSide, _world: IndexView) -> VirtualEnvironment:
        """Return the side that `pins` names."""
        return self.sides[pins.name]

    def run_checks(
        self,
        spec: EnvironmentSpec,
        environment: VirtualEnvironment,
        checks: Sequence[Check],
        *,
        closed: bool = False,  # noqa: ARG002  # imports never have a network
    ) -> list[CheckResult]:
        """Run import checks over one environment."""
        compile_installed(self.guest, environment)
        context = CheckContext(self.guest, environment, self.repo, environment.folder / "log.txt", 600, NO_NETWORK)
        results = []
        for check in checks:
            started = time.monotonic()
            found = self.runner.run_check(CheckJob(spec, check, context, Settings(test="")))
            took = time.monotonic() - started
            results.append(
                CheckResult(
                    CheckKind.IMPORT, "", found.outcome, took, found.failures, found.passed, optional=found.optional
                )
            )
        return results


def compare_environments(both: TwoEnvironments) -> tuple[frozenset[str], Measurement, Measurement]:
    """Import as `depcheck check` does, and return changes and both sides."""
    ports = SimpleNamespace(clock=time.monotonic, environments=both, checks=both, reporter=both)
    lock = SimpleNamespace(direct_names=both.direct_names)
    spec = EnvironmentSpec("requirements.txt", "3.10", (lock,))
    case = SimpleNamespace(ports=ports, spec=spec, settings=Settings(advisories=False))
    pins = [{each.name: each.version for each in both.sides[side].distributions} for side in ("old", "new")]
    changed = frozenset(n for n in pins[0].keys() | pins[1].keys() if pins[0].get(n) != pins[1].get(n))
    before = measure_pins(case, NamedSide("old"), IndexView(), [], "old")
    after = measure_pins(case, NamedSide("new"), IndexView(), plan_checks(Settings(test=""), changed, before), "new")
    before, after = prove_imports(case, before, after, "new")
    findings = [
        each
        for finding in compare_check_results(before.results, after.results).regressions
        for each in finding.failures
    ]
    if findings:
        asked = Check(CheckKind.IMPORT, ids=frozenset(each.id for each in findings))
        again = [measure_pins(case, NamedSide(side), IndexView(), [asked], side).results[-1] for side in ("old", "new")]
        repeated = {each.id for each in again[1].failures} - {each.id for each in again[0].failures}
        kept = tuple(each for each in after.results[-1].failures if each.id in repeated)
        after = replace(after, results=(*after.results[:-1], replace(after.results[-1], failures=kept)))
    return changed, before, after


def to_environment(folder: Path, interpreter: Interpreter) -> VirtualEnvironment:
    """Read an environment as depcheck does."""
    site = next((folder / "venv").glob("lib/*/site-packages"))
    return VirtualEnvironment(folder, interpreter, tuple(read_installed_distributions(site, {})))


def works_with(side: Path, repo: Path) -> bool:
    """Run the application's program in one environment."""
    words = [side / "venv" / "bin" / "python", "main.py"]
    return subprocess.run(words, cwd=repo, capture_output=True, check=False, timeout=300).returncode == 0


def judge(name: str, scratch: Path, interpreter: Interpreter, sides: tuple[Path, Path]) -> str:
    """Compare two sets of one application and return a line."""
    repo = Path(tempfile.mkdtemp(dir=scratch))
    for path, text in {"main.py": APPLICATIONS[name]["program"], **APPLICATIONS[name].get("files", {})}.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    works = [works_with(side, repo) for side in sides]
    if not works[0]:
        return "left out: the program fails with the older set"
    policy = choose_sandbox_policy(sandbox=False, in_actions=False, needed=[scratch])
    guest = Guest(policy, scratch, os.environ)
    old, new = (to_environment(side, interpreter) for side in sides)
    both = TwoEnvironments({"old": old, "new": new}, guest, repo, ImportCheckRunner(), lambda *_: None)
    changed, before, after = compare_environments(both)
    found = after.results[-1]
    findings = [f"{each.id}: {each.headline[:120]}" for each in found.failures]
    passed = {module for each in before.results for module in each.passed_ids}
    notes = [each.id for each in found.optional if each.id in passed]
    counts = f"{len(changed)} changed | {len(found.passed_ids)} imports | {'counts' if all(works) else 'broke'}"
    return f"{counts} | findings {findings} | notes {len(notes)}: {notes[:3]}"


def compare_days(name: str, days: tuple[str, str], scratch: Path) -> str:
    """Install both sets of one application and judge them."""
    python = InterpreterFinder(os.environ, scratch / "pythons").get_interpreter(PYTHONS.get(days[1][:4], "3.10"))
    sides = (scratch / days[0], scratch / days[1])
    for folder, day in zip(sides, days, strict=True):
        folder.mkdir()
        try:
            install(folder, APPLICATIONS[name]["requirements"], day, python.path)
        except subprocess.CalledProcessError:
            return f"left out: no set for {day}"
    try:
        return judge(name, scratch, python, sides)
    except subprocess.TimeoutExpired:
        return "left out: the program does not end"


def main() -> None:
    """Judge each application between each two days, and count."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("applications", nargs="*")
    words.add_argument("--days", nargs="+", default=list(DAYS))
    words.add_argument("--results", type=Path, default=Path("false-alarms.txt"))
    given = words.parse_args()
    lines = given.results.read_text().splitlines() if given.results.exists() else []
    pairs = list(itertools.pairwise(given.days))
    names = given.applications or list(APPLICATIONS)
    for turn, (place, name) in itertools.product(range(len(pairs)), enumerate(names)):
        days = pairs[(turn + place) % len(pairs)]
        title = f"{name} | {days[0]} to {days[1]}"
        if any(line.startswith(f"{title} |") for line in lines):
            continue
        with tempfile.TemporaryDirectory(prefix="false-alarms-") as scratch:
            started = time.monotonic()
            line = f"{title} | {compare_days(name, days, Path(scratch))} | {time.monotonic() - started:.0f} s"
        lines.append(line)
        with given.results.open("a") as file:
            file.write(f"{line}\n")
        print(line, flush=True)
    counted = [line for line in lines if "| counts |" in line]
    alarms = [line for line in counted if "findings []" not in line]
    noted = [line for line in counted if "notes 0" not in line]
    print(f"{len(counted)} upgrades count, {len(alarms)} false alarms, {len(noted)} with notes")


if __name__ == "__main__":
    main()
