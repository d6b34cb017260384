"""Which files of a project could have mattered to a resolution. Pure; what cannot be told matters."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property, lru_cache

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from depcheck.index.page import File
from depcheck.index.projects import Project
from depcheck.index.releases import standing
from depcheck.index.view import View

_OTHER_SYSTEMS = ("win", "macosx", "ios_", "android_")
_MACHINES = {"x86_64": ("_x86_64", "_i686"), "aarch64": ("_aarch64", "_armv6l", "_armv7l", "_armv8l")}
_WHEEL_PARTS = (4, 5)
_MOST_TAGS = 4096


class Platform(msgspec.Struct, frozen=True, array_like=True):
    """The interpreter that files must fit: its full version, and the machine under it.

    `machine` is empty where wheels of every platform matter.
    """

    python: str
    machine: str = ""


class Interest(msgspec.Struct, frozen=True, array_like=True):
    """What a resolution could see of one project.

    `ranges` are all single specifiers under which the project was ever asked for, None where they are not known:
    then every release matters. Of the releases `whole` every file matters, whatever it is for. `platform` is None
    where files for all interpreters matter.
    """

    ranges: tuple[str, ...] | None
    whole: tuple[str, ...] = ()
    platform: Platform | None = None


class Sight(msgspec.Struct, frozen=True, array_like=True):
    """What was to be seen: a digest of the files that could matter, and for which horizons it is the same.

    `newest` is the upload time of the youngest visible file, `next` that of the oldest hidden one; `sure` says that
    the page gives the SHA-256 of each file, without which its content could change behind our back.
    """

    digest: str
    newest: datetime | None
    next: datetime | None
    sure: bool

    def holds_at(self, horizon: datetime | None) -> bool:
        """Whether the same page shows the same files up to `horizon` (None: now)."""
        if horizon is None:
            return self.next is None
        return (self.newest is None or self.newest <= horizon) and (self.next is None or horizon < self.next)


def sight(project: Project, view: View, interest: Interest) -> Sight:
    """What `view` shows of `project` of all that `interest` names. The order of files counts: it decides ties."""
    always = View(None, view.allowed, view.kept)
    matter = _Matter(interest)
    shown: list[File] = []
    hidden: list[datetime] = []
    times: list[datetime] = []
    for file, version in zip(project.files, project.versions, strict=True):
        if not always.shows(file, version) or not matter.to(file, version):
            continue
        if view.shows(file, version):
            shown.append(file)
            times += [file.upload_time] if file.upload_time and version not in view.kept else []
        elif file.upload_time:
            hidden.append(file.upload_time)
    content = msgspec.json.encode((project.known, [_without_address(file) for file in shown]))
    sure = all("sha256" in file.hashes for file in shown)
    digest = hashlib.sha256(content).hexdigest()
    return Sight(digest, max(times, default=None), min(hidden, default=None), sure)


def stands(project: Project, interest: Interest) -> dict[str, tuple[bool, str | None]]:
    """How the releases stand of which everything matters: present, and why yanked."""
    found = {text: standing(project, Version(text)) for text in interest.whole}
    return {text: (each.present, each.yanked) for text, each in found.items()}


def _without_address(file: File) -> File:
    """Where its index keeps a file matters to nobody who has its hash; addresses may hold signatures."""
    return msgspec.structs.replace(file, url="") if "sha256" in file.hashes else file


class _Matter:
    """Decides for the files of one project; each version and each specifier is looked at once."""

    def __init__(self, interest: Interest) -> None:
        self._interest = interest
        self._whole = frozenset(map(Version, interest.whole))
        self._placed: dict[int, tuple[bool, bool]] = {}
        self._served: dict[str, bool] = {}

    def to(self, file: File, version: Version | None) -> bool:
        """Whether `file` could have mattered."""
        if version is None:
            return True
        # A project's files share their versions' objects; to hash a version is dear.
        place = id(version)
        if place not in self._placed:
            self._placed[place] = version in self._whole, self._is_in_range(version)
        whole, in_range = self._placed[place]
        return whole or (in_range and self._fits(file))

    @cached_property
    def _specifiers(self) -> list[SpecifierSet] | None:
        """None where one cannot be read, or says nothing."""
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

    def _fits(self, file: File) -> bool:
        platform = self._interest.platform
        if platform is None:
            return True
        if not self._serves(platform, file.requires_python):
            return False
        return not (file.is_wheel and is_foreign(file.filename, platform))

    def _serves(self, platform: Platform, stated: str | None) -> bool:
        """As pip: files whose Requires-Python excludes it are passed over, what cannot be read is taken."""
        if not stated:
            return True
        if stated not in self._served:
            try:
                self._served[stated] = SpecifierSet(stated).contains(Version(platform.python), prereleases=True)
            except (InvalidSpecifier, InvalidVersion):
                self._served[stated] = True
        return self._served[stated]


def is_foreign(filename: str, platform: Platform) -> bool:
    """Whether a wheel is surely for another interpreter than CPython `platform.python`, or another system than Linux.

    Sure means: by its name alone, whatever the C library is. What is not certain is no stranger.
    """
    if not platform.machine:
        return False
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) - 1 not in _WHEEL_PARTS:
        return False
    return _all_foreign(tuple(parts[-3:]), platform)


@lru_cache(_MOST_TAGS)  # thousands of wheels have few sets of tags among them
def _all_foreign(parts: tuple[str, ...], platform: Platform) -> bool:
    return all(_is_foreign(*tag, platform) for tag in _tags(parts))


def _tags(parts: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """The tags of a wheel's name, its compressed sets taken apart (PEP 425)."""
    pythons, abis, systems = (part.split(".") for part in parts)
    return ((python, abi, system) for python in pythons for abi in abis for system in systems)


def _is_foreign(python: str, abi: str, system: str, platform: Platform) -> bool:
    if system != "any":
        if system.startswith(_OTHER_SYSTEMS):
            return True
        known = _MACHINES.get(platform.machine)
        if known and system.startswith(("linux", "manylinux", "musllinux")) and not system.endswith(known):
            return True
    return _is_other_python(python, abi, platform.python)


def _is_other_python(python: str, abi: str, ours: str) -> bool:
    """`cp310-cp310` is for CPython 3.10 alone, `cp38-abi3` for it and all later ones, `pp…` for PyPy."""
    if python.startswith(("pp", "graalpy")):
        return True
    major, minor = python[2:3], python[3:]
    if not python.startswith("cp") or major != "3" or not minor.isdecimal():
        return False
    mine = int(ours.split(".")[1])
    if abi == "abi3":
        return int(minor) > mine
    return int(minor) != mine and abi.startswith(python)
