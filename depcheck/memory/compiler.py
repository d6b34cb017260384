"""A compiler that remembers: where nothing that a compile looked at has changed, it gives what that compile gave.

The law and its proof are in docs/quiet-nights.md. Sound before fast: where proof is missing, it compiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from depcheck.checking.tree import Tree
from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.distributions import is_standard
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError
from depcheck.core.lockfile import Lockfile, parse_lockfile
from depcheck.core.pins import Pin
from depcheck.core.world import World
from depcheck.memory.inputs import Inputs, inputs
from depcheck.memory.key import key
from depcheck.memory.observing import Observer, pins_of
from depcheck.memory.ranges import UncertainError
from depcheck.memory.record import Record, Shelf
from depcheck.memory.revalidation import Revalidation
from depcheck.ports import Compiler


@dataclass(frozen=True, slots=True)
class RememberingCompiler:
    """Adapter of `ports.Compiler` in front of another. The observer is asked only after a compile."""

    compiler: Compiler
    observer: Observer
    revalidation: Revalidation
    shelf: Shelf
    tree: Tree
    _later: dict[str, Callable[[], None]] = field(default_factory=dict)

    def compile(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | NotCompiled:
        """The remembered result where it must be the same tonight, else what the compiler gives; raises as that does.

        What is remembered is used only where its pins are the committed ones: so a cache that strangers wrote can
        keep us silent for a night, and can never propose anything.
        """
        found = self._inputs(spec)
        if found is None:
            return self.compiler.compile(spec, world, upgrade=upgrade)
        recalled = self._recall(spec, world, found, upgrade=upgrade)
        if recalled and upgrade:
            self._keep(spec)
        return recalled or self._compiled(spec, world, found, upgrade=upgrade)

    def recall(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | None:
        """What is remembered and must be the same tonight; None where a compile is needed to know."""
        found = self._inputs(spec)
        return self._recall(spec, world, found, upgrade=upgrade) if found else None

    def _inputs(self, spec: EnvironmentSpec) -> Inputs | None:
        if not spec.lockfiles or any(lock.loose or lock.python for lock in spec.lockfiles):
            return None
        try:
            return inputs(self.tree, spec)
        except (UncertainError, DepcheckError, OSError):
            return None

    def _recall(self, spec: EnvironmentSpec, world: World, found: Inputs, *, upgrade: bool) -> Compiled | None:
        record = self.shelf.read(self._key(spec, world, found, upgrade=upgrade))
        if record is None or not _as_committed(record.files, spec):
            return None
        still = self.revalidation.still(record, world)
        if still is None:
            return None
        if still != record:
            self.shelf.keep(still)
        return Compiled(still.files)

    def _compiled(self, spec: EnvironmentSpec, world: World, found: Inputs, *, upgrade: bool) -> Compiled | NotCompiled:
        compiled = self.compiler.compile(spec, world, upgrade=upgrade)
        if isinstance(compiled, NotCompiled) or self.observer.index.troubles():
            return compiled
        if not upgrade:
            if _as_committed(compiled.files, spec):
                self._later[spec.name] = lambda: self._remember(spec, world, found, compiled, upgrade=False)
        elif _as_committed(compiled.files, spec):
            self._keep(spec)
            self._remember(spec, world, found, compiled, upgrade=True)
        elif not world.keep and self._is_plain(spec, compiled):
            # With upgrade, what is committed has no say but in whether pip must be lenient, and in pre-releases.
            after, then = _merged(spec, found, compiled)
            self._remember(after, world, then, compiled, upgrade=True)
        return compiled

    def _keep(self, spec: EnvironmentSpec) -> None:
        """Remember what was compiled without upgrade: of use only on nights on which nothing moves, as on this one."""
        self._later.pop(spec.name, lambda: None)()

    def _key(self, spec: EnvironmentSpec, world: World, found: Inputs, *, upgrade: bool) -> str:
        path, markers = self.observer.interpreter(spec.python)
        urls = [upstream.url for upstream in self.revalidation.upstreams]
        return key(spec, world, upgrade=upgrade, files=found.files, indexes=urls, interpreter=(str(path), markers))

    def _remember(
        self,
        spec: EnvironmentSpec,
        world: World,
        found: Inputs,
        compiled: Compiled,
        *,
        upgrade: bool,
    ) -> None:
        try:
            pages = self.observer.pages(spec, world, found, compiled)
        except (UncertainError, DepcheckError):
            return
        if all(page.sight.sure for page in pages):
            self.shelf.keep(Record(self._key(spec, world, found, upgrade=upgrade), compiled.files, pages))

    def _is_plain(self, spec: EnvironmentSpec, compiled: Compiled) -> bool:
        """Whether nothing of what is or will be committed makes the compile another one than any."""
        pins = pins_of(spec, compiled)
        if any(pin.version is None or pin.version.is_prerelease for pin in pins):
            return False
        stated = (self.observer.index.requires(pin.name, pin.version) for pin in pins if pin.version)
        return all(is_standard(line) for lines in stated for line in lines or ())


def _as_committed(files: Sequence[tuple[str, str]], spec: EnvironmentSpec) -> bool:
    """Whether these texts hold exactly the committed pins, markers, extras and hashes included."""
    texts = dict(files)
    if [path for path, _ in files] != [lock.path for lock in spec.lockfiles]:
        return False
    try:
        return all(_stated(parse_lockfile(texts[lock.path])) == _stated(lock.lockfile) for lock in spec.lockfiles)
    except DepcheckError:
        return False


def _stated(lockfile: Lockfile) -> list[Pin]:
    return [replace(entry.pin, via=()) for entry in lockfile.entries]


def _merged(spec: EnvironmentSpec, found: Inputs, compiled: Compiled) -> tuple[EnvironmentSpec, Inputs]:
    """The same question once `compiled` is committed."""
    texts = dict(compiled.files)
    locks = tuple(replace(lock, lockfile=parse_lockfile(texts[lock.path])) for lock in spec.lockfiles)
    written = {path: sha256(text.encode()).hexdigest() for path, text in texts.items() if path in found.files}
    return replace(spec, lockfiles=locks), Inputs({**found.files, **written}, found.ranges)
