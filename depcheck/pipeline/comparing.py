"""Committed set against fresh set: both are measured, and the difference is judged."""

from dataclasses import replace

from depcheck.core.changes import diff
from depcheck.core.comparison import Comparison
from depcheck.core.observed import describe_passing, describe_shared_failure, describe_unreached
from depcheck.core.report import EnvironmentReport, ProposalReport, Status
from depcheck.pipeline import breaking
from depcheck.pipeline.baseline import pasts
from depcheck.pipeline.case import Case, LockSet
from depcheck.pipeline.measuring import Measured, measure, planned
from depcheck.pipeline.optional_modules import find_optional_modules
from depcheck.pipeline.repeating import Repeated, repeat_shared, repeat_whole, repeated
from depcheck.pipeline.sides import Sides
from depcheck.pipeline.verdicts import compared


def judge(case: Case, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    """Check both sets in full, then: safe, broken before, flaky, or broken by the changes."""
    changed = frozenset(change.name for change in diff(committed.pins, candidate.pins))
    before = measured_baseline(case, committed, changed)
    case.ports.reporter.stage("check the fresh set")
    checks = planned(case.settings, changed, before)
    after = measure(case, candidate.pins, case.upgraded(committed.pins), checks, "candidate")
    sides = Sides(committed, candidate, before, after)
    report = _compared(case, sides, sides.comparison)
    return replace(report, optional_modules=find_optional_modules(case, before, after))


def _compared(case: Case, sides: Sides, comparison: Comparison) -> EnvironmentReport:
    if comparison.newly:
        return _broken(case, sides, comparison)
    if not sides.after.installed or comparison.shared:
        return _broken_before(case, sides, comparison)
    return _passing(case, sides, comparison)


def measured_baseline(case: Case, committed: LockSet, changed: frozenset[str]) -> Measured:
    """The committed set today; where it cannot be installed any more, in the world that it was made in."""
    case.ports.reporter.stage("check the committed set")
    checks = planned(case.settings, changed)
    today = measure(case, committed.pins, case.today, checks, "baseline")
    if today.installed:
        return today
    for past in pasts(case, committed.pins):
        then = measure(case, committed.pins, past, checks, "baseline")
        if then.installed:
            return then
    return today


def _broken(case: Case, sides: Sides, comparison: Comparison) -> EnvironmentReport:
    confirmed = repeated(case, sides.before, sides.after, comparison.newly)
    if not confirmed.findings:
        return _flaky(case, sides, confirmed)
    return breaking.judge(case, sides, confirmed.findings)


def _broken_before(case: Case, sides: Sides, comparison: Comparison) -> EnvironmentReport:
    again = repeat_shared(case, sides.after, comparison.shared)
    if again.contradiction:
        return _flaky(case, sides, again)
    failing = next(result for result in (*comparison.shared, *sides.after.results) if result.failures)
    old = next((r for r in sides.before.results if (r.kind, r.command) == (failing.kind, failing.command)), None)
    return compared(case, sides, Status.BASELINE_BROKEN, describe_shared_failure(old, failing))


def _passing(case: Case, sides: Sides, comparison: Comparison) -> EnvironmentReport:
    again = repeat_whole(case, sides.before, sides.after, comparison.healed)
    if again.contradiction:
        return _flaky(case, sides, again)
    notes = tuple(
        f"Fails with the committed pins and passes with the fresh ones: {r.headline}" for r in comparison.healed
    )
    reason = describe_passing(len(sides.changed), sides.after.results, tests_wanted=case.settings.test != "")
    notes += describe_unreached(sides.after.results)
    report = compared(case, sides, Status.SAFE, reason, notes)
    return proposing(report, sides.committed, sides.candidate)


def proposing(report: EnvironmentReport, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    """The report with the candidate's files as a verified proposal, checked by the candidate's own run."""
    old = dict(committed.files)
    files = {path: text for path, text in candidate.files if old.get(path) != text}
    proposal = ProposalReport((), report.changes, verified=True, files=files, checks=report.checks.candidate)
    return replace(report, proposal=proposal)


def _flaky(case: Case, sides: Sides, seen: Repeated) -> EnvironmentReport:
    reason = f"A check gave different results with the same pins, so no release is blamed: {seen.contradiction}"
    return compared(case, sides, Status.FLAKY, reason)
