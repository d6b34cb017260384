"""Nobody is blamed for what does not repeat: failures and passes are seen again before they count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from depcheck.core.checks import Check, CheckResult, Failure, Kind
from depcheck.core.comparison import Finding
from depcheck.pipeline.case import Case
from depcheck.pipeline.measuring import Measured, measure

MOST_CONTROLS = 4  # rounds until both sides are seen in one form; each leaves something out
QUICK_S = 12.0  # what may be spent on running quick tests again although they passed
MOST_REPEATS = 5


@dataclass(frozen=True, slots=True)
class Repeated:
    """`findings` repeated each time; `contradiction` says what did not, or is empty."""

    findings: tuple[Finding, ...] = ()
    contradiction: str = ""


def repeated(case: Case, before: Measured, after: Measured, findings: Sequence[Finding]) -> Repeated:
    """Return the findings that show again on the candidate, every time, and never on the baseline.

    This is the search's control: the checks are narrowed as trials narrow them, and what is narrowed further is seen
    again on both sides. Cost: `confirmations` - 1 runs on each side, at least one. That a set cannot be installed is
    not repeated: the same files are built from the same inputs.
    """
    if any(finding.result.kind is Kind.INSTALL for finding in findings):
        return Repeated(tuple(findings))
    kept, lost, times = tuple(findings), "", max(1, case.settings.confirmations - 1)
    for _ in range(MOST_CONTROLS):
        asked = kept
        for _ in range(times):
            again = _failing(case, after, kept, "candidate, again")
            lost = lost or _named("failed once and then passed", [f for f in kept if not _left(f, again)])
            kept = tuple(left for finding in kept if (left := _left(finding, again)))
        for _ in range(times if kept else 0):
            again = _failing(case, before, kept, "baseline, again")
            shaky = [finding for finding in kept if _shared(finding, again)]
            lost = lost or _named("passed once and then failed with the committed pins", shaky)
            kept = tuple(clean for finding in kept if (clean := _without(finding, again)))
        if not kept or [finding.check for finding in kept] == [finding.check for finding in asked]:
            return Repeated(kept, lost)
    return Repeated((), lost or _named("gave another result each time", kept))


def repeat_shared(case: Case, after: Measured, shared: Sequence[CheckResult]) -> Repeated:
    """Whether what fails on both sides fails again; the candidate is still installed."""
    checks = [Check(result.kind, result.command) for result in shared if result.kind is not Kind.INSTALL]
    return _contradicted(case, after, checks, expect_failure=True)


def repeat_whole(case: Case, before: Measured, after: Measured, healed: Sequence[CheckResult]) -> Repeated:
    """Whether passes are passes: quick tests run again on the fresh set, healed checks again on the committed one."""
    seen = Repeated()
    tests = [result for result in after.results if result.kind is Kind.TEST and result.duration_s < QUICK_S]
    for _ in range(min((_repeats(test) for test in tests), default=0)):
        again = [Check(test.kind, test.command) for test in tests]
        seen = seen if seen.contradiction else _contradicted(case, after, again, expect_failure=False)
    old = [Check(result.kind, result.command) for result in healed if result.kind is not Kind.INSTALL]
    return seen if seen.contradiction else _contradicted(case, before, old, expect_failure=True)


def _repeats(test: CheckResult) -> int:
    return min(MOST_REPEATS, int(QUICK_S / max(test.duration_s, 0.1)))


def _contradicted(case: Case, side: Measured, checks: Sequence[Check], *, expect_failure: bool) -> Repeated:
    if not checks or case.settings.confirmations <= 1:
        return Repeated()
    results = measure(case, side.pins, side.world, checks, "again").results[1:]
    for result in results:
        if expect_failure and not result.failures:
            return Repeated(contradiction=f"{_name(result)} failed once and then passed.")
        if not expect_failure and result.failures:
            return Repeated(contradiction=f"{_name(result)} passed once and then failed: {result.headline}")
    return Repeated()


def _failing(
    case: Case, side: Measured, findings: Sequence[Finding], label: str
) -> dict[tuple[Kind, str], CheckResult]:
    if not findings:
        return {}
    checks = [finding.check for finding in findings]
    results = measure(case, side.pins, side.world, checks, label).results
    return {(result.kind, result.command): result for result in results}


def _ids(result: CheckResult | None) -> frozenset[str]:
    return frozenset(failure.id for failure in result.failures) if result else frozenset()


def _left(finding: Finding, again: dict[tuple[Kind, str], CheckResult]) -> Finding | None:
    """The finding with the failures that showed again."""
    seen = _ids(again.get((finding.result.kind, finding.result.command)))
    return _narrowed(finding, (failure for failure in finding.failures if failure.id in seen))


def _without(finding: Finding, again: dict[tuple[Kind, str], CheckResult]) -> Finding | None:
    """The finding without the failures that the baseline shows as well."""
    seen = _ids(again.get((finding.result.kind, finding.result.command)))
    return _narrowed(finding, (failure for failure in finding.failures if failure.id not in seen))


def _shared(finding: Finding, again: dict[tuple[Kind, str], CheckResult]) -> bool:
    """Return True if the baseline shows some of the finding."""
    seen = _ids(again.get((finding.result.kind, finding.result.command)))
    return any(failure.id in seen for failure in finding.failures)


def _narrowed(finding: Finding, failures: Iterable[Failure]) -> Finding | None:
    left = tuple(failures)
    return replace(finding, failures=left) if left else None


def _named(what: str, findings: Sequence[Finding]) -> str:
    return f"{_name(findings[0].result)} {what}." if findings else ""


def _name(result: CheckResult) -> str:
    first = result.failures[0].id if result.failures else ""
    return first or f"{result.kind} `{result.command}`" if result.command or first else f"the {result.kind} check"
