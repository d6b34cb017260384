"""Re-runs of checks on both sides to rule out flaky results.

Failures are run again, and so are quick passing tests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from depcheck.core.model.checks import Check, CheckKind, CheckResult, Failure, Outcome, Regression
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import Measurement, measure_pins

MOST_CONTROLS = 4  # rounds until both sides are seen in one form; each leaves something out
WEIGHING_RUNS = 4  # of each side, where the committed set failed by chance
BASELINE_RETRIES = 2
QUICK_TEST_S = 12.0  # what runs of tests that pass may take in all before one is left at that
MAX_REPEATS = 5


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The result of running checks again.

    `findings` failed every time. `contradiction` describes a result that changed, or is empty.
    """

    findings: tuple[Regression, ...] = ()
    contradiction: str = ""


def confirm_failures(
    case: EnvironmentCase, before: Measurement, after: Measurement, findings: Sequence[Regression]
) -> Confirmation:
    """Return findings that repeat on the candidate, never on the baseline.

    This is the search's control: the checks are narrowed as trials narrow them, and what is narrowed further is seen
    again on both sides. Cost: `confirmations` - 1 runs on each side, at least one. That a set cannot be installed is
    not repeated: the same files are built from the same inputs.
    """
    if any(finding.result.kind is CheckKind.INSTALL for finding in findings):
        return Confirmation(tuple(findings))
    kept, lost, times = tuple(findings), "", max(1, case.settings.confirmations - 1)
    for _ in range(MOST_CONTROLS):
        asked = kept
        for _ in range(times):
            again = _rerun_findings(case, after, kept, "candidate, again")
            lost = lost or _describe_contradiction(
                "failed once and then passed", [f for f in kept if not _keep_repeated_failures(f, again)]
            )
            kept = tuple(left for finding in kept if (left := _keep_repeated_failures(finding, again)))
        for _ in range(times if kept else 0):
            again = _rerun_findings(case, before, kept, "baseline, again")
            if any(_has_baseline_failure(finding, again) for finding in kept):
                weighed = kept
                kept, again = _weigh_both_sides(case, before, after, kept)
                if not kept:
                    lost = lost or _describe_contradiction("failed once and then passed", weighed)
            shaky = [finding for finding in kept if _has_baseline_failure(finding, again)]
            lost = lost or _describe_contradiction("passed once and then failed with your lockfile", shaky)
            kept = tuple(clean for finding in kept if (clean := _drop_baseline_failures(finding, again)))
        if not kept or [finding.narrowed_check for finding in kept] == [finding.narrowed_check for finding in asked]:
            return Confirmation(kept, lost)
    return Confirmation((), lost or _describe_contradiction("gave another result each time", kept))


def _weigh_both_sides(
    case: EnvironmentCase, before: Measurement, after: Measurement, findings: tuple[Regression, ...]
) -> tuple[tuple[Regression, ...], dict[tuple[CheckKind, str], CheckResult]]:
    """Tell a flake of the committed set from one of both sides.

    On both sides a check fails by chance.

    Returns the findings that fail each time on the candidate, and a run of the committed set that stands for most
    of its runs.
    """
    kept, runs = findings, []
    for _ in range(WEIGHING_RUNS):
        again = _rerun_findings(case, after, kept, "candidate, once more")
        kept = tuple(left for finding in kept if (left := _keep_repeated_failures(finding, again)))
        runs.append(_rerun_findings(case, before, kept, "baseline, once more"))
    failing = [run for run in runs if any(_has_baseline_failure(finding, run) for finding in kept)]
    passing = [run for run in runs if run not in failing]
    return kept, (passing or runs)[0] if len(failing) <= WEIGHING_RUNS // 2 else failing[0]


def retry_baseline(case: EnvironmentCase, before: Measurement, shared: Sequence[CheckResult]) -> Measurement:
    """Rerun checks that fail on both sides on the committed set.

    What passes once there has failed by chance.
    """
    results = list(before.results)
    for place, old in enumerate(results):
        if old.kind is CheckKind.INSTALL or (old.kind, old.command) not in {(r.kind, r.command) for r in shared}:
            continue
        for _ in range(BASELINE_RETRIES):
            again = measure_pins(case, before.pins, before.world, [Check(old.kind, old.command)], "baseline, again")
            if again.is_installed and not again.results[-1].failures:
                results[place] = replace(again.results[-1], guessed=old.guessed)
                break
    return replace(before, results=tuple(results)) if results != list(before.results) else before


