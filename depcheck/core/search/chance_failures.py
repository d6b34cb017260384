"""The chance that a failing run is only a flake.

Outcomes of trials are evidence, not facts.

After Haben and others, "Flake Aware Culprit Finding": a good set fails now and then, a bad one hardly ever passes.
How often a failure is run again follows from the rate of flakes seen so far, and from what hangs on it.
"""

from dataclasses import dataclass, field

EVEN, SURPRISE = 0.5, 0.1  # how likely a failure was before it was seen
ORDINARY, CLAIM, NAMED = 0.9, 0.99, 0.995  # how sure a step, a blame and a named release must be
MAX_RUNS = 9  # of one set
_PASS_OF_BAD = 0.005  # how often a bad set passes
_RATES = {0.002: 0.93, **dict.fromkeys((0.05, 0.1, 0.2, 0.3, 0.4), 0.07 / 5)}  # of flakes, with priors


@dataclass(slots=True)
class ChanceFailures:
    """Counts of failed and passed runs of sets known as good.

    The committed set's own run and its control are known from the start.
    """

    failed: int = 0
    passed: int = 2
    _sessions: dict[int, tuple[int, int]] = field(default_factory=dict)

    def record(self, session: object, failed: int, passed: int) -> None:
        """Replace what one session of trials knows of good sets."""
        before = self._sessions.get(id(session), (0, 0))
        self._sessions[id(session)] = (failed, passed)
        self.failed += failed - before[0]
        self.passed += passed - before[1]

    def compute_chance(self, failed: int, passed: int) -> float:
        """Compute how likely a good set fails and passes so often."""
        seen = {f: prior * f**self.failed * (1 - f) ** self.passed for f, prior in _RATES.items()}
        return sum(weight * f**failed * (1 - f) ** passed for f, weight in seen.items()) / sum(seen.values())

    def compute_belief(self, failed: int, passed: int, prior: float = EVEN) -> float:
        """Compute the probability that a set is bad after its runs."""
        bad = prior * (1 - _PASS_OF_BAD) ** failed * _PASS_OF_BAD**passed
        good = (1 - prior) * self.compute_chance(failed, passed)
        return bad / (bad + good)
