"""A uv.lock as a lockfile, exact to the byte."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from depcheck.core.lockfiles.formats.uv_lock.lock_graph import LockGraph, parse_conflicts
from depcheck.core.lockfiles.formats.uv_lock.locked_package import (
    DependencyEdge,
    LockedPackage,
    PackageSource,
    parse_edge,
    parse_package,
)
from depcheck.core.lockfiles.lockfile_parser import Lockfile, LockfileEntry
from depcheck.core.lockfiles.requirement_line import refuse_control_characters
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.text.toml import parse_toml

UV_LOCK_START = re.compile(r"version = \d+\r?\n(?:revision = \d+\r?\n)?requires-python = ")
_KNOWN_VERSION = 1
_MOST_PACKAGES = 20_000
_BLOCK = re.compile(r"^\[\[package\]\]\r?\n", re.MULTILINE)
_COMMIT = re.compile(r"^(?P<place>[^?#]*+)(?:\?[^#]*+)?#(?P<commit>[0-9a-f]{40,64})$")
_EXTRA_ATOM = re.compile(r"extra\s*[=!]=")


@dataclass(frozen=True, slots=True)
class UvLockfile(Lockfile):
    """A parsed uv.lock.

    An entry's marker tells for people where its package is installed. Which packages a target gets, the graph tells.
    """

    graph: LockGraph = field(default_factory=LockGraph)
    packages: tuple[LockedPackage, ...] = ()  # one for each entry

    @property
    def options(self) -> tuple[str, ...]:
        """Return nothing: a uv.lock has no option lines."""
        return ()

    @property
    def is_universal(self) -> bool:
        """True: it holds the pins of every Python and platform."""
        return True

    @property
    def optional_names(self) -> frozenset[str]:
        """The names of the projects' extras and groups."""
        return self.graph.optional_names

    def select_pins(self, marker_environment: Mapping[str, str]) -> Pins:
        """Select the packages that a target gets.

        With all wanted extras and groups that can stand together. Raises LockfileError as `LockGraph.select` does.
        """
        chosen = self.graph.select(marker_environment)
        pins = {id(package): entry.pin for package, entry in zip(self.packages, self.entries, strict=True)}
        found = ((name, pins.get(id(package)), extras) for name, (package, extras) in chosen.items())
        return {
            name: pin if pin.reference else replace(pin, marker="", extras=frozenset(extras))
            for name, pin, extras in sorted(found)
            if pin
        }

    def list_inactive_pins(self, marker_environment: Mapping[str, str]) -> tuple[Pin, ...]:
        """Return the pins that a target does not get, in order."""
        here = {id(package) for package, _ in self.graph.select(marker_environment).values()}
        return tuple(
            entry.pin for package, entry in zip(self.packages, self.entries, strict=True) if id(package) not in here
        )


def parse_uv_lock(text: str) -> UvLockfile:
    """Parse the text of a uv.lock.

    `parse_uv_lock(text).text == text`.

    Raises:
        LockfileError: It is of another version of the format, or not as uv writes it.
    """
    refuse_control_characters(text)
    starts = [found.start() for found in _BLOCK.finditer(text)]
    if len(starts) > _MOST_PACKAGES:
        raise LockfileError(f"The lockfile has more than {_MOST_PACKAGES} packages, which none has; run `uv lock`.")
    first = starts[0] if starts else len(text)
    head = _parse_table(text[:first], 1)
    ends = [*starts[1:], len(text)] if starts else []
    blocks = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    lines = [text.count("\n", 0, first) + 1] if starts else []
    for block in blocks[:-1]:
        lines.append(lines[-1] + block.count("\n"))
    packages = [parse_package(_parse_block(block, line), line) for block, line in zip(blocks, lines, strict=True)]
    graph = _build_graph(head, packages)
    entries = list(_build_parts(graph, blocks, lines))
    kept = tuple(package for package in packages if package.source.kind != "virtual")
    return UvLockfile("", (text[:first], *entries), graph, kept)


def _parse_table(text: str, line: int) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise LockfileError(f"The part at line {line} is not valid TOML ({error}); run `uv lock` again.") from None


