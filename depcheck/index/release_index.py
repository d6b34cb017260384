"""Releases of a project, built from its files."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.releases import Release, ReleaseStatus
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.index.pages import DistributionFile
from depcheck.index.projects import Project


@dataclass(frozen=True, slots=True)
class ProjectView:
    """One project as an index view shows it.

    The rules are in the docstring of `IndexView`.
    """

    uploaded_before: datetime | None
    specifiers: SpecifierSet | None
    pinned: frozenset[Version]
    _allowed_versions: dict[Version, bool] = field(default_factory=dict, compare=False)

    @classmethod
    def from_index_view(cls, project: NormalizedName, world: IndexView) -> "ProjectView":
        """Return the part of the index view that concerns `project`."""
        specifiers = [text for name, text in world.specifiers if name == project]
        return cls(
            uploaded_before=dict(world.uploaded_before_by_project).get(project, world.uploaded_before),
            specifiers=SpecifierSet(",".join(filter(None, specifiers))) if specifiers else None,
            pinned=frozenset(version for name, version in world.pinned if name == project),
        )

    def is_visible(self, file: DistributionFile, version: Version | None) -> bool:
        """Return True if `file` of release `version` is visible.

        If there are specifiers, a file without a version is never visible.
        """
        return self._is_allowed_version(version) and self._is_uploaded_in_time(file, version)

    def _is_uploaded_in_time(self, file: DistributionFile, version: Version | None) -> bool:
        if self.uploaded_before is None or file.upload_time is None or version in self.pinned:
            return True
        return file.upload_time <= self.uploaded_before

    def _is_allowed_version(self, version: Version | None) -> bool:
        if self.specifiers is None:
            return True
        if version is None:
            return False
        if version not in self._allowed_versions:
            self._allowed_versions[version] = self.specifiers.contains(version, prereleases=True)
        return self._allowed_versions[version]


def list_releases(project: Project, world: IndexView) -> tuple[Release, ...]:
    """List the releases of `project` that the index view shows, by version.

    Only wheels and source distributions count.
    """
    view = ProjectView.from_index_view(project.name, world)
    files: dict[Version, list[DistributionFile]] = defaultdict(list)
    for file, version in zip(project.files, project.versions, strict=True):
        if version is not None and (file.is_wheel or file.is_sdist) and view.is_visible(file, version):
            files[version].append(file)
    return tuple(_build_release(version, files[version]) for version in sorted(files))


def choose_wheel(project: Project, pin: Pin, world: IndexView, target: InterpreterTarget) -> DistributionFile | None:
    """Return the wheel that pip takes for `pin` from this index view.

    None if it is not certain that pip takes a wheel. Nor is it certain with local versions of the same release
    among the files (`==1.0` takes `1.0+cpu` too), or with files whose hashes the pin does not name: pip
    distinguishes those only after it has looked for them.
    """
    if pin.version is None:
        return None
    view = ProjectView.from_index_view(project.name, world)
    public = pin.version.public
    plain = Version(public)  # what is equal to it may still be written otherwise; to compare texts is dear
    found = [
        (file, version)
        for file, version in zip(project.files, project.versions, strict=True)
        if version is not None and (version.local or version == plain) and version.public == public
        and view.is_visible(file, version) and target.is_compatible_file(file.filename, file.requires_python)
    ]  # fmt: skip
    known = {f"sha256:{file.hashes.get('sha256', '')}" for file, _ in found}
    if {version for _, version in found} != {pin.version} or (pin.hashes and not known <= pin.hashes):
        return None
    ranked = sorted((_rank_file(file, target) for file, _ in found), key=lambda place: place[:-1])
    alone = len(ranked) == 1 or ranked[0][:-1] != ranked[1][:-1]
    best = ranked[0][-1]
    return best if alone and best.is_wheel else None


def list_candidate_versions(
    project: Project, world: IndexView, target: InterpreterTarget
) -> tuple[Version, ...] | None:
    """List the versions that pip has a candidate for, newest first.

    Yanked versions are left out. None if there are local versions among them, because a pin of the public version
    accepts those too.
    """
    view = ProjectView.from_index_view(project.name, world)
    found = {
        version
        for file, version in zip(project.files, project.versions, strict=True)
        if version is not None and not _is_yanked(file) and view.is_visible(file, version)
        and target.is_compatible_file(file.filename, file.requires_python)
    }  # fmt: skip
    if any(version.local for version in found):
        return None
    return tuple(sorted(found, reverse=True))


def collect_hashes(
    project: Project, version: Version, world: IndexView, target: InterpreterTarget
) -> frozenset[str] | None:
    """Collect the SHA-256 of each file that pip-compile writes down.

    The files are those of the release for all platforms. None if the SHA-256 of one of them is not known.
    """
    view = ProjectView.from_index_view(project.name, world)
    shown = (file for file in _find_release_files(project, version) if view.is_visible(file, version))
    found = [file for file in shown if target.is_compatible_python(file.requires_python)]
    if not all("sha256" in file.hashes for file in found):
        return None
    return frozenset(f"sha256:{file.hashes['sha256']}" for file in found)


def _find_release_files(project: Project, version: Version) -> list[DistributionFile]:
    """Find the wheels and source distributions of one release."""
    return [
        file
        for file, of in zip(project.files, project.versions, strict=True)
        if of == version and (file.is_wheel or file.is_sdist)
    ]


def _is_yanked(file: DistributionFile) -> bool:
    return bool(file.yanked) or file.yanked == ""


def _rank_file(file: DistributionFile, target: InterpreterTarget) -> tuple[bool, bool, int, DistributionFile]:
    """Return the sort key by which pip ranks a release's files.

    Files that are not yanked come first, then wheels, then the better tag. The file itself is the last item.
    """
    rank = target.rank_wheel(file.filename) if file.is_wheel else None
    return (
        _is_yanked(file),
        not file.is_wheel,
        rank if rank is not None else len(target.tags),
        file,
    )


def compute_standing(project: Project, version: Version) -> ReleaseStatus:
    """Compute whether a release exists and is yanked today.

    No upload date limit applies.
    """
    files = _find_release_files(project, version)
    yanked = _build_release(version, files).yank_reason if files else None
    return ReleaseStatus(bool(files), yanked, project.is_known, project.status)


def _build_release(version: Version, files: Sequence[DistributionFile]) -> Release:
    times = [file.upload_time for file in files if file.upload_time is not None]
    reasons = [file.yanked if isinstance(file.yanked, str) else "" for file in files if file.yanked]
    return Release(
        version=version,
        uploaded_at=min(times, default=None),
        yank_reason=max(reasons) if len(reasons) == len(files) else None,
        requires_python=tuple(dict.fromkeys(file.requires_python for file in files if file.requires_python)),
        wheels=tuple(file.filename for file in files if file.is_wheel),
        sdists=tuple(file.filename for file in files if file.is_sdist),
        is_attested=all(file.provenance for file in files),
    )
