"""Install the committed pins in the background while the upgrade compiles.

A compile keeps only one core busy.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pins
from depcheck.core.targets.left_out import add_left_out
from depcheck.ports import Compiler, EnvironmentBuilder


class BackgroundEnvironmentBuilder(EnvironmentBuilder, Protocol):
    """An environment builder that can also install in the background."""

    def start_install(self, spec: EnvironmentSpec, pins: Pins, world: IndexView, pool: Executor) -> None:
        """Start to install those of `pins` that need no build.

        Failures are reported by the later installation, which waits for this one.
        """


@dataclass(slots=True)
class BackgroundInstallCompiler:
    """Adapter of `ports.Compiler` for one environment, in front of another compiler.

    Only the first upgrade starts an installation: what is checked later stays installed until the next is
    requested. The committed pins are installed in the world of the compile without upgrade, unless that
    compile was remembered. `without` names extras and groups that are not installed.
    """

    compiler: Compiler
    environments: BackgroundEnvironmentBuilder
    pool: Executor
    without: tuple[str, ...] = ()
    _baseline_view: IndexView | None = None
    _is_done: bool = False

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Compile as the inner compiler does, and raise as it does."""
        if not upgrade:
            compiled = self.compiler.compile_lockfiles(spec, world, upgrade=False)
            self._baseline_view, self._is_done = world, self._is_done or isinstance(compiled, CompileFailure)
            return compiled
        if self._is_done or any(lock.is_unlocked for lock in spec.lockfiles):
            return self.compiler.compile_lockfiles(spec, world, upgrade=True)
        self._is_done = True
        self._start_baseline_install(spec, self._baseline_view or world)
        return self.compiler.compile_lockfiles(spec, world, upgrade=True)

    def _start_baseline_install(self, spec: EnvironmentSpec, world: IndexView) -> None:
        markers = add_left_out(self.environments.get_markers(spec), self.without)
        pins = {pin.name: pin for lock in spec.lockfiles for pin in lock.lockfile.select_pins(markers).values()}
        self.environments.start_install(spec, pins, world, self.pool)
