"""A minimal failing set of changes, by suspicion first and by halving where suspicion fails.

Assumptions, each checked where that costs nothing more:
- The whole set under search fails, and nothing of it moved passes.
- Monotone within one failure: what fails alone fails in company too. Trials that contradict this are run
  again.
- Closed sets can mostly be installed; those that cannot be, or fail in another way, answer nothing: other
  partitions are tried instead.

Trials for one culprit among n changes: 2 where suspicion is right, else at most log2(n) + 4, if all trials
answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from depcheck.core.search.coupling import Coupling
from depcheck.core.search.delta import reduced
from depcheck.core.search.trials import Trials
from depcheck.core.search.values import Answer, Mixture, Names

_ATTEMPTS = 6  # fresh halvings where answers take themselves back
_MOST_HEADS = 4  # what seems to need more of them is more likely flaky


@dataclass(frozen=True, slots=True)
class Suspects:
    """Who is suspected, most first.

    `order` ranks every chosen change; `prime` are hypotheses to try at once: sets of changes that are thought to
    fail together, mostly of one. `named` are those that metadata itself names, whatever moves with them.
    """

    prime: tuple[Names, ...]
    order: tuple[NormalizedName, ...]
    named: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """A failing set by its heads: one coupled group each, all of them needed. `proven` says that it was
    minimal by trials and not only by what was left unanswered.
    """  # noqa: D205  # one sentence

    groups: tuple[Names, ...]
    proven: bool = True


class Subset:
    """The search inside one failing closed set, for one failure."""

    def __init__(self, trials: Trials, coupling: Coupling, suspects: Suspects, rounds: int) -> None:
        self._trials, self._coupling, self._suspects = trials, coupling, suspects
        self._deadline = trials.count + rounds  # halving may be uneven as long as it can still end by then

    def find(self, within: Names) -> Found | None:
        """A minimal failing set inside `within`, which was seen to fail; None if it does not fail again."""
        for prime in self._suspects.prime[:1]:
            found = self._confirm(prime, within) if prime <= within else None
            if found:
                return self._smallest(found, within)
        return self._smallest(self._locate(self._groups(within), within), within)

    def _smallest(self, found: Found | None, within: Names) -> Found | None:
        """Several heads, each of them needed: one may only have brought along what is needed, which fails without it.

        Costs trials only for heads that bring something.
        """
        groups = found.groups if found and found.proven else ()
        closed = self._closure(groups)
        for group in groups if len(groups) > 1 else ():
            rest = self._coupling.without(group, closed)
            if self._ask(rest, f"without {label([group])}, with what it brings") is Answer.SAME:
                return self._smallest(self._locate(self._groups(rest), within), within)
        return found

    def _ask(self, moved: Names, why: str) -> Answer:
        """The answer for the closed set `moved`, inferred where a trial has shown it already."""
        return self._trials.inferred(moved) or self._trials.consider(Mixture(moved), why)

    def _groups(self, names: Names) -> tuple[Names, ...]:
        """The coupled groups of the closed set `names`, most suspicious first but after those that they need:
        the groups up to any of them are a closed set as well.
        """  # noqa: D205  # one sentence
        rank = {name: place for place, name in enumerate(self._suspects.order)}
        groups: dict[Names, None] = {}
        for suspect in self._suspects.order:
            needed = self._coupling.reach[suspect] if suspect in names else ()
            for name in sorted(needed, key=lambda name: (len(self._coupling.reach[name]), rank[name])):
                groups.setdefault(self._coupling.group(name))
        return tuple(groups)

    def _closure(self, groups: Iterable[Names], base: Names = frozenset()) -> Names:
        return base | self._coupling.closure(frozenset().union(*groups))

    # --- by suspicion ---

    def _confirm(self, prime: Names, within: Names) -> Found | None:
        """The hypothesis that `prime` fails by itself, tried; None if it does not hold."""
        groups = tuple(dict.fromkeys(self._coupling.group(name) for name in sorted(prime)))
        closure = self._closure(groups)
        answer = self._ask(closure, f"the prime suspect alone: {label(groups)}")
        if answer is Answer.SAME:
            brought = self._groups(closure)
            if len(brought).bit_length() > len(within).bit_length() - 1 and len(brought) > len(groups):
                return self._locate(brought, within)  # it brings nearly all: that it fails says little
            return self._shrink(groups, within)
        if answer is Answer.PASS or len(groups) > 1:
            return None
        rest = self._coupling.without(prime, within)
        unneeded = self._ask(rest, f"all but {label(groups)}, which did not answer alone") is not Answer.PASS
        return None if unneeded else Found(groups)

    def _shrink(self, groups: tuple[Names, ...], within: Names) -> Found | None:
        """Leave out what is not needed of `groups`, whose closure fails.

        Those that cannot be told apart, because nothing answers without just one of them, become one group.
        """
        if len(groups) == 1:
            return self._settle(groups[0], within)
        needed, bound = groups, set()
        for group in groups:
            rest = self._coupling.without(group, within)
            answer = self._ask(rest, f"all but {label([group])}: is it needed?")
            others = tuple(other for other in needed if other != group)
            if answer is Answer.PASS or not others:
                continue
            if self._ask(self._closure(others), f"without {label([group])}") is Answer.SAME:
                needed = others
            elif answer is Answer.UNRESOLVED:
                bound.add(group)
        tied = frozenset().union(*(group for group in needed if group in bound))
        apart = tuple(group for group in needed if group not in bound)
        found = (*apart, tied) if tied else apart
        return self._settle(found[0], within) if len(found) == 1 else Found(found)

    def _settle(self, head: Names, within: Names, among: tuple[Names, ...] = ()) -> Found | None:
        """`head` fails with its companions. Where another cause remains without it, it may be one of them.

        `among` are the groups that were searched already.
        """
        brought = self._groups(self._closure([head]))
        rest = self._coupling.without(head, within)
        answer = self._ask(rest, f"all but {label([head])}")
        cleared = self._passes(self._closure(brought) - head)
        if answer is not Answer.SAME or cleared:
            return Found((head,))
        if not among or not set(brought) >= set(among):
            return self._locate(brought, within)
        below = tuple(group for group in brought if group != head)
        fails = below and self._ask(self._closure(below), f"what {label([head])} brings along") is Answer.SAME
        return self._locate(below, within) if fails else Found((head,))

    # --- by halving ---

    def _locate(
        self, groups: tuple[Names, ...], within: Names, base: Names = frozenset(), depth: int = 1
    ) -> Found | None:
        """A minimal failing set among `groups`, which fail together with `base`; `base` alone passes."""
        low, high, trust = 0, len(groups), True
        for _ in range(_ATTEMPTS):
            low, high, lone = self._halve(groups, base, low, high, trust=trust)
            if lone is None and high - low > 1:
                return self._stuck(groups[:low], groups[low:high], within, base)
            last = lone or groups[high - 1]
            alone = self._closure([last], base)
            if lone or self._ask(alone, f"{label([last])} alone") is Answer.SAME:
                return Found((last,)) if base else self._settle(last, within, groups)
            before = self._closure(groups[: high - 1], base)
            answer = self._ask(before, f"all before {label([last])}")
            if answer is Answer.SAME:
                low, high = 0, high - 1
            elif answer is not Answer.PASS and trust:
                low, high, trust = 0, len(groups), False  # it hid the failure: ask elsewhere instead
            elif self._holds(groups[:high], within, base):
                break
            elif high == len(groups):
                return None
            else:
                low, high = high, len(groups)
        else:
            return None
        if high == 1 or depth == _MOST_HEADS:
            return Found((last,), proven=False)
        # an interaction: `last` is needed, and so is something before it
        more = self._locate(groups[: high - 1], within, alone, depth + 1)
        return Found((last, *more.groups), more.proven) if more else None

    def _holds(self, groups: Sequence[Names], within: Names, base: Names) -> bool:
        """Whether `groups` do fail together: none of them does so alone, which is rare enough to doubt it.

        That all passes without the last of them confirms it, else they are run again.
        """
        rest = self._coupling.without(groups[-1], within)
        if self._ask(rest, f"all but {label(groups[-1:])}") is Answer.PASS:
            return True
        return self._trials.doubt(Mixture(self._closure(groups, base)), "only together?") is Answer.SAME

    def _halve(
        self, groups: tuple[Names, ...], base: Names, low: int, high: int, *, trust: bool
    ) -> tuple[int, int, Names | None]:
        """Narrow `low` (passes) and `high` (fails) down; a single group that fails alone ends it at once.

        Another failure is trusted to say that the one under search is not there, which both would show.
        """
        while high - low > 1:
            cut = self._cut(low, high)
            lone = cut == low + 1 and self._passes(self._closure(groups[:low], base))
            tried = groups[low:cut] if lone else groups[:cut]
            answer = self._ask(self._closure(tried, base), f"halving: {label(tried)}")
            if answer is Answer.SAME and lone:
                return low, high, groups[low]
            if answer is Answer.UNRESOLVED or (answer is Answer.OTHER and not trust):
                cut, answer = self._elsewhere(groups, base, low, high)
            if answer is Answer.SAME:
                high = cut
            elif answer in {Answer.PASS, Answer.OTHER}:
                low = cut
            else:
                break
        return low, high, None

    def _passes(self, moved: Names) -> bool:
        return self._trials.inferred(moved) is Answer.PASS

    def _cut(self, low: int, high: int) -> int:
        """Where to halve: as near to the most suspicious as the remaining rounds allow."""
        length = high - low
        rounds = max((length - 1).bit_length(), self._deadline - self._trials.count)
        return low + max(1, length - (1 << (rounds - 1)))

    def _elsewhere(self, groups: tuple[Names, ...], base: Names, low: int, high: int) -> tuple[int, Answer]:
        """Another cut that answers. Neighbours mostly fail to answer alike, so these are far apart."""
        quarter = (high - low) // 4
        for cut in dict.fromkeys((low + quarter, high - quarter, low + 1, high - 1)):
            if not low < cut < high:
                continue
            tried = groups[:cut]
            answer = self._ask(self._closure(tried, base), f"halving elsewhere: {label(tried)}")
            if answer in {Answer.SAME, Answer.PASS}:
                return cut, answer
        return low, Answer.UNRESOLVED

    def _stuck(self, passed: tuple[Names, ...], block: tuple[Names, ...], within: Names, base: Names) -> Found | None:
        """No cut through `block` answers: delta debugging over it, after what passed."""
        ground = self._closure(passed, base)

        def fails(part: tuple[Names, ...]) -> bool:
            return self._ask(self._closure(part, ground), f"of what does not answer: {label(part)}") is Answer.SAME

        block = reduced(block, fails)
        if self._ask(self._closure(block, base), f"{label(block)} alone") is Answer.SAME:
            return Found(block) if base else self._shrink(block, within)
        return Found(block, proven=False)


def label(groups: Iterable[Names]) -> str:
    """Names for people, the first four of them."""
    names = sorted(frozenset().union(*groups))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")  # noqa: PLR2004
