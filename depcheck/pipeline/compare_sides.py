"""Comparison of the committed and the fresh set by their checks."""

from collections.abc import Sequence
from dataclasses import replace

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.lockfiles.other_targets import describe_unjudged
from depcheck.core.messages.observed import (
    MISSING_COMMAND,
    describe_kept_pass,
    describe_missing_command,
    describe_passing,
    describe_shared_failure,
    describe_unreached,
)
from depcheck.core.model.checks import Check, CheckComparison, CheckKind, Failure, Regression
from depcheck.core.model.errors import SetupFailedError
from depcheck.core.model.report import EnvironmentReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.core.tool_output.applicability import (
    describe_compared,
    describe_tolerated,
    is_of_the_project,
    is_tolerable,
)
from depcheck.pipeline.closed_network.older_set import judge_older_set, try_older_set
from depcheck.pipeline.closed_network.very_young import find_very_young
from depcheck.pipeline.confirm import (
    Confirmation,
    confirm_failures,
    confirm_passes,
    confirm_shared_failures,
    retry_baseline,
)
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.cooldown.judged_sets import JudgedSets
from depcheck.pipeline.cooldown.known_pass import recall_waiting_pass, remember_waiting_pass
from depcheck.pipeline.cooldown.old_enough import choose_proposal
from depcheck.pipeline.investigation import report_breakage
from depcheck.pipeline.last_run.known_baseline import measure_beside, recall_baseline, remember_baseline
from depcheck.pipeline.last_run.report_again import report_known_breakage
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_baseline, measure_pins, plan_checks
from depcheck.pipeline.to_report import to_drift_report

MOST_PROVEN_MODULES = 200
_GIVE_TEST = "Give --test COMMAND, or name with --lockfile the one that the tests are run with."


