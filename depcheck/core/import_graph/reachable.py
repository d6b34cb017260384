"""Find the modules that a project reaches through imports."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from depcheck.core.import_graph.import_statements import ModuleImports

MOST_MODULES = 30_000
MOST_PARTS = 12  # of a dotted name


class Reach(IntEnum):
    """How a project gets to a module."""

    NONE = 0
    WEAK = 1  # on some paths, or by name
    STRONG = 2  # whenever the project itself is imported


@dataclass(frozen=True, slots=True)
class Roots:
    """Modules to begin at, as dotted names.

    `weak` ones are reached on some paths only.
    """

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reached:
    """Every module reached, by how.

    `complete` is False where there were too many to follow.
    """

    strong: frozenset[str]
    weak: frozenset[str]
    complete: bool = True

    def rate(self, module: str) -> Reach:
        """Return how `module` is reached."""
        if module in self.strong:
            return Reach.STRONG
        return Reach.WEAK if module in self.weak else Reach.NONE


ReadImports = Callable[[str], ModuleImports]
IsModule = Callable[[str], bool]


def find_reached(roots: Roots, read_imports_of: ReadImports, is_module: IsModule) -> Reached:
    """Follow imports from `roots`, reading each reached module once.

    A name that is no module stands for the longest part of it that is one. A module's packages are reached with it.
    """

    @cache
    def resolve(name: str) -> tuple[str, ...]:
        return tuple(_prefixes(name, is_module))

    @cache
    def resolve_string(name: str) -> tuple[str, ...]:
        found = resolve(name)
        parts = name.count(".") + 1
        return found if found and parts - len(found) <= 1 else ()

    strong: set[str] = set()
    complete = _spread(_names(roots.strong, resolve), strong, lambda m: _names(read_imports_of(m).strong, resolve))

    def lead_anywhere(module: str) -> Iterator[str]:
        found = read_imports_of(module)
        yield from _names(found.strong | found.weak, resolve)
        yield from _names(found.strings, resolve_string)

    anywhere: set[str] = set()
    start = (*strong, *_names(roots.weak, resolve))
    complete = _spread(start, anywhere, lead_anywhere) and complete
    return Reached(frozenset(strong), frozenset(anywhere - strong), complete)


def _names(names: Iterable[str], resolve: Callable[[str], tuple[str, ...]]) -> Iterator[str]:
    return (module for name in names for module in resolve(name))


def _spread(start: Iterable[str], found: set[str], lead: Callable[[str], Iterator[str]]) -> bool:
    """Add to `found` all that `start` leads to.

    False where MOST_MODULES are found before the end.
    """
    found.update(start)
    todo = list(found)
    while todo:
        more = set(lead(todo.pop())) - found
        found |= more
        todo += more
        if len(found) > MOST_MODULES:
            return False
    return True


def _prefixes(name: str, is_module: IsModule) -> Iterator[str]:
    parts = name.split(".")[:MOST_PARTS]
    for length in range(1, len(parts) + 1):
        prefix = ".".join(parts[:length])
        if not is_module(prefix):
            return
        yield prefix
