"""Differences between two pin sets, mixed sets, and requirer paths."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.lockfiles.pin_line import is_source_requirer
from depcheck.core.model.installed import parse_requires_dist_line
from depcheck.core.model.pins import Pin, Pins


class ChangeKind(StrEnum):
    """The kinds of change of one package between two pin sets."""

    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    ADDED = "added"
    REMOVED = "removed"
    REHASHED = "rehashed"  # the same version, other files
    MOVED = "moved"  # a URL, VCS or path reference that differs


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one package between two pin sets.

    `before` is None for an added package, `after` is None for a removed one.
    """

    name: NormalizedName
    kind: ChangeKind
    before: Pin | None
    after: Pin | None

    @property
    def old_label(self) -> str | None:
        """Return the old version or, without one, the old reference."""
        return _format_pin(self.before)

    @property
    def new_label(self) -> str | None:
        """Return the new version or, without one, the new reference."""
        return _format_pin(self.after)

    def __str__(self) -> str:
        if self.kind is ChangeKind.REHASHED:
            return f"{self.name} {self.new_label} with other hashes"
        return f"{self.name} {self.old_label or '(none)'} -> {self.new_label or '(none)'}"


def diff_pins(before: Pins, after: Pins) -> tuple[Change, ...]:
    """Compare two pin sets and return one Change per package that differs.

    Order: by name. Annotations, markers and extras alone do not count, since they do not change what is
    installed.
    """
    names = sorted(before.keys() | after.keys())
    kinds = ((name, _classify_change(before.get(name), after.get(name))) for name in names)
    return tuple(Change(name, kind, before.get(name), after.get(name)) for name, kind in kinds if kind)


def splice_pins(before: Pins, after: Pins, names: Collection[str]) -> Pins:
    """Take the pins of `names` from `after` and all others from `before`.

    A package that is missing in the chosen set is missing in the result.
    """
    chosen = ((name, after if name in names else before) for name in sorted(before.keys() | after.keys()))
    return {name: pins[name] for name, pins in chosen if name in pins}


def is_direct_pin(pin: Pin, direct: Collection[str] = (), layers: Collection[str] = ()) -> bool:
    """Return True if a source asks for the package.

    Its annotation says so, or `direct` (from sources) has it.

    `layers` are the annotations of lower lockfiles (`-r base.txt`), which are no sources.
    """
    return pin.name in direct or any(
        is_source_requirer(requirer) and requirer not in layers for requirer in pin.requirers
    )


def find_requirer_path(
    name: NormalizedName,
    pins: Pins,
    requires: Mapping[NormalizedName, Sequence[str]] | None = None,
    direct: Collection[str] = (),
    layers: Collection[str] = (),
) -> tuple[str, ...]:
    """Find a shortest chain of requirers that brings in `name`.

    The direct requirement comes first. The result is empty for a direct requirement, and where no requirer is
    known. The chain follows the annotations. For a pin without annotations, `requires` (Requires-Dist lines
    by package) is used.
    """
    requirers = _map_requirers(pins, requires or {})
    chains = deque[tuple[NormalizedName, ...]]([(name,)])
    seen = {name}
    deepest: tuple[NormalizedName, ...] = ()
    while chains:
        chain = chains.popleft()
        if chain[0] in pins and is_direct_pin(pins[chain[0]], direct, layers):
            return chain[:-1]
        above = [requirer for requirer in requirers.get(chain[0], ()) if requirer not in seen]
        deepest = deepest if above or deepest else chain[:-1]
        seen.update(above)
        chains.extend((requirer, *chain) for requirer in above)
    return deepest


def _classify_change(before: Pin | None, after: Pin | None) -> ChangeKind | None:
    """Classify the change between two pins, or return None for no change."""
    if before is None or after is None:
        return ChangeKind.ADDED if before is None else ChangeKind.REMOVED
    if before.version and after.version and before.version != after.version:
        return ChangeKind.UPGRADED if before.version < after.version else ChangeKind.DOWNGRADED
    if before.version != after.version or before.reference != after.reference:
        return ChangeKind.MOVED
    rehashed = before.hashes and after.hashes and before.hashes != after.hashes
    return ChangeKind.REHASHED if rehashed else None


def _format_pin(pin: Pin | None) -> str | None:
    """Format a pin as its version or, without one, its reference."""
    return (str(pin.version) if pin.version else pin.reference) if pin else None


def _map_requirers(
    pins: Pins, requires: Mapping[NormalizedName, Sequence[str]]
) -> dict[NormalizedName, list[NormalizedName]]:
    """Map each package to the pinned packages that require it.

    Annotations are used first, else `requires`. Order: by name.
    """
    found: dict[NormalizedName, list[NormalizedName]] = {
        pin.name: sorted(filter(pins.__contains__, map(_normalize_requirer, pin.requirers)))
        for pin in pins.values()
        if pin.requirers
    }
    for name in sorted(requires.keys() & pins.keys()):
        for wanted in _list_required_names(requires[name]):
            if wanted in pins and not pins[wanted].requirers:
                found.setdefault(wanted, []).append(name)
    return found


def _list_required_names(lines: Sequence[str]) -> Iterator[NormalizedName]:
    """List the package names that Requires-Dist lines require."""
    return filter(None, map(_parse_required_name, lines))


@lru_cache(maxsize=65536)
def _parse_required_name(line: str) -> NormalizedName | None:
    """Parse the package name that a Requires-Dist line requires.

    Cached, because each line is read again for every change of a report.
    """
    wanted = parse_requires_dist_line(line)
    return canonicalize_name(wanted.name) if wanted else None


def _normalize_requirer(requirer: str) -> NormalizedName:
    """Normalize a requirer's package name, without its extras."""
    return canonicalize_name(requirer.partition("[")[0].strip())