def _parse_block(block: str, line: int) -> Mapping[str, Any]:
    """Parse the text of one package, which holds nothing else."""
    found = _parse_table(block, line)
    packages = found.get("package")
    if found.keys() != {"package"} or not isinstance(packages, list) or len(packages) != 1:
        raise LockfileError(f"The package at line {line} is not as uv writes it; run `uv lock` again.")
    table = packages[0]
    return table if isinstance(table, dict) else {}


def _build_graph(head: Mapping[str, Any], packages: list[LockedPackage]) -> LockGraph:
    if head.get("version") != _KNOWN_VERSION or "package" in head:
        raise LockfileError(
            f"It is a uv.lock of version {head.get('version')!r}, and depcheck reads version {_KNOWN_VERSION}; "
            "use a newer depcheck."
        )
    try:
        return LockGraph(tuple(packages), tuple(_list_asked(head.get("manifest", {}))), _parse_conflict_sets(head))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LockfileError(
            f"The lockfile's beginning is not as uv writes it ({type(error).__name__}: {error}); run `uv lock` again."
        ) from None


def _parse_conflict_sets(head: Mapping[str, Any]) -> Any:  # noqa: ANN401  # checked by what reads it
    return parse_conflicts(head.get("conflicts", ()))


def _list_asked(manifest: Mapping[str, Any]) -> Iterator[DependencyEdge]:
    """List requirements that no package states.

    Those of a script, or of groups of a workspace without a project.
    """
    groups = manifest.get("dependency-groups", {}).values()
    for table in (*manifest.get("requirements", ()), *(table for group in groups for table in group)):
        edge = parse_edge({key: table[key] for key in ("name", "extra", "extras", "marker") if key in table})
        yield edge


def _build_parts(graph: LockGraph, blocks: list[str], lines: list[int]) -> Iterator[LockfileEntry | str]:
    requirers = graph.list_requirers()
    for package, block, line in zip(graph.packages, blocks, lines, strict=True):
        if package.source.kind == "virtual":
            yield block
            continue
        asking = [
            (who, edge)
            for who, edge in requirers.get(package.name, ())
            if any(each is package for each in graph.list_candidates(edge))
        ]
        yield LockfileEntry(_build_pin(package, asking), block, line)


def _build_pin(package: LockedPackage, asking: list[tuple[str, DependencyEdge]]) -> Pin:
    is_release = package.source.kind == "registry"
    return Pin(
        package.name,
        package.version if is_release else None,
        marker=_describe_scope(package, [edge.marker for _, edge in asking]),
        hashes=frozenset(file.hash for file in package.files if file.hash) if is_release else frozenset(),
        requirers=tuple(dict.fromkeys(who for who, _ in asking)),
        reference="" if is_release else _format_source(package.name, package.source),
    )


def _describe_scope(package: LockedPackage, markers: list[str]) -> str:
    """Describe where a package is installed.

    As far as its own lines tell: empty for everywhere, or where only the whole graph tells.
    """
    known = list(package.scopes) or markers
    plain = all(known) and not any(map(_EXTRA_ATOM.search, known))
    return " or ".join(dict.fromkeys(known)) if plain else ""


def _format_source(name: str, source: PackageSource) -> str:
    """Format a package that is no release as a requirement.

    Raises:
        LockfileError: Its source is of an unknown kind.
    """
    below = f"#subdirectory={source.subfolder}" if source.subfolder else ""
    match source.kind:
        case "editable":
            return f"-e {_make_local(source.place)}"
        case "directory" | "path":
            return _make_local(source.place)
        case "url":
            return f"{name} @ {source.place}{below}"
        case "git":
            found = _COMMIT.match(source.place)
            return f"{name} @ git+{found['place'] if found else source.place}@{found['commit'] if found else ''}{below}"
    raise LockfileError(f"{name} has a source of the kind {source.kind!r}, which depcheck does not know.")


def _make_local(place: str) -> str:
    return place if place.startswith((".", "/")) else f"./{place}"
