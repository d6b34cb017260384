"""Decide which files of a release an interpreter can use."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import Version

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
            usable = filename.count("-") not in {4, 5} or self.rank_wheel(filename) is not None
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
            self._rank_cache[named] = min(
                (self._rank_by_tag[tag] for tag in _expand_wheel_tags(named) if tag in self._rank_by_tag), default=None
            )
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


def _expand_wheel_tags(named: str) -> Iterable[str]:
    """Expand the compressed tag sets in a wheel's name (PEP 425)."""
    pythons, abis, platforms = named.split("-")
    return (
        f"{python}-{abi}-{platform}"
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    )
