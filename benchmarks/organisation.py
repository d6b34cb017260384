#!/usr/bin/env python3
"""A month of an organisation of 200 repositories, simulated.

Cost, calls to the forge, and what saturates first.

    benchmarks/organisation.py [--repositories 200] [--quiet-s 3] [--loud-s 30] [--search-s 240] [--image-s 40]

API calls are not assumed: the publisher settles each kind of night with the fake GitHub of the tests, and its requests
are counted. Seconds of a night are given (docs/performance.md has measured ones). A workflow's jobs are simulated on
a pool of runners, all repositories starting at the same minute, and spread over an hour.
Which night a repository has is drawn with a fixed seed.
"""

import argparse
import heapq
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "publishing"))

from fake_github import FakeGitHub
from stories import OLD, breaks, night, quiet, safe

NIGHTS = 30
# What a night of one repository is, and how often: assumed; a busy set is quiet less often (docs/quiet-nights.md).
SHARES = {"quiet": 0.55, "same finding": 0.25, "new finding": 0.13, "breaks": 0.04, "healed": 0.03}
CHECKOUT_S, QUEUE_S = 8, 5  # a runner's own time for each job
LIMITS = {
    "requests an hour, a repository": 1000,
    "requests an hour, an App's installation": 5000,
    "writes a minute": 80,
}
WRITES = ("POST", "PATCH", "PUT", "DELETE")
RUNNERS = {"Free": 20, "Team": 60, "Enterprise": 500}
INCLUDED = {"Free": 2000, "Team": 3000, "Enterprise": 50_000}


def calls() -> dict[str, Counter[str]]:
    """Count the requests of each kind of night, by method."""
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder, FakeGitHub(Path(folder, "remote.git")) as github:
        github.git.commit_files("main", {"requirements.txt": OLD})

        def counted(kind: str, run: int, *environments: object) -> None:
            before = len(github.calls)
            done = night(github, folder, list(environments), run=run)
            if done.problems:
                raise SystemExit(f"{kind}: {done.problems}")
            found[kind] = Counter(method for method, _ in github.calls[before:])

        counted("quiet", 1, quiet())
        counted("new finding", 2, safe())
        counted("same finding", 3, safe())
        counted("healed", 4, quiet())
        counted("breaks", 5, breaks())
    return found


def drawn(repositories: int) -> Iterator[list[str]]:
    """Draw the kinds of all repositories' nights."""
    chance = random.Random(0)  # noqa: S311  # the same every time
    for _ in range(NIGHTS):
        yield chance.choices(list(SHARES), list(SHARES.values()), k=repositories)


def waited(jobs_s: list[float], starts_s: list[float], runners: int) -> tuple[float, float]:
    """Return the longest wait and the end of the last job.

    In seconds.
    """
    free = [0.0] * runners
    longest = last = 0.0
    for start, length in sorted(zip(starts_s, jobs_s, strict=True)):
        begin = max(start, heapq.heappop(free))
        heapq.heappush(free, begin + length)
        longest, last = max(longest, begin - start), max(last, begin + length)
    return longest, last


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("repositories", 200), ("quiet-s", 3), ("loud-s", 30), ("search-s", 240), ("image-s", 40)):
        asked.add_argument(f"--{name}", type=int, default=default)
    wanted = asked.parse_args()
    per_night = calls()
    print("requests a night:", {kind: dict(methods) for kind, methods in per_night.items()})
    own_s = {"quiet": wanted.quiet_s, "breaks": wanted.search_s}
    fixed_s = wanted.image_s + CHECKOUT_S + QUEUE_S
    nights = list(drawn(wanted.repositories))
    job_s = {kind: fixed_s + own_s.get(kind, wanted.loud_s) for kind in SHARES}
    minutes = sum(math.ceil(job_s[kind] / 60) for kinds in nights for kind in kinds)
    requests = [sum(per_night[kind].total() for kind in kinds) for kinds in nights]
    writes = [sum(per_night[kind][method] for kind in kinds for method in WRITES) for kinds in nights]
    print(f"billed minutes a month: {minutes}; of them for starting {NIGHTS * wanted.repositories * fixed_s / 60:.0f}")
    for plan, included in INCLUDED.items():
        print(f"  {plan}: {included} included for private repositories, {minutes / included:.1f} of them used")
    print(f"requests a night, all repositories: at most {max(requests)}, writes at most {max(writes)}")
    print(f"  most of one repository: {max(methods.total() for methods in per_night.values())}; limits: {LIMITS}")
    chance = random.Random(1)  # noqa: S311  # the same every time
    for plan, runners in RUNNERS.items():
        for told, hour in (("all at one minute", 0), ("spread over an hour", 3600)):
            ends = [
                waited([job_s[kind] for kind in kinds], [chance.uniform(0, hour) for _ in kinds], runners)
                for kinds in nights
            ]
            wait, end = (max(each[part] for each in ends) for part in (0, 1))
            print(f"  {plan}, {runners} runners, {told}: longest wait {wait:.0f} s, all done after {end / 60:.0f} min")
    return 0


if __name__ == "__main__":
    sys.exit(main())
