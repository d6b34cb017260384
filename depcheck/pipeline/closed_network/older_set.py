"""Try what needs the network without the very young releases."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from depcheck.core.config.cooldown import describe_days
from depcheck.core.lockfiles.lock_set import LockSet, has_same_pins
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.checks import compare_check_results
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.text.phrases import format_count
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.closed_network.unreached import list_unreached_checks
from depcheck.pipeline.closed_network.very_young import describe_very_young, to_very_young_reports
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import MeasuredSides, measure_pins

Judge = Callable[[EnvironmentCase, LockSet, LockSet], EnvironmentReport]
"""Judges a committed and a fresh set."""


def try_older_set(case: EnvironmentCase, sides: MeasuredSides, judge: Judge) -> tuple[EnvironmentReport | None, str]:
    """Run what needs the network again, without very young releases.

    Returns the verdict on the set without them where something else breaks it, and else a note. Cost: nothing where
    nothing needs the network; else one compile, one installation and the narrowed checks.
    """
    asked = list(list_unreached_checks(sides.after))
    if not asked:
        return None, ""
    number = sum(len(each.unreached) for each in sides.after.results)
    what = f"{format_count(number, 'check')} of all updates failed only because the network was closed"
    if sides.comparison.regressions:
        return None, f"{what}. They were not tried further, for others fail in earnest."
    aged = _to_aged_case(case)
    older = _compile_older_set(aged, sides.committed)
    if older is None:
        return None, f"{what}. They say nothing, for without these releases nothing is left to try."
    world = aged.get_upgrade_view(sides.committed.pins)
    seen = measure_pins(aged, older.pins, world, asked, "without very young releases")
    if compare_check_results(sides.before.results, seen.results).regressions:
        return _judge_older(case, sides.committed, older, sides.after.very_young, judge), ""
    return None, f"{what}. They pass with an open network without these releases."


def judge_older_set(
    case: EnvironmentCase, committed: LockSet, young: Sequence[ReleaseId], judge: Judge
) -> EnvironmentReport | None:
    """Judge the set without very young releases, if there is one."""
    older = _compile_older_set(_to_aged_case(case), committed) if young else None
    return _judge_older(case, committed, older, young, judge) if older else None


def _to_aged_case(case: EnvironmentCase) -> EnvironmentCase:
    settings = replace(case.settings, cooldown_exceptions=())  # what is excepted may be proposed, not let out
    return replace(case, least_age_days=case.settings.quarantine_days, settings=settings)


def _compile_older_set(aged: EnvironmentCase, committed: LockSet) -> LockSet | None:
    """Compile the newest set without very young releases.

    None if there is none but the committed one.
    """
    aged.ports.reporter.start_stage("compile without very young releases")
    older = compile_fresh_set(aged, aged.get_upgrade_view(committed.pins))
    return older if isinstance(older, LockSet) and not has_same_pins(committed, older, aged.markers) else None


def _judge_older(
    case: EnvironmentCase, committed: LockSet, older: LockSet, young: Sequence[ReleaseId], judge: Judge
) -> EnvironmentReport:
    report = judge(_to_aged_case(case), committed, older)
    age = describe_days(case.settings.quarantine_days)
    note = (
        f"This is the newest set without what is younger than {age}: {describe_very_young(case, young)}. With it, the "
        "network is closed, which the checks need."
    )
    return replace(report, notes=(*report.notes, note), very_young=to_very_young_reports(case, young))
