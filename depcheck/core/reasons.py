"""Why a package moved, as far as the metadata of both sets shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.changes import Change, ChangeKind
from depcheck.core.plain import one_line
from depcheck.core.search.requirements import Side, accepts, active, target


@dataclass(frozen=True, slots=True)
class Sets:
    """What is installed of the committed and of the fresh set, for one target."""

    before: Side
    after: Side
    environment: Mapping[str, str]


def why(change: Change, sets: Sets, yanked: str | None, *, direct: bool) -> str:
    """Half a sentence in plain words with foreign names in it; empty where nothing shows."""
    match change.kind:
        case ChangeKind.REHASHED:
            return "other files under the same version"
        case ChangeKind.MOVED:
            return "another reference"
        case ChangeKind.REMOVED:
            return _removed(change.name, sets)
        case ChangeKind.ADDED:
            return _added(change.name, sets, direct=direct)
        case _:
            return _replaced(change, sets, yanked, direct=direct)


def _replaced(change: Change, sets: Sets, yanked: str | None, *, direct: bool) -> str:
    if yanked is not None:
        return one_line(f"the committed release was yanked{f': {yanked}' if yanked else ''}", 160)
    old = change.before.version if change.before else None
    asking = tuple(_asking(change.name, sets.after, sets))
    forced = next((each for each in asking if old and not accepts(each[1], old)), None)
    if forced:
        return f"{_named(forced[0], sets)} asks for {_asked(forced[1])}"
    if change.kind is ChangeKind.DOWNGRADED:
        return "the newer one fits the rest no more"
    return f"new release{_within(asking, direct=direct)}"


def _within(asking: Sequence[tuple[NormalizedName, Requirement]], *, direct: bool) -> str:
    """Within whose range; the source's own is not told, as it may be spread over several files."""
    ranges = [f"{_asked(wanted)} of {name}" for name, wanted in asking if wanted.specifier]
    if direct or not asking:
        return ", within what the source allows" if direct else ""
    more = f" and of {len(ranges) - 1} more" if len(ranges) > 1 else ""
    return f", within {ranges[0]}{more}" if ranges else f"; {asking[0][0]} takes any"


def _removed(name: NormalizedName, sets: Sets) -> str:
    askers = [asker for asker, _ in _asking(name, sets.before, sets)]
    still = [asker for asker in askers if asker in sets.after]
    if still:
        return f"{_named(still[0], sets)} asks for it no more"
    return f"{askers[0]} is gone" if askers else "nothing asks for it any more" if sets.after else ""


def _added(name: NormalizedName, sets: Sets, *, direct: bool) -> str:
    asker = next((each for each, _ in _asking(name, sets.after, sets)), None)
    if asker:
        return f"{_named(asker, sets)} asks for it"
    return "the source asks for it" if direct else ""


def _asking(name: NormalizedName, side: Side, sets: Sets) -> Iterator[tuple[NormalizedName, Requirement]]:
    """Who of `side` asks for `name` (extras aside), and how; in name order."""
    for asker in sorted(side):
        for wanted in active(side[asker].requires, sets.environment):
            if target(wanted) == name and asker != name:
                yield asker, wanted


def _named(asker: NormalizedName, sets: Sets) -> str:
    """The asker with its step, where it moved itself: `celery 4.2.0 (before 4.1.0)`."""
    old, new = _version(asker, sets.before), _version(asker, sets.after)
    if old and new and old != new:
        return f"{asker} {new} (before {old})"
    return f"{asker} {new or old}"


def _version(name: NormalizedName, side: Side) -> Version | None:
    return side[name].version if name in side else None


def _asked(wanted: Requirement) -> str:
    return one_line(f"{wanted.name}{wanted.specifier}", 80)
