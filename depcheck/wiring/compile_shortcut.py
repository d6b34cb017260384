"""The seam of the resolution cache: what may precede the compilers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.model.releases import ReleaseStatus
from depcheck.index.disk_cache import DiskCache
from depcheck.index.revalidating_client import PageFetcher
from depcheck.index.upstreams import Upstream
from depcheck.ports import Compiler
from depcheck.wiring.lazy_index import LazyIndex

InterpreterLookup = Callable[[str], tuple[Path, Mapping[str, str]]]
"""The real path and the markers of the interpreter for "3.10"."""


@dataclass(frozen=True, slots=True)
class ShortcutPlaces:
    """Where a shortcut reads and writes.

    Indexes, their cached pages, and a folder of its own.
    """

    upstreams: Sequence[Upstream]
    disk: DiskCache
    fetch_pages: PageFetcher
    folder: Path


class CompileShortcut(Protocol):
    """Saves compiles, for one set of indexes."""

    def find_release_status(self, project: NormalizedName, version: Version) -> ReleaseStatus | None:
        """Return a release's known status, else None.

        It was learned on the way.
        """

    def wrap_compiler(
        self, compiler: Compiler, index: LazyIndex, find_interpreter: InterpreterLookup, tree: RepoFiles
    ) -> Compiler:
        """Return a compiler that asks `compiler` for the rest only.

        For what it cannot tell itself.
        """


class NoShortcut:
    """Compiles everything."""

    def find_release_status(self, _project: NormalizedName, _version: Version) -> None:
        """Return None: nothing is learned."""

    def wrap_compiler(
        self, compiler: Compiler, _index: LazyIndex, _find_interpreter: InterpreterLookup, _tree: RepoFiles
    ) -> Compiler:
        """Return the compiler itself."""
        return compiler
