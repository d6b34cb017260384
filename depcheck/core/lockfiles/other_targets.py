"""Lines of a lockfile for other interpreters or platforms."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.diff import Change, ChangeKind
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.model.pins import Pin
from depcheck.core.model.report import ChangeReport

_NONE = Version("0")
_MOST_NAMED = 6


def diff_other_targets(
    before: Sequence[tuple[str, str]], after: Mapping[str, str], markers: Mapping[str, str]
) -> list[tuple[str, Change]]:
    """Return changed lines for other targets, with their files.

    `before` and `after` are texts by path.
    """
    parsed = ((path, parse_lockfile(text), parse_lockfile(after[path])) for path, text in before if path in after)
    return [(path, change) for path, old, new in parsed for change in diff_other_pins(old, new, markers)]


def find_scope(change: Change) -> str:
    """Return the marker of a changed line, the newer one.

    Empty for a line that holds everywhere.
    """
    pin = change.after or change.before
    return pin.marker if pin else ""


def describe_scope(change: Change) -> str:
    """Return ` (for python_full_version < "3.11")`, or nothing.

    Nothing for a line that holds everywhere.
    """
    scope = find_scope(change)
    return f" (for {scope})" if scope else ""


def describe_unjudged(changes: Sequence[ChangeReport]) -> str:
    """Describe changed lines that no check of the run has seen.

    Empty for none.
    """
    names = list(dict.fromkeys(change.name for change in changes if not change.judged))
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (
        f"Lines for other Pythons or platforms change too ({', '.join(names[:_MOST_NAMED])}{more}); they were not "
        "checked on this one."
    )


def diff_other_pins(before: Lockfile, after: Lockfile, markers: Mapping[str, str]) -> tuple[Change, ...]:
    """Compare the lines whose markers are false in `markers`, by name.

    What only changes its marker is no change.
    """
    old, new = _group_other_pins(before, markers), _group_other_pins(after, markers)
    found: list[Change] = []
    for name in sorted(old.keys() | new.keys()):
        found += _diff_pins_of(name, old.get(name, ()), new.get(name, ()))
    return tuple(found)


def _diff_pins_of(name: NormalizedName, old: Sequence[Pin], new: Sequence[Pin]) -> list[Change]:
    """Pair differing pins, low versions with low ones.

    What has no partner is added or removed.
    """
    known, fresh = {_identify(pin): pin for pin in old}, {_identify(pin): pin for pin in new}
    same = [(known[key], fresh[key]) for key in known if key in fresh]
    rehashed = [Change(name, ChangeKind.REHASHED, *pair) for pair in same if _has_other_hashes(*pair)]
    gone = sorted((pin for key, pin in known.items() if key not in fresh), key=_get_version)
    come = sorted((pin for key, pin in fresh.items() if key not in known), key=_get_version)
    pairs = zip_longest(gone, come)
    return rehashed + [Change(name, _classify(*pair), *pair) for pair in pairs]


def _group_other_pins(lockfile: Lockfile, markers: Mapping[str, str]) -> dict[NormalizedName, list[Pin]]:
    found: dict[NormalizedName, list[Pin]] = {}
    for pin in lockfile.list_inactive_pins(markers):
        found.setdefault(pin.name, []).append(pin)
    return found


def _identify(pin: Pin) -> str:
    return str(pin.version) if pin.version else pin.reference


def _get_version(pin: Pin) -> Version:
    return pin.version or _NONE


def _has_other_hashes(old: Pin, new: Pin) -> bool:
    return bool(old.hashes and new.hashes and old.hashes != new.hashes)


def _classify(old: Pin | None, new: Pin | None) -> ChangeKind:
    if old is None or new is None:
        return ChangeKind.ADDED if old is None else ChangeKind.REMOVED
    if old.version is None or new.version is None:
        return ChangeKind.MOVED
    return ChangeKind.UPGRADED if old.version < new.version else ChangeKind.DOWNGRADED