def confirm_shared_failures(case: EnvironmentCase, after: Measurement, shared: Sequence[CheckResult]) -> Confirmation:
    """Run checks that fail on both sides again.

    The candidate is still installed and is used for it.
    """
    checks = [Check(result.kind, result.command) for result in shared if result.kind is not CheckKind.INSTALL]
    return _find_contradiction(case, after, checks, expect_failure=True)


def confirm_passes(
    case: EnvironmentCase, before: Measurement, after: Measurement, healed: Sequence[CheckResult]
) -> Confirmation:
    """Run quick passing tests and healed checks again.

    The tests run on the fresh set, the healed checks on the committed one.
    """
    seen = Confirmation()
    tests = [result for result in after.results if _is_quick(result)]
    for _ in range(min((_count_repeats(test) for test in tests), default=0)):
        again = [Check(test.kind, test.command) for test in tests]
        seen = seen if seen.contradiction else _find_contradiction(case, after, again, expect_failure=False)
    old = [Check(result.kind, result.command) for result in healed if result.kind is not CheckKind.INSTALL]
    return seen if seen.contradiction else _find_contradiction(case, before, old, expect_failure=True)


def _is_quick(result: CheckResult) -> bool:
    """Whether the tests pass and can be run again in no time."""
    if result.unreached:  # would fail again
        return False
    return result.kind is CheckKind.TEST and result.outcome is Outcome.PASS and result.duration_s < QUICK_TEST_S


def _count_repeats(test: CheckResult) -> int:
    return min(MAX_REPEATS, int(QUICK_TEST_S / max(test.duration_s, 0.1)) - 1)


def _find_contradiction(
    case: EnvironmentCase, side: Measurement, checks: Sequence[Check], *, expect_failure: bool
) -> Confirmation:
    if not checks or case.settings.confirmations <= 1:
        return Confirmation()
    results = measure_pins(case, side.pins, side.world, checks, "again").results[1:]
    for result in results:
        if expect_failure and not result.failures:
            return Confirmation(contradiction=f"{_describe_check(result)} failed once and then passed.")
        if not expect_failure and result.failures:
            return Confirmation(
                contradiction=f"{_describe_check(result)} passed once and then failed: {result.headline}"
            )
    return Confirmation()


def _rerun_findings(
    case: EnvironmentCase, side: Measurement, findings: Sequence[Regression], label: str
) -> dict[tuple[CheckKind, str], CheckResult]:
    if not findings:
        return {}
    checks = [finding.narrowed_check for finding in findings]
    results = measure_pins(case, side.pins, side.world, checks, label).results
    return {(result.kind, result.command): result for result in results}


def _collect_failure_ids(result: CheckResult | None) -> frozenset[str]:
    return frozenset(failure.id for failure in result.failures) if result else frozenset()


def _keep_repeated_failures(finding: Regression, again: dict[tuple[CheckKind, str], CheckResult]) -> Regression | None:
    """Return the finding with only the failures that showed again."""
    seen = _collect_failure_ids(again.get((finding.result.kind, finding.result.command)))
    return _narrow_finding(finding, (failure for failure in finding.failures if failure.id in seen))


def _drop_baseline_failures(finding: Regression, again: dict[tuple[CheckKind, str], CheckResult]) -> Regression | None:
    """Return the finding without the failures that the baseline also shows."""
    seen = _collect_failure_ids(again.get((finding.result.kind, finding.result.command)))
    return _narrow_finding(finding, (failure for failure in finding.failures if failure.id not in seen))


def _has_baseline_failure(finding: Regression, again: dict[tuple[CheckKind, str], CheckResult]) -> bool:
    """Return True if the baseline shows some of the finding."""
    seen = _collect_failure_ids(again.get((finding.result.kind, finding.result.command)))
    return any(failure.id in seen for failure in finding.failures)


def _narrow_finding(finding: Regression, failures: Iterable[Failure]) -> Regression | None:
    left = tuple(failures)
    return replace(finding, failures=left) if left else None


def _describe_contradiction(what: str, findings: Sequence[Regression]) -> str:
    shown = [_describe_check(replace(each.result, failures=each.failures)) for each in findings[:1]]
    return "".join(f"{each} {what}." for each in shown)


def _describe_check(result: CheckResult) -> str:
    first = result.failures[0].id if result.failures else ""
    return first or f"{result.kind} `{result.command}`" if result.command or first else f"the {result.kind} check"
