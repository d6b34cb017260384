"""Baseline against candidate: what fails now and did not before."""

from collections.abc import Sequence
from dataclasses import dataclass

from depcheck.core.checks import Check, CheckResult, Failure, Kind
from depcheck.core.failures import newly_failing


@dataclass(frozen=True, slots=True)
class Finding:
    """A check of the candidate and those of its failures that the baseline does not show."""

    result: CheckResult
    failures: tuple[Failure, ...]

    @property
    def check(self) -> Check:
        """The check again, narrowed to what newly fails."""
        ids = frozenset(failure.id for failure in self.failures)
        whole = "" in ids or self.result.kind not in {Kind.IMPORT, Kind.TEST}
        return Check(self.result.kind, self.result.command, frozenset() if whole else ids)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and what fails on both.

    `newly` fails on the candidate alone, `healed` on the baseline alone; `shared` are checks that fail on both, and
    not anew. Modules that cannot be imported on either side are no one's fault and appear nowhere.
    """

    newly: tuple[Finding, ...]
    shared: tuple[CheckResult, ...]
    healed: tuple[CheckResult, ...]


def compare(before: Sequence[CheckResult], after: Sequence[CheckResult]) -> Comparison:
    """Pair the results by kind and command. Order: that of `after`."""
    known = {(result.kind, result.command): result for result in before}
    newly, shared = [], []
    for result in after:
        old = known.get((result.kind, result.command))
        if found := newly_failing(old, result):
            newly.append(Finding(result, found))
        elif result.failures and result.kind is not Kind.IMPORT:
            shared.append(result)
    passing = {(result.kind, result.command) for result in after if not result.failures}
    healed = tuple(
        result for key, result in known.items() if result.failures and result.kind is not Kind.IMPORT and key in passing
    )
    return Comparison(tuple(newly), tuple(shared), healed)
