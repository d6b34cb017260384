"""A culprit's first bad release, its last good one, and who has to stay back with it."""

from dataclasses import replace
from functools import cache

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.search.first_bad import bisect
from depcheck.core.search.placement import Place, Placement
from depcheck.core.search.trials import Trials
from depcheck.core.search.values import Answer, Cause, Names


def dated(cause: Cause, head: NormalizedName, place: Place, trials: Trials) -> Cause:
    """`cause` with the releases of `head`; of a pair one moves while the others stay new.

    What has no releases in between (added, removed, moved to another reference) is dated by its two sides.
    """
    before, after = place.before.get(head), place.after.get(head)
    if before is None or after is None or before.version == after.version:
        return replace(
            cause,
            last_good=cause.last_good + (((head, before.version),) if before else ()),
            first_bad=cause.first_bad + (((head, after.version),) if after else ()),
        )
    ground = place.coupling.closure(set(cause.heads) - {head})

    @cache
    def placed(release: Version) -> Placement:
        return place.companions_for(head, release, ground)

    def probe(release: Version) -> Answer:
        return trials.consider(placed(release).mixture, f"{head} {release}")

    line = _line(place, head, before.version, after.version)
    span = bisect(before.version, line, probe, lambda release: placed(release).excluded)
    return replace(
        cause,
        companions=cause.companions | _held_along(place, head, span.last_good) - frozenset(cause.heads),
        last_good=(*cause.last_good, (head, span.last_good)),
        first_bad=(*cause.first_bad, (head, span.first_bad)),
        skipped=(*cause.skipped, *((head, version) for version in span.skipped)),
    )


def _held_along(place: Place, head: NormalizedName, release: Version) -> Names:
    """Who has to stay back where `head` is held at `release` and everything else moves."""
    ground = place.coupling.chosen - {head}
    return ground - place.companions_for(head, release, ground).mixture.moved


def _line(place: Place, head: NormalizedName, good: Version, bad: Version) -> list[Version]:
    """The releases that the change passed over, and where it ended; downwards for a downgrade."""
    low, high = min(good, bad), max(good, bad)
    between = sorted({version for version in place.releases(head) if low < version < high})
    return [*(between if good < bad else reversed(between)), bad]
