"""The graph of a uv.lock: which packages one target gets."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.markers import Marker
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.lockfiles.formats.uv_lock.locked_package import DependencyEdge, LockedPackage
from depcheck.core.model.errors import LockfileError
from depcheck.core.targets.left_out import read_left_out

_DEFAULT_GROUP = "dev"  # what `uv sync` installs unless it is told otherwise
_CONFLICT_ATOM = re.compile(r"extra\s*(?P<operator>==|!=)\s*'(?P<item>[^']*)'")
_TRUE, _FALSE = "python_full_version >= '0'", "python_full_version < '0'"


@dataclass(frozen=True, slots=True)
class ConflictItem:
    """An extra or group of a project, or the whole project."""

    package: NormalizedName
    kind: str  # extra, group, project
    name: str = ""

    @property
    def label(self) -> str:
        """The item as uv writes it into markers."""
        rest = f"-{self.name}" if self.name else ""
        return f"{self.kind}-{len(self.package)}-{self.package}{rest}"

    def __str__(self) -> str:
        return f"{self.package}[{self.name}]" if self.kind == "extra" else f"{self.kind} {self.name or self.package}"


@dataclass(frozen=True, slots=True)
class LockGraph:
    """All packages, the roots, and what cannot be installed together.

    `asked` are requirements of no package: those of a script, or of a workspace without a project.
    """

    packages: tuple[LockedPackage, ...] = ()
    asked: tuple[DependencyEdge, ...] = ()
    conflicts: tuple[tuple[ConflictItem, ...], ...] = ()
    _by_name: dict[NormalizedName, list[LockedPackage]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for package in self.packages:
            self._by_name.setdefault(package.name, []).append(package)

    @property
    def members(self) -> tuple[LockedPackage, ...]:
        """The projects of the workspace."""
        return tuple(package for package in self.packages if package.source.is_member)

    @property
    def left_out(self) -> frozenset[ConflictItem]:
        """The items that cannot stand beside others.

        All but one of each conflict: the default group stays, else the first.
        """
        return frozenset(item for group in self.conflicts for item in _sort_by_wish(group)[1:])

    def select(self, markers: Mapping[str, str]) -> dict[NormalizedName, tuple[LockedPackage, frozenset[str]]]:
        """Return the packages that a target gets, each with its extras.

        With all members, extras and groups that can stand together, less those that nobody wants installed.

        Raises:
            LockfileError: Two releases of one package hold for it, or a requirement is in no package.
        """
        unwanted = read_left_out(markers)
        left_out = self.left_out | {item for item in self._list_choices() if item.name in unwanted}
        choice = _Selection(self, markers, left_out)
        for member in self.members:
            choice.add_member(member)
        choice.follow(self.asked)
        return {name: (package, frozenset(choice.extras[name])) for name, package in choice.found.items()}

    @property
    def optional_names(self) -> frozenset[str]:
        """The names of all extras and groups of the projects."""
        return frozenset(item.name for item in self._list_choices())

    def _list_choices(self) -> list[ConflictItem]:
        return [item for member in self.members for item in _list_items(member) if item.name]

    def list_candidates(self, edge: DependencyEdge) -> list[LockedPackage]:
        """List the packages that a requirement can mean."""
        return [
            each
            for each in self._by_name.get(edge.name, ())
            if edge.version in {"", str(each.version)} and edge.source in {None, each.source}
        ]

    def list_requirers(self) -> dict[NormalizedName, list[tuple[str, DependencyEdge]]]:
        """List who asks for each package, in the words of annotations."""
        found: dict[NormalizedName, list[tuple[str, DependencyEdge]]] = {}
        for package in self.packages:
            for group, edges in _list_edge_groups(package):
                own = f"{package.name} (pyproject.toml{f':{group}' if group else ''})"
                for edge in edges:
                    requirer = own if package.source.is_member else str(package.name)
                    found.setdefault(edge.name, []).append((requirer, edge))
        for edge in self.asked:
            found.setdefault(edge.name, []).append(("dependency-groups (pyproject.toml)", edge))
        return found


@dataclass(slots=True)
class _Selection:
    graph: LockGraph
    markers: Mapping[str, str]
    left_out: frozenset[ConflictItem]
    found: dict[NormalizedName, LockedPackage] = field(default_factory=dict)
    extras: dict[NormalizedName, set[str]] = field(default_factory=dict)
    _chosen: set[str] = field(default_factory=set)
    _known: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        items = (item for member in self.graph.members for item in _list_items(member))
        self._chosen = {item.label for item in items if item not in self.left_out}

    def add_member(self, member: LockedPackage) -> None:
        """Add a project with the extras and groups that stay."""
        if ConflictItem(member.name, "project") in self.left_out:
            return
        self._visit(member, ())
        for group, edges in member.groups.items():
            if ConflictItem(member.name, "group", group) not in self.left_out:
                self.follow(edges)
        self._visit(member, [e for e in member.extras if ConflictItem(member.name, "extra", e) not in self.left_out])

    def follow(self, edges: Iterable[DependencyEdge]) -> None:
        """Add what these requirements ask for, and what that asks for."""
        todo = list(edges)
        while todo:
            edge = todo.pop()
            if self.is_true(edge.marker) and (package := self._choose(edge)):
                todo += self._open(package, edge.extras)

    def is_true(self, marker: str) -> bool:
        """Return True if a marker holds for the target and the choice."""
        if marker not in self._known:
            self._known[marker] = _evaluate(_settle_conflicts(marker, self._chosen), self.markers)
        return self._known[marker]

    def _visit(self, package: LockedPackage, extras: Iterable[str]) -> None:
        self.follow(self._open(package, extras))

    def _open(self, package: LockedPackage, extras: Iterable[str]) -> list[DependencyEdge]:
        """Note a package and extras, and return what is new."""
        other = self.found.get(package.name)
        if other is not None and other is not package:
            raise LockfileError(
                f"{package.name} {other.version} and {package.version} both hold for this Python and platform; "
                "run `uv lock` again, or name the Python with --python."
            )
        new = [] if other else list(package.dependencies)
        self.found[package.name] = package
        seen = self.extras.setdefault(package.name, set())
        for extra in set(extras) - seen:
            new += package.extras.get(extra, ())
        seen.update(extras)
        return new

    def _choose(self, edge: DependencyEdge) -> LockedPackage | None:
        candidates = self.graph.list_candidates(edge)
        if len(candidates) > 1:
            candidates = [each for each in candidates if not each.scopes or any(map(self.is_true, each.scopes))]
        if not candidates:
            raise LockfileError(f"{edge.name} is required, and no package of the lockfile is it; run `uv lock` again.")
        return candidates[0]


def parse_conflicts(tables: Iterable[Iterable[Mapping[str, str]]]) -> tuple[tuple[ConflictItem, ...], ...]:
    """Parse the sets of extras and groups that exclude each other."""
    return tuple(tuple(_parse_item(table) for table in group) for group in tables)


def _parse_item(table: Mapping[str, str]) -> ConflictItem:
    kind = next((kind for kind in ("extra", "group") if kind in table), "project")
    name = canonicalize_name(table[kind]) if kind in table else ""
    return ConflictItem(canonicalize_name(table["package"]), kind, name)


def _sort_by_wish(group: Iterable[ConflictItem]) -> list[ConflictItem]:
    return sorted(group, key=lambda item: item.name != _DEFAULT_GROUP)


def _list_items(member: LockedPackage) -> Iterator[ConflictItem]:
    yield ConflictItem(member.name, "project")
    yield from (ConflictItem(member.name, "extra", extra) for extra in member.extras)
    yield from (ConflictItem(member.name, "group", group) for group in member.groups)


def _list_edge_groups(package: LockedPackage) -> Iterator[tuple[str, Iterable[DependencyEdge]]]:
    yield "", package.dependencies
    yield from package.extras.items()
    yield from package.groups.items()


def _settle_conflicts(marker: str, chosen: Iterable[str]) -> str:
    """Replace what a marker says of extras by what is so."""
    return _CONFLICT_ATOM.sub(
        lambda atom: _TRUE if (atom["item"] in chosen) == (atom["operator"] == "==") else _FALSE, marker
    )


def _evaluate(marker: str, markers: Mapping[str, str]) -> bool:
    try:
        return not marker or _parse_marker(marker).evaluate(dict(markers))
    except (ValueError, KeyError, RecursionError) as error:
        raise LockfileError(f"The marker {marker[:200]!r} cannot be read ({error}); run `uv lock` again.") from None


_parse_marker = lru_cache(4096)(Marker)
