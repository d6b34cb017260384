"""Changes: how two sets of pins differ, sets between the two, and who asked for a package."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.annotations import is_source
from depcheck.core.distributions import requirement
from depcheck.core.pins import Pin, Pins


class ChangeKind(StrEnum):
    """What happened to a package."""

    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    ADDED = "added"
    REMOVED = "removed"
    REHASHED = "rehashed"  # the same version, other files
    MOVED = "moved"  # a URL, VCS or path reference that differs


@dataclass(frozen=True, slots=True)
class Change:
    """One package's difference; `before` is None for an added package, `after` for a removed one."""

    name: NormalizedName
    kind: ChangeKind
    before: Pin | None
    after: Pin | None

    @property
    def old(self) -> str | None:
        """What was pinned, for people: the version, or the reference where there is none."""
        return _stated(self.before)

    @property
    def new(self) -> str | None:
        """What is pinned now, for people."""
        return _stated(self.after)

    def __str__(self) -> str:
        if self.kind is ChangeKind.REHASHED:
            return f"{self.name} {self.new} with other hashes"
        return f"{self.name} {self.old or '(none)'} -> {self.new or '(none)'}"


def diff(before: Pins, after: Pins) -> tuple[Change, ...]:
    """All changes, by name. Annotations, markers and extras alone are no change of what is installed."""
    names = sorted(before.keys() | after.keys())
    kinds = ((name, _kind(before.get(name), after.get(name))) for name in names)
    return tuple(Change(name, kind, before.get(name), after.get(name)) for name, kind in kinds if kind)


def splice(before: Pins, after: Pins, names: Collection[str]) -> Pins:
    """The pins of `after` for `names`, those of `before` for all others; a package absent there is absent."""
    chosen = ((name, after if name in names else before) for name in sorted(before.keys() | after.keys()))
    return {name: pins[name] for name, pins in chosen if name in pins}


def is_direct(pin: Pin, direct: Collection[str] = (), layers: Collection[str] = ()) -> bool:
    """Return True if a source asks for the package: its annotation says so, or `direct` (from sources) has it.

    `layers` are the annotations of lower lockfiles (`-r base.txt`), which are no sources.
    """
    return pin.name in direct or any(is_source(requirer) and requirer not in layers for requirer in pin.via)


def via_path(
    name: NormalizedName,
    pins: Pins,
    requires: Mapping[NormalizedName, Sequence[str]] | None = None,
    direct: Collection[str] = (),
    layers: Collection[str] = (),
) -> tuple[str, ...]:
    """A shortest chain of packages that brings `name` in, a direct requirement first; empty for a direct one.

    The chain follows the annotations; where a lockfile has none, `requires` (Requires-Dist lines by package)
    tells. Empty too where nothing is known.
    """
    requirers = _requirers(pins, requires or {})
    chains = deque[tuple[NormalizedName, ...]]([(name,)])
    seen = {name}
    deepest: tuple[NormalizedName, ...] = ()
    while chains:
        chain = chains.popleft()
        if chain[0] in pins and is_direct(pins[chain[0]], direct, layers):
            return chain[:-1]
        above = [requirer for requirer in requirers.get(chain[0], ()) if requirer not in seen]
        deepest = deepest if above or deepest else chain[:-1]
        seen.update(above)
        chains.extend((requirer, *chain) for requirer in above)
    return deepest


def _kind(before: Pin | None, after: Pin | None) -> ChangeKind | None:
    if before is None or after is None:
        return ChangeKind.ADDED if before is None else ChangeKind.REMOVED
    if before.version and after.version and before.version != after.version:
        return ChangeKind.UPGRADED if before.version < after.version else ChangeKind.DOWNGRADED
    if before.version != after.version or before.reference != after.reference:
        return ChangeKind.MOVED
    rehashed = before.hashes and after.hashes and before.hashes != after.hashes
    return ChangeKind.REHASHED if rehashed else None


def _stated(pin: Pin | None) -> str | None:
    return (str(pin.version) if pin.version else pin.reference) if pin else None


def _requirers(
    pins: Pins, requires: Mapping[NormalizedName, Sequence[str]]
) -> dict[NormalizedName, list[NormalizedName]]:
    """The pinned packages that ask for each package, by annotation, else by `requires`; in name order."""
    found: dict[NormalizedName, list[NormalizedName]] = {
        pin.name: sorted(filter(pins.__contains__, map(_name, pin.via))) for pin in pins.values() if pin.via
    }
    for name in sorted(requires.keys() & pins.keys()):
        for wanted in _wanted(requires[name]):
            if wanted in pins and not pins[wanted].via:
                found.setdefault(wanted, []).append(name)
    return found


def _wanted(lines: Sequence[str]) -> Iterator[NormalizedName]:
    return filter(None, map(_asked, lines))


@lru_cache(maxsize=65536)
def _asked(line: str) -> NormalizedName | None:
    """Whom a Requires-Dist line names; each line is read for every change of a report."""
    wanted = requirement(line)
    return canonicalize_name(wanted.name) if wanted else None


def _name(requirer: str) -> NormalizedName:
    """A package requirer without its extras."""
    return canonicalize_name(requirer.partition("[")[0].strip())
