"""Which lockfiles are installed together."""

from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import NormalizedName

from depcheck.core.environments import LockfileSpec
from depcheck.core.pins import Pin


class CycleError(Exception):
    """Lockfiles constrain each other in a circle; `args` are their paths, each constrained by the next one."""

    args: tuple[str, ...]


def in_layer_order(locks: Sequence[LockfileSpec]) -> tuple[LockfileSpec, ...]:
    """Lower layers first, else by path. Raises CycleError."""
    known = {lock.path: lock for lock in locks}
    ordered: dict[str, LockfileSpec] = {}
    while len(ordered) < len(known):
        ready = [
            path
            for path, lock in known.items()
            if path not in ordered and all(layer in ordered or layer not in known for layer in lock.layers)
        ]
        if not ready:
            raise CycleError(*_circle({path: lock for path, lock in known.items() if path not in ordered}))
        first = min(ready)
        ordered[first] = known[first]
    return tuple(ordered.values())


def _circle(rest: Mapping[str, LockfileSpec]) -> list[str]:
    """The way round, from its first path by name; each of `rest` is constrained by another of them."""
    way = [min(rest)]
    while way.count(way[-1]) == 1:
        way.append(min(layer for layer in rest[way[-1]].layers if layer in rest))
    circle = way[way.index(way[-1]) : -1]
    start = circle.index(min(circle))
    return circle[start:] + circle[:start]


def above(locks: Iterable[LockfileSpec], paths: Iterable[str]) -> list[str]:
    """What is constrained by `paths`, by way of others too, in the order of `locks`."""
    found, known = set(paths), {lock.path: lock for lock in locks}
    while more := {path for path, lock in known.items() if path not in found and found & set(lock.layers)}:
        found |= more
    return [path for path in known if path in found - set(paths)]


def groups(locks: Sequence[LockfileSpec], together: Iterable[Sequence[str]] = ()) -> list[tuple[LockfileSpec, ...]]:
    """The lockfiles in groups that are installed together, each in layer order.

    `together` are groups that the user decided. Of the others, a lockfile and all that it is constrained by belong
    together, and so do all that share a layer, as long as their pins agree: then one proposal moves a package in
    every layer. Where they disagree, each top has its own group. Raises CycleError for lockfiles in a circle.
    """
    decided = [[lock for lock in locks if lock.path in wanted] for wanted in together]
    taken = {lock.path for group in decided for lock in group}
    free = [lock for lock in locks if lock.path not in taken]
    found = [in_layer_order(group) for group in decided if group]
    for component in _components(free):
        ordered = in_layer_order(component)
        found += [ordered] if _agree(ordered) else _by_top(ordered)
    return sorted(found, key=name_of)


def name_of(group: Sequence[LockfileSpec]) -> str:
    """The name of an environment: its top lockfile's path, the first one by path where there are several."""
    return min(_tops(group)) if len(group) > 1 else group[0].path


def _components(locks: Sequence[LockfileSpec]) -> list[list[LockfileSpec]]:
    rest = {lock.path: lock for lock in locks}
    found = []
    while rest:
        path, lock = next(iter(rest.items()))
        del rest[path]
        component, todo = [lock], [lock]
        while todo:
            here = todo.pop()
            near = [other for other in rest.values() if other.path in here.layers or here.path in other.layers]
            for other in near:
                del rest[other.path]
            component += near
            todo += near
        found.append(component)
    return found


def _tops(group: Sequence[LockfileSpec]) -> list[str]:
    below = {layer for lock in group for layer in lock.layers}
    return [lock.path for lock in group if lock.path not in below]


def _by_top(ordered: Sequence[LockfileSpec]) -> list[tuple[LockfileSpec, ...]]:
    known = {lock.path: lock for lock in ordered}
    found = []
    for top in _tops(ordered):
        needed, todo = {top}, [top]
        while todo:
            layers = [layer for layer in known[todo.pop()].layers if layer in known and layer not in needed]
            needed.update(layers)
            todo += layers
        found.append(tuple(lock for lock in ordered if lock.path in needed))
    return found


def _agree(group: Sequence[LockfileSpec]) -> bool:
    """Whether no package is pinned to versions that differ between the files, markers left aside."""
    seen: dict[NormalizedName, frozenset[str]] = {}
    for lock in group:
        for name, pins in _by_name(lock).items():
            if seen.setdefault(name, pins) != pins:
                return False
    return True


def _by_name(lock: LockfileSpec) -> Mapping[NormalizedName, frozenset[str]]:
    found: dict[NormalizedName, set[str]] = {}
    for pin in (entry.pin for entry in lock.lockfile.entries):
        found.setdefault(pin.name, set()).add(_what(pin))
    return {name: frozenset(pins) for name, pins in found.items()}


def _what(pin: Pin) -> str:
    return str(pin.version) if pin.version else pin.reference
