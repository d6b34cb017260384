"""Modules that no longer import and that nothing of the project needs: told, and never held against a release."""

from depcheck.core.checks import Check, Failure, Kind
from depcheck.core.plain import one_line
from depcheck.pipeline.case import Case
from depcheck.pipeline.measuring import Measured, measure

MOST_PROVEN = 200


def find_optional_modules(case: Case, before: Measured, after: Measured) -> tuple[str, ...]:
    """Return a line for each such module that the committed set imports alone, in a fresh process.

    Cost: one narrowed import check of the committed set, where there is anything to ask.
    """
    known = {module for result in before.results if result.kind is Kind.IMPORT for module in result.passed}
    found = {failure.id: failure for result in after.results for failure in result.optional if failure.id in known}
    asked = frozenset(sorted(found)[:MOST_PROVEN])
    if not asked:
        return ()
    seen = measure(case, before.pins, before.world, [Check(Kind.IMPORT, ids=asked)], "baseline, again")
    passed = {module for result in seen.results for module in result.passed}
    return tuple(_to_line(found[module]) for module in sorted(asked & passed))


def _to_line(failure: Failure) -> str:
    return one_line(f"{failure.id}: {failure.headline}", 300)
