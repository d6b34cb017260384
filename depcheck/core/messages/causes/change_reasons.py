"""Explain why a package changed, from the metadata of both sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.diff import Change, ChangeKind
from depcheck.core.model.requirements import (
    InstalledSet,
    get_required_name,
    is_satisfied_by,
    select_active_requirements,
)
from depcheck.core.text.terminal_safe import to_one_line


@dataclass(frozen=True, slots=True)
class ComparedSets:
    """The installed packages of the committed and the fresh set.

    Both are for one target. `markers` is the target's marker environment.
    """

    before: InstalledSet
    after: InstalledSet
    markers: Mapping[str, str]


def explain_change(change: Change, sets: ComparedSets, yanked: str | None, *, direct: bool) -> str:
    """Explain the change in half a sentence.

    It contains foreign names. Empty if the metadata shows no reason. `yanked` is the reason why the committed
    release was yanked (may be empty), None if it was not. `direct` says that a source names the package.
    """
    match change.kind:
        case ChangeKind.REHASHED:
            return "other files under the same version"
        case ChangeKind.MOVED:
            return "another reference"
        case ChangeKind.REMOVED:
            return _explain_removal(change.name, sets)
        case ChangeKind.ADDED:
            return _explain_addition(change.name, sets, direct=direct)
        case _:
            return _explain_new_version(change, sets, yanked, direct=direct)


def _explain_new_version(change: Change, sets: ComparedSets, yanked: str | None, *, direct: bool) -> str:
    if yanked is not None:
        return to_one_line(f"the committed release was yanked{f': {yanked}' if yanked else ''}", 160)
    old = change.before.version if change.before else None
    asking = tuple(_find_requirers(change.name, sets.after, sets))
    forced = next((each for each in asking if old and not is_satisfied_by(each[1], old)), None)
    if forced:
        return f"{_describe_requirer(forced[0], sets)} requires {_format_requirement(forced[1])}"
    if change.kind is ChangeKind.DOWNGRADED:
        return "the newer release no longer fits the other requirements"
    return _describe_ranges(asking, direct=direct)


def _describe_ranges(asking: Sequence[tuple[NormalizedName, Requirement]], *, direct: bool) -> str:
    """Describe the requirers' ranges that contain the new release.

    Empty for a direct requirement: its own range may be spread over several files.
    """
    if direct or not asking:
        return ""
    ranges = [f"{name} allows {_format_requirement(wanted)}" for name, wanted in asking if wanted.specifier]
    more = f", {len(ranges) - 1} more require it too" if len(ranges) > 1 else ""
    return f"{ranges[0]}{more}" if ranges else f"{asking[0][0]} accepts any version"


def _explain_removal(name: NormalizedName, sets: ComparedSets) -> str:
    askers = [asker for asker, _ in _find_requirers(name, sets.before, sets)]
    still = [asker for asker in askers if asker in sets.after]
    if still:
        return f"{_describe_requirer(still[0], sets)} no longer requires it"
    return f"{askers[0]} is gone" if askers else "it is pinned, but nothing requires it" if sets.after else ""


def _explain_addition(name: NormalizedName, sets: ComparedSets, *, direct: bool) -> str:
    asker = next((each for each, _ in _find_requirers(name, sets.after, sets)), None)
    if asker:
        return f"{_describe_requirer(asker, sets)} requires it"
    return "your requirements name it" if direct else ""


def _find_requirers(
    name: NormalizedName, side: InstalledSet, sets: ComparedSets
) -> Iterator[tuple[NormalizedName, Requirement]]:
    """Find the packages of `side` that require `name`, with their requirement.

    In name order. Requirements of extras are left out.
    """
    for asker in sorted(side):
        for wanted in select_active_requirements(side[asker].requires, sets.markers):
            if get_required_name(wanted) == name and asker != name:
                yield asker, wanted


def _describe_requirer(asker: NormalizedName, sets: ComparedSets) -> str:
    """Format the requirer with its version, and its old version if different.

    For example `celery 4.2.0 (was 4.1.0)`.
    """
    old, new = _get_version(asker, sets.before), _get_version(asker, sets.after)
    if old and new and old != new:
        return f"{asker} {new} (was {old})"
    return f"{asker} {new or old}"


def _get_version(name: NormalizedName, side: InstalledSet) -> Version | None:
    return side[name].version if name in side else None


def _format_requirement(wanted: Requirement) -> str:
    return to_one_line(f"{wanted.name}{wanted.specifier}", 80)
