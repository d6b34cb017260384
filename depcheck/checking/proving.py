"""Whether compiling without upgrade must give the committed lockfile, proven from sources and metadata alone."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from depcheck.checking.sources import is_project_file
from depcheck.checking.targets import Targets
from depcheck.checking.tool_config import read_config
from depcheck.checking.tree import Tree
from depcheck.core.closure import closes
from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.errors import LockfileError
from depcheck.core.lines import logical_lines, refuse_controls
from depcheck.core.pins import Pin
from depcheck.core.target import Target
from depcheck.core.world import World
from depcheck.ports import Compiler, PackageServer

# Options that say how the lockfile is written, and nothing of which pins it holds.
_OF_STYLE = frozenset(
    f"--{name}"
    for name in (
        "allow-unsafe", "no-allow-unsafe", "annotate", "no-annotate", "annotation-style", "emit-index-url",
        "no-emit-index-url", "emit-options", "no-emit-options", "emit-trusted-host", "no-emit-trusted-host",
        "emit-find-links", "no-emit-find-links", "generate-hashes", "header", "no-header", "newline", "quiet",
        "strip-extras", "no-strip-extras", "build-isolation", "reuse-hashes", "no-reuse-hashes", "resolver",
        "max-rounds",
    )
)  # fmt: skip
_CONSTRAINT = "--constraint"
_INDEX = re.compile(r"^(?:-i|--index-url|--pypi-url|--extra-index-url|--trusted-host)(?=$|[\s=])")
_INCLUDE = re.compile(r"^(-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+)(\S+)$")
_MOST_FILES = 200


class _UncertainError(Exception):
    """Something that only the compiler can decide."""


@dataclass(frozen=True, slots=True)
class ProvingCompiler:
    """Adapter of `ports.Compiler`: compiles without upgrade only what it cannot prove to give the committed pins."""

    compiler: Compiler
    index: PackageServer
    tree: Tree
    targets: Targets

    def compile(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | NotCompiled:
        """The committed lockfiles where the proof holds, else what the compiler gives; raises as that does."""
        if not upgrade and self._proven(spec, world):
            return Compiled(tuple((lock.path, lock.lockfile.text) for lock in spec.lockfiles))
        return self.compiler.compile(spec, world, upgrade=upgrade)

    def _proven(self, spec: EnvironmentSpec, world: World) -> bool:
        if any(lock.compiler != "pip-tools" or lock.loose or lock.python for lock in spec.lockfiles):
            return False
        self.index.prefetch({entry.pin.name for lock in spec.lockfiles for entry in lock.lockfile.entries})
        target = self.targets.of(spec.python)
        markers = {**self.targets.about(spec.python).markers, "extra": ""}
        return target is not None and Proof(self.index, self.tree, target, markers).holds(spec, world)


@dataclass(frozen=True, slots=True)
class Proof:
    """Tries the proof for one environment. What it cannot decide is left to the compiler."""

    index: PackageServer
    tree: Tree
    target: Target
    markers: Mapping[str, str]

    def holds(self, spec: EnvironmentSpec, world: World) -> bool:
        """Whether every lockfile of `spec` is what its compile without upgrade would give in `world`."""
        return all(self._holds(lock, world) for lock in spec.lockfiles)

    def _holds(self, lock: LockfileSpec, world: World) -> bool:
        if not self._only_style(lock):
            return False

        def stated(pin: Pin) -> tuple[str, ...] | None:
            return self.index.stated(pin, world, self.target)

        try:
            direct, constraints = self._read(lock)
            return closes(direct, constraints, lock.lockfile.pins(self.markers), stated, self.markers)
        except (_UncertainError, LockfileError):
            return False

    def _only_style(self, lock: LockfileSpec) -> bool:
        folder = posixpath.dirname(lock.sources[0]) if lock.sources else ""
        keys = {f"--{key}" for key in read_config(self.tree, folder).keys}
        options = {option.partition("=")[0] for option in lock.options}
        return options <= _OF_STYLE | {_CONSTRAINT} and keys <= _OF_STYLE

    def _read(self, lock: LockfileSpec) -> tuple[list[Requirement], list[Requirement]]:
        """All requirements and all constraints that the compile reads."""
        named = (option.partition("=")[2] for option in lock.options if option.startswith(f"{_CONSTRAINT}="))
        paths = [posixpath.normpath(posixpath.join(lock.folder, path)) for path in named]
        todo = [(path, False) for path in lock.sources] + [(path, True) for path in paths]
        direct: list[Requirement] = []
        constraints: list[Requirement] = []
        seen: set[tuple[str, bool]] = set()
        while todo:
            path, only_constrains = todo.pop()
            if (path, only_constrains) in seen:
                continue
            if is_project_file(path) or len(seen) > _MOST_FILES:
                raise _UncertainError(path)
            seen.add((path, only_constrains))
            for line in self._lines(path):
                if include := _INCLUDE.match(line):
                    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[2]))
                    todo.append((beside, only_constrains or include[1] in {"-c", "--constraint"}))
                else:
                    bare = re.split(r"\s+--hash[=\s]", line, maxsplit=1)[0] if only_constrains else line
                    (constraints if only_constrains else direct).append(_requirement(bare))
        return direct, constraints

    def _lines(self, path: str) -> Iterator[str]:
        text = self.tree.read(path).removeprefix("\ufeff")
        refuse_controls(text)
        lines = (line.joined for line in logical_lines(text))
        return (line for line in lines if line and not _INDEX.match(line))


def _requirement(line: str) -> Requirement:
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        raise _UncertainError(line) from None
