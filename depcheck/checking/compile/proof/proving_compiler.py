"""Skip compiles whose result is proven from sources, index pages and metadata.

The rest is left to the compiler.
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.compile.parallel import group_by_layer
from depcheck.checking.compile.proof.closure import Closure, RequiresLookup, is_active_requirement, prove_closure
from depcheck.checking.compile.proof.lockfile_body import OutputStyle, render_lockfile_body
from depcheck.checking.compile.proof.upgrade import (
    CandidateLookup,
    UnpredictableUpgradeError,
    UpgradeInputs,
    predict_upgrade,
)
from depcheck.checking.compile.tool_envs import TargetFinder
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    SourceRequirement,
    UncertainError,
    read_source_requirements,
)
from depcheck.checking.discovery.files.tool_config import read_pip_tools_config
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format, merge_compiled_text, uses_pip_resolver
from depcheck.core.lockfiles.options.compiler_options import OptionEffect, has_effect
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.errors import IndexUnavailableError, LockfileError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.requirements import get_required_name
from depcheck.ports import Compiler, PackageServer

_CONSTRAINT_OPTION = "--constraint"
_COMPILER_ONLY_OPTIONS = frozenset({"--newline", "--resolver"})
"""Those that only the compiler follows."""
HashLookup = Callable[[Pin], frozenset[str] | None]
"""What pip-compile writes down as the hashes of a pin's files; None where that is not known."""
_UNDECIDED_ERRORS = (UncertainError, UnpredictableUpgradeError, LockfileError, IndexUnavailableError)


@dataclass(frozen=True, slots=True)
class LockfileProver:
    """Proves the compiles of one target in one world.

    `is_forgetting` is True for a resolver that forgets the requirements of releases it gave up while it
    resolves: only those can be predicted.
    """

    tree: RepoFiles
    markers: Mapping[str, str]
    get_requirements: RequiresLookup
    list_candidates: CandidateLookup
    get_hashes: HashLookup
    is_forgetting: bool

    def is_unchanged(self, lock: LockfileSpec) -> bool:
        """Return True if a compile without upgrade is proven to change nothing."""
        try:
            return (
                self._has_only_style_options(lock)
                and self._compute_closure(lock, read_source_requirements(lock, self.tree, {})) is not None
            )
        except _UNDECIDED_ERRORS:
            return False

    def predict_upgrade(self, lock: LockfileSpec, below: Mapping[str, str]) -> str | None:
        """Predict the text of a compile with upgrade.

        `below` holds the new texts of lower layers. None if the text is not proven. A text is proven only if
        the committed one is, byte for byte, what this class would write for the committed pins.
        """
        if not self._is_plain_upgrade(lock):
            return None
        try:
            before, after = (read_source_requirements(lock, self.tree, texts) for texts in ({}, below))
            if any(
                line.requirement.marker and is_active_requirement(line.requirement, self.markers)
                for line in (*before, *after)
            ):
                return None  # would be written behind the pin
            committed = self._compute_closure(lock, before)
            if committed is None or self._render_text(
                lock, lock.lockfile.select_pins(self.markers), committed, before
            ) != (lock.lockfile.text):
                return None
            direct, constraints = _split_constraints(after)
            pins, found = predict_upgrade(
                UpgradeInputs.from_requirements(
                    direct, constraints, self.list_candidates, self.get_requirements, self.markers
                )
            )
            return self._render_text(lock, pins, found, after)
        except _UNDECIDED_ERRORS:
            return None

    def _compute_closure(self, lock: LockfileSpec, lines: Sequence[SourceRequirement]) -> Closure | None:
        return prove_closure(
            *_split_constraints(lines), lock.lockfile.select_pins(self.markers), self.get_requirements, self.markers
        )

    def _is_plain_upgrade(self, lock: LockfileSpec) -> bool:
        """Return True if an upgrade is simple enough to predict.

        It must ask for nothing but newest releases, and write only what this class can write.
        """
        named = {option.partition("=")[0] for option in lock.options}
        odd = lock.upgrade_options or lock.omits_included_pins or lock.inline_sources or named & _COMPILER_ONLY_OPTIONS
        return self.is_forgetting and not odd and self._has_only_style_options(lock)

    def _has_only_style_options(self, lock: LockfileSpec) -> bool:
        folder = posixpath.dirname(lock.sources[0]) if lock.sources else ""
        keys = {f"--{key}" for key in read_pip_tools_config(self.tree, folder).keys}
        options = {option for option in lock.options if option.partition("=")[0] != _CONSTRAINT_OPTION}
        known = get_lockfile_format(lock.compiler).options
        return all(has_effect(option, known, OptionEffect.STYLE) for option in options | keys)

    def _render_text(self, lock: LockfileSpec, pins: Pins, found: Closure, lines: Sequence[SourceRequirement]) -> str:
        sources: dict[NormalizedName, list[str]] = defaultdict(list)
        for line in lines:
            if is_active_requirement(line.requirement, self.markers):
                sources[get_required_name(line.requirement)].append(line.to_annotation(lock.folder))
        if "--generate-hashes" in lock.options:
            pins = {name: self._add_hashes(pin) for name, pin in pins.items()}
        text = render_lockfile_body(pins, found, sources, OutputStyle.from_options(lock.options, lock.lockfile.text))
        return merge_compiled_text(lock, text, {}) if text is not None else ""

    def _add_hashes(self, pin: Pin) -> Pin:
        hashes = self.get_hashes(pin)
        if not hashes:
            raise UnpredictableUpgradeError(f"the hashes of {pin}")
        return replace(pin, hashes=hashes)


