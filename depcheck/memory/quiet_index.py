"""The index as a quiet night needs it: what is already known is told without opening it."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.advisories import Advisory
from depcheck.core.releases import Standing
from depcheck.index.advisories import Advisories
from depcheck.index.projects import Project
from depcheck.memory.revalidation import Revalidation

if TYPE_CHECKING:  # it brings what fetches packages, which takes longer to import than a quiet night to pass
    from depcheck.index.local import LocalIndex

T = TypeVar("T")


class _OnDemand:
    """Stands for what `make` gives; whatever is asked of it makes it."""

    def __init__(self, make: Callable[[], object], known: Mapping[str, object]) -> None:
        self.__dict__.update(known)
        self._make = make
        self._lock = Lock()
        self._made: object = None

    def __getattr__(self, name: str) -> object:
        with self._lock:
            self._made = self._made or self._make()
        return getattr(self._made, name)


def on_demand(make: Callable[[], T], **known: object) -> T:
    """What `make` will give, in use from its first question on; safe for threads.

    `known` are methods that need nothing made.
    """
    return cast("T", _OnDemand(make, known))


class _QuietIndex:
    """Tells how releases stand and what is known against them; anything else is asked of the local index."""

    def __init__(self, index: "LocalIndex", revalidation: Revalidation, advisories: Advisories) -> None:
        self._index = index
        self._revalidation = revalidation
        self._advisories = advisories

    def standing(self, project: NormalizedName, version: Version) -> Standing:
        """How a release stands now."""
        return self._revalidation.standing(project, version) or self._index.standing(project, version)

    def advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Known vulnerabilities of a release."""
        return self._advisories.of(project, version)

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)


class ProjectsOf:
    """The projects of an index, by name."""

    def __init__(self, index: "LocalIndex") -> None:
        self._index = index

    def __getitem__(self, name: NormalizedName) -> Project:
        return self._index.project(name)[0]


def quiet_index(index: "LocalIndex", revalidation: Revalidation, advisories: Advisories) -> "LocalIndex":
    """`index`, opened only for what is not known without it."""
    return cast("LocalIndex", _QuietIndex(index, revalidation, advisories))
