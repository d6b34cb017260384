"""Conversion of pipeline results to report values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.diff import Change, diff_pins, find_requirer_path, is_direct_pin
from depcheck.core.lockfiles.index_choice import IndexChoice
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.lockfiles.other_targets import diff_other_targets, find_scope
from depcheck.core.lockfiles.pin_line import is_source_requirer
from depcheck.core.lockfiles.spec import describe_lockfile
from depcheck.core.messages.causes.change_reasons import ComparedSets, explain_change
from depcheck.core.messages.causes.evidence import find_failing_line, find_failing_lines
from depcheck.core.model.checks import CheckComparison, CheckKind, CheckResult, Failure, Outcome, compare_check_results
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import Distribution
from depcheck.core.model.pins import Pins
from depcheck.core.model.releases import NO_FACTS, Release, ReleaseFacts, classify_version_step, list_release_warnings
from depcheck.core.model.report import (
    ChangeReport,
    CheckReport,
    ChecksReport,
    Culprit,
    EnvironmentReport,
    LockfileReport,
)
from depcheck.core.model.status import Status
from depcheck.core.search.model import Cause, CauseKind
from depcheck.core.text.links import LinkKind, build_comparison_link
from depcheck.pipeline.closed_network.annotate_closed_network import annotate_closed_network
from depcheck.pipeline.context import EnvironmentCase, find_source_paths, list_direct_packages
from depcheck.pipeline.measure import MeasuredSides

InstalledSets = tuple[Sequence[Distribution], Sequence[Distribution]]
"""What is installed of the committed set and of the other; empty where that is not known."""


def to_lockfile_reports(case: EnvironmentCase) -> tuple[LockfileReport, ...]:
    """Convert the environment's lockfiles to report values."""
    given = IndexChoice(case.settings.index_url, case.settings.extra_index_urls)
    return tuple(describe_lockfile(lock, given) for lock in case.spec.lockfiles)


def to_change_reports(
    case: EnvironmentCase, before: LockSet, after: LockSet, installed: InstalledSets = ((), ())
) -> tuple[ChangeReport, ...]:
    """Build a report value for every change of every lockfile.

    Lockfiles are in the environment's order, packages by name. `installed` is what is installed of both
    sets. It shows why a package moved, and which packages require it if a lockfile has no annotations.
    """
    again = dict(after.pins_by_file)
    found = [(path, change) for path, pins in before.pins_by_file for change in diff_pins(pins, again[path])]
    facts = case.ports.index.fetch_release_facts([key for _, change in found for key in _list_changed_releases(change)])
    there, then = ({each.name: each for each in side} for side in installed)
    sets = ComparedSets(there, then, case.markers)
    requires = {name: each.requires for name, each in sets.after.items()}
    old = dict(before.pins_by_file)
    layers = {lock.path: lock.layer_labels for lock in case.spec.lockfiles}
    here = tuple(
        _to_change_report(
            case,
            path,
            change,
            _ChangeContext(
                again[path] if change.after else old[path],
                requires,
                list_direct_packages(case),
                layers.get(path, frozenset()),
                sets,
                facts,
            ),
        )
        for path, change in found
    )
    return (*here, *_list_other_changes(case, before, after))


def _list_other_changes(case: EnvironmentCase, before: LockSet, after: LockSet) -> Iterator[ChangeReport]:
    """Yield changed lines for other interpreters and platforms.

    Nothing here installs or checks them.
    """
    locks = {lock.path: lock for lock in case.spec.lockfiles}
    for path, change in diff_other_targets(before.files, dict(after.files), case.markers):
        pin, lock = change.after or change.before, locks[path]
        new = change.after.version if change.after else None
        yield ChangeReport(
            name=change.name,
            before=change.old_label,
            after=change.new_label,
            direct=pin is not None and is_direct_pin(pin, lock.direct_names, lock.layer_labels),
            via=tuple(requirer for requirer in (pin.requirers if pin else ()) if not is_source_requirer(requirer))[:1],
            released_at=find_upload_time(case, change.name, new),
            lockfile=path,
            kind=change.kind,
            jump=_describe_jump(case, change.name, change.before.version if change.before else None, new),
            marker=find_scope(change),
            judged=False,
        )


