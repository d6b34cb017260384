"""Find the first bad release by bisection.

A culprit's releases are in the order in which it changed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

from packaging.version import Version

from depcheck.core.search.model import TrialAnswer

ReleaseProbe = Callable[[Version], TrialAnswer]
"""Asks one release. OTHER: it installs and fails, but differently; UNRESOLVED: it cannot be installed."""

_MAX_UNANSWERED = 6  # how many releases may fail to answer before we stop asking
_SHARE = (1.0, 1.0, 3.0, 6.0, 6.0)  # of all breaks, by the jump before them: none, less, minor, major, epoch


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
    *,
    other_is_bad: bool = False,
) -> BisectResult:
    """Find the first bad of `releases`, the last of which is known to be bad; `good` comes before them.

    At most log2(releases) + 2 probes where all of them answer. Assumes that once bad stays bad. After a release
    that does not answer, the next one is far from all that were asked, so that a long row of them costs few probes.
    With `other_is_bad`, releases directly before the first bad that fail differently count as bad. `excluded`
    releases are never tried: nobody could choose them.
    """
    line = (good, *releases)
    low, high = 0, len(line) - 1
    left = high.bit_length() + 1
    deaf: dict[int, TrialAnswer] = {}
    barred: set[int] = set()
    chances = _chances(line)
    while len(deaf) <= _MAX_UNANSWERED and (at := _next(low, high, deaf.keys(), barred, chances, left)):
        if excluded(line[at]):
            barred.add(at)
            continue
        answer = probe(line[at])
        left -= 1
        if answer is TrialAnswer.PASS:
            low = at
        elif answer is TrialAnswer.SAME:
            high = at
        else:
            deaf[at] = answer
    while other_is_bad and high - 1 > low and deaf.get(high - 1) is TrialAnswer.OTHER:
        high -= 1
    return BisectResult(line[low], line[high], line[low + 1 : high])


def _next(  # noqa: PLR0913, PLR0917  # the state of a bisection
    low: int, high: int, deaf: Collection[int], barred: Collection[int], chances: Sequence[float], left: int
) -> int | None:
    """The place to ask next, None where nothing is left between `low` and `high`."""
    open_ = [i for i in range(low + 1, high) if i not in deaf and i not in barred]
    heard = [i for i in deaf if low < i < high]
    if not open_:
        return None
    return _beyond(open_, low, high, heard) if heard else _even(open_, low, high, chances, left)


def _beyond(open_: Sequence[int], low: int, high: int, deaf: Sequence[int]) -> int:
    """After releases that did not answer, the middle of the wider row before or after them all."""
    rows = [(low, min(deaf)), (max(deaf), high)]
    for start, end in sorted(rows, key=lambda row: row[0] - row[1]):
        between = [i for i in open_ if start < i < end]
        if between:
            return min(between, key=lambda i: (abs(2 * i - start - end), i))
    return open_[0]


def _even(open_: Sequence[int], low: int, high: int, chances: Sequence[float], left: int) -> int:
    """The release that is bad with a chance nearest to one half, of those after which `left` - 1 probes suffice."""
    most = 1 << max(0, left - 1)
    within = [i for i in open_ if max(i - low, high - i) <= most] or open_
    total = sum(chances[low + 1 : high + 1])
    sums = dict(zip(range(low + 1, high + 1), accumulate(chances[low + 1 : high + 1]), strict=True))
    return min(within, key=lambda i: (round(abs(2 * sums[i] - total) / total, 6), abs(2 * i - low - high), i))


def _chances(line: Sequence[Version]) -> list[float]:
    """How likely each release is the first bad one: breaks mostly come with the first release of a new line."""
    kinds = [0, *(leap(line[i - 1], line[i]) for i in range(1, len(line)))]
    return [_SHARE[kind] / kinds.count(kind) for kind in kinds]


def leap(one: Version, other: Version) -> int:
    """The size of the jump; a minor one counts as major before 1.0, as semantic versioning has it."""
    size = measure_version_step(one, other)
    return size + 1 if size in {1, 2} and one.major == 0 and other.major == 0 else size


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
