"""Both sets of a case, and what was seen of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from depcheck.core.changes import diff
from depcheck.core.comparison import Comparison, compare
from depcheck.core.distributions import Distribution
from depcheck.pipeline.case import LockSet
from depcheck.pipeline.measuring import Measured


@dataclass(frozen=True, slots=True)
class Sides:
    """The committed and the fresh lockfiles, and their checks."""

    committed: LockSet
    candidate: LockSet
    before: Measured
    after: Measured

    @property
    def comparison(self) -> Comparison:
        """What differs between the two."""
        return compare(self.before.results, self.after.results)

    @property
    def distributions(self) -> tuple[Sequence[Distribution], Sequence[Distribution]]:
        """What is installed of the two."""
        return self.before.distributions, self.after.distributions

    @property
    def changed(self) -> frozenset[str]:
        """The names of all packages that differ."""
        return frozenset(change.name for change in diff(self.committed.pins, self.candidate.pins))
