"""The dependency graph of the changes.

It shows which package requires which, with changed and blamed packages marked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from depcheck.core.model.report import ChangeReport, EnvironmentReport
from depcheck.reporting.html.elements import (
    Child,
    build_scrollable,
    build_tag,
    list_blamed_packages,
    list_companion_packages,
)

_MAX_PACKAGES = 60  # packages; beyond that only the ways to the guilty are drawn
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 168, 34, 46, 12, 8
_CHARS = 20
SOURCE = ""  # the node that stands for the sources


@dataclass(frozen=True, slots=True)
class LayeredGraph:
    """A graph in columns.

    `columns` are package names from the sources outwards; `edges` are pairs of a package and one that it
    requires.
    """

    columns: tuple[tuple[str, ...], ...]
    edges: tuple[tuple[str, str], ...]


def build_layered_graph(chains: Iterable[Sequence[str]]) -> LayeredGraph:
    """Arrange packages in columns by their longest chain.

    A cycle is cut where it closes. A chain begins with SOURCE if its first requirer is known.
    """
    chains = [tuple(chain) for chain in chains]
    edges = dict.fromkeys(pair for chain in chains for pair in pairwise(chain))
    names = list(dict.fromkeys(name for chain in chains for name in chain))
    depth = {name: int(name != SOURCE) for name in names}
    for _ in names:  # a longest way is at most as long as there are names
        moved = False
        for above, below in edges:
            wanted = depth[above] + 1
            if depth[below] < wanted <= len(names) and below != SOURCE:
                depth[below], moved = wanted, True
        if not moved:
            break
    used = sorted(set(depth.values()))
    columns = tuple(tuple(sorted(name for name in names if depth[name] == level)) for level in used)
    return LayeredGraph(columns, tuple(edges))


def build_dependency_graph(environment: EnvironmentReport, number: int) -> Child:
    """Build the picture of the dependency graph.

    None if there are no changes.
    """
    changes = {change.name: change for change in environment.changes if change.judged}
    if not changes:
        return None
    chosen = _choose_changes(environment, changes.values())
    found = build_layered_graph([*_get_origin(change), *change.via, change.name] for change in chosen)
    drawn = _draw_graph(environment, found, changes, number)
    left = len(changes) - len(chosen)
    return [
        build_scrollable("Dependency graph", drawn),
        _build_legend(),
        build_tag("p", f"{left} further changes are not drawn; the table has them all.") if left else None,
    ]


def _choose_changes(environment: EnvironmentReport, changes: Iterable[ChangeReport]) -> list[ChangeReport]:
    """Choose the changes to draw.

    All changes if they fit. If not, the blamed packages and their companions, or the first changes if there are
    none.
    """
    marked = list_blamed_packages(environment) | list_companion_packages(environment)
    ordered = sorted(changes, key=lambda change: (change.name not in marked, len(change.via), change.name))
    whole = len(ordered) <= _MAX_PACKAGES
    return ordered if whole else [c for c in ordered if c.name in marked][:_MAX_PACKAGES] or ordered[:_MAX_PACKAGES]


def _get_origin(change: ChangeReport) -> tuple[str, ...]:
    """Return SOURCE as start of a known chain.

    The chain of a removed package may be unknown.
    """
    return (SOURCE,) if change.direct or change.via else ()


def _draw_graph(
    environment: EnvironmentReport, found: LayeredGraph, changes: dict[str, ChangeReport], number: int
) -> Element:
    tallest = max(len(column) for column in found.columns)
    height = tallest * (_HEIGHT + _GAP_Y) + 2 * _MARGIN
    width = len(found.columns) * (_WIDTH + _GAP_X) - _GAP_X + 2 * _MARGIN
    at = {
        name: (
            _MARGIN + x * (_WIDTH + _GAP_X),
            _MARGIN + (height - 2 * _MARGIN) * (y + 0.5) / len(column) - _HEIGHT / 2,
        )
        for x, column in enumerate(found.columns)
        for y, name in enumerate(column)
    }
    ways = _find_edges_to(list_blamed_packages(environment), found.edges)
    return build_tag(
        "svg",
        build_tag("title", f"Dependency graph of {environment.name}", id=f"graph-{number}-title"),
        build_tag("desc", _describe_blame(environment, changes), id=f"graph-{number}-desc"),
        [_draw_edge(at[one], at[other], guilty=(one, other) in ways) for one, other in found.edges],
        [_draw_node(environment, changes, name, place) for name, place in at.items()],
        viewBox=f"0 0 {width} {height:.0f}",
        width=width,
        height=f"{height:.0f}",
        role="img",
        aria_labelledby=f"graph-{number}-title graph-{number}-desc",
        class_="graph",
    )


def _find_edges_to(names: frozenset[str], edges: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Find the edges on paths to one of `names`."""
    reached, found = set(names), set[tuple[str, str]]()
    while more := {edge for edge in edges if edge[1] in reached} - found:
        found |= more
        reached |= {above for above, _ in more}
    return found


def _describe_blame(environment: EnvironmentReport, changes: dict[str, ChangeReport]) -> str:
    ways = [
        f"{name} is blamed; required by {' → '.join(('the source', *changes[name].via, name))}"
        for name in sorted(list_blamed_packages(environment))
        if name in changes
    ]
    return "; ".join(ways) or f"{len(changes)} packages change, nobody is blamed."


def _draw_edge(one: tuple[float, float], other: tuple[float, float], *, guilty: bool) -> Element:
    begin, end = one[0] + _WIDTH, other[0]
    y, to = one[1] + _HEIGHT / 2, other[1] + _HEIGHT / 2
    bend = (end - begin) / 2
    curve = f"M{begin} {y:.1f} C{begin + bend} {y:.1f} {end - bend} {to:.1f} {end} {to:.1f}"
    return build_tag("path", d=curve, class_="edge guilty" if guilty else "edge")


def _draw_node(
    environment: EnvironmentReport, changes: dict[str, ChangeReport], name: str, place: tuple[float, float]
) -> Element:
    x, y = place
    change = changes.get(name)
    kind = "source" if name == SOURCE else _get_node_class(environment, name, change)
    below = f"{change.before or 'new'} → {change.after or 'removed'}" if change else ""
    mark = {"guilty": "✗ ", "companion": "+ "}.get(kind, "")
    words = "sources" if name == SOURCE else name
    middle = x + _WIDTH / 2
    return build_tag(
        "g",
        build_tag("title", f"{words} {below}".strip()),
        build_tag("rect", x=x, y=f"{y:.1f}", width=_WIDTH, height=_HEIGHT, rx=6),
        build_tag("text", f"{mark}{_shorten_text(words, _CHARS)}", x=middle, y=f"{y + (14 if below else 21):.1f}"),
        build_tag("text", _shorten_text(below, _CHARS + 6), x=middle, y=f"{y + 28:.1f}", class_="small")
        if below
        else None,
        class_=f"node {kind}",
    )


def _get_node_class(environment: EnvironmentReport, name: str, change: ChangeReport | None) -> str:
    if name in list_blamed_packages(environment):
        return "guilty"
    if name in list_companion_packages(environment):
        return "companion"
    return "changed" if change else "same"


def _build_legend() -> Element:
    kinds = (("guilty", "✗ culprit"), ("companion", "+ moves with it"), ("changed", "changed"), ("same", "unchanged"))
    return build_tag("ul", [build_tag("li", text, class_=f"key {kind}") for kind, text in kinds], class_="legend")


def _shorten_text(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