def _list_changed_releases(change: Change) -> tuple[tuple[NormalizedName, Version], ...]:
    pins = (change.before, change.after)
    return tuple((change.name, pin.version) for pin in pins if pin and pin.version)


def find_issue_trackers(case: EnvironmentCase, releases: Sequence[tuple[NormalizedName, Version]]) -> dict[str, str]:
    """Find the issue trackers of these releases' projects in their metadata."""
    found = case.ports.index.fetch_release_facts(releases)
    kinds = (LinkKind.TRACKER, LinkKind.PAGE)
    links = {name: next(filter(None, map(facts.links.get, kinds)), "") for (name, _), facts in found.items()}
    return {name: link for name, link in links.items() if link}


def to_version_texts(found: LockSet) -> dict[str, str]:
    """Return the versions of a set by package.

    Packages without a version (a URL, a path) are left out.
    """
    return {name: str(pin.version) for name, pin in sorted(found.pins.items()) if pin.version}


@dataclass(frozen=True, slots=True)
class _ChangeContext:
    """Who requires whom, and what releases publish about themselves."""

    pins: Pins
    requires: Mapping[NormalizedName, Sequence[str]]
    direct: frozenset[NormalizedName]
    layers: frozenset[str]
    sets: ComparedSets
    facts: Mapping[tuple[NormalizedName, Version], ReleaseFacts]


def _to_change_report(case: EnvironmentCase, path: str, change: Change, askers: _ChangeContext) -> ChangeReport:
    old = change.before.version if change.before else None
    new = change.after.version if change.after else None
    asked_for = is_direct_pin(askers.pins[change.name], askers.direct, askers.layers)
    committed = _find_release(case, change.name, old)
    yanked = committed.yank_reason if committed else None
    facts = _get_facts(askers, change.name, old), _get_facts(askers, change.name, new)
    links = dict(facts[new is not None].links)
    if old and new and old != new:
        links[LinkKind.DIFF] = build_comparison_link(links, str(old), str(new))
    return ChangeReport(
        name=change.name,
        before=change.old_label,
        after=change.new_label,
        direct=asked_for,
        via=find_requirer_path(change.name, askers.pins, askers.requires, askers.direct, askers.layers),
        released_at=find_upload_time(case, change.name, new),
        lockfile=path,
        kind=change.kind,
        yanked=yanked,
        jump=_describe_jump(case, change.name, old, new),
        why=explain_change(change, askers.sets, yanked, direct=asked_for),
        links={kind: link for kind, link in links.items() if link},
        warnings=_list_warnings(case, change.name, old, new, facts),
        notes=facts[1].notes,
    )


def _get_facts(askers: _ChangeContext, name: NormalizedName, version: Version | None) -> ReleaseFacts:
    return askers.facts.get((name, version), NO_FACTS) if version else NO_FACTS


def _describe_jump(case: EnvironmentCase, name: NormalizedName, old: Version | None, new: Version | None) -> str:
    if old is None or new is None:
        return ""
    return classify_version_step(old, new, (find_upload_time(case, name, old), find_upload_time(case, name, new)))


def _list_warnings(
    case: EnvironmentCase,
    name: NormalizedName,
    old: Version | None,
    new: Version | None,
    facts: tuple[ReleaseFacts, ReleaseFacts],
) -> tuple[str, ...]:
    if new is None or new == old:
        return ()
    visible = case.ports.index.list_releases(name, IndexView())
    return list_release_warnings(visible, old, new, facts, case.settings.as_of or case.now)


def find_upload_time(case: EnvironmentCase, name: NormalizedName, version: Version | None) -> datetime | None:
    """Find in the index when a release was uploaded."""
    release = _find_release(case, name, version)
    return release.uploaded_at if release else None


def _find_release(case: EnvironmentCase, name: NormalizedName, version: Version | None) -> Release | None:
    visible = case.ports.index.list_releases(name, IndexView()) if version else ()
    return next((release for release in visible if release.version == version), None)


def to_check_reports(
    results: Sequence[CheckResult], comparison: CheckComparison | None = None
) -> tuple[CheckReport, ...]:
    """Convert check results to report values.

    Modules that fail to import count only if they did not fail before.
    """
    found = {id(finding.result): finding.failures for finding in comparison.regressions} if comparison else {}
    return tuple(_to_check_report(result, found.get(id(result), ())) for result in results)


