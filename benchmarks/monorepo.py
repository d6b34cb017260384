#!/usr/bin/env python3
"""The cost of compiling twelve layered lockfiles, beside pip-compile.

Twelve runs of `pip-compile --upgrade` with warm caches.

    benchmarks/monorepo.py [--runs 5] [--day 2026-11-20] [--latency-ms 20] [--folder FOLDER] [--python PATH]

`base.in` is the web set's, and eleven more are constrained by `base.txt`: its services, tests, docs and tools. All are
locked as of 2026-10-31 and compiled as of DAY, in turns, against a local index of saved pages. Our part is all of
depcheck's compiling, from its first line to "check the committed set": the committed lockfiles are proven and the fresh
ones compiled. Prints medians and ratios.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from loud import COMPILED, SETS, STYLE, Bench, arguments, told, used
from replay_server import end_of, serving

LAYERS = {
    "api": ("flask", "marshmallow"),
    "auth": ("authlib", "pyjwt[crypto]"),
    "billing": ("stripe",),
    "dev": ("ipython", "pre-commit"),
    "docs": ("sphinx", "furo"),
    "lint": ("ruff", "mypy", "django-stubs"),
    "mail": ("jinja2", "cssselect"),
    "reports": ("openpyxl", "reportlab"),
    "scrape": ("beautifulsoup4", "lxml"),
    "test": ("pytest", "pytest-django", "coverage"),
    "worker": ("celery[redis]", "flower"),
}
LOCKED = "2026-10-31"


def locked(bench: Bench, url: str) -> None:
    """Write the sources and lock them on the index at `url`."""
    bench.repo.joinpath("base.in").write_text((SETS / "web.in").read_text())
    for name, wanted in LAYERS.items():
        bench.repo.joinpath(f"{name}.in").write_text("\n".join(("-c base.txt", *wanted, "")))
    bench.prepare()
    for lock in bench.locks:
        words = [bench.tool, "-m", "piptools", "compile", "-q", *STYLE, f"--output-file={lock}.txt", f"{lock}.in"]
        env = {**os.environ, "PIP_INDEX_URL": url, "HOME": str(bench.room)}
        subprocess.run(list(map(str, words)), cwd=bench.repo, env=env, check=True)
    subprocess.run(["git", "add", "."], cwd=bench.repo, check=True)


def main() -> int:
    wanted = arguments(__doc__).parse_args()
    latency_s = wanted.latency_ms / 1000
    then = serving(wanted.folder, latency_s=0, until=end_of(LOCKED))
    now = serving(wanted.folder, latency_s=latency_s, until=end_of(wanted.day))
    with then as (past, _), now as (url, replay), tempfile.TemporaryDirectory() as folder:
        bench = Bench(url, Path(folder), wanted.python, ("base", *LAYERS))
        bench.repo.mkdir()
        locked(bench, past)
        asked = []
        for _ in range(wanted.runs + 1):  # the first of each fills the caches
            bench.naive_compile("naive", bench.copy("naive"))
            before, cpu = replay.asked, used()
            lines = {text: at for at, text in bench.depcheck("--test", "")}
            asked.append(replay.asked - before)
            bench.cpu["depcheck"].append(used() - cpu)
            bench.seconds["depcheck"].append(lines[COMPILED] - lines["compile as committed"])
    each = len(bench.locks)
    naive, cpu = (
        [sum(steps["naive"][start : start + each]) for start in range(each, each * (wanted.runs + 1), each)]
        for steps in (bench.seconds, bench.cpu)
    )
    print(f"{each} lockfiles, {wanted.runs} runs in turns, own peak {max(bench.peaks)} MiB, requests {asked[1:]}")
    told("pip-compile", naive)
    told("depcheck", bench.seconds["depcheck"][1:], naive)
    told("processor", cpu)
    told("whole night, processor", bench.cpu["depcheck"][1:], cpu)
    return 0


if __name__ == "__main__":
    sys.exit(main())
