"""Find the first bad release by bisection.

A culprit's releases are in the order in which it changed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from packaging.version import Version

from depcheck.core.search.model import TrialAnswer

ReleaseProbe = Callable[[Version], TrialAnswer]
"""Asks one release. OTHER: it installs and fails, but differently; UNRESOLVED: it cannot be installed."""

Confirm = Callable[[Version, float], TrialAnswer]
"""Asks a release again, as often as its prior probability asks for."""

_CHANCE = 0.01  # of a run of a good release to fail, as far as nothing else is known
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


def bisect_releases(  # noqa: PLR0913  # what is asked, and how
    good: Version,
    releases: Sequence[Version],
    probe: ReleaseProbe,
    excluded: Callable[[Version], bool] = lambda _: False,
    *,
    confirm: Confirm | None = None,
    other_is_bad: bool = False,
) -> BisectResult:
    """Find the first bad of `releases`, the last of which is bad.

    `good` comes before them.

    At most log2(releases) + 2 probes where all of them answer. Assumes that once bad stays bad. After a release
    that does not answer, the next one is far from all that were asked, so that a long row of them costs few probes.
    `confirm` is asked once for what would be the answer, with its probability. With `other_is_bad`, releases
    directly before the first bad that fail differently count as bad. `excluded` releases are never tried: nobody
    could choose them.
    """
    line = (good, *releases)
    search = _Bisection(_estimate_chances(line), len(line) - 1, [len(line) - 1], len(releases).bit_length() + 1)
    while (at := search.choose()) is not None:
        if excluded(line[at]):
            search.barred.add(at)
        else:
            search.note(at, probe(line[at]))
        if search.choose() is None and confirm and len(search.bad) > 1:
            first = search.bad[-1]
            if confirm(line[first], search.compute_prior()) is TrialAnswer.PASS:
                search.retract()
    low, high = search.low, search.bad[-1]
    while other_is_bad and high - 1 > low and search.silent.get(high - 1) is TrialAnswer.OTHER:
        high -= 1
    return BisectResult(line[low], line[high], line[low + 1 : high])


@dataclass(slots=True)
class _Bisection:
    """The state of a bisection.

    Places are those of the line, `bad` those seen to fail, the first of them last.
    """

    chances: Sequence[float]
    end: int
    bad: list[int]
    left: int
    low: int = 0
    silent: dict[int, TrialAnswer] = field(default_factory=dict)
    barred: set[int] = field(default_factory=set)

    def choose(self) -> int | None:
        """Choose the place to ask next, None if nothing is left."""
        if len(self.silent) > _MAX_UNANSWERED:
            return None
        return _choose_probe(self.low, self.bad[-1], self.silent.keys(), self.barred, self.chances, self.left)

    def note(self, at: int, answer: TrialAnswer) -> None:
        """Take the answer of a place into account."""
        self.left -= 1
        if answer is TrialAnswer.PASS:
            self.low = at
        elif answer is TrialAnswer.SAME:
            self.bad.append(at)
        else:
            self.silent[at] = answer

    def compute_prior(self) -> float:
        """Compute the prior likelihood of the first bad place.

        A later place is the right one only where all failures before it were chance.
        """
        first = self.bad[-1]
        later = sum(
            self.chances[at] * _CHANCE ** sum(first < seen < at for seen in self.bad)
            for at in range(first, self.end + 1)
        )
        return self.chances[first] / later

    def retract(self) -> None:
        """Count the first bad place as good after all."""
        self.low = self.bad.pop()
        self.left += 1


def _choose_probe(  # noqa: PLR0913, PLR0917  # the state of a bisection
    low: int, high: int, deaf: Collection[int], barred: Collection[int], chances: Sequence[float], left: int
) -> int | None:
    """Choose the place to ask next, or None.

    None where nothing is left between `low` and `high`.
    """
    open_ = [i for i in range(low + 1, high) if i not in deaf and i not in barred]
    heard = [i for i in deaf if low < i < high]
    if not open_:
        return None
    return _pick_beyond(open_, low, high, heard) if heard else _pick_even(open_, low, high, chances, left)


def _pick_beyond(open_: Sequence[int], low: int, high: int, deaf: Sequence[int]) -> int:
    """Pick the middle of the wider row around unanswered releases."""
    rows = [(low, min(deaf)), (max(deaf), high)]
    for start, end in sorted(rows, key=lambda row: row[0] - row[1]):
        between = [i for i in open_ if start < i < end]
        if between:
            return min(between, key=lambda i: (abs(2 * i - start - end), i))
    return open_[0]


def _pick_even(open_: Sequence[int], low: int, high: int, chances: Sequence[float], left: int) -> int:
    """Pick the release with an even chance to be bad.

    Nearest to one half, of those after which `left` - 1 probes suffice.
    """
    most = 1 << max(0, left - 1)
    within = [i for i in open_ if max(i - low, high - i) <= most] or open_
    total = sum(chances[low + 1 : high + 1])
    sums = dict(zip(range(low + 1, high + 1), accumulate(chances[low + 1 : high + 1]), strict=True))
    return min(within, key=lambda i: (round(abs(2 * sums[i] - total) / total, 6), abs(2 * i - low - high), i))


def _estimate_chances(line: Sequence[Version]) -> list[float]:
    """Estimate how likely each release is the first bad one.

    Breaks mostly come with the first release of a new line.
    """
    kinds = [0, *(measure_leap(line[i - 1], line[i]) for i in range(1, len(line)))]
    return [_SHARE[kind] / kinds.count(kind) for kind in kinds]


def measure_leap(one: Version, other: Version) -> int:
    """Rate the jump: major, minor or patch.

    A minor one counts as major before 1.0, as semantic versioning has it.
    """
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
