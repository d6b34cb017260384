"""The resolution cache as a shortcut of the compilers.

The one module that knows `resolution_cache`.
"""

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.model.releases import ReleaseStatus
from depcheck.ports import Compiler
from depcheck.resolution_cache.caching_compiler import CachingCompiler
from depcheck.resolution_cache.observe import CompileObserver
from depcheck.resolution_cache.record import RecordStore
from depcheck.resolution_cache.revalidate import Revalidator
from depcheck.wiring.compile_shortcut import InterpreterLookup, ShortcutPlaces
from depcheck.wiring.lazy_index import LazyIndex


class CacheShortcut:
    """Remembers compiles, and what revalidating their pages told of releases."""

    def __init__(self, places: ShortcutPlaces) -> None:
        self._revalidation = Revalidator(places.upstreams, places.disk, places.fetch_pages)
        self._store = RecordStore(places.folder)

    def find_release_status(self, project: NormalizedName, version: Version) -> ReleaseStatus | None:
        """Return the status of a release on a page that was revalidated."""
        return self._revalidation.get_release_status(project, version)

    def wrap_compiler(
        self, compiler: Compiler, index: LazyIndex, find_interpreter: InterpreterLookup, tree: RepoFiles
    ) -> Compiler:
        """Return a compiler that compiles only what is not remembered."""
        return CachingCompiler(
            compiler=compiler,
            observer=CompileObserver(index, find_interpreter),
            revalidation=self._revalidation,
            store=self._store,
            tree=tree,
        )
