"""Decide which files of a release an interpreter can use.

By the tags that pip lists, or, where no interpreter is asked, by the name alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import Version

_WHEEL_DASHES = frozenset({4, 5})  # in the name of a wheel
_OTHER_SYSTEMS = ("win", "macosx", "ios_", "android_")
_WHEEL_SUFFIXES_OF_MACHINE = {"x86_64": ("_x86_64", "_i686"), "aarch64": ("_aarch64", "_armv6l", "_armv7l", "_armv8l")}
_SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".tar", ".tbz")


@dataclass(frozen=True, slots=True)
class InterpreterTarget:
    """An interpreter on a platform.

    `tags` are its compatible wheel tags, the best first; `python` is its full version. Incompatible files are
    those that pip itself would ignore, whatever the requirement. If that is not certain, a file counts as
    compatible.
    """

    python: str
    tags: tuple[str, ...]
    _rank_by_tag: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    _rank_cache: dict[str, int | None] = field(default_factory=dict, compare=False, repr=False)

    def is_compatible_file(self, filename: str, requires_python: str | None) -> bool:
        """Return True if pip would consider the file.

        That is a source distribution, or a wheel with one of the tags, for this Python.
        """
        if filename.endswith(".whl"):
            usable = filename.count("-") not in _WHEEL_DASHES or self.rank_wheel(filename) is not None
        else:
            usable = filename.endswith(_SDIST_SUFFIXES)
        return usable and self.is_compatible_python(requires_python)

    def rank_wheel(self, wheel: str) -> int | None:
        """Rank how well a wheel fits.

        0 is best; None if the wheel is not compatible.
        """
        self._rank_by_tag or self._rank_by_tag.update({tag: rank for rank, tag in reversed(list(enumerate(self.tags)))})
        named = "-".join(wheel.removesuffix(".whl").rsplit("-", 3)[1:])
        if named not in self._rank_cache:  # thousands of wheels have few sets of tags among them
            ranks = (self._rank_by_tag.get("-".join(tag)) for tag in _expand_wheel_tags(named))
            self._rank_cache[named] = min((rank for rank in ranks if rank is not None), default=None)
        return self._rank_cache[named]

    def is_compatible_python(self, requires_python: str | None) -> bool:
        """Return True if `requires_python` allows this Python.

        A specifier that cannot be parsed allows it, as for pip.
        """
        return is_python_allowed(requires_python, self.python)


@lru_cache(4096)
def is_python_allowed(requires_python: str | None, python: str) -> bool:
    """Return True if Requires-Python allows the version `python`, as pip decides it.

    Text that cannot be parsed allows every version.
    """
    try:
        return not requires_python or SpecifierSet(requires_python).contains(Version(python), prereleases=True)
    except ValueError:  # no specifier, or numbers longer than Python reads
        return True


def _expand_wheel_tags(named: str) -> Iterator[tuple[str, str, str]]:
    """Expand the compressed tag sets in a wheel's name (PEP 425)."""
    pythons, abis, systems = (part.split(".") for part in named.split("-"))
    return ((python, abi, system) for python in pythons for abi in abis for system in systems)


def is_foreign_wheel(filename: str, python: str, machine: str) -> bool:
    """Return True if a wheel is certainly for another interpreter or system.

    That is, for another interpreter than CPython `python`, or another system than Linux on `machine`, where that is
    not empty. It must be certain by its name alone, for any C library.
    """
    if not machine or filename.count("-") not in _WHEEL_DASHES:
        return False
    return _has_only_foreign_tags("-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:]), python, machine)


@lru_cache(4096)  # thousands of wheels have few sets of tags among them
def _has_only_foreign_tags(named: str, python: str, machine: str) -> bool:
    return all(_is_foreign_tag(*tag, python, machine) for tag in _expand_wheel_tags(named))


def _is_foreign_tag(python: str, abi: str, system: str, ours: str, machine: str) -> bool:
    if system != "any":
        if system.startswith(_OTHER_SYSTEMS):
            return True
        known = _WHEEL_SUFFIXES_OF_MACHINE.get(machine)
        if known and system.startswith(("linux", "manylinux", "musllinux")) and not system.endswith(known):
            return True
    return _is_other_python(python, abi, ours)


def _is_other_python(python: str, abi: str, ours: str) -> bool:
    """Return True if the tag is for another Python than `ours`.

    `cp310-cp310` is for CPython 3.10 only, `cp38-abi3` for it and all later ones, `pp…` for PyPy.
    """
    if python.startswith(("pp", "graalpy")):
        return True
    major, minor = python[2:3], python[3:]
    if not python.startswith("cp") or major != "3" or not minor.isdecimal():
        return False
    mine = int(ours.split(".")[1])
    if abi == "abi3":
        return int(minor) > mine
    return int(minor) != mine and abi.startswith(python)
