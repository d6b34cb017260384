"""Mermaid graphs of the path from the sources to the culprits."""

import re
from collections.abc import Iterator
from itertools import pairwise

from depcheck.core.model.report import ChangeReport, Culprit, EnvironmentReport
from depcheck.core.text.markdown import render_code_block

_UNSAFE_LABEL_CHARS = re.compile(r"[^\w .+/!-]", re.ASCII)  # what could end a label or begin a directive
_MOST_CULPRITS, _MOST_CHAIN_STEPS = 8, 12
_LABEL_CHARS = 60


def render_culprit_graph(environment: EnvironmentReport) -> str:
    """Render a fenced graph of sources, requirers and culprits.

    Culprits are red. Returns an empty string if no path is known.
    """
    edges = list(dict.fromkeys(edge for culprit in environment.culprits for edge in _list_edges(environment, culprit)))
    if not edges:
        return ""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    guilty = {name for culprit in environment.culprits[:_MOST_CULPRITS] for name in culprit.packages}
    at = {name: f"n{position}" for position, name in enumerate(names)}
    lines = [
        "flowchart LR",
        *(
            f'  {at[name]}["{_format_label(environment, name)}"]{":::guilty" if name in guilty else ""}'
            for name in names
        ),
        *(f"  {at[one]} --> {at[other]}" for one, other in edges),
        "  classDef guilty fill:#cf222e,color:#fff,stroke:#82071e",
    ]
    return render_code_block("\n".join(lines), 6000, "mermaid")


def find_requirer_chains(environment: EnvironmentReport, culprit: Culprit) -> tuple[tuple[str, ...], ...]:
    """Find how each package of a culprit is required.

    A chain is a source, the requirers, and the package. Unknown chains are left out. The fresh pins are used
    first, else the committed ones.
    """
    found = dict(culprit.paths)
    for change in environment.changes:
        if change.judged and change.name in culprit.packages and (change.direct or change.via):
            steps = () if change.direct else change.via[:_MOST_CHAIN_STEPS]
            found[change.name] = (_find_source(environment, change), *steps, change.name)
    return tuple(found[name] for name in culprit.packages[:_MOST_CULPRITS] if found.get(name))


def _list_edges(environment: EnvironmentReport, culprit: Culprit) -> Iterator[tuple[str, str]]:
    """Yield the (requirer, required) pairs of a culprit's chains."""
    for steps in find_requirer_chains(environment, culprit):
        yield from pairwise(steps)


def _find_source(environment: EnvironmentReport, change: ChangeReport) -> str:
    """Find the first source of a change's lockfile, else its path."""
    lock = next((each for each in environment.lockfiles if each.path == change.lockfile), None)
    return lock.sources[0] if lock and lock.sources else change.lockfile


def _format_label(environment: EnvironmentReport, name: str) -> str:
    """Format the label of a node, with its version if known."""
    bad = {package: version for culprit in environment.culprits for package, version in culprit.first_bad.items()}
    version = bad.get(name) or environment.fresh.get(name, "")
    return _UNSAFE_LABEL_CHARS.sub("_", f"{name} {version}".strip())[:_LABEL_CHARS]
