"""Choose other holds where one brings failures of its own.

What fails only because releases are held back is no cause: another hold is tried, or the same one is widened.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from depcheck.core.model.index_view import Hold, create_hold
from depcheck.core.model.pins import Pins
from depcheck.core.search.model import Cause

MOST_OTHER_HOLDS = 3  # sets that are compiled and checked for it, for each cause


@dataclass(frozen=True, slots=True)
class HoldChoice:
    """Other holds for some causes than that of their first package.

    `widened` is held beside them, and is no cause.
    """

    instead: Mapping[Cause, tuple[Hold, ...]] = field(default_factory=dict)
    widened: tuple[Hold, ...] = ()

    def get_holds(self, cause: Cause) -> tuple[Hold, ...]:
        """Return what is held for `cause`."""
        return self.instead.get(cause, cause.holds)

    def list_holds(self, causes: Sequence[Cause]) -> tuple[Hold, ...]:
        """List all holds, in the order of their causes."""
        return (*(hold for cause in causes for hold in self.get_holds(cause)), *self.widened)


def list_other_choices(
    causes: Sequence[Cause], committed: Pins, fresh: Pins, held: Pins | None
) -> Iterator[HoldChoice]:
    """Yield other ways to hold `causes`, the likeliest first.

    The other package of the last cause, where it has two. Then what the first hold drags back (`held` is its set, where
    that could be compiled) is held at its committed release as well.
    """
    for other in causes[-1].possible_holds[1:]:
        yield HoldChoice({causes[-1]: (other,)})
    if held and (widened := _hold_dragged(committed, fresh, held, HoldChoice().list_holds(causes))):
        yield HoldChoice(widened=widened)


def _hold_dragged(committed: Pins, fresh: Pins, held: Pins, holds: Sequence[Hold]) -> tuple[Hold, ...]:
    """Hold at their committed releases what `held` has older than `fresh`."""
    found = []
    for name in sorted((committed.keys() & fresh.keys() & held.keys()) - {hold.name for hold in holds}):
        old, new, now = committed[name].version, fresh[name].version, held[name].version
        if old and new and now and old < now < new:
            found.append(create_hold(name, old, now, sure=False))
    return tuple(found)
