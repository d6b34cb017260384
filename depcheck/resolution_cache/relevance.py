"""Decides which files of a project could have affected a resolution.

Pure. A file counts as relevant unless it is certain that it is not.
"""

import hashlib
from datetime import datetime
from functools import cached_property

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from depcheck.core.model.releases import ReleaseStatus
from depcheck.core.model.wheel_tags import is_foreign_wheel, is_python_allowed
from depcheck.index.pages import DistributionFile
from depcheck.index.projects import Project
from depcheck.index.release_index import ProjectView, compute_standing


class InterpreterPlatform(msgspec.Struct, frozen=True, array_like=True):
    """The interpreter's full version and the machine that files must fit.

    `machine` is empty if wheels of every platform are relevant.
    """

    python: str
    machine: str = ""


class PageInterest(msgspec.Struct, frozen=True, array_like=True):
    """The part of a project that a resolution could see.

    `ranges` are all single specifiers under which the project was requested, None if they are not known:
    then every release is relevant. Of the releases in `pinned` every file is relevant, for any platform.
    `platform` is None if files for all interpreters are relevant.
    """

    ranges: tuple[str, ...] | None
    pinned: tuple[str, ...] = ()
    platform: InterpreterPlatform | None = None


class PageFingerprint(msgspec.Struct, frozen=True, array_like=True):
    """A digest of the relevant files, with its range of valid dates.

    `newest_visible` is the upload time of the youngest visible file, `oldest_hidden` that of the oldest
    hidden one. `has_all_hashes` is True if the page gives the SHA-256 of each file; without it a file's
    content could change unnoticed.
    """

    digest: str
    newest_visible: datetime | None
    oldest_hidden: datetime | None
    has_all_hashes: bool

    def is_valid_at(self, horizon: datetime | None) -> bool:
        """Return True if the page shows the same files at `horizon`.

        If `horizon` is None, it is now.
        """
        if horizon is None:
            return self.oldest_hidden is None
        return (self.newest_visible is None or self.newest_visible <= horizon) and (
            self.oldest_hidden is None or horizon < self.oldest_hidden
        )


def compute_fingerprint(project: Project, view: ProjectView, interest: PageInterest) -> PageFingerprint:
    """Compute the fingerprint of the relevant files that `view` shows.

    The order of files counts, because it decides ties.
    """
    always = ProjectView(None, view.specifiers, view.pinned)
    matter = _FileFilter(interest)
    shown: list[DistributionFile] = []
    hidden: list[datetime] = []
    times: list[datetime] = []
    for file, version in zip(project.files, project.versions, strict=True):
        if not always.is_visible(file, version) or not matter.is_relevant(file, version):
            continue
        if view.is_visible(file, version):
            shown.append(file)
            times += [file.upload_time] if file.upload_time and version not in view.pinned else []
        elif file.upload_time:
            hidden.append(file.upload_time)
    content = msgspec.json.encode((project.is_known, [_drop_url(file) for file in shown]))
    sure = all("sha256" in file.hashes for file in shown)
    digest = hashlib.sha256(content).hexdigest()
    return PageFingerprint(digest, max(times, default=None), min(hidden, default=None), sure)


def list_release_statuses(project: Project, interest: PageInterest) -> dict[str, ReleaseStatus]:
    """List the status of the pinned releases."""
    return {text: compute_standing(project, Version(text)) for text in interest.pinned}


def _drop_url(file: DistributionFile) -> DistributionFile:
    """Remove the URL of a file that has a hash.

    The URL does not affect a resolution, and it may hold a signature that changes.
    """
    return msgspec.structs.replace(file, url="") if "sha256" in file.hashes else file


class _FileFilter:
    """Decides which files of one project are relevant.

    Each version and each specifier is evaluated once.
    """

    def __init__(self, interest: PageInterest) -> None:
        self._interest = interest
        self._pinned = frozenset(map(Version, interest.pinned))
        self._results_by_version: dict[int, tuple[bool, bool]] = {}

    def is_relevant(self, file: DistributionFile, version: Version | None) -> bool:
        """Return True if `file` could have affected the resolution."""
        if version is None:
            return True
        # A project's files share their versions' objects; to hash a version is dear.
        place = id(version)
        if place not in self._results_by_version:
            self._results_by_version[place] = version in self._pinned, self._is_in_range(version)
        whole, in_range = self._results_by_version[place]
        return whole or (in_range and self._is_for_platform(file))

    @cached_property
    def _specifiers(self) -> list[SpecifierSet] | None:
        """The parsed specifiers.

        None if one cannot be parsed or matches everything.
        """
        try:
            found = [SpecifierSet(text) for text in self._interest.ranges or ("",)]
        except InvalidSpecifier:
            return None
        plain = all(len(each) and all(single.operator != "===" for single in each) for each in found)
        return found if plain else None

    def _is_in_range(self, version: Version) -> bool:
        if self._specifiers is None:
            return True
        return any(each.contains(version, prereleases=True) for each in self._specifiers)

    def _is_for_platform(self, file: DistributionFile) -> bool:
        platform = self._interest.platform
        if platform is None:
            return True
        if not is_python_allowed(file.requires_python, platform.python):
            return False
        return not (file.is_wheel and is_foreign_wheel(file.filename, platform.python, platform.machine))
