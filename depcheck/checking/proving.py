"""Compiles are left out where what they must give is proven from sources, pages and metadata."""

from dataclasses import dataclass, field, replace
from functools import cache

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.lanes import waves
from depcheck.checking.proof import Proof
from depcheck.checking.targets import Targets
from depcheck.checking.tree import Tree
from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.pins import Pin
from depcheck.core.world import World
from depcheck.ports import Compiler, PackageServer


@dataclass(frozen=True, slots=True)
class ProvingCompiler:
    """Adapter of `ports.Compiler`: compiles only what it cannot prove."""

    compiler: Compiler
    index: PackageServer
    tree: Tree
    targets: Targets
    _proofs: dict[tuple[str, World], Proof] = field(default_factory=dict)

    def compile(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | NotCompiled:
        """What must be compiled to, where that is proven, else what the compiler gives; raises as that does.

        With upgrade, each lockfile is proven or compiled on its own, upon the new texts of those below it.
        """
        proof = self._proof(spec, world)
        if proof and upgrade:
            return self._climbed(spec, world, proof)
        if proof and all(map(proof.holds, spec.lockfiles)):
            return Compiled(tuple((lock.path, lock.lockfile.text) for lock in spec.lockfiles))
        return self.compiler.compile(spec, world, upgrade=upgrade)

    def _climbed(self, spec: EnvironmentSpec, world: World, proof: Proof) -> Compiled | NotCompiled:
        texts: dict[str, str] = {}
        for group in waves(spec.lockfiles):
            foreseen = {lock.path: proof.foreseen(lock, texts) for lock in group}
            if left := tuple(lock for lock in group if foreseen[lock.path] is None):
                rest = replace(spec, lockfiles=left, below=tuple(texts.items()))
                compiled = self.compiler.compile(rest, world, upgrade=True)
                if isinstance(compiled, NotCompiled):
                    return compiled
                texts.update(compiled.files)
            texts.update((path, text) for path, text in foreseen.items() if text is not None)
        return Compiled(tuple((lock.path, texts[lock.path]) for lock in spec.lockfiles))

    def _proof(self, spec: EnvironmentSpec, world: World) -> Proof | None:
        """What to prove with; None where a lockfile is of another compiler or interpreter."""
        if any(lock.compiler != "pip-tools" or lock.loose or lock.python for lock in spec.lockfiles):
            return None
        place = (spec.python, world)
        if place not in self._proofs:
            self.index.prefetch({entry.pin.name for lock in spec.lockfiles for entry in lock.lockfile.entries})
            here = self.targets.of(spec.python)
            if here is None:
                return None

            # Each question is asked once for all lockfiles.
            @cache
            def stated(name: NormalizedName, version: Version | None, hashes: frozenset[str]) -> tuple[str, ...] | None:
                return self.index.stated(Pin(name, version, hashes=hashes), world, here)

            self._proofs[place] = Proof(
                tree=self.tree,
                markers={**self.targets.about(spec.python).markers, "extra": ""},
                stated=lambda pin: stated(pin.name, pin.version, pin.hashes),
                choices=cache(lambda name: self.index.choices(name, world, here)),
                hashes=lambda pin: self.index.hashes(pin, world, here),
                forgets=Version(spec.python) >= _FORGETTING,
            )
        return self._proofs[place]


_FORGETTING = Version("3.8")
"""The interpreters whose pip forgets, while it resolves, what releases asked for that it has given up."""
