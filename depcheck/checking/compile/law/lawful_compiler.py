"""Check a compile's result where packages' code ran beside it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.compile.law.compile_law import CompileLaw, find_compile_breach
from depcheck.checking.compile.law.law_scope import find_law_scope
from depcheck.checking.compile.run_compiler import is_building_own
from depcheck.checking.compile.tool_envs import TargetFinder
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    SourceRequirement,
    UncertainError,
    read_source_requirements,
)
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format, parse_lockfile
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.errors import IndexUnavailableError, LockfileError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.requirements import UNSAFE_PACKAGES
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.ports import Compiler, PackageServer

BuiltRequirements = Callable[[EnvironmentSpec, Pin, IndexView], tuple[str, ...] | None]
"""Requires-Dist of a release that was built alone; None if it could not be."""


@dataclass(frozen=True, slots=True)
class LawfulCompiler:
    """Adapter of `ports.Compiler`, in front of the one that runs tools.

    A result that breaks the law is not judged: a build may have written it.
    """

    compiler: Compiler
    index: PackageServer
    tree: RepoFiles
    targets: TargetFinder
    build_requirements: BuiltRequirements

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Compile as the inner compiler does, and raise as it does.

        Raises:
            IndexUnavailableError: A source distribution was built, and the result breaks the law.
        """
        compiled = self.compiler.compile_lockfiles(spec, world, upgrade=upgrade)
        built = self.index.get_last_sdist() or ("A package of the repository" if is_building_own(spec) else "")
        if isinstance(compiled, CompiledLockfiles) and upgrade and built:
            texts = {**dict(spec.lower_layer_texts), **dict(compiled.files)}
            for lock in spec.lockfiles:
                if why := self._find_breach(spec, lock, world, texts):
                    raise IndexUnavailableError(
                        f"The compile of {lock.path} {why}. {built} was built meanwhile, and what is built can write "
                        "that. Nothing is proposed: look at what that release does before you lock it."
                    )
        return compiled

    def _find_breach(
        self, spec: EnvironmentSpec, lock: LockfileSpec, world: IndexView, texts: Mapping[str, str]
    ) -> str:
        law = self._make_law(spec, lock, world, texts)
        try:
            fresh = parse_lockfile(texts[lock.path])
            own = get_lockfile_format(lock.compiler).find_violations(lock.lockfile, fresh)
            return next(own or iter(()), "") or find_compile_breach(law, fresh.select_pins(law.markers))
        except LockfileError as error:
            return f"is no lockfile: {error}"

    def _read_lines(self, lock: LockfileSpec, texts: Mapping[str, str]) -> list[SourceRequirement] | None:
        """Return what the sources ask for, None if only their build knows."""
        try:
            return read_source_requirements(lock, self.tree, texts)
        except (UncertainError, LockfileError):
            return None

    def _find_target(self, python: str) -> InterpreterTarget | None:
        try:
            return self.targets.find_target(python)
        except IndexUnavailableError:  # an index without pip, for a lockfile of uv
            return None

    def _make_law(
        self, spec: EnvironmentSpec, lock: LockfileSpec, world: IndexView, texts: Mapping[str, str]
    ) -> CompileLaw:
        target, lines = self._find_target(lock.python or spec.python), self._read_lines(lock, texts)
        # A layer above was compiled upon the whole text of the one from which these are taken out afterwards.
        trimmed = frozenset[NormalizedName]().union(*(each.trimmed_packages for each in spec.lockfiles))
        markers = {**self.targets.get_interpreter(lock.python or spec.python).markers, "extra": ""}

        @cache
        def read_requirements(name: NormalizedName, version: Version) -> tuple[str, ...] | None:
            pin = Pin(name, version)
            found = self.index.get_wheel_requires_dist(pin, world, target) if target else None
            if found is None:
                found = self.index.get_requires_dist(name, version)
            return self.build_requirements(spec, pin, world) if found is None else found

        return CompileLaw(
            direct=[
                *(each.requirement for each in lines or () if not each.is_constraint),
                *map(Requirement, sorted(trimmed)),
            ],
            constraints=[
                *(each.requirement for each in lines or () if each.is_constraint),
                *_list_layer_pins(lock, texts, markers),
            ],
            get_requirements=lambda pin: read_requirements(pin.name, pin.version) if pin.version else None,
            list_candidates=cache(lambda name: self.index.list_pip_candidates(name, world, target) if target else None),
            get_hashes=lambda pin: self.index.get_lockfile_hashes(pin, world, target) if target else None,
            markers=markers,
            unsafe=UNSAFE_PACKAGES | trimmed,
            committed=lock.lockfile.select_pins(markers),
            scope=find_law_scope(lock, knows_sources=lines is not None),
        )


def _list_layer_pins(lock: LockfileSpec, texts: Mapping[str, str], markers: Mapping[str, str]) -> list[Requirement]:
    """List the pins of the lockfiles below as ranges."""
    found = []
    for path in lock.layers:
        with suppress(LockfileError, KeyError):
            pins = parse_lockfile(texts[path]).select_pins(markers)
            found += [Requirement(f"{pin.name}=={pin.version}") for pin in pins.values() if pin.version]
    return found
