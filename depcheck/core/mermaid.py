"""The path from the sources to the culprits as a picture that GitHub draws."""

import re
from collections.abc import Iterator
from itertools import pairwise

from depcheck.core.markdown import fenced
from depcheck.core.report import ChangeReport, Culprit, EnvironmentReport

_UNSAFE = re.compile(r"[^\w .+/!-]", re.ASCII)  # what could end a label or begin a directive
_MOST_CULPRITS, _MOST_STEPS = 8, 12
_LABEL_CHARS = 60


def picture(environment: EnvironmentReport) -> str:
    """A fenced graph: source, whoever asks, and the guilty release in red; empty where no path is known."""
    edges = list(dict.fromkeys(edge for culprit in environment.culprits for edge in _edges(environment, culprit)))
    if not edges:
        return ""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    guilty = {name for culprit in environment.culprits[:_MOST_CULPRITS] for name in culprit.packages}
    at = {name: f"n{position}" for position, name in enumerate(names)}
    lines = [
        "flowchart LR",
        *(f'  {at[name]}["{_label(environment, name)}"]{":::guilty" if name in guilty else ""}' for name in names),
        *(f"  {at[one]} --> {at[other]}" for one, other in edges),
        "  classDef guilty fill:#cf222e,color:#fff,stroke:#82071e",
    ]
    return fenced("\n".join(lines), 6000, "mermaid")


def chains(environment: EnvironmentReport, culprit: Culprit) -> tuple[tuple[str, ...], ...]:
    """How each package of a cause comes in: a source, who asks for it, and it; what is not known is left out.

    The fresh set tells first, else the committed one.
    """
    found = dict(culprit.paths)
    for change in environment.changes:
        if change.name in culprit.packages and (change.direct or change.via):
            steps = () if change.direct else change.via[:_MOST_STEPS]
            found[change.name] = (_source_of(environment, change), *steps, change.name)
    return tuple(found[name] for name in culprit.packages[:_MOST_CULPRITS] if found.get(name))


def _edges(environment: EnvironmentReport, culprit: Culprit) -> Iterator[tuple[str, str]]:
    for steps in chains(environment, culprit):
        yield from pairwise(steps)


def _source_of(environment: EnvironmentReport, change: ChangeReport) -> str:
    """The source of the change's lockfile, or that lockfile."""
    lock = next((each for each in environment.lockfiles if each.path == change.lockfile), None)
    return lock.sources[0] if lock and lock.sources else change.lockfile


def _label(environment: EnvironmentReport, name: str) -> str:
    bad = {package: version for culprit in environment.culprits for package, version in culprit.first_bad.items()}
    version = bad.get(name) or environment.fresh.get(name, "")
    return _UNSAFE.sub("_", f"{name} {version}".strip())[:_LABEL_CHARS]
