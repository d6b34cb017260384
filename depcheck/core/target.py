"""Which files of a release an interpreter can use at all."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".tar", ".tbz")


@dataclass(frozen=True, slots=True)
class Target:
    """An interpreter on a platform. `tags` are its compatible wheel tags, the best first; `python` its full version.

    Files that do not fit are those that pip itself would pass over, whatever is asked for; where that is
    not certain, a file fits.
    """

    python: str
    tags: tuple[str, ...]
    _ranks: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    _ranked: dict[str, int | None] = field(default_factory=dict, compare=False, repr=False)
    _served: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def fits(self, filename: str, requires_python: str | None) -> bool:
        """Whether pip would look at the file: a source, or a wheel with one of the tags, for this Python."""
        if filename.endswith(".whl"):
            usable = filename.count("-") not in {4, 5} or self.rank(filename) is not None
        else:
            usable = filename.endswith(_ARCHIVES)
        return usable and self.serves(requires_python)

    def rank(self, wheel: str) -> int | None:
        """How well a wheel fits, 0 is best; None where it does not."""
        self._ranks or self._ranks.update({tag: rank for rank, tag in reversed(list(enumerate(self.tags)))})
        named = "-".join(wheel.removesuffix(".whl").rsplit("-", 3)[1:])
        if named not in self._ranked:  # thousands of wheels have few sets of tags among them
            self._ranked[named] = min((self._ranks[tag] for tag in _tags(named) if tag in self._ranks), default=None)
        return self._ranked[named]

    def serves(self, requires_python: str | None) -> bool:
        """Whether a file that says `requires_python` is for this Python; what cannot be read is, as for pip."""
        if not requires_python:
            return True
        if requires_python not in self._served:
            try:
                holds = SpecifierSet(requires_python).contains(Version(self.python), prereleases=True)
            except (InvalidSpecifier, InvalidVersion):
                holds = True
            self._served[requires_python] = holds
        return self._served[requires_python]


def _tags(named: str) -> Iterable[str]:
    """The tags in a wheel's name, its compressed sets taken apart (PEP 425)."""
    pythons, abis, platforms = named.split("-")
    return (
        f"{python}-{abi}-{platform}"
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    )
