"""Lazy adapters, created on first use.

A quiet run never creates them.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckResult, Failure
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pins
from depcheck.ports import CheckExecutor, Compiler, EnvironmentBuilder, Explainer, InstalledEnvironment

if TYPE_CHECKING:  # of use in a search alone
    from depcheck.core.tool_output.api_errors import ReleaseStep

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value that is made on first use. Safe for threads."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def get(self) -> T:
        """Return the value, and make it if this is the first call."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
        return self._made[0]


class LazyCompiler:
    """Adapter of `ports.Compiler`."""

    def __init__(self, inner: Lazy[Compiler]) -> None:
        self._inner = inner

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Compile as the inner compiler does."""
        return self._inner.get().compile_lockfiles(spec, world, upgrade=upgrade)


class LazyEnvironmentBuilder:
    """Adapter of `ports.EnvironmentBuilder` that knows markers without the inner one."""

    def __init__(
        self, inner: Callable[[], EnvironmentBuilder], get_markers: Callable[[EnvironmentSpec], Mapping[str, str]]
    ) -> None:
        self._inner = inner
        self._get_markers = get_markers

    def get_markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        """Return the marker environment of the spec's interpreter."""
        return self._get_markers(spec)

    def install_pins(self, spec: EnvironmentSpec, pins: Pins, world: IndexView) -> InstalledEnvironment:
        """Install as the inner builder does."""
        return self._inner().install_pins(spec, pins, world)


class LazyCheckExecutor:
    """Adapter of `ports.CheckExecutor`."""

    def __init__(self, inner: Lazy[CheckExecutor]) -> None:
        self._inner = inner

    def run_checks(
        self, spec: EnvironmentSpec, installed: InstalledEnvironment, checks: Sequence[Check], *, closed: bool = False
    ) -> Sequence[CheckResult]:
        """Run checks as the inner executor does."""
        return self._inner.get().run_checks(spec, installed, checks, closed=closed)


class LazyExplainer:
    """Adapter of `ports.Explainer`."""

    def __init__(self, inner: Lazy[Explainer]) -> None:
        self._inner = inner

    def explain_failure(
        self,
        spec: EnvironmentSpec,
        installed: InstalledEnvironment,
        world: IndexView,
        step: "ReleaseStep",
        failure: Failure,
    ) -> str:
        """Explain as the inner explainer does."""
        return self._inner.get().explain_failure(spec, installed, world, step, failure)
