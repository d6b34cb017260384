"""The lockfiles of an environment, which install one set of pins together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.other_targets import diff_other_targets
from depcheck.core.model.pins import Pin, Pins


@dataclass(frozen=True, slots=True)
class LockSet:
    """All lockfiles of an environment.

    `files` has their whole text by path, `pins` what they install together.
    """

    files: tuple[tuple[str, str], ...]
    pins: Pins
    pins_by_file: tuple[tuple[str, Pins], ...]
    trimmed: tuple[tuple[str, frozenset[NormalizedName]], ...] = ()
    notes: tuple[str, ...] = ()

    def select_changed_files(self, committed: "LockSet") -> dict[str, str]:
        """Return the files by path that differ from the committed ones."""
        old = dict(committed.files)
        return {path: text for path, text in self.files if old.get(path) != text}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A package that lockfiles of one environment pin differently.

    `pins` is by path, in layer order.
    """

    name: NormalizedName
    pins: tuple[tuple[str, Pin], ...]

    def __str__(self) -> str:
        return ", ".join(f"{path} pins {pin}" for path, pin in self.pins)


class LayersDisagreeError(Exception):
    """Lockfiles that are installed together pin packages differently.

    `disagreements` is in name order.
    """

    def __init__(self, found: tuple[Disagreement, ...]) -> None:
        more = f"; and {len(found) - 3} packages more" if len(found) > 3 else ""  # noqa: PLR2004  # three fit a line
        super().__init__("; ".join(map(str, found[:3])) + more)
        self.disagreements = found


def parse_lock_set(files: tuple[tuple[str, str], ...], markers: Mapping[str, str]) -> LockSet:
    """Parse the lockfiles for one target.

    Raises:
        LayersDisagreeError: Two files pin one package differently.
        LockfileError: A file cannot be parsed.
    """
    by_file = tuple((path, parse_lockfile(text).select_pins(markers)) for path, text in files)
    if found := tuple(_find_disagreements(by_file)):
        raise LayersDisagreeError(found)
    return LockSet(files, {name: pin for _, pins in reversed(by_file) for name, pin in pins.items()}, by_file)


def _find_disagreements(by_file: tuple[tuple[str, Pins], ...]) -> Iterator[Disagreement]:
    for name in sorted({name for _, pins in by_file for name in pins}):
        stated = tuple((path, pins[name]) for path, pins in by_file if name in pins)
        if len({(pin.version, pin.reference) for _, pin in stated}) > 1:
            yield Disagreement(name, stated)


def compute_version_caps(found: Sequence[Disagreement]) -> tuple[tuple[NormalizedName, str], ...]:
    """Compute a cap for each package: the lowest release of any lockfile.

    Packages that are not pinned by version have no cap.
    """
    caps = []
    for each in found:
        versions = [pin.version for _, pin in each.pins if pin.version is not None]
        if len(versions) == len(each.pins):
            caps.append((each.name, f"<={min(versions)}"))
    return tuple(caps)


def has_same_pins(before: LockSet, after: LockSet, markers: Mapping[str, str]) -> bool:
    """Return True if both sets pin the same, for other targets too."""
    again = dict(after.pins_by_file)
    here = any(diff_pins(pins, again[path]) for path, pins in before.pins_by_file)
    return not here and not diff_other_targets(before.files, dict(after.files), markers)
