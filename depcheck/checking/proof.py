"""What one lockfile must be compiled to: tries to prove it; what it cannot decide is left to the compiler."""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from depcheck.checking.source_lines import SourceLine, UncertainError, source_lines
from depcheck.checking.tool_config import read_config
from depcheck.checking.tree import Tree
from depcheck.core.closure import Closure, Stated, closure, counts
from depcheck.core.environments import LockfileSpec
from depcheck.core.errors import IndexUnavailableError, LockfileError
from depcheck.core.foresight import Asked, Choices, UnforeseenError, foreseen
from depcheck.core.merging import merged
from depcheck.core.pins import Pin, Pins
from depcheck.core.pip_compile_text import Style, written
from depcheck.core.search.requirements import target

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
_NOT_WRITTEN = frozenset({"--newline", "--resolver"})
"""Those that only the compiler follows."""
Hashes = Callable[[Pin], frozenset[str] | None]
"""What pip-compile writes down as the hashes of a pin's files; None where that is not known."""
_UNDECIDED = (UncertainError, UnforeseenError, LockfileError, IndexUnavailableError)


@dataclass(frozen=True, slots=True)
class Proof:
    """Proofs for one target in one world. `forgets` tells that the resolver is one that the law is about."""

    tree: Tree
    markers: Mapping[str, str]
    stated: Stated
    choices: Choices
    hashes: Hashes
    forgets: bool

    def holds(self, lock: LockfileSpec) -> bool:
        """Whether the committed text is what a compile without upgrade gives."""
        try:
            return self._only_style(lock) and self._closure(lock, source_lines(lock, self.tree, {})) is not None
        except _UNDECIDED:
            return False

    def foreseen(self, lock: LockfileSpec, below: Mapping[str, str]) -> str | None:
        """What a compile with upgrade gives upon the texts of lower layers, `below`; None where that is not proven.

        Only where the committed text is, to the byte, what we would write for the committed pins.
        """
        if not self._is_plain(lock):
            return None
        try:
            before, after = (source_lines(lock, self.tree, texts) for texts in ({}, below))
            if any(line.wanted.marker and counts(line.wanted, self.markers) for line in (*before, *after)):
                return None  # would be written behind the pin
            committed = self._closure(lock, before)
            if committed is None or self._text(lock, lock.lockfile.pins(self.markers), committed, before) != (
                lock.lockfile.text
            ):
                return None
            direct, constraints = _apart(after)
            pins, found = foreseen(Asked.here(direct, constraints, self.choices, self.stated, self.markers))
            return self._text(lock, pins, found, after)
        except _UNDECIDED:
            return None

    def _closure(self, lock: LockfileSpec, lines: Sequence[SourceLine]) -> Closure | None:
        return closure(*_apart(lines), lock.lockfile.pins(self.markers), self.stated, self.markers)

    def _is_plain(self, lock: LockfileSpec) -> bool:
        """Whether upgrading asks for nothing but newest releases, and gives nothing but what we can write."""
        named = {option.partition("=")[0] for option in lock.options}
        odd = lock.upgrade_options or lock.included or lock.written or named & _NOT_WRITTEN
        return self.forgets and not odd and self._only_style(lock)

    def _only_style(self, lock: LockfileSpec) -> bool:
        folder = posixpath.dirname(lock.sources[0]) if lock.sources else ""
        keys = {f"--{key}" for key in read_config(self.tree, folder).keys}
        options = {option.partition("=")[0] for option in lock.options}
        return options <= _OF_STYLE | {_CONSTRAINT} and keys <= _OF_STYLE

    def _text(self, lock: LockfileSpec, pins: Pins, found: Closure, lines: Sequence[SourceLine]) -> str:
        sources: dict[NormalizedName, list[str]] = defaultdict(list)
        for line in lines:
            if counts(line.wanted, self.markers):
                sources[target(line.wanted)].append(line.label(lock.folder))
        if "--generate-hashes" in lock.options:
            pins = {name: self._hashed(pin) for name, pin in pins.items()}
        text = written(pins, found, sources, Style.of(lock.options, lock.lockfile.text))
        return merged(lock, text, {}) if text is not None else ""

    def _hashed(self, pin: Pin) -> Pin:
        hashes = self.hashes(pin)
        if not hashes:
            raise UnforeseenError(f"the hashes of {pin}")
        return replace(pin, hashes=hashes)


def _apart(lines: Sequence[SourceLine]) -> tuple[list[Requirement], list[Requirement]]:
    """What is asked for, and what only constrains."""
    return [each.wanted for each in lines if not each.constrains], [each.wanted for each in lines if each.constrains]
