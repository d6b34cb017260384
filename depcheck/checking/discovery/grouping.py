"""Group lockfiles that are installed together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from depcheck.checking.discovery.python_version import find_python_in_path
from depcheck.core.config.settings import EnvironmentSettings, Settings
from depcheck.core.lockfiles.origin import find_other_platform
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.errors import UsageError
from depcheck.core.model.pins import Pin
from depcheck.core.text.close_names import suggest_name


class LayerCycleError(Exception):
    """A circle of lockfiles that constrain each other.

    `args` are their paths, each constrained by the next one.
    """

    args: tuple[str, ...]


def sort_by_layer(locks: Sequence[LockfileSpec]) -> tuple[LockfileSpec, ...]:
    """Sort lockfiles with lower layers first, otherwise by path.

    Raises:
        LayerCycleError: Lockfiles constrain each other in a circle.
    """
    known = {lock.path: lock for lock in locks}
    ordered: dict[str, LockfileSpec] = {}
    while len(ordered) < len(known):
        ready = [
            path
            for path, lock in known.items()
            if path not in ordered and all(layer in ordered or layer not in known for layer in lock.layers)
        ]
        if not ready:
            raise LayerCycleError(*_find_cycle({path: lock for path, lock in known.items() if path not in ordered}))
        first = min(ready)
        ordered[first] = known[first]
    return tuple(ordered.values())


def _find_cycle(rest: Mapping[str, LockfileSpec]) -> list[str]:
    """Find a circle and list its paths.

    Begins with the first path by name. Each lockfile of `rest` must be constrained by another of them.
    """
    way = [min(rest)]
    while way.count(way[-1]) == 1:
        way.append(min(layer for layer in rest[way[-1]].layers if layer in rest))
    circle = way[way.index(way[-1]) : -1]
    start = circle.index(min(circle))
    return circle[start:] + circle[:start]


def find_upper_lockfiles(locks: Iterable[LockfileSpec], paths: Iterable[str]) -> list[str]:
    """Find the lockfiles that `paths` constrain, directly or indirectly.

    In the order of `locks`.
    """
    found, known = set(paths), {lock.path: lock for lock in locks}
    while more := {path for path, lock in known.items() if path not in found and found & set(lock.layers)}:
        found |= more
    return [path for path in known if path in found - set(paths)]


def group_lockfiles(
    locks: Sequence[LockfileSpec],
    together: Iterable[Sequence[str]] = (),
    related: Iterable[Sequence[str]] = (),
) -> list[tuple[LockfileSpec, ...]]:
    """Group lockfiles that are installed together, each in layer order.

    `together` are groups that the user decided, `related` sets of paths that files of the repository install together:
    they are joined where they are for the same Python and agree. Of the others, a lockfile and all that it is
    constrained by belong together, and so do all that share a layer, as long as their pins agree: then one proposal
    moves a package in every layer. Where they disagree, each top has its own group. Raises CycleError for lockfiles in
    a circle.
    """
    decided = [[lock for lock in locks if lock.path in wanted] for wanted in together]
    taken = {lock.path for group in decided for lock in group}
    free = [lock for lock in locks if lock.path not in taken]
    found = [sort_by_layer(group) for group in decided if group]
    rest: list[tuple[LockfileSpec, ...]] = []
    for component in _find_components(free):
        ordered = sort_by_layer(component)
        rest += [ordered] if _has_agreeing_pins(ordered) else _split_by_top(ordered)
    return sorted([*found, *_join_related(rest, related)], key=choose_environment_name)


def _join_related(
    found: list[tuple[LockfileSpec, ...]], related: Iterable[Sequence[str]]
) -> list[tuple[LockfileSpec, ...]]:
    """Join groups that `related` names, as long as they agree.

    In the order of `related`.
    """
    for paths in related:
        joined: tuple[LockfileSpec, ...] = ()
        for group in [group for path in paths for group in found if any(lock.path == path for lock in group)]:
            both = {lock.path: lock for lock in (*joined, *group)}
            if group is not joined and (not joined or _is_one_installation(tuple(both.values()))):
                found = [each for each in found if each is not group and each is not joined]
                joined = sort_by_layer(tuple(both.values()))
                found.append(joined)
    return found


def _is_one_installation(group: Sequence[LockfileSpec]) -> bool:
    """Return True if lockfiles fit one installation.

    For one Python and one platform, of pins that agree.
    """
    pythons = {lock.header_python or find_python_in_path(lock.path) for lock in group}
    platforms = {find_other_platform(lock.options) for lock in group}
    return len(pythons - {""}) <= 1 and len(platforms) == 1 and _has_agreeing_pins(group)


def choose_environment_name(group: Sequence[LockfileSpec]) -> str:
    """Choose the name of an environment: the path of its top lockfile.

    With several top lockfiles, the first by path.
    """
    return min(_find_top_paths(group)) if len(group) > 1 else group[0].path


def _find_components(locks: Sequence[LockfileSpec]) -> list[list[LockfileSpec]]:
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


def _find_top_paths(group: Sequence[LockfileSpec]) -> list[str]:
    below = {layer for lock in group for layer in lock.layers}
    return [lock.path for lock in group if lock.path not in below]


def _split_by_top(ordered: Sequence[LockfileSpec]) -> list[tuple[LockfileSpec, ...]]:
    known = {lock.path: lock for lock in ordered}
    found = []
    for top in _find_top_paths(ordered):
        needed, todo = {top}, [top]
        while todo:
            layers = [layer for layer in known[todo.pop()].layers if layer in known and layer not in needed]
            needed.update(layers)
            todo += layers
        found.append(tuple(lock for lock in ordered if lock.path in needed))
    return found


def _has_agreeing_pins(group: Sequence[LockfileSpec]) -> bool:
    """Return True if all files pin the same versions.

    A package need not be in every file. Markers are ignored.
    """
    seen: dict[NormalizedName, frozenset[str]] = {}
    for lock in group:
        for name, pins in _group_pins_by_name(lock).items():
            if seen.setdefault(name, pins) != pins:
                return False
    return True


def _group_pins_by_name(lock: LockfileSpec) -> Mapping[NormalizedName, frozenset[str]]:
    found: dict[NormalizedName, set[str]] = {}
    for pin in (entry.pin for entry in lock.lockfile.entries):
        found.setdefault(pin.name, set()).add(_get_pin_identity(pin))
    return {name: frozenset(pins) for name, pins in found.items()}


def _get_pin_identity(pin: Pin) -> str:
    return str(pin.version) if pin.version else pin.reference


EnvironmentFinder = Callable[[Settings], Sequence[EnvironmentSpec]]
"""What a repository shows under these settings."""


def find_configured_environments(settings: Settings, find: EnvironmentFinder) -> Sequence[EnvironmentSpec]:
    """Find the configured environments, then those of all other lockfiles.

    A configured environment without `lockfile` describes every environment that would be found, so nothing
    is left over. If lockfiles are requested on the command line, only environments that have one of them
    are returned.
    """
    described = [spec for each in settings.environments for spec in _find_described(settings, each, find)]
    named = {path for each in settings.environments for path in each.settings.lockfiles}
    whole = any(not each.settings.lockfiles for each in settings.environments)
    plain = replace(settings, only=(), environments=())
    beside = (
        [] if whole else [spec for spec in find(replace(plain, lockfiles=())) if not _list_identifiers(spec) & named]
    )
    found = [*described, *(spec for spec in beside if spec.name != ".")]  # a dot says that nothing was found
    wanted = frozenset(settings.lockfiles)
    return [spec for spec in found if not wanted or _list_identifiers(spec) & wanted] or find(plain)


def select_environments(found: Sequence[EnvironmentSpec], only: Sequence[str]) -> Sequence[EnvironmentSpec]:
    """Select the environments that have one of these names.

    Both names count: the found and the configured one.

    Raises:
        UsageError: No environment has one of the names.
    """
    known = sorted({name for spec in found for name in (spec.name, spec.configured_name) if name})
    if unknown := next((name for name in only if name not in known), ""):
        meant = suggest_name(unknown, known)
        said = f"did you mean {meant}? " if meant else ""
        raise UsageError(f"--only {unknown}: no environment has this name; {said}there are {', '.join(known[:20])}.")
    return [spec for spec in found if not only or {spec.name, spec.configured_name} & set(only)]


def _find_described(settings: Settings, each: EnvironmentSettings, find: EnvironmentFinder) -> list[EnvironmentSpec]:
    together = (each.settings.lockfiles,) if each.settings.lockfiles else settings.together
    found = find(replace(each.settings, repo=settings.repo, report=settings.report, together=together, only=()))
    return [
        replace(
            spec,
            name=each.name if len(found) == 1 else f"{each.name}: {spec.name}",
            configured_name=each.name,
            lockfiles=tuple(_keep_compile_python(lock, spec) for lock in spec.lockfiles),
        )
        for spec in found
    ]


def _keep_compile_python(lock: LockfileSpec, spec: EnvironmentSpec) -> LockfileSpec:
    """Keep compiling a lockfile with its own Python.

    Matters if one lockfile is installed under several Pythons.
    """
    return lock if lock.header_python in {"", spec.python} else replace(lock, python=lock.header_python)


def _list_identifiers(spec: EnvironmentSpec) -> frozenset[str]:
    return frozenset(lock.path for lock in spec.lockfiles) | {spec.name}