def _split_constraints(lines: Sequence[SourceRequirement]) -> tuple[list[Requirement], list[Requirement]]:
    """Split requirements into those asked for and those that only constrain."""
    return [each.requirement for each in lines if not each.is_constraint], [
        each.requirement for each in lines if each.is_constraint
    ]


@dataclass(frozen=True, slots=True)
class ProvingCompiler:
    """Adapter of `ports.Compiler` that compiles only what it cannot prove."""

    compiler: Compiler
    index: PackageServer
    tree: RepoFiles
    targets: TargetFinder
    _provers: dict[tuple[str, IndexView], LockfileProver] = field(default_factory=dict)

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Return the proven result, or else what the inner compiler gives.

        Raises as the inner compiler does. With upgrade, each lockfile is proven or compiled on its own, upon
        the new texts of the layers below it.
        """
        proof = self._get_prover(spec, world)
        if upgrade and any(lock.trimmed_packages for lock in spec.lockfiles):  # upper layers read the whole texts
            return self.compiler.compile_lockfiles(spec, world, upgrade=True)
        if proof and upgrade:
            return self._compile_unproven(spec, world, proof)
        if proof and all(map(proof.is_unchanged, spec.lockfiles)):
            return CompiledLockfiles(tuple((lock.path, lock.lockfile.text) for lock in spec.lockfiles))
        return self.compiler.compile_lockfiles(spec, world, upgrade=upgrade)

    def _compile_unproven(
        self, spec: EnvironmentSpec, world: IndexView, proof: LockfileProver
    ) -> CompiledLockfiles | CompileFailure:
        texts: dict[str, str] = {}
        notes: list[str] = []
        for group in group_by_layer(spec.lockfiles):
            foreseen = {lock.path: proof.predict_upgrade(lock, texts) for lock in group}
            if left := tuple(lock for lock in group if foreseen[lock.path] is None):
                rest = replace(spec, lockfiles=left, lower_layer_texts=tuple(texts.items()))
                compiled = self.compiler.compile_lockfiles(rest, world, upgrade=True)
                if isinstance(compiled, CompileFailure):
                    return compiled
                texts.update(compiled.files)
                notes += compiled.notes
            texts.update((path, text) for path, text in foreseen.items() if text is not None)
        return CompiledLockfiles(tuple((lock.path, texts[lock.path]) for lock in spec.lockfiles), tuple(notes))

    def _get_prover(self, spec: EnvironmentSpec, world: IndexView) -> LockfileProver | None:
        """Return the prover for this Python and world.

        None if a lockfile is of another resolver or interpreter.
        """
        if any(not uses_pip_resolver(lock) or lock.is_unlocked or lock.python for lock in spec.lockfiles):
            return None
        place = (spec.python, world)
        if place not in self._provers:
            self.index.prefetch_pages({entry.pin.name for lock in spec.lockfiles for entry in lock.lockfile.entries})
            here = self.targets.find_target(spec.python)
            if here is None:
                return None

            # Each question is asked once for all lockfiles.
            @cache
            def stated(name: NormalizedName, version: Version | None, hashes: frozenset[str]) -> tuple[str, ...] | None:
                return self.index.get_wheel_requires_dist(Pin(name, version, hashes=hashes), world, here)

            self._provers[place] = LockfileProver(
                tree=self.tree,
                markers={**self.targets.get_interpreter(spec.python).markers, "extra": ""},
                get_requirements=lambda pin: stated(pin.name, pin.version, pin.hashes),
                list_candidates=cache(lambda name: self.index.list_pip_candidates(name, world, here)),
                get_hashes=lambda pin: self.index.get_lockfile_hashes(pin, world, here),
                is_forgetting=Version(spec.python) >= _FORGETTING_FROM_PYTHON,
            )
        return self._provers[place]


_FORGETTING_FROM_PYTHON = Version("3.8")
"""The interpreters whose pip forgets, while it resolves, what releases asked for that it has given up."""
