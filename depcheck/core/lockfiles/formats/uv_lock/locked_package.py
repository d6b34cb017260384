"""One `[[package]]` table of a uv.lock, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.model.errors import LockfileError

MEMBER_SOURCES = frozenset({"editable", "virtual"})


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Where a package comes from: its kind and its place."""

    kind: str
    place: str
    subfolder: str = ""

    @property
    def is_member(self) -> bool:
        """True for a folder of the workspace, which is no release."""
        return self.kind in MEMBER_SOURCES


@dataclass(frozen=True, slots=True)
class DependencyEdge:
    """One requirement of a package, with what picks one of several releases.

    `version` is empty and `source` None where the name alone tells which package is meant.
    """

    name: NormalizedName
    version: str = ""
    source: PackageSource | None = None
    extras: tuple[str, ...] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A wheel or source distribution: address or path, and hash."""

    place: str
    hash: str


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package of the lockfile, with its requirements by extra and group.

    `scopes` are the markers of the resolutions that it belongs to, empty for all.
    """

    name: NormalizedName
    version: Version | None
    source: PackageSource
    dependencies: tuple[DependencyEdge, ...]
    extras: Mapping[str, tuple[DependencyEdge, ...]]
    groups: Mapping[str, tuple[DependencyEdge, ...]]
    files: tuple[LockedFile, ...]
    scopes: tuple[str, ...]

    @property
    def edges(self) -> tuple[DependencyEdge, ...]:
        """All requirements, whatever asks for them."""
        optional = (edge for edges in (*self.extras.values(), *self.groups.values()) for edge in edges)
        return (*self.dependencies, *optional)


def parse_package(table: Mapping[str, Any], line: int) -> LockedPackage:
    """Parse one table, which begins at `line`.

    Raises:
        LockfileError: A key is missing or has another type than uv writes.
    """
    try:
        return LockedPackage(
            name=canonicalize_name(_get_text(table, "name", required=True)),
            version=Version(stated) if (stated := _get_text(table, "version")) else None,
            source=_parse_source(table["source"]),
            dependencies=_parse_edges(table.get("dependencies", ())),
            extras=_parse_edge_lists(table.get("optional-dependencies", {})),
            groups=_parse_edge_lists(table.get("dev-dependencies", {})),
            files=tuple(map(_parse_file, [*_list_tables(table, "sdist"), *_list_tables(table, "wheels")])),
            scopes=tuple(map(_check_text, table.get("resolution-markers", ()))),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LockfileError(
            f"The package at line {line} is not as uv writes it ({type(error).__name__}: {error}); run `uv lock` again."
        ) from None


def parse_edge(table: Mapping[str, Any]) -> DependencyEdge:
    """Parse one requirement.

    Raises:
        KeyError, TypeError, ValueError: It is not as uv writes it.
    """
    extras = table.get("extra", table.get("extras", ()))
    return DependencyEdge(
        canonicalize_name(_get_text(table, "name", required=True)),
        _get_text(table, "version"),
        _parse_source(table["source"]) if "source" in table else None,
        tuple(canonicalize_name(_check_text(extra)) for extra in extras),
        _get_text(table, "marker"),
    )


def _parse_source(table: Mapping[str, Any]) -> PackageSource:
    kinds = [key for key in table if key not in {"subdirectory", "lfs"}]
    if len(kinds) != 1:
        raise ValueError(f"source {dict(table)!r}")
    return PackageSource(kinds[0], _get_text(table, kinds[0]), _get_text(table, "subdirectory"))


def _parse_edges(tables: Any) -> tuple[DependencyEdge, ...]:  # noqa: ANN401  # whatever a hostile file holds
    return tuple(map(parse_edge, tables))


def _parse_edge_lists(tables: Mapping[str, Any]) -> Mapping[str, tuple[DependencyEdge, ...]]:
    return {canonicalize_name(name): _parse_edges(edges) for name, edges in tables.items()}


def _parse_file(table: Mapping[str, Any]) -> LockedFile:
    place = next((table[key] for key in ("url", "path", "filename") if key in table), "")
    return LockedFile(_check_text(place), _get_text(table, "hash"))


def _list_tables(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = table.get(key, [])
    return found if isinstance(found, list) else [found]


def _get_text(table: Mapping[str, Any], key: str, *, required: bool = False) -> str:
    return _check_text(table[key] if required else table.get(key, ""))


def _check_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
