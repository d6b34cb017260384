"""Choose the order in which modules are imported, and share them out.

What the project reaches first comes first, so what a spent budget loses matters least.
"""

import os
from collections.abc import Callable, Sequence

from depcheck.core.import_graph.reachable import Reach

MOST_WORKERS, SHARED_FROM = 2, 200  # processes that share this many modules or more
MOST_UNREACHED = 500  # modules that no import leads to; what fails of them is never more than a note

RateModule = Callable[[str], Reach]


def leave_out_unreached(modules: Sequence[str], rate: RateModule) -> list[str]:
    """Return the modules that the project reaches, and some others.

    Those nearest to the top of their packages.
    """
    unreached = [module for module in modules if rate(module) is Reach.NONE]
    left_out = set(sorted(unreached, key=lambda module: (module.count("."), module))[MOST_UNREACHED:])
    return [module for module in modules if module not in left_out]


def split_modules(modules: Sequence[str], rate: RateModule) -> list[list[str]]:
    """Share modules among workers, in each share first those that matter most.

    Neighbours stay together, for they import the same.
    """
    workers = min(MOST_WORKERS, os.cpu_count() or 1) if len(modules) >= SHARED_FROM else 1
    ranks: dict[Reach, list[str]] = {reach: [] for reach in sorted(Reach, reverse=True)}
    for module in modules:
        ranks[rate(module)].append(module)
    return [
        [m for rank in ranks.values() for m in rank[len(rank) * n // workers : len(rank) * (n + 1) // workers]]
        for n in range(workers)
    ]
