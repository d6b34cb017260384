"""What is to be remembered of a compile: every page that it looked at, and what it could see of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from depcheck.core.compilation import Compiled
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.lockfile import parse_lockfile
from depcheck.core.pins import Pin
from depcheck.core.world import World
from depcheck.index.page import File
from depcheck.index.projects import Mark, Project
from depcheck.index.seen import Looked
from depcheck.index.view import View
from depcheck.memory.inputs import Inputs
from depcheck.memory.ranges import Ranges, UncertainError
from depcheck.memory.record import Page
from depcheck.memory.relevance import Interest, Platform, sight, stands

InterpreterOf = Callable[[str], tuple[Path, Mapping[str, str]]]
"""The real path and the markers of the interpreter for "3.10"."""


class WatchedIndex(Protocol):
    """The local index, as far as it tells what was looked at."""

    def looked(self, world: World) -> Looked:
        """What package tools looked at so far."""

    def project(self, name: NormalizedName) -> tuple[Project, tuple[Mark, ...]]:
        """A project as tools saw it in this run, with the marks of its pages."""

    def stated_by(self, wheel: File) -> tuple[str, ...] | None:
        """Requires-Dist of a wheel, as written; None where it cannot be read."""

    def requires(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Requires-Dist of a release, as written, from a wheel's metadata; None where only a build would tell."""

    def troubles(self) -> tuple[str, ...]:
        """What failed of the indexes themselves."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Puts together what one compile saw."""

    index: WatchedIndex
    interpreter: InterpreterOf

    def pages(self, spec: EnvironmentSpec, world: World, found: Inputs, compiled: Compiled) -> tuple[Page, ...]:
        """Every page that could have mattered, and what of it.

        Raises UncertainError where a pin is of no index, IndexUnavailableError where a page cannot be had.
        """
        looked = self.index.looked(world)
        versions = _versions(pins_of(spec, compiled))
        ranges = self._ranges(found, looked, versions) if _all_read(compiled, looked) else None
        platform = self._platform(spec)
        return tuple(
            self._page(
                name, world, Interest(ranges.of(name) if ranges else None, _texts(versions.get(name, ())), platform)
            )
            for name in sorted(versions.keys() | looked.projects)
        )

    def _page(self, name: NormalizedName, world: World, interest: Interest) -> Page:
        project, marks = self.index.project(name)
        return Page(name, marks, interest, sight(project, View.of(name, world), interest), stands(project, interest))

    def _ranges(
        self, found: Inputs, looked: Looked, versions: Mapping[NormalizedName, Iterable[Version]]
    ) -> Ranges | None:
        """All specifiers under which anything was asked for; None where a build may have asked too."""
        if found.ranges is None or looked.sources:
            return None
        ranges = Ranges({name: set(known) for name, known in found.ranges.by_name.items()})
        for wheel in looked.wheels:
            stated = self.index.stated_by(wheel)
            if stated is None:
                return None
            ranges.add_all(stated)
        if not looked.projects <= ranges.by_name.keys():
            return None  # something that was not seen asked for it
        for name, each in versions.items():  # lower layers, as they were compiled
            for version in each:
                ranges.ask(name, f"=={version}")
        return ranges

    def _platform(self, spec: EnvironmentSpec) -> Platform | None:
        """Which files fit at all, as pip sees it; None for uv, which resolves for other machines too."""
        _, markers = self.interpreter(spec.python)
        full = Version(markers["python_full_version"])
        if any(lock.compiler != "pip-tools" for lock in spec.lockfiles) or full.is_prerelease:
            return None
        known = markers["implementation_name"] == "cpython" and markers["sys_platform"] == "linux"
        return Platform(full.base_version, markers["platform_machine"] if known else "")


def pins_of(spec: EnvironmentSpec, compiled: Compiled) -> list[Pin]:
    """All pins that are committed, and all that were compiled."""
    lockfiles = [lock.lockfile for lock in spec.lockfiles] + [parse_lockfile(text) for _, text in compiled.files]
    return [entry.pin for lockfile in lockfiles for entry in lockfile.entries]


def _all_read(compiled: Compiled, looked: Looked) -> bool:
    """Whether the metadata of all that was chosen was given by the index, as it must have been.

    Where it was not, a tool had it from somewhere else, and what else it read there is not known.
    """
    read = {version_of(wheel.filename) for wheel in looked.wheels}
    lockfiles = (parse_lockfile(text) for _, text in compiled.files)
    return all((entry.pin.name, entry.pin.version) in read for lockfile in lockfiles for entry in lockfile.entries)


def version_of(wheel: str) -> tuple[NormalizedName, Version] | None:
    """The project and version that a wheel's name tells."""
    try:
        name, version, _, _ = parse_wheel_filename(wheel)
    except (InvalidWheelFilename, InvalidVersion):
        return None
    return name, version


def _versions(pins: Iterable[Pin]) -> dict[NormalizedName, set[Version]]:
    found: dict[NormalizedName, set[Version]] = {}
    for pin in pins:
        if pin.version is None:
            raise UncertainError(pin.reference)
        found.setdefault(pin.name, set()).add(pin.version)
    return found


def _texts(versions: Iterable[Version]) -> tuple[str, ...]:
    return tuple(sorted(map(str, versions)))