def judge_candidate(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    """Check both sets in full and report the verdict.

    It is one of: safe, broken before, flaky, or broken by the changes. What broke in an earlier run in the same way is
    not searched again.
    """
    if known := report_known_breakage(case, committed, candidate):
        sets = JudgedSets(committed, candidate, known.before, is_recalled=known.is_held_recalled)
        return choose_proposal(case, sets, known.report)
    if passed := recall_waiting_pass(case, committed, candidate):
        report = _describe_passes(case, passed[0], passed[0].comparison)
        report = replace(report, notes=(*report.notes, passed[1]))
        return choose_proposal(case, JudgedSets(committed, candidate), report)
    return _judge_anew(case, committed, candidate)


def _judge_anew(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    changed = frozenset(change.name for change in diff_pins(committed.pins, candidate.pins))
    known = recall_baseline(case, committed) or measure_baseline(case, committed, changed)

    def measure_candidate(before: Measurement) -> Measurement:
        case.ports.reporter.start_stage("check all updates")
        checks = plan_checks(case.settings, changed, before)
        return measure_pins(case, candidate.pins, case.get_upgrade_view(committed.pins), checks, "candidate")

    try:
        sides = measure_beside(case, (committed, candidate), known, measure_candidate, "candidate")
    except SetupFailedError:
        older = judge_older_set(case, committed, find_very_young(case, candidate.pins), _judge_anew)
        if older is None:
            raise
        return older
    older, note = try_older_set(case, sides, _judge_anew)
    if older is not None:
        return older
    report = _compared(case, sides, sides.comparison)
    optional = find_optional_modules(case, sides.before, sides.after)
    notes = filter(None, [note, describe_kept_pass(sides.before.results, sides.before.kept_since)])
    report = replace(report, optional_modules=optional, notes=(*report.notes, *notes))
    if report.status is Status.SAFE:
        remember_waiting_pass(case, sides)
        remember_baseline(case, sides.before)
    return choose_proposal(case, JudgedSets(committed, candidate, sides.before, sides.after), report)


def _compared(case: EnvironmentCase, sides: MeasuredSides, comparison: CheckComparison) -> EnvironmentReport:
    if comparison.regressions:
        return _report_new_failures(case, sides, comparison)
    shared = [each for each in comparison.shared_failures if not is_tolerable(sides.before.find_first(each), each)]
    if not sides.after.is_installed or shared:
        return _report_shared_failures(case, sides, comparison)
    return _report_passes(case, sides, comparison)


def _report_new_failures(case: EnvironmentCase, sides: MeasuredSides, comparison: CheckComparison) -> EnvironmentReport:
    confirmed = confirm_failures(case, sides.before, sides.after, comparison.regressions)
    if confirmed.findings:
        return report_breakage(case, sides, confirmed.findings, sides.after)
    rest = replace(sides, after=_drop_failures(sides.after, comparison.regressions))
    if not any(is_of_the_project(rest.before.find_first(each), each) for each in rest.comparison.shared_failures):
        return _report_flaky(case, sides, confirmed)
    report = _report_shared_failures(case, rest, rest.comparison)
    return replace(report, notes=(*report.notes, f"Beside that, {confirmed.contradiction}"))


def _drop_failures(after: Measurement, findings: Sequence[Regression]) -> Measurement:
    """Return what was seen without new failures that did not repeat."""
    dropped = {(each.result.kind, each.result.command): each.failures for each in findings}
    results = (
        replace(
            each, failures=tuple(one for one in each.failures if one not in dropped.get((each.kind, each.command), ()))
        )
        for each in after.results
    )
    return replace(after, results=tuple(results))


def _report_shared_failures(
    case: EnvironmentCase, sides: MeasuredSides, comparison: CheckComparison
) -> EnvironmentReport:
    before = retry_baseline(case, sides.before, comparison.shared_failures)
    if before is not sides.before:
        return _compared(case, replace(sides, before=before), replace(sides, before=before).comparison)
    again = confirm_shared_failures(case, sides.after, comparison.shared_failures)
    if again.contradiction:
        return _report_flaky(case, sides, again)
    failing = next(result for result in (*comparison.shared_failures, *sides.after.results) if result.failures)
    old = next((r for r in sides.before.results if (r.kind, r.command) == (failing.kind, failing.command)), None)
    if old and all(each.headline.startswith(MISSING_COMMAND) for each in (*old.failures, *failing.failures)):
        return to_drift_report(case, sides, Status.SKIPPED, describe_missing_command(failing))
    return to_drift_report(case, sides, Status.BASELINE_BROKEN, describe_shared_failure(old, failing))


def _report_passes(case: EnvironmentCase, sides: MeasuredSides, comparison: CheckComparison) -> EnvironmentReport:
    again = confirm_passes(case, sides.before, sides.after, comparison.fixed_results)
    if again.contradiction:
        return _report_flaky(case, sides, again)
    return _describe_passes(case, sides, comparison)


def _describe_passes(case: EnvironmentCase, sides: MeasuredSides, comparison: CheckComparison) -> EnvironmentReport:
    """Report what passed, without another run of it."""
    notes = tuple(
        f"Fails with your lockfile and passes with all updates: {r.headline}" for r in comparison.fixed_results
    )
    why = next((each.note for each in sides.before.results if each.note), "")
    wanted = case.settings.test != ""
    reason = describe_passing(len(sides.changed_names), sides.after.results, tests_wanted=wanted, why_untested=why)
    tolerated = [(old, each) for each in comparison.shared_failures if (old := sides.before.find_first(each))]
    reason = "; ".join((reason.rstrip("."), *(describe_compared(*pair) for pair in tolerated))) + "."
    notes += describe_unreached(sides.after.results)
    notes += tuple(describe_tolerated(*pair) for pair in tolerated)
    notes += (f"No tests were run: {why}. {_GIVE_TEST}",) if why else ()
    report = to_drift_report(case, sides, Status.SAFE, reason, notes)
    report = replace(report, reason=" ".join(filter(None, (reason, describe_unjudged(report.changes)))))
    return add_proposal(report, sides.committed, sides.candidate)


def add_proposal(report: EnvironmentReport, committed: LockSet, candidate: LockSet) -> EnvironmentReport:
    """Add the candidate's files to a report as a verified proposal.

    Its checks are those of the candidate.
    """
    files = candidate.select_changed_files(committed)
    proposal = ProposalReport((), report.changes, verified=True, files=files, checks=report.checks.candidate)
    return replace(report, proposal=proposal)


def _report_flaky(case: EnvironmentCase, sides: MeasuredSides, seen: Confirmation) -> EnvironmentReport:
    reason = f"A check gave different results with the same pins, so no release is blamed: {seen.contradiction}"
    return to_drift_report(case, sides, Status.FLAKY, reason)


def find_optional_modules(case: EnvironmentCase, before: Measurement, after: Measurement) -> tuple[str, ...]:
    """Return a line for each module only the committed set imports.

    Cost: one narrowed import check of the committed set, where there is anything to ask.
    """
    known = {module for result in before.results if result.kind is CheckKind.IMPORT for module in result.passed_ids}
    found = {failure.id: failure for result in after.results for failure in result.optional if failure.id in known}
    asked = frozenset(sorted(found)[:MOST_PROVEN_MODULES])
    if not asked:
        return ()
    seen = measure_pins(case, before.pins, before.world, [Check(CheckKind.IMPORT, ids=asked)], "baseline, again")
    passed = {module for result in seen.results for module in result.passed_ids}
    return tuple(_to_line(found[module]) for module in sorted(asked & passed))


def _to_line(failure: Failure) -> str:
    return to_one_line(f"{failure.id}: {failure.headline}", 300)