def _to_check_report(result: CheckResult, newly: Sequence[Failure]) -> CheckReport:
    old_imports = result.kind is CheckKind.IMPORT and not newly and result.outcome is Outcome.FAIL
    shown = () if old_imports else newly or result.failures
    return CheckReport(
        kind=result.kind,
        command=result.command,
        outcome=Outcome.PASS if old_imports else result.outcome,
        duration_s=round(result.duration_s, 3),
        headline=shown[0].headline if shown else result.note,
        newly_failing=tuple(sorted(failure.id for failure in newly if failure.id)),
        failing=len(result.failures),
        places=find_failing_lines(shown),
        passed=len(result.passed_ids),
        log=result.log,
    )


def to_environment_report(
    case: EnvironmentCase, status: Status, reason: str, checks: ChecksReport | None = None
) -> EnvironmentReport:
    """Build the report of an environment without a fresh set."""
    return EnvironmentReport(
        name=case.spec.name,
        python=case.spec.python,
        status=status,
        reason=reason,
        lockfiles=to_lockfile_reports(case),
        checks=checks or ChecksReport(),
        notes=case.spec.notes,
        project=case.spec.project,
        setup=case.settings.setup,
    )


def to_drift_report(
    case: EnvironmentCase, sides: MeasuredSides, status: Status, reason: str, notes: tuple[str, ...] = ()
) -> EnvironmentReport:
    """Build the report of an environment with both sets."""
    report = to_environment_report(case, status, reason, to_checks_report(sides.before.results, sides.after.results))
    changes = to_change_reports(case, sides.committed, sides.candidate, sides.distributions)
    fresh = to_version_texts(sides.candidate)
    report = replace(report, changes=changes, fresh=fresh, notes=(*report.notes, *sides.cautions, *notes))
    return _with_own(annotate_closed_network(case, report, sides), sides)


def _with_own(report: EnvironmentReport, sides: MeasuredSides) -> EnvironmentReport:
    """Add to the report how the repository's own package was installed."""
    seen = [side.own for side in (sides.before, sides.after) if side.own.name or side.own.remarks]
    if not seen:
        return report
    beside = {str(name): str(version) for name, version in sorted(seen[0].beside.items())}
    notes = (*report.notes, *seen[0].remarks)
    return replace(report, project=bool(seen[0].name), editable=seen[0].editable, beside=beside, notes=notes)


def to_checks_report(before: Sequence[CheckResult], after: Sequence[CheckResult]) -> ChecksReport:
    """Convert both sides' check results to a report value.

    The candidate's checks list what fails there and not on the baseline.
    """
    return ChecksReport(to_check_reports(before), to_check_reports(after, compare_check_results(before, after)))


def to_culprit(case: EnvironmentCase, cause: Cause) -> Culprit:
    """Convert a cause and its holds to a report value."""
    shown = cause.failures[0]
    named = cause.kind is not CauseKind.BUILD_REQUIREMENT
    first = [find_upload_time(case, name, version) for name, version in cause.first_bad]
    return Culprit(
        packages=tuple(sorted(cause.culprits)),
        companions=tuple(sorted(cause.companions)),
        last_good={name: str(version) for name, version in cause.last_good},
        first_bad={name: str(version) for name, version in cause.first_bad},
        headline=shown.headline,
        evidence=shown.evidence,
        since=max((day for day in first if day), default=None),
        hold=tuple(each.line for each in cause.holds),
        build=not named,
        skipped=tuple(f"{name} {version}" for name, version in cause.skipped_releases),
        skipped_because=cause.skipped_because,
        family=tuple(sorted(cause.family)),
        stay_back=tuple(sorted(cause.stay_back)),
        newly_failing=tuple(sorted(each.id for each in cause.failures if each.id and not each.is_of_whole_check)),
        paths=find_source_paths(case, [name for name, _ in cause.first_bad] if named else []),
        explanation=cause.explanation,
        trackers=find_issue_trackers(case, cause.first_bad),
        places={each.id: place for each in cause.failures if each.id and (place := find_failing_line(each))},
    )
