"""The trials of an investigation: their numbers, and the time for them."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class TrialBudget:
    """Numbers trials until the time for them is over.

    How many there will be is not known before the end: what cannot be installed, chance failures and further causes
    each ask for more. So people are told the number and the time, which is a bound.
    """

    clock: Callable[[], float]
    minutes: float
    _deadline_s: float = field(init=False)
    _taken: int = 0

    def __post_init__(self) -> None:
        """Begin now."""
        self._deadline_s = self.clock() + self.minutes * 60

    @property
    def is_time_over(self) -> bool:
        """True if no further trial may begin."""
        return self.clock() > self._deadline_s

    def take_number(self) -> int:
        """Return the number of the trial that begins."""
        self._taken += 1
        return self._taken

    def describe_rest(self) -> str:
        """Say how much of the time is left, in whole minutes."""
        left = max(0, int((self._deadline_s - self.clock()) // 60))
        return f"{left} of {self.minutes:g} minutes left"
