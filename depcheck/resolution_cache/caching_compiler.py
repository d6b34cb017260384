"""Compiler that returns a cached result while it is valid.

The rule and its proof are in docs/quiet-nights.md. If it cannot prove that a result is still valid, it
compiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import is_valid_requires_dist
from depcheck.core.model.pins import Pin
from depcheck.ports import Compiler
from depcheck.resolution_cache.inputs import CompileInputs, UncacheableError, read_compile_inputs
from depcheck.resolution_cache.key import build_cache_key
from depcheck.resolution_cache.observe import CompileObserver, list_all_pins
from depcheck.resolution_cache.record import RecordStore, ResolutionRecord
from depcheck.resolution_cache.revalidate import Revalidator


@dataclass(frozen=True, slots=True)
class CachingCompiler:
    """Adapter of `ports.Compiler` that caches the results of another compiler.

    The observer is asked only after a compile.
    """

    compiler: Compiler
    observer: CompileObserver
    revalidation: Revalidator
    store: RecordStore
    tree: RepoFiles
    _pending_saves: dict[str, Callable[[], None]] = field(default_factory=dict)

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Return the cached result if it is still valid, else compile.

        Raises what the compiler raises. A cached result is used only if its pins are the committed ones. So a
        cache that an attacker wrote can hide a change for one run, but can never propose anything.
        """
        found = self._read_inputs(spec)
        if found is None:
            return self.compiler.compile_lockfiles(spec, world, upgrade=upgrade)
        recalled = self._load_valid_result(spec, world, found, upgrade=upgrade)
        if recalled and upgrade:
            self._save_pending(spec)
        return recalled or self._compile_and_save(spec, world, found, upgrade=upgrade)

    def find_cached_result(self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool) -> CompiledLockfiles | None:
        """Return the cached result if it is still valid.

        None if only a compile could tell.
        """
        found = self._read_inputs(spec)
        return self._load_valid_result(spec, world, found, upgrade=upgrade) if found else None

    def _read_inputs(self, spec: EnvironmentSpec) -> CompileInputs | None:
        if not spec.lockfiles or any(lock.is_unlocked or lock.python for lock in spec.lockfiles):
            return None
        try:
            return read_compile_inputs(self.tree, spec)
        except (UncacheableError, DepcheckError, OSError):
            return None

    def _load_valid_result(
        self, spec: EnvironmentSpec, world: IndexView, found: CompileInputs, *, upgrade: bool
    ) -> CompiledLockfiles | None:
        record = self.store.load_record(self._build_key(spec, world, found, upgrade=upgrade))
        if record is None or not _has_committed_pins(record.files, spec):
            return None
        still = self.revalidation.revalidate_record(record, world)
        if still is None:
            return None
        if still != record:
            self.store.save_record(still)
        return CompiledLockfiles(still.files)

    def _compile_and_save(
        self, spec: EnvironmentSpec, world: IndexView, found: CompileInputs, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        compiled = self.compiler.compile_lockfiles(spec, world, upgrade=upgrade)
        if isinstance(compiled, CompileFailure) or compiled.notes or self.observer.index.list_index_errors():
            return compiled
        if not upgrade:
            if _has_committed_pins(compiled.files, spec):
                self._pending_saves[spec.name] = lambda: self._save_result(spec, world, found, compiled, upgrade=False)
        elif _has_committed_pins(compiled.files, spec):
            self._save_pending(spec)
            self._save_result(spec, world, found, compiled, upgrade=True)
        elif not world.pinned and self._is_independent_of_pins(spec, compiled):
            # With upgrade, what is committed has no say but in whether pip must be lenient, and in pre-releases.
            after, then = _assume_committed(spec, found, compiled)
            self._save_result(after, world, then, compiled, upgrade=True)
        return compiled

    def _save_pending(self, spec: EnvironmentSpec) -> None:
        """Save the result that was compiled without upgrade.

        It is useful only in runs in which nothing changes, as in this one.
        """
        self._pending_saves.pop(spec.name, lambda: None)()

    def _build_key(self, spec: EnvironmentSpec, world: IndexView, found: CompileInputs, *, upgrade: bool) -> str:
        path, markers = self.observer.interpreter(spec.python)
        urls = [
            " ".join((each.url, "first" * each.is_exclusive, *sorted(each.projects)))
            for each in self.revalidation.upstreams
        ]
        return build_cache_key(
            spec, world, upgrade=upgrade, files=found.files, indexes=urls, interpreter=(str(path), markers)
        )

    def _save_result(
        self,
        spec: EnvironmentSpec,
        world: IndexView,
        found: CompileInputs,
        compiled: CompiledLockfiles,
        *,
        upgrade: bool,
    ) -> None:
        try:
            pages = self.observer.collect_pages(spec, world, found, compiled)
        except (UncacheableError, DepcheckError):
            return
        if all(page.fingerprint.has_all_hashes for page in pages):
            self.store.save_record(
                ResolutionRecord(self._build_key(spec, world, found, upgrade=upgrade), compiled.files, pages)
            )

    def _is_independent_of_pins(self, spec: EnvironmentSpec, compiled: CompiledLockfiles) -> bool:
        """Return True if the compile does not depend on the committed pins.

        False if a committed or compiled pin is a pre-release or has no version, or if a requirement is not
        standard.
        """
        pins = list_all_pins(spec, compiled)
        if any(pin.version is None or pin.version.is_prerelease for pin in pins):
            return False
        stated = (self.observer.index.get_requires_dist(pin.name, pin.version) for pin in pins if pin.version)
        return all(is_valid_requires_dist(line) for lines in stated for line in lines or ())


def _has_committed_pins(files: Sequence[tuple[str, str]], spec: EnvironmentSpec) -> bool:
    """Return True if these texts hold exactly the committed pins.

    Markers, extras and hashes must be equal too.
    """
    texts = dict(files)
    if [path for path, _ in files] != [lock.path for lock in spec.lockfiles]:
        return False
    try:
        return all(_list_pins(parse_lockfile(texts[lock.path])) == _list_pins(lock.lockfile) for lock in spec.lockfiles)
    except DepcheckError:
        return False


def _list_pins(lockfile: Lockfile) -> list[Pin]:
    return [replace(entry.pin, requirers=()) for entry in lockfile.entries]


def _assume_committed(
    spec: EnvironmentSpec, found: CompileInputs, compiled: CompiledLockfiles
) -> tuple[EnvironmentSpec, CompileInputs]:
    """Return the environment and inputs as if `compiled` were committed."""
    texts = dict(compiled.files)
    locks = tuple(replace(lock, lockfile=parse_lockfile(texts[lock.path])) for lock in spec.lockfiles)
    written = {path: sha256(text.encode()).hexdigest() for path, text in texts.items() if path in found.files}
    return replace(spec, lockfiles=locks), CompileInputs({**found.files, **written}, found.ranges)
