"""Find a minimal failing set of changes, by suspicion, then by halving.

Assumptions, each checked where that costs nothing more:
- The whole set under search fails, and nothing of it moved passes.
- Monotone within one failure: what fails alone fails in company too. Trials that contradict this are run
  again.
- Closed sets can mostly be installed; those that cannot be, or fail in another way, answer nothing: other
  partitions are tried instead.

Trials for one culprit among n changes: 1 or 2 where suspicion is right, else at most log2(n) + 4, if all trials
answer.
"""

from collections.abc import Iterable, Sequence

from depcheck.core.search.chance_failures import CLAIM, EVEN, ORDINARY, SURPRISE
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.ddmin import minimize_failing_block
from depcheck.core.search.model import FailingSet, Mixture, PackageNames, SuspectRanking, TrialAnswer
from depcheck.core.search.trials import TrialSession

_MAX_ATTEMPTS = 6  # fresh halvings where answers take themselves back
_MAX_GROUPS = 4  # what seems to need more of them is more likely flaky


class SubsetSearch:
    """The search inside one failing closed set, for one failure."""

    def __init__(self, trials: TrialSession, coupling: Coupling, suspects: SuspectRanking, rounds: int) -> None:
        self._trials, self._coupling, self._suspects = trials, coupling, suspects
        self._last_trial = trials.trial_count + rounds  # halving may be uneven as long as it can still end by then

    def find_failing_set(self, within: PackageNames) -> FailingSet | None:
        """Find a minimal failing set inside `within`, which was seen to fail.

        None if it does not fail again.
        """
        for prime in self._suspects.hypotheses[:1]:
            found = self._try_hypothesis(prime, within) if prime <= within else None
            if found:
                return self._drop_unneeded_groups(found, within)
        return self._drop_unneeded_groups(self._locate_failing_set(self._order_groups(within), within), within)

    def _drop_unneeded_groups(self, found: FailingSet | None, within: PackageNames) -> FailingSet | None:
        """Drop heads that only brought along what is needed.

        Several heads, each of them needed: what one brought fails without it.

        One that another brings anyway is no head. Costs trials only for heads that bring something.
        """
        groups = self._keep_apart(found.groups) if found and found.is_proven else ()
        closed = self._close_groups(groups)
        for group in groups if len(groups) > 1 else ():
            rest = self._coupling.exclude_names(group, closed)
            if (
                self._get_answer(
                    rest, f"without {format_group_names([group])}, with what it brings", is_surprising=True
                )
                is TrialAnswer.SAME
            ):
                return self._drop_unneeded_groups(self._locate_failing_set(self._order_groups(rest), within), within)
        return FailingSet(groups) if groups else found

    def _keep_apart(self, groups: tuple[PackageNames, ...]) -> tuple[PackageNames, ...]:
        """Return the groups that none of the others brings along."""
        others = {group: self._close_groups(other for other in groups if other != group) for group in groups}
        return tuple(group for group in groups if not group <= others[group])

    def _get_answer(self, moved: PackageNames, why: str, *, is_surprising: bool = False) -> TrialAnswer:
        """Return the answer for a closed set, from earlier trials if possible.

        A failure that would be surprising has to repeat before it is believed.
        """
        known = self._trials.infer_answer(moved)
        if known:
            return known
        prior, sure = (SURPRISE, CLAIM) if is_surprising else (EVEN, ORDINARY)
        return self._trials.obtain_answer(Mixture(moved), why, prior=prior, sure=sure)

    def _order_groups(self, names: PackageNames) -> tuple[PackageNames, ...]:
        """Order the coupled groups of the closed set `names`.

        The most suspicious come first, but after those that they need: the groups up to any of them are a closed
        set as well.
        """  # one sentence
        rank = {name: place for place, name in enumerate(self._suspects.ranked_names)}
        groups: dict[PackageNames, None] = {}
        for suspect in self._suspects.ranked_names:
            needed = self._coupling.closures[suspect] if suspect in names else ()
            for name in sorted(needed, key=lambda name: (len(self._coupling.closures[name]), rank[name])):
                groups.setdefault(self._coupling.get_group(name))
        return tuple(groups)

    def _close_groups(self, groups: Iterable[PackageNames], base: PackageNames = frozenset()) -> PackageNames:
        return base | self._coupling.get_closure(frozenset().union(*groups))

    # --- by suspicion ---

    def _try_hypothesis(self, prime: PackageNames, within: PackageNames) -> FailingSet | None:
        """Try the hypothesis that `prime` fails by itself.

        None if it does not hold.
        """
        groups = tuple(dict.fromkeys(self._coupling.get_group(name) for name in sorted(prime)))
        closure = self._close_groups(groups)
        answer = self._get_answer(closure, f"the prime suspect alone: {format_group_names(groups)}")
        if answer is TrialAnswer.SAME:
            brought = self._order_groups(closure)
            if len(brought).bit_length() > len(within).bit_length() - 1 and len(brought) > len(groups):
                return self._locate_failing_set(brought, within)  # it brings nearly all: that it fails says little
            return self._shrink_groups(groups, within)
        if answer is TrialAnswer.PASS or len(groups) > 1:
            return None
        rest = self._coupling.exclude_names(prime, within)
        why = f"all but {format_group_names([within - rest])}: alone it fails in another way or not at all"
        return FailingSet(groups) if self._get_answer(rest, why) is TrialAnswer.PASS else None

    def _shrink_groups(self, groups: tuple[PackageNames, ...], within: PackageNames) -> FailingSet | None:
        """Drop the groups that are not needed for their closure to fail.

        Groups that cannot be told apart, because nothing answers without just one of them, become one group.
        """
        needed, bound = groups, set()
        for group in groups if len(groups) > 1 else ():
            others = tuple(other for other in needed if other != group)
            if not others:
                continue
            answer = self._get_answer(
                self._close_groups(others), f"without {format_group_names([group])}: is it needed?", is_surprising=True
            )
            if answer is TrialAnswer.SAME:
                needed = others
            elif answer is TrialAnswer.UNRESOLVED:
                bound.add(group)
        tied = frozenset().union(*(group for group in needed if group in bound))
        apart = tuple(group for group in needed if group not in bound)
        found = (*apart, tied) if tied else apart
        return self._settle_group(found[0], within) if len(found) == 1 else FailingSet(found)

    def _settle_group(self, head: PackageNames, within: PackageNames) -> FailingSet | None:
        """Decide if `head` is the cause or its companions are.

        It fails with them: it is the cause, unless they fail without it.
        """
        brought = tuple(group for group in self._order_groups(self._close_groups([head])) if not group & head)
        if (
            brought
            and self._get_answer(
                self._close_groups(brought), f"what {format_group_names([head])} brings along", is_surprising=True
            )
            is TrialAnswer.SAME
        ):
            return self._locate_failing_set(brought, within)
        return FailingSet((head,))

    # --- by halving ---

    def _locate_failing_set(
        self, groups: tuple[PackageNames, ...], within: PackageNames, base: PackageNames = frozenset(), depth: int = 1
    ) -> FailingSet | None:
        """Locate a minimal failing set among `groups`.

        They fail together with `base`; `base` alone passes.
        """
        low, high, trust = 0, len(groups), True
        for _ in range(_MAX_ATTEMPTS):
            low, high, lone = self._narrow_bounds(groups, base, low, high, trust=trust)
            if lone is None and high - low > 1:
                return self._search_by_delta(groups[:low], groups[low:high], within, base)
            last = lone or groups[high - 1]
            alone = self._close_groups([last], base)
            if lone or self._get_answer(alone, f"{format_group_names([last])} alone") is TrialAnswer.SAME:
                return FailingSet((last,)) if base else self._settle_group(last, within)
            before = self._close_groups(groups[: high - 1], base)
            answer = self._get_answer(before, f"all before {format_group_names([last])}")
            if answer is TrialAnswer.SAME:
                low, high = 0, high - 1
            elif answer is not TrialAnswer.PASS and trust:
                low, high, trust = 0, len(groups), False  # it hid the failure: ask elsewhere instead
            elif self._is_joint_failure(groups[:high], within, base):
                break
            elif high == len(groups):
                return None
            else:
                low, high = high, len(groups)
        else:
            return None
        if high == 1 or depth == _MAX_GROUPS:
            return FailingSet((last,), is_proven=False)
        # an interaction: `last` is needed, and so is something before it
        more = self._locate_failing_set(groups[: high - 1], within, alone, depth + 1)
        return FailingSet((last, *more.groups), more.is_proven) if more else None

    def _is_joint_failure(self, groups: Sequence[PackageNames], within: PackageNames, base: PackageNames) -> bool:
        """Return True if `groups` fail together, repeating their trial in doubt.

        None of them fails alone, which is rare enough to doubt it. It is confirmed if everything passes without the
        last of them; else they are run again.
        """
        rest = self._coupling.exclude_names(groups[-1], within)
        if self._get_answer(rest, f"all but {format_group_names([within - rest])}") is TrialAnswer.PASS:
            return True
        return (
            self._trials.repeat_trial(Mixture(self._close_groups(groups, base)), "only together?") is TrialAnswer.SAME
        )

    def _narrow_bounds(
        self, groups: tuple[PackageNames, ...], base: PackageNames, low: int, high: int, *, trust: bool
    ) -> tuple[int, int, PackageNames | None]:
        """Narrow the bounds `low` (passes) and `high` (fails) by halving.

        A single group that fails alone ends it at once, and is returned. With `trust`, another failure means that
        the one under search is absent, as both would show.
        """
        while high - low > 1:
            cut = self._choose_cut(low, high)
            lone = cut == low + 1 and self._is_known_to_pass(self._close_groups(groups[:low], base))
            tried = groups[low:cut] if lone else groups[:cut]
            answer = self._get_answer(self._close_groups(tried, base), f"halving: {format_group_names(tried)}")
            if answer is TrialAnswer.SAME and lone:
                return low, high, groups[low]
            if answer is TrialAnswer.UNRESOLVED or (answer is TrialAnswer.OTHER and not trust):
                cut, answer = self._try_other_cuts(groups, base, low, high)
            if answer is TrialAnswer.SAME:
                high = cut
            elif answer in {TrialAnswer.PASS, TrialAnswer.OTHER}:
                low = cut
            else:
                break
        return low, high, None

    def _is_known_to_pass(self, moved: PackageNames) -> bool:
        return self._trials.infer_answer(moved) is TrialAnswer.PASS

    def _choose_cut(self, low: int, high: int) -> int:
        """Choose where to halve.

        As near to the most suspicious groups as the remaining rounds allow.
        """
        length = high - low
        rounds = max((length - 1).bit_length(), self._last_trial - self._trials.trial_count)
        return low + max(1, length - (1 << (rounds - 1)))

    def _try_other_cuts(
        self, groups: tuple[PackageNames, ...], base: PackageNames, low: int, high: int
    ) -> tuple[int, TrialAnswer]:
        """Try other cuts until one answers.

        Neighboring cuts mostly fail to answer alike, so these are far apart.
        """
        quarter = (high - low) // 4
        for cut in dict.fromkeys((low + quarter, high - quarter, low + 1, high - 1)):
            if not low < cut < high:
                continue
            tried = groups[:cut]
            answer = self._get_answer(
                self._close_groups(tried, base), f"halving elsewhere: {format_group_names(tried)}"
            )
            if answer in {TrialAnswer.SAME, TrialAnswer.PASS}:
                return cut, answer
        return low, TrialAnswer.UNRESOLVED

    def _search_by_delta(
        self,
        passed: tuple[PackageNames, ...],
        block: tuple[PackageNames, ...],
        within: PackageNames,
        base: PackageNames,
    ) -> FailingSet | None:
        """Search `block` by delta debugging, as no cut through it answers.

        It is tried on top of `passed`, which passes.
        """
        ground = self._close_groups(passed, base)

        def fails(part: tuple[PackageNames, ...]) -> bool:
            return (
                self._get_answer(
                    self._close_groups(part, ground), f"of what does not answer: {format_group_names(part)}"
                )
                is TrialAnswer.SAME
            )

        block = minimize_failing_block(block, fails)
        if self._get_answer(self._close_groups(block, base), f"{format_group_names(block)} alone") is TrialAnswer.SAME:
            return FailingSet(block) if base else self._shrink_groups(block, within)
        return FailingSet(block, is_proven=False)


def format_group_names(groups: Iterable[PackageNames]) -> str:
    """Format the names for people, the first four of them."""
    names = sorted(frozenset().union(*groups))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")  # noqa: PLR2004
