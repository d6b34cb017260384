#!/usr/bin/env python3
"""The cost of one trial beyond the check that it runs.

    benchmarks/trial.py [SET] [--culprit sqlalchemy] [--runs 5] [--day 2026-11-20] [--folder FOLDER] [--python PATH]

A smoke command fails as soon as CULPRIT is another release than the committed one, and says nothing of it, so that
depcheck has to search among all that moved. A trial lasts from its first line to that of its check; the check's own
seconds, which depcheck tells to a tenth, are taken off. What is left is changing the environment in place, reading
what is installed, and copying the repository. All runs are against one local index of saved pages
(benchmarks/replay_server.py); the first one fills the caches and does not count. Prints the median and the worst trial.
"""

import re
import statistics
import sys
from collections.abc import Iterator

from loud import SETS, arguments, bench_of, told

BEGUN = re.compile(r"trial (\d+): ")
ENDED = re.compile(r"\S trial (\d+): smoke .*?, (\d+\.\d) s(?::|$)")
COMMAND = "python -c \"import sys, importlib.metadata as m; sys.exit(m.version('{}') != '{}')\""


def pinned(name: str, text: str) -> str:
    """Return the committed release of `name`."""
    found = re.search(rf"^{re.escape(name)}==(\S+)", text, re.MULTILINE)
    if not found:
        raise SystemExit(f"{name} is not pinned in the set; name another with --culprit.")
    return found[1]


def trials(lines: list[tuple[float, str]]) -> Iterator[tuple[float, float]]:
    """Return seconds of each trial, and of its check alone."""
    begun: dict[str, float] = {}
    for at, text in lines:
        if match := BEGUN.match(text):
            begun[match[1]] = at
        elif match := ENDED.match(text):
            yield at - begun[match[1]], float(match[2])


def main() -> int:
    asked = arguments(__doc__)
    asked.add_argument("set", nargs="?", default="web")
    asked.add_argument("--culprit", default="sqlalchemy")
    wanted = asked.parse_args()
    with bench_of(wanted) as bench:
        old = pinned(wanted.culprit, (SETS / f"{wanted.set}.txt").read_text())
        smoke = ("--test", "", "--smoke", COMMAND.format(wanted.culprit, old))
        bench.depcheck(*smoke)
        runs = [list(trials(bench.depcheck(*smoke))) for _ in range(wanted.runs)]
    each = [trial for run in runs for trial in run]
    if not each:
        raise SystemExit(f"No trial was needed: perhaps {wanted.culprit} did not move until {wanted.day}.")
    print(f"{wanted.set}, {wanted.culprit}, trials a run {[len(run) for run in runs]}, own peak {max(bench.peaks)} MiB")
    told("a trial", [whole for whole, _ in each])
    told("its check", [own for _, own in each])
    beyond = [whole - own for whole, own in each]
    told("beyond its check", beyond)
    print(f"the worst {max(beyond):.2f} s, the mean {statistics.mean(beyond):.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
