"""The committed set is put in place while the fresh one is compiled: a compile keeps one core busy."""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.pins import Pins
from depcheck.core.world import World
from depcheck.ports import Compiler, Environments


class Prepares(Environments, Protocol):
    """Environments that can be put in place before they are asked for."""

    def prepare(self, spec: EnvironmentSpec, pins: Pins, world: World, pool: Executor) -> None:
        """Begin to put in place what of `pins` needs no build; what fails is told by `install`, which waits for it."""


@dataclass(slots=True)
class PreparingCompiler:
    """Adapter of `ports.Compiler` for one environment, in front of another.

    Only the first upgrade prepares: what is checked later stays in place until the next is asked for. The world that
    the committed set is checked in is the one that it was compiled in, where that was not remembered.
    """

    compiler: Compiler
    environments: Prepares
    pool: Executor
    _checked_in: World | None = None
    _done: bool = False

    def compile(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | NotCompiled:
        """What the compiler gives; raises as that does."""
        if not upgrade:
            compiled = self.compiler.compile(spec, world, upgrade=False)
            self._checked_in, self._done = world, self._done or isinstance(compiled, NotCompiled)
            return compiled
        if self._done or any(lock.loose for lock in spec.lockfiles):
            return self.compiler.compile(spec, world, upgrade=True)
        self._done = True
        self._prepare(spec, self._checked_in or world)
        return self.compiler.compile(spec, world, upgrade=True)

    def _prepare(self, spec: EnvironmentSpec, world: World) -> None:
        markers = self.environments.markers(spec)
        pins = {pin.name: pin for lock in spec.lockfiles for pin in lock.lockfile.pins(markers).values()}
        self.environments.prepare(spec, pins, world, self.pool)
