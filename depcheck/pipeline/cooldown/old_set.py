"""Compile and check the newest set without young releases."""

from collections.abc import Iterator
from dataclasses import replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.config.cooldown import describe_days
from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lock_set import LockSet, has_same_pins
from depcheck.core.model.checks import Failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.model.index_view import Hold, apply_build_holds, apply_holds, create_hold
from depcheck.core.model.report import Culprit, EnvironmentReport, ProposalReport
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.confirm import confirm_failures
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.cooldown.judged_sets import JudgedSets
from depcheck.pipeline.cooldown.young_releases import list_young_releases
from depcheck.pipeline.investigation import to_proposal
from depcheck.pipeline.last_run.known_baseline import measure_beside, recall_baseline
from depcheck.pipeline.measure import Measurement, measure_baseline, measure_pins, plan_checks
from depcheck.pipeline.proving.narrow_imports import narrow_imports

_MOST_ROUNDS = 6


def propose_old_set(
    case: EnvironmentCase, sets: JudgedSets, report: EnvironmentReport
) -> tuple[ProposalReport | None, str]:
    """Return the newest old set as a proposal, or why not.

    What the report blames is held in it too. A proposal without files says that the committed set is the newest.
    """
    holds = tuple(_list_holds(report))
    age = describe_days(case.settings.cooldown_days)
    case.ports.reporter.start_stage(f"compile what is at least {age} old")
    case, compiled = _compile_old_set(case, sets.committed, holds)
    if isinstance(compiled, CompileFailure):
        said = f"No set of releases that are at least {age} old could be compiled: {compiled.failure.headline}"
        return None, said if sets.candidate else ""
    if has_same_pins(sets.committed, compiled, case.markers):
        return ProposalReport(tuple(_list_names(holds)), (), verified=True, files={}, checks=report.checks.baseline), ""
    return _check_old_set(case, sets, compiled, holds)


def _compile_old_set(
    case: EnvironmentCase, committed: LockSet, holds: tuple[Hold, ...]
) -> tuple[EnvironmentCase, LockSet | CompileFailure]:
    """Compile a set of which every file is old enough.

    A release that is old and has a younger file is left out, since new machines would take that file. Returns the case
    that hides it, too.
    """
    files = () if case.spec.lockfiles[0].is_unlocked else committed.files
    kept = {(entry.pin.name, entry.pin.version) for _, text in files for entry in parse_lockfile(text).entries}
    said = ""
    for _ in range(_MOST_ROUNDS):
        compiled = compile_fresh_set(case, apply_holds(case.get_upgrade_view(committed.pins), holds))
        if isinstance(compiled, CompileFailure):
            return case, compiled
        young = [each for each in list_young_releases(case, committed, compiled.files) if each not in kept]
        if not young:
            return case, compiled
        said = f"after {_MOST_ROUNDS} resolutions there is still {young[0][0]} {young[0][1]}, which has younger files."
        case = replace(case, barred=(*case.barred, *((name, f"!={version}") for name, version in young)))
    return case, CompileFailure(CompileFailureKind.UNRESOLVABLE, Failure(said, said), None)


def _check_old_set(
    case: EnvironmentCase, sets: JudgedSets, compiled: LockSet, holds: tuple[Hold, ...]
) -> tuple[ProposalReport | None, str]:
    changed = frozenset(change.name for change in diff_pins(sets.committed.pins, compiled.pins))
    before = sets.before or recall_baseline(case, sets.committed) or measure_baseline(case, sets.committed, changed)
    both = (sets.committed, compiled)
    sides = measure_beside(case, both, before, lambda known: _measure(case, sets, compiled, holds, known), "proposal")
    confirmed = confirm_failures(case, sides.before, sides.after, sides.comparison.regressions)
    why = confirmed.contradiction or next((each.failures[0].headline for each in confirmed.findings), "")
    if not why and not sides.after.is_installed:
        why = sides.after.results[0].headline
    if why:
        age = describe_days(case.settings.cooldown_days)
        return None, f"The newest set of releases that are at least {age} old does not pass its checks: {why}"
    return to_proposal(case, sides, holds), ""


def _measure(
    case: EnvironmentCase, sets: JudgedSets, compiled: LockSet, holds: tuple[Hold, ...], before: Measurement
) -> Measurement:
    case.ports.reporter.start_stage("check what is old enough")
    changed = frozenset(change.name for change in diff_pins(sets.committed.pins, compiled.pins))
    world = apply_build_holds(case.get_upgrade_view(sets.committed.pins), holds)
    checks = plan_checks(case.settings, changed, before)
    narrowed = narrow_imports(case, checks, compiled.pins, world, sets.seen)
    return measure_pins(case, compiled.pins, world, narrowed, "proposal")


def _list_holds(report: EnvironmentReport) -> Iterator[Hold]:
    """Yield holds for what the report holds back or blames.

    A package that is held for no fault of its own stays at most where the report's proposal has it.
    """
    blamed = {name: culprit for culprit in report.culprits for name in _list_held_names(culprit)}
    for name, culprit in blamed.items():
        good, bad = culprit.last_good.get(name), Version(culprit.first_bad[name])
        is_sure = f"{name}<{bad}" in culprit.hold
        yield create_hold(
            canonicalize_name(name), Version(good) if good else None, bad, build=culprit.build, sure=is_sure
        )
    proposal = report.proposal
    if proposal is None:
        return
    pins = {entry.pin.name: entry.pin for text in proposal.files.values() for entry in parse_lockfile(text).entries}
    for text in proposal.held:
        pin = pins.get(canonicalize_name(text))
        if text not in blamed and pin and pin.version:
            yield Hold(pin.name, f"<={pin.version}", f"{pin.name}<={pin.version}")


def _list_held_names(culprit: Culprit) -> list[str]:
    """List the packages of a culprit that one of its lines holds."""
    held = {_get_line_name(line) for line in culprit.hold}
    return [name for name in culprit.first_bad if canonicalize_name(name) in held]


def _get_line_name(line: str) -> NormalizedName:
    end = next((place for place, sign in enumerate(line) if sign in "<>=!"), len(line))
    return canonicalize_name(line[:end])


def _list_names(holds: tuple[Hold, ...]) -> dict[str, None]:
    return dict.fromkeys(str(each.name) for each in holds)
