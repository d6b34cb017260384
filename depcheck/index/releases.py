"""Files of a project, put together to releases."""

from collections import defaultdict
from collections.abc import Sequence

from packaging.version import Version

from depcheck.core.pins import Pin
from depcheck.core.releases import Release, Standing
from depcheck.core.target import Target
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


def chosen_wheel(project: Project, pin: Pin, world: World, target: Target) -> File | None:
    """The wheel that pip takes for `pin` where `world` shows what it shows; None where it need not be a wheel.

    Nor is it certain with local versions of the same release beside it (`==1.0` takes `1.0+cpu` too), and with files
    whose hashes the pin does not name: pip tells those apart only after it has looked for them.
    """
    if pin.version is None:
        return None
    view = View.of(project.name, world)
    public = pin.version.public
    plain = Version(public)  # what is equal to it may still be written otherwise; to compare texts is dear
    found = [
        (file, version)
        for file, version in zip(project.files, project.versions, strict=True)
        if version is not None and (version.local or version == plain) and version.public == public
        and view.shows(file, version) and target.fits(file.filename, file.requires_python)
    ]  # fmt: skip
    known = {f"sha256:{file.hashes.get('sha256', '')}" for file, _ in found}
    if {version for _, version in found} != {pin.version} or (pin.hashes and not known <= pin.hashes):
        return None
    ranked = sorted((_place(file, target) for file, _ in found), key=lambda place: place[:-1])
    alone = len(ranked) == 1 or ranked[0][:-1] != ranked[1][:-1]
    best = ranked[0][-1]
    return best if alone and best.is_wheel else None


def choices(project: Project, world: World, target: Target) -> tuple[Version, ...] | None:
    """The versions that pip has a candidate for, newest first, without yanked ones.

    None where local versions are among them, of which a pin of the public one is satisfied too.
    """
    view = View.of(project.name, world)
    found = {
        version
        for file, version in zip(project.files, project.versions, strict=True)
        if version is not None and not _yanked(file) and view.shows(file, version)
        and target.fits(file.filename, file.requires_python)
    }  # fmt: skip
    if any(version.local for version in found):
        return None
    return tuple(sorted(found, reverse=True))


def hashes(project: Project, version: Version, world: World, target: Target) -> frozenset[str] | None:
    """The SHA-256 of each file of a release that pip-compile writes down: whatever platform it is for.

    None where one of them is not known by it.
    """
    view = View.of(project.name, world)
    shown = (file for file in _files_of(project, version) if view.shows(file, version))
    found = [file for file in shown if target.serves(file.requires_python)]
    if not all("sha256" in file.hashes for file in found):
        return None
    return frozenset(f"sha256:{file.hashes['sha256']}" for file in found)


def _files_of(project: Project, version: Version) -> list[File]:
    """The wheels and source distributions of one release."""
    return [
        file
        for file, of in zip(project.files, project.versions, strict=True)
        if of == version and (file.is_wheel or file.is_sdist)
    ]


def _yanked(file: File) -> bool:
    return bool(file.yanked) or file.yanked == ""


def _place(file: File, target: Target) -> tuple[bool, bool, int, File]:
    """Where pip puts a file among those of its release: not yanked first, then wheels, then the better tag."""
    rank = target.rank(file.filename) if file.is_wheel else None
    return (
        _yanked(file),
        not file.is_wheel,
        rank if rank is not None else len(target.tags),
        file,
    )


def standing(project: Project, version: Version) -> Standing:
    """How a release of `project` stands in the world without a horizon."""
    files = _files_of(project, version)
    return Standing(bool(files), _release(version, files).yanked if files else None)


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
