"""Since which release: bisection over a culprit's releases, in the order in which it moved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packaging.version import Version

from depcheck.core.search.values import Answer

Probe = Callable[[Version], Answer]
"""Asks one release. OTHER: it installs and fails, but differently; UNRESOLVED: it cannot be installed."""

_DEAF = 8  # how many releases beyond the bound may fail to answer before we stop asking


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbours in version order, but for `skipped`: releases between them that could not answer."""

    last_good: Version
    first_bad: Version
    skipped: tuple[Version, ...] = ()


def bisect(
    good: Version,
    releases: Sequence[Version],
    probe: Probe,
    excluded: Callable[[Version], bool] = lambda _: False,
) -> Span:
    """Find the first bad of `releases`, the last of which is known to be bad; `good` comes before them.

    At most log2(releases) + 2 probes where all of them answer. Assumes that once bad stays bad. A release
    that fails differently is passed over at first; those that stand directly before the first bad count as
    bad, because nobody could use them either. `excluded` releases are never tried: nobody could choose them.
    """
    line = (good, *releases)
    low, high = 0, len(line) - 1
    deaf: dict[int, Answer] = {}
    barred: set[int] = set()
    hunch = _hunch(line)
    while True:
        open_ = [i for i in range(low + 1, high) if i not in deaf and i not in barred]
        if not open_ or len(deaf) > _DEAF:
            break
        at = next((i for i in hunch if i in open_), None)
        at = at if at is not None else min(open_, key=lambda i: (abs(2 * i - low - high), i))
        if excluded(line[at]):
            barred.add(at)
            continue
        answer = probe(line[at])
        if answer is Answer.PASS:
            low = at
        elif answer is Answer.SAME:
            high = at
        else:
            deaf[at] = answer
    while high - 1 > low and deaf.get(high - 1) is Answer.OTHER:
        high -= 1
    return Span(line[low], line[high], line[low + 1 : high])


def _hunch(line: Sequence[Version]) -> tuple[int, ...]:
    """The release with the biggest version jump and the one before it, where that keeps the bound.

    Breaks mostly come with the first release of a new line: 4.2.0 rather than 4.1.7.
    """
    count = len(line) - 1
    if count <= 4:  # noqa: PLR2004  # halving takes two probes as well
        return ()
    jumps = {i: jump(line[i - 1], line[i]) for i in range(1, count)}
    biggest = max(jumps.values())
    at = min((i for i, size in jumps.items() if size == biggest), key=lambda i: abs(2 * i - count))
    keeps_bound = at - 1 <= 1 << (count.bit_length() - 1)
    return (at, at - 1) if biggest > 1 and keeps_bound else ()


def jump(one: Version, other: Version) -> int:
    """How far two releases are apart: 4 epoch, 3 major, 2 minor, 1 less, 0 the same."""
    if one == other:
        return 0
    if one.epoch != other.epoch:
        return 4
    if one.major != other.major:
        return 3
    return 2 if one.minor != other.minor else 1
