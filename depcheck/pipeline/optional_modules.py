"""Modules that no longer import and that nothing of the project needs: told, and never held against a release."""

from depcheck.core.model.checks import Check, CheckKind, Failure
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import Measurement, measure_pins

MOST_PROVEN = 200


def find_optional_modules(case: EnvironmentCase, before: Measurement, after: Measurement) -> tuple[str, ...]:
    """Return a line for each such module that the committed set imports alone, in a fresh process.

    Cost: one narrowed import check of the committed set, where there is anything to ask.
    """
    known = {module for result in before.results if result.kind is CheckKind.IMPORT for module in result.passed_ids}
    found = {failure.id: failure for result in after.results for failure in result.optional if failure.id in known}
    asked = frozenset(sorted(found)[:MOST_PROVEN])
    if not asked:
        return ()
    seen = measure_pins(case, before.pins, before.world, [Check(CheckKind.IMPORT, ids=asked)], "baseline, again")
    passed = {module for result in seen.results for module in result.passed_ids}
    return tuple(_to_line(found[module]) for module in sorted(asked & passed))


def _to_line(failure: Failure) -> str:
    return to_one_line(f"{failure.id}: {failure.headline}", 300)
