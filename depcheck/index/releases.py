"""Files of a project, put together to releases."""

from collections import defaultdict
from collections.abc import Sequence

from packaging.version import Version

from depcheck.core.releases import Release
from depcheck.core.world import World
from depcheck.index.page import File
from depcheck.index.projects import Project
from depcheck.index.view import View


def releases(project: Project, world: World) -> tuple[Release, ...]:
    """The releases of `project` that `world` shows, in version order, of wheels and source distributions."""
    view = View.of(project.name, world)
    files: dict[Version, list[File]] = defaultdict(list)
    for file, version in zip(project.files, project.versions, strict=True):
        if version is not None and (file.is_wheel or file.is_sdist) and view.shows(file, version):
            files[version].append(file)
    return tuple(_release(version, files[version]) for version in sorted(files))


def _release(version: Version, files: Sequence[File]) -> Release:
    times = [file.upload_time for file in files if file.upload_time is not None]
    reasons = [file.yanked if isinstance(file.yanked, str) else "" for file in files if file.yanked]
    return Release(
        version=version,
        uploaded_at=min(times, default=None),
        yanked=max(reasons) if len(reasons) == len(files) else None,
        requires_python=tuple(dict.fromkeys(file.requires_python for file in files if file.requires_python)),
        wheels=tuple(file.filename for file in files if file.is_wheel),
        sdists=tuple(file.filename for file in files if file.is_sdist),
    )
