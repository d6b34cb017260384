"""Baseline against candidate: what fails now and did not before."""

from collections.abc import Sequence
from dataclasses import dataclass

from depcheck.core.checks import Check, CheckResult, Failure, Kind
from depcheck.core.failures import is_known_to_pass, newly_failing


@dataclass(frozen=True, slots=True)
class Finding:
    """A check of the candidate and those of its failures that the baseline does not show.

    `whole` says that it cannot be narrowed to these: the baseline does not know their ids.
    """

    result: CheckResult
    failures: tuple[Failure, ...]
    whole: bool = False

    @property
    def check(self) -> Check:
        """The check again, narrowed to what newly fails."""
        ids = frozenset(failure.id for failure in self.failures)
        whole = self.whole or "" in ids or self.result.kind not in {Kind.IMPORT, Kind.TEST}
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
            newly.append(Finding(result, found, whole=result.kind is Kind.TEST and not _are_known(old, found)))
        elif result.failures and result.kind is not Kind.IMPORT:
            shared.append(result)
    passing = {(result.kind, result.command) for result in after if not result.failures}
    healed = tuple(
        result for key, result in known.items() if result.failures and result.kind is not Kind.IMPORT and key in passing
    )
    return Comparison(tuple(newly), tuple(shared), healed)


def _are_known(before: CheckResult | None, failures: Sequence[Failure]) -> bool:
    return before is not None and all(is_known_to_pass(failure.id, before) for failure in failures)
