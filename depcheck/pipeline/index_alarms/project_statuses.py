"""Alarms and notes about what an index says of whole projects."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.errors import IndexUnavailableError, LockfileError
from depcheck.core.model.index_facts.project_status import ProjectMarker, ProjectStatus
from depcheck.core.model.releases import ReleaseStatus
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.pipeline.context import EnvironmentCase

_MOST_NAMED = 8
_UNJUDGED = frozenset({Status.INFRA, Status.SKIPPED})
_REMARKS = {
    ProjectMarker.ARCHIVED: "archived, so no fix of it is to be expected",
    ProjectMarker.DEPRECATED: "deprecated",
}


def annotate_project_statuses(case: EnvironmentCase, report: EnvironmentReport) -> EnvironmentReport:
    """Make a quarantined project the verdict, and note archived ones.

    A replay of the past knows nothing of it.
    """
    if case.settings.as_of is not None:
        return report
    try:
        stated = list(_list_pinned_statuses(case))
        alarms = [_describe_pin(*each) for each in stated if _is_withheld(each[-1])]
        alarms = alarms or list(_describe_wanted(case, report))
    except IndexUnavailableError:  # the verdict says so
        return report
    report = replace(report, notes=(*report.notes, *_describe_markers(stated)))
    if not alarms or report.status in _UNJUDGED:
        return report
    more = f" And {len(alarms) - _MOST_NAMED} more." if len(alarms) > _MOST_NAMED else ""
    reason = f"{' '.join(dict.fromkeys(alarms[:_MOST_NAMED]))}{more}"
    return replace(report, status=Status.UNRESOLVABLE, reason=reason, proposal=None)


_PinStatus = tuple[str, NormalizedName, Version, ReleaseStatus]
"""A lockfile's path, a release that it pins, and what its index says."""


def _list_pinned_statuses(case: EnvironmentCase) -> Iterator[_PinStatus]:
    for lock in case.spec.lockfiles:
        try:
            pins = {} if lock.is_unlocked else lock.lockfile.select_pins(case.markers)
        except LockfileError:  # told elsewhere
            continue
        for pin in pins.values():
            if pin.version:
                yield lock.path, pin.name, pin.version, case.ports.index.get_release_status(pin.name, pin.version)


def _is_withheld(status: ReleaseStatus) -> bool:
    return status.project.is_quarantined and not status.is_present


def _describe_pin(path: str, name: NormalizedName, version: Version, status: ReleaseStatus) -> str:
    return (
        f"{_describe_quarantine(name, status.project)}: {path} pins {version}. New machines cannot install it; look at "
        "those that have installed it."
    )


def _describe_wanted(case: EnvironmentCase, report: EnvironmentReport) -> Iterator[str]:
    """Describe quarantined projects that a failed resolution asked for."""
    if report.status is not Status.UNRESOLVABLE:
        return
    index = case.ports.index
    for name in sorted(index.list_requested_projects(case.get_upgrade_view(case.committed_pins))):
        status = index.get_project_status(name)
        if status.is_quarantined and not index.list_releases(name, case.current_view):
            yield f"{_describe_quarantine(name, status)}, and the sources lead to it. {report.reason}"


def _describe_quarantine(name: NormalizedName, status: ProjectStatus) -> str:
    because = f" ({status.reason})" if status.reason else ""
    return to_one_line(f"{status.index_name} has quarantined {name}{because}", 500)


def _describe_markers(stated: list[_PinStatus]) -> Iterator[str]:
    """Yield a note for each remark that indexes make about projects."""
    found: dict[tuple[str, ProjectMarker], dict[str, None]] = defaultdict(dict)
    for _, name, _, status in stated:
        if status.project.marker in _REMARKS:
            because = f" ({status.project.reason})" if status.project.reason else ""
            found[status.project.index_name, status.project.marker][to_one_line(f"{name}{because}", 200)] = None
    for (index, marker), names in found.items():
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"{index} says that these are {_REMARKS[marker]}: {', '.join([*names][:_MOST_NAMED])}{more}."
