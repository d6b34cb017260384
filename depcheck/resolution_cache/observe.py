"""Collection of the index pages that a compile read, for the cache."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile, uses_pip_resolver
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.index.access_log import AccessSummary
from depcheck.index.pages import DistributionFile
from depcheck.index.projects import PageValidators, Project
from depcheck.index.release_index import ProjectView
from depcheck.resolution_cache.inputs import CompileInputs, RequestedRanges, UncacheableError
from depcheck.resolution_cache.record import PageRecord
from depcheck.resolution_cache.relevance import (
    InterpreterPlatform,
    PageInterest,
    compute_fingerprint,
    list_release_statuses,
)

InterpreterLookup = Callable[[str], tuple[Path, Mapping[str, str]]]
"""The real path and the markers of the interpreter for "3.10"."""


class AccessLoggingIndex(Protocol):
    """The part of the local index that reports what tools read."""

    def get_accesses(self, world: IndexView) -> AccessSummary:
        """Return what package tools have requested so far."""

    def get_project(self, name: NormalizedName) -> tuple[Project, tuple[PageValidators, ...]]:
        """Return a project as tools saw it in this run.

        The second value holds the marks of its pages.
        """

    def read_requires_dist(self, wheel: DistributionFile) -> tuple[str, ...] | None:
        """Return Requires-Dist of a wheel as written.

        None if it cannot be read.
        """

    def get_requires_dist(self, project: NormalizedName, version: Version) -> tuple[str, ...] | None:
        """Return Requires-Dist of a release as written in a wheel's metadata.

        None if only a build could find it out.
        """

    def list_index_errors(self) -> tuple[str, ...]:
        """List the errors of the indexes themselves."""


@dataclass(frozen=True, slots=True)
class CompileObserver:
    """Collects what one compile read from the index."""

    index: AccessLoggingIndex
    interpreter: InterpreterLookup

    def collect_pages(
        self, spec: EnvironmentSpec, world: IndexView, found: CompileInputs, compiled: CompiledLockfiles
    ) -> tuple[PageRecord, ...]:
        """Collect every page that could have mattered, and its relevant part.

        Raises:
            UncacheableError: A pin is from no index.
            IndexUnavailableError: A page cannot be fetched.
        """
        looked = self.index.get_accesses(world)
        versions = _group_versions(list_all_pins(spec, compiled))
        ranges = self._collect_ranges(found, looked, versions) if _has_all_metadata(compiled, looked) else None
        platform = self._get_platform(spec)
        return tuple(
            self._build_page(
                name,
                world,
                PageInterest(
                    ranges.list_specifiers(name) if ranges else None, _to_sorted_texts(versions.get(name, ())), platform
                ),
            )
            for name in sorted(versions.keys() | looked.projects)
        )

    def _build_page(self, name: NormalizedName, world: IndexView, interest: PageInterest) -> PageRecord:
        project, marks = self.index.get_project(name)
        return PageRecord(
            name,
            marks,
            interest,
            compute_fingerprint(project, ProjectView.from_index_view(name, world), interest),
            list_release_statuses(project, interest),
        )

    def _collect_ranges(
        self, found: CompileInputs, looked: AccessSummary, versions: Mapping[NormalizedName, Iterable[Version]]
    ) -> RequestedRanges | None:
        """Collect all specifiers under which projects were requested.

        None if a build may have requested something too.
        """
        if found.ranges is None or looked.sdist_count:
            return None
        ranges = RequestedRanges({name: set(known) for name, known in found.ranges.specifiers_by_name.items()})
        for wheel in looked.wheels:
            stated = self.index.read_requires_dist(wheel)
            if stated is None:
                return None
            ranges.add_lines(stated)
        if not looked.projects <= ranges.specifiers_by_name.keys():
            return None  # something that was not seen asked for it
        for name, each in versions.items():  # lower layers, as they were compiled
            for version in each:
                ranges.add_specifier(name, f"=={version}")
        return ranges

    def _get_platform(self, spec: EnvironmentSpec) -> InterpreterPlatform | None:
        """Return the platform that files must fit, as pip sees it.

        None for uv, which resolves for other machines too.
        """
        _, markers = self.interpreter(spec.python)
        full = Version(markers["python_full_version"])
        if not all(map(uses_pip_resolver, spec.lockfiles)) or full.is_prerelease:
            return None
        known = markers["implementation_name"] == "cpython" and markers["sys_platform"] == "linux"
        return InterpreterPlatform(full.base_version, markers["platform_machine"] if known else "")


def list_all_pins(spec: EnvironmentSpec, compiled: CompiledLockfiles) -> list[Pin]:
    """List all committed pins and all compiled pins."""
    lockfiles = [lock.lockfile for lock in spec.lockfiles] + [parse_lockfile(text) for _, text in compiled.files]
    return [entry.pin for lockfile in lockfiles for entry in lockfile.entries]


def _has_all_metadata(compiled: CompiledLockfiles, looked: AccessSummary) -> bool:
    """Return True if the index served the metadata of every chosen release.

    If not, a tool got it from elsewhere, and what else it read there is unknown.
    """
    read = {parse_wheel_release(wheel.filename) for wheel in looked.wheels}
    lockfiles = (parse_lockfile(text) for _, text in compiled.files)
    return all((entry.pin.name, entry.pin.version) in read for lockfile in lockfiles for entry in lockfile.entries)


def parse_wheel_release(wheel: str) -> tuple[NormalizedName, Version] | None:
    """Parse the project and version from a wheel's file name.

    None if the name is not valid.
    """
    try:
        name, version, _, _ = parse_wheel_filename(wheel)
    except (InvalidWheelFilename, InvalidVersion):
        return None
    return name, version


def _group_versions(pins: Iterable[Pin]) -> dict[NormalizedName, set[Version]]:
    found: dict[NormalizedName, set[Version]] = {}
    for pin in pins:
        if pin.version is None:
            raise UncacheableError(pin.reference)
        found.setdefault(pin.name, set()).add(pin.version)
    return found


def _to_sorted_texts(versions: Iterable[Version]) -> tuple[str, ...]:
    return tuple(sorted(map(str, versions)))
