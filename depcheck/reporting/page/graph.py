"""The dependency graph of what changed: who brings whom in, the changed and the guilty marked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from depcheck.core.report import ChangeReport, EnvironmentReport
from depcheck.reporting.page.elements import Child, scrolling, tag
from depcheck.reporting.page.words import companions, guilty

_MOST = 60  # packages; beyond that only the ways to the guilty are drawn
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE = 168, 34, 46, 12, 8
_CHARS = 20
SOURCE = ""  # the node that stands for the sources


@dataclass(frozen=True, slots=True)
class Graph:
    """`columns` are package names from the sources outwards, `edges` who asks for whom."""

    columns: tuple[tuple[str, ...], ...]
    edges: tuple[tuple[str, str], ...]


def layered(chains: Iterable[Sequence[str]]) -> Graph:
    """Packages in columns: each as far out as the longest of its chains demands; a circle is cut where it closes.

    A chain begins with SOURCE where it is known by whom it is asked for.
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
    return Graph(columns, tuple(edges))


def graph(environment: EnvironmentReport, number: int) -> Child:
    """The picture; empty for no changes."""
    changes = {change.name: change for change in environment.changes}
    if not changes:
        return None
    chosen = _chosen(environment, changes.values())
    found = layered([*_origin(change), *change.via, change.name] for change in chosen)
    drawn = _drawn(environment, found, changes, number)
    left = len(changes) - len(chosen)
    return [
        scrolling("Dependency graph", drawn),
        _legend(),
        tag("p", f"{left} further changes are not drawn; the table has them all.") if left else None,
    ]


def _chosen(environment: EnvironmentReport, changes: Iterable[ChangeReport]) -> list[ChangeReport]:
    """All changes where they fit; else the guilty, their companions, and as many others as fit."""
    marked = guilty(environment) | companions(environment)
    ordered = sorted(changes, key=lambda change: (change.name not in marked, len(change.via), change.name))
    whole = len(ordered) <= _MOST
    return ordered if whole else [c for c in ordered if c.name in marked][:_MOST] or ordered[:_MOST]


def _origin(change: ChangeReport) -> tuple[str, ...]:
    """The sources, where a chain from them is known; of what is removed it may not be."""
    return (SOURCE,) if change.direct or change.via else ()


def _drawn(environment: EnvironmentReport, found: Graph, changes: dict[str, ChangeReport], number: int) -> Element:
    tallest = max(len(column) for column in found.columns)
    height = tallest * (_HEIGHT + _GAP_Y) + 2 * _EDGE
    width = len(found.columns) * (_WIDTH + _GAP_X) - _GAP_X + 2 * _EDGE
    at = {
        name: (_EDGE + x * (_WIDTH + _GAP_X), _EDGE + (height - 2 * _EDGE) * (y + 0.5) / len(column) - _HEIGHT / 2)
        for x, column in enumerate(found.columns)
        for y, name in enumerate(column)
    }
    ways = _ways_to(guilty(environment), found.edges)
    return tag(
        "svg",
        tag("title", f"Dependency graph of {environment.name}", id=f"graph-{number}-title"),
        tag("desc", _described(environment, changes), id=f"graph-{number}-desc"),
        [_edge(at[one], at[other], guilty=(one, other) in ways) for one, other in found.edges],
        [_node(environment, changes, name, place) for name, place in at.items()],
        viewBox=f"0 0 {width} {height:.0f}",
        width=width,
        height=f"{height:.0f}",
        role="img",
        aria_labelledby=f"graph-{number}-title graph-{number}-desc",
        class_="graph",
    )


def _ways_to(names: frozenset[str], edges: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges that lead to one of `names`."""
    reached, found = set(names), set[tuple[str, str]]()
    while more := {edge for edge in edges if edge[1] in reached} - found:
        found |= more
        reached |= {above for above, _ in more}
    return found


def _described(environment: EnvironmentReport, changes: dict[str, ChangeReport]) -> str:
    ways = [
        f"{name} is blamed and comes by {' → '.join(('the source', *changes[name].via, name))}"
        for name in sorted(guilty(environment))
        if name in changes
    ]
    return "; ".join(ways) or f"{len(changes)} packages change, nobody is blamed."


def _edge(one: tuple[float, float], other: tuple[float, float], *, guilty: bool) -> Element:
    begin, end = one[0] + _WIDTH, other[0]
    y, to = one[1] + _HEIGHT / 2, other[1] + _HEIGHT / 2
    bend = (end - begin) / 2
    curve = f"M{begin} {y:.1f} C{begin + bend} {y:.1f} {end - bend} {to:.1f} {end} {to:.1f}"
    return tag("path", d=curve, class_="edge guilty" if guilty else "edge")


def _node(
    environment: EnvironmentReport, changes: dict[str, ChangeReport], name: str, place: tuple[float, float]
) -> Element:
    x, y = place
    change = changes.get(name)
    kind = "source" if name == SOURCE else _kind(environment, name, change)
    below = f"{change.before or 'new'} → {change.after or 'removed'}" if change else ""
    mark = {"guilty": "✗ ", "companion": "+ "}.get(kind, "")
    words = "sources" if name == SOURCE else name
    middle = x + _WIDTH / 2
    return tag(
        "g",
        tag("title", f"{words} {below}".strip()),
        tag("rect", x=x, y=f"{y:.1f}", width=_WIDTH, height=_HEIGHT, rx=6),
        tag("text", f"{mark}{_short(words, _CHARS)}", x=middle, y=f"{y + (14 if below else 21):.1f}"),
        tag("text", _short(below, _CHARS + 6), x=middle, y=f"{y + 28:.1f}", class_="small") if below else None,
        class_=f"node {kind}",
    )


def _kind(environment: EnvironmentReport, name: str, change: ChangeReport | None) -> str:
    if name in guilty(environment):
        return "guilty"
    if name in companions(environment):
        return "companion"
    return "changed" if change else "same"


def _legend() -> Element:
    kinds = (("guilty", "✗ culprit"), ("companion", "+ moves with it"), ("changed", "changed"), ("same", "unchanged"))
    return tag("ul", [tag("li", text, class_=f"key {kind}") for kind, text in kinds], class_="legend")


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
