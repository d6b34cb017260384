"""Find the first bad release by bisection.

A culprit's releases are in the order in which it changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packaging.version import Version

from depcheck.core.search.model import TrialAnswer

ReleaseProbe = Callable[[Version], TrialAnswer]
"""Asks one release. OTHER: it installs and fails, but differently; UNRESOLVED: it cannot be installed."""

_MAX_UNANSWERED = 8  # how many releases beyond the bound may fail to answer before we stop asking


@dataclass(frozen=True, slots=True)
class BisectResult:
    """The last good and the first bad release.

    They are neighbors in version order, except for `skipped_releases` between them, which gave no answer.
    """

    last_good: Version
    first_bad: Version
    skipped_releases: tuple[Version, ...] = ()


def bisect_releases(
    good: Version,
    releases: Sequence[Version],
    probe: ReleaseProbe,
    excluded: Callable[[Version], bool] = lambda _: False,
) -> BisectResult:
    """Find the first bad release.

    The last of `releases` is known to be bad; `good` comes before them. At most log2(releases) + 2 probes if
    all of them answer. Assumes that all releases after a bad one are bad. A release that fails differently is
    skipped at first; those directly before the first bad count as bad, because they cannot be used either.
    `excluded` releases are never tried, as no resolver could choose them.
    """
    line = (good, *releases)
    low, high = 0, len(line) - 1
    deaf: dict[int, TrialAnswer] = {}
    barred: set[int] = set()
    hunch = _guess_positions(line)
    while True:
        open_ = [i for i in range(low + 1, high) if i not in deaf and i not in barred]
        if not open_ or len(deaf) > _MAX_UNANSWERED:
            break
        at = next((i for i in hunch if i in open_), None)
        at = at if at is not None else min(open_, key=lambda i: (abs(2 * i - low - high), i))
        if excluded(line[at]):
            barred.add(at)
            continue
        answer = probe(line[at])
        if answer is TrialAnswer.PASS:
            low = at
        elif answer is TrialAnswer.SAME:
            high = at
        else:
            deaf[at] = answer
    while high - 1 > low and deaf.get(high - 1) is TrialAnswer.OTHER:
        high -= 1
    return BisectResult(line[low], line[high], line[low + 1 : high])


def _guess_positions(line: Sequence[Version]) -> tuple[int, ...]:
    """Guess where to probe first: at the biggest version step.

    Returns the positions of the release after it and of the one before, if they keep the bound of probes; else
    none. Breakages mostly come with the first release of a new line: 4.2.0 rather than 4.1.7.
    """
    count = len(line) - 1
    if count <= 4:  # noqa: PLR2004  # halving takes two probes as well
        return ()
    jumps = {i: measure_version_step(line[i - 1], line[i]) for i in range(1, count)}
    biggest = max(jumps.values())
    at = min((i for i, size in jumps.items() if size == biggest), key=lambda i: abs(2 * i - count))
    keeps_bound = at - 1 <= 1 << (count.bit_length() - 1)
    return (at, at - 1) if biggest > 1 and keeps_bound else ()


def measure_version_step(one: Version, other: Version) -> int:
    """Measure how far two releases are apart.

    4 for the epoch, 3 major, 2 minor, 1 less, 0 for the same.
    """
    if one == other:
        return 0
    if one.epoch != other.epoch:
        return 4
    if one.major != other.major:
        return 3
    return 2 if one.minor != other.minor else 1
