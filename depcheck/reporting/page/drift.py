"""The drift: every change, filtered where there is JavaScript and whole where there is none."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from packaging.version import InvalidVersion, Version

from depcheck.core.report import ChangeReport, EnvironmentReport
from depcheck.core.search.first_bad import jump
from depcheck.reporting.page.elements import Child, folded, hidden, is_address, scrolling, tag
from depcheck.reporting.page.words import companions, guilty

_JUMPS = {4: "epoch", 3: "major", 2: "minor", 1: "patch", 0: "same"}
_SIZES = ("major", "minor", "patch")
_KINDS = ("upgraded", "downgraded", "added", "removed")
_FILTERS_FROM = 6  # rows; fewer are seen at a glance
_HEAD = ("Package", "Old → new", "Change", "Comes by", "Released", "Why it moved", "Role")


def drift(environment: EnvironmentReport, number: int, most_rows: int) -> Child:
    """The table with its filters; empty for no changes."""
    if not environment.changes:
        return None
    shown = _ordered(environment)[:most_rows]
    several = len(environment.lockfiles) > 1
    roles = [_role(environment, change) for change in shown]
    head = [tag("th", name, scope="col") for name in (*_HEAD, *(["Lockfile"] if several else []))]
    rows = [_row(change, role, several=several) for change, role in zip(shown, roles, strict=True)]
    whole = tag(
        "table",
        tag("caption", f"What a fresh resolution changes: {len(environment.changes)}"),
        tag("thead", tag("tr", head)),
        tag("tbody", rows),
        id=f"drift-{number}",
        class_="drift",
    )
    left = len(environment.changes) - len(shown)
    return [
        _filters(environment.name, number) if len(shown) >= _FILTERS_FROM else None,
        scrolling("Changes", whole),
        tag("p", f"And {left} more; all of them are in report.json.") if left else None,
        _others(environment),
    ]


def _ordered(environment: EnvironmentReport) -> Sequence[ChangeReport]:
    """The guilty first, then their companions, then the rest as they came."""
    ranks = {"culprit": 0, "companion": 1, "held": 2, "": 3}
    return sorted(environment.changes, key=lambda change: ranks[_role(environment, change)])


def _role(environment: EnvironmentReport, change: ChangeReport) -> str:
    if change.name in guilty(environment):
        return "culprit"
    if change.name in companions(environment):
        return "companion"
    held = environment.proposal.held if environment.proposal else ()
    return "held" if change.name in held else ""


def _row(change: ChangeReport, role: str, *, several: bool) -> Element:
    size = kind_of_jump(change)
    day = f"{change.released_at:%Y-%m-%d}" if change.released_at else ""
    cells: list[Child] = [
        f"{change.before or 'new'} → {change.after or 'removed'}",
        f"{change.kind}, {size}" if size else change.kind,
        "direct" if change.direct else " → ".join(change.via) or "unknown",
        tag("time", day, datetime=day) if day else "unknown",
        [change.why or "unknown", _warnings(change), _links(change)],
        tag("strong", role) if role == "culprit" else role or hidden("none"),
    ]
    return tag(
        "tr",
        tag("th", change.name, scope="row"),
        [tag("td", cell) for cell in (*cells, *([change.lockfile] if several else []))],
        class_=role or None,
        data_kind=change.kind,
        data_jump=size or None,
        data_direct="yes" if change.direct else "no",
    )


def _warnings(change: ChangeReport) -> Child:
    return [[tag("br"), tag("strong", f"! {each}", class_="warning")] for each in change.warnings[:6]]


def _links(change: ChangeReport) -> Child:
    """Ways to the release's own pages; opened by a click alone."""
    return [
        [tag("br") if at == 0 else ", ", tag("a", kind, hidden(f" of {change.name}"), href=url, rel="noreferrer")]
        for at, (kind, url) in enumerate(pair for pair in change.links.items() if is_address(pair[1]))
    ]


def kind_of_jump(change: ChangeReport) -> str:
    """`major`, `minor`, `patch` or empty, by the first part of the version that differs."""
    if not change.before or not change.after:
        return ""
    try:
        size = jump(Version(change.before), Version(change.after))
    except InvalidVersion:
        return ""
    return "" if size == 0 else _JUMPS[size]


def _filters(name: str, number: int) -> Element:
    """Shown by the script, which alone can make them work."""
    return tag(
        "form",
        tag("label", "Find ", tag("input", type="search", name="words", autocomplete="off")),
        tag("label", "Size ", _choice("jump", _SIZES)),
        tag("label", "Change ", _choice("kind", _KINDS)),
        tag("label", tag("input", type="checkbox", name="direct"), " direct only"),
        tag("output", "", role="status"),
        class_="filters",
        data_for=f"drift-{number}",
        hidden=True,
        aria_label=f"Filter the changes of {name}",
    )


def _choice(name: str, values: Sequence[str]) -> Element:
    return tag(
        "select", tag("option", "all", value=""), [tag("option", each, value=each) for each in values], name=name
    )


def _others(environment: EnvironmentReport) -> Child:
    """What the proposal takes, where it is not all of it."""
    proposal = environment.proposal
    if proposal is None or not proposal.held:
        return None
    names = ", ".join(f"{change.name} {change.after or '(removed)'}" for change in proposal.changes[:300])
    return folded(f"What the proposal takes: {len(proposal.changes)}", tag("p", names or "nothing"))
