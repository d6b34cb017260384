#!/usr/bin/env python3
"""Time the import checks of a Wagtail site's upgrade.

    benchmarks/imports.py [--keep FOLDER]

The site (sets/wagtail.toml) is real: Wagtail, Django and what such a site has beside them, as its requirements gave it
on two days. Both sets are installed by uv; then modules are imported as in `depcheck check`, without any bytecode.
Seconds are told for each step, and for all together, with those of the processor until then.
With --keep the environments stay there, for the next run. Nothing is walled off: run it where these packages may run.
"""

import argparse
import gc
import os
import resource
import shutil
import tempfile
import time
import tomllib
from pathlib import Path

from false_alarms import TwoEnvironments, compare_environments, install, to_environment

from depcheck.__main__ import GC_THRESHOLD
from depcheck.checking.checks.import_check import ImportCheckRunner
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import choose_sandbox_policy
from depcheck.core.model.checks import CheckKind, CheckResult

PYTHON, DAYS = "3.11", ("2025-06-01", "2025-12-01")
SITE = tomllib.loads((Path(__file__).parent / "sets" / "wagtail.toml").read_text())


def make_sides(folder: Path, python: Path) -> list[Path]:
    """Install the site's requirements as of both days, and its files."""
    for path, text in SITE["files"].items():
        (folder / "repo" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "repo" / path).write_text(text)
    for day in DAYS:
        if not (folder / day).exists():
            (folder / day).mkdir()
            install(folder / day, SITE["requirements"], day, python)
    return [folder / day for day in DAYS]


def get_processor_seconds() -> float:
    """Return the processor seconds of this process and its children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def time_sides(folder: Path) -> None:
    """Run the import check of both sides and print what each took."""
    finder = InterpreterFinder(os.environ, folder / "pythons")
    python = finder.get_interpreter(PYTHON)
    old, new = (to_environment(side, python) for side in make_sides(folder, python.path))
    guest = Guest(choose_sandbox_policy(sandbox=False, in_actions=False, needed=[folder]), folder, os.environ)
    for side in (old, new):
        shutil.rmtree(side.bytecode_folder.parent, ignore_errors=True)
    started, used = time.monotonic(), get_processor_seconds()
    both = TwoEnvironments({"old": old, "new": new}, guest, folder / "repo", ImportCheckRunner(), print_check)
    changed, _, after = compare_environments(both)
    took, used = time.monotonic() - started, get_processor_seconds() - used
    found = after.results[-1]
    print(f"{took:.1f} s, {used:.1f} of the processor; {len(changed)} of {len(new.distributions)} packages changed, "
          f"{len(found.passed_ids)} modules pass, findings {[each.id for each in found.failures]}")  # fmt: skip


def print_check(label: str, result: CheckResult) -> None:
    """Print what one step took."""
    if result.kind is CheckKind.IMPORT:
        cannot = len(result.failures) + len(result.optional)
        used = f"{get_processor_seconds():.1f} of the processor so far"
        print(f"{label}: {result.duration_s:.1f} s, {len(result.passed_ids)} pass, {cannot} do not; {used}", flush=True)


def main() -> None:
    """Make the environments where they are to stay, or for this run."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--keep", type=Path)
    given = words.parse_args()
    gc.set_threshold(GC_THRESHOLD)
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        time_sides(given.keep.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="imports-") as folder:
        time_sides(Path(folder))


if __name__ == "__main__":
    main()
