"""Lazy adapters, created on first use.

A quiet run never creates them.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.advisories import Advisory
from depcheck.core.model.releases import ReleaseStatus
from depcheck.index.advisory_source import AdvisoryClient
from depcheck.index.projects import Project
from depcheck.resolution_cache.revalidate import Revalidator

if TYPE_CHECKING:  # it brings what fetches packages, which takes longer to import than a quiet night to pass
    from depcheck.index.server.local import LocalIndex

T = TypeVar("T")


class _LazyProxy:
    """A proxy that creates its object on first use."""

    def __init__(self, make: Callable[[], object], known: Mapping[str, object]) -> None:
        self.__dict__.update(known)
        self._make = make
        self._lock = Lock()
        self._made: object = None

    def __getattr__(self, name: str) -> object:
        with self._lock:
            self._made = self._made or self._make()
        return getattr(self._made, name)


def make_lazy(make: Callable[[], T], **known: object) -> T:
    """Return a proxy that calls `make` on first use.

    Safe for threads. `known` are methods that work without the object.
    """
    return cast("T", _LazyProxy(make, known))


class _LazyIndex:
    """An index that answers release status and advisories without opening.

    Everything else is passed to the local index.
    """

    def __init__(self, index: "LocalIndex", revalidation: Revalidator, advisories: AdvisoryClient) -> None:
        self._index = index
        self._revalidation = revalidation
        self._advisories = advisories

    def get_release_status(self, project: NormalizedName, version: Version) -> ReleaseStatus:
        """Return whether a release is present and yanked today."""
        return self._revalidation.get_release_status(project, version) or self._index.get_release_status(
            project, version
        )

    def fetch_advisories(self, project: NormalizedName, version: Version) -> tuple[Advisory, ...]:
        """Return the known vulnerabilities of a release."""
        return self._advisories.find_advisories(project, version)

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)


class LazyProjects:
    """The projects of an index, by name."""

    def __init__(self, index: "LocalIndex") -> None:
        self._index = index

    def __getitem__(self, name: NormalizedName) -> Project:
        return self._index.get_project(name)[0]


def make_lazy_index(index: "LocalIndex", revalidation: Revalidator, advisories: AdvisoryClient) -> "LocalIndex":
    """Return `index`, opened only for what is not known without it."""
    return cast("LocalIndex", _LazyIndex(index, revalidation, advisories))
