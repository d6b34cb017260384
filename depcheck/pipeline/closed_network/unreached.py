"""Leave out failures that only show that the network was closed."""

from collections.abc import Iterator
from dataclasses import replace

from depcheck.core.model.checks import (
    COMMAND_KINDS,
    Check,
    CheckResult,
    Outcome,
    Regression,
    compare_check_results,
    is_same_failure,
)
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import Measurement, measure_pins
from depcheck.pipeline.proving.prove_imports import prove_imports


def prove_sides(
    case: EnvironmentCase, before: Measurement, after: Measurement, label: str
) -> tuple[Measurement, Measurement]:
    """Return both sides without what imports or a closed network excuse."""
    before, after = prove_imports(case, before, after, label)
    return before, drop_unreached(case, before, after, label)


def drop_unreached(case: EnvironmentCase, before: Measurement, after: Measurement, label: str) -> Measurement:
    """Return `after` without failures that the closed network explains.

    The committed set shows the same ones where the network is closed to it. Cost: one narrowed run of that set, where
    a command fails that ran with a closed network.
    """
    if not after.very_young or before.very_young or not before.is_installed:
        return after
    regressions = compare_check_results(before.results, after.results).regressions
    checks = [each.narrowed_check for each in regressions if each.result.kind in COMMAND_KINDS]
    if not checks:
        return after
    shut = replace(case, is_closed=True)
    closed = measure_pins(shut, before.pins, before.world, checks, f"{label}: network closed to both")
    return replace(after, results=tuple(_drop_shared(each, closed.find_first(each)) for each in after.results))


def _drop_shared(result: CheckResult, closed: CheckResult | None) -> CheckResult:
    if closed is None or result.kind not in COMMAND_KINDS:
        return result
    shared = tuple(new for new in result.failures if any(is_same_failure(old, new) for old in closed.failures))
    left = tuple(each for each in result.failures if each not in shared)
    outcome = Outcome.FAIL if left else Outcome.PASS if shared else result.outcome
    return replace(result, outcome=outcome, failures=left, unreached=shared)


def list_unreached_checks(after: Measurement) -> Iterator[Check]:
    """Yield what a closed network left open, narrowed to that."""
    for result in after.results:
        if result.unreached:
            yield Regression(result, result.unreached).narrowed_check
