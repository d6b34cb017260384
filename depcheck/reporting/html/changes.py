"""The table of all changes, with filters if JavaScript is on."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from packaging.version import InvalidVersion, Version

from depcheck.core.model.report import ChangeReport, EnvironmentReport
from depcheck.core.search.bisect import measure_version_step
from depcheck.reporting.html.elements import (
    Child,
    build_details,
    build_hidden_text,
    build_scrollable,
    build_tag,
    is_web_address,
    list_blamed_packages,
    list_companion_packages,
)

_JUMPS = {4: "epoch", 3: "major", 2: "minor", 1: "patch", 0: "same"}
_SIZES = ("major", "minor", "patch")
_KINDS = ("upgraded", "downgraded", "added", "removed")
_MIN_ROWS_FOR_FILTERS = 6  # rows; fewer are seen at a glance
_COLUMN_NAMES = ("Package", "Old → new", "Change", "Required by", "Released", "Why", "Role")


def build_changes_table(environment: EnvironmentReport, number: int, most_rows: int) -> Child:
    """Build the table of changes with its filters.

    None if there are no changes.
    """
    if not environment.changes:
        return None
    shown = _order_changes(environment)[:most_rows]
    several = len(environment.lockfiles) > 1
    roles = [_get_role(environment, change) for change in shown]
    head = [build_tag("th", name, scope="col") for name in (*_COLUMN_NAMES, *(["Lockfile"] if several else []))]
    rows = [_build_change_row(change, role, several=several) for change, role in zip(shown, roles, strict=True)]
    whole = build_tag(
        "table",
        build_tag("caption", f"All updates: {len(environment.changes)}"),
        build_tag("thead", build_tag("tr", head)),
        build_tag("tbody", rows),
        id=f"drift-{number}",
        class_="drift",
    )
    left = len(environment.changes) - len(shown)
    return [
        _build_filters(environment.name, number) if len(shown) >= _MIN_ROWS_FOR_FILTERS else None,
        build_scrollable("Changes", whole),
        build_tag("p", f"And {left} more; all of them are in report.json.") if left else None,
        _build_proposed_changes(environment),
    ]


def _order_changes(environment: EnvironmentReport) -> Sequence[ChangeReport]:
    """Return the changes: culprits first, companions next, then held ones.

    The rest follows in its own order.
    """
    ranks = {"culprit": 0, "companion": 1, "held": 2, "": 3}
    return sorted(environment.changes, key=lambda change: ranks[_get_role(environment, change)])


def _get_role(environment: EnvironmentReport, change: ChangeReport) -> str:
    if change.name in list_blamed_packages(environment):
        return "culprit"
    if change.name in list_companion_packages(environment):
        return "companion"
    held = environment.proposal.held if environment.proposal else ()
    return "held" if change.name in held else ""


def _build_change_row(change: ChangeReport, role: str, *, several: bool) -> Element:
    size = classify_jump(change)
    day = f"{change.released_at:%Y-%m-%d}" if change.released_at else ""
    cells: list[Child] = [
        f"{change.before or 'new'} → {change.after or 'removed'}",
        f"{change.kind}, {size}" if size else change.kind,
        "direct" if change.direct else " → ".join(change.via) or "unknown",
        build_tag("time", day, datetime=day) if day else "unknown",
        [
            change.why,
            _format_scope(change),
            _build_warnings(change),
            _build_links(change),
        ],
        build_tag("strong", role) if role == "culprit" else role or build_hidden_text("none"),
    ]
    return build_tag(
        "tr",
        build_tag("th", change.name, scope="row"),
        [build_tag("td", cell) for cell in (*cells, *([change.lockfile] if several else []))],
        class_=role or None,
        data_kind=change.kind,
        data_jump=size or None,
        data_direct="yes" if change.direct else "no",
    )


def _format_scope(change: ChangeReport) -> Child:
    return [f"for {change.marker}: ", build_tag("strong", "not checked here")] if not change.judged else None


def _build_warnings(change: ChangeReport) -> Child:
    return [[build_tag("br"), build_tag("strong", f"! {each}", class_="warning")] for each in change.warnings[:6]]


def _build_links(change: ChangeReport) -> Child:
    """Build links to the release's own pages.

    The browser opens them only by a click.
    """
    return [
        [
            build_tag("br") if at == 0 else ", ",
            build_tag("a", kind, build_hidden_text(f" of {change.name}"), href=url, rel="noreferrer"),
        ]
        for at, (kind, url) in enumerate(pair for pair in change.links.items() if is_web_address(pair[1]))
    ]


def classify_jump(change: ChangeReport) -> str:
    """Return `major`, `minor`, `patch` or empty for a change.

    It is named after the first part of the version that differs (`epoch` too). Equal and unreadable versions
    give empty.
    """
    if not change.before or not change.after:
        return ""
    try:
        size = measure_version_step(Version(change.before), Version(change.after))
    except InvalidVersion:
        return ""
    return "" if size == 0 else _JUMPS[size]


def _build_filters(name: str, number: int) -> Element:
    """Build the filter form.

    It is hidden until the script shows it, because it does not work without the script.
    """
    return build_tag(
        "form",
        build_tag("label", "Find ", build_tag("input", type="search", name="words", autocomplete="off")),
        build_tag("label", "Size ", _build_choice("jump", _SIZES)),
        build_tag("label", "Change ", _build_choice("kind", _KINDS)),
        build_tag("label", build_tag("input", type="checkbox", name="direct"), " direct only"),
        build_tag("output", "", role="status"),
        class_="filters",
        data_for=f"drift-{number}",
        hidden=True,
        aria_label=f"Filter the changes of {name}",
    )


def _build_choice(name: str, values: Sequence[str]) -> Element:
    return build_tag(
        "select",
        build_tag("option", "all", value=""),
        [build_tag("option", each, value=each) for each in values],
        name=name,
    )


def _build_proposed_changes(environment: EnvironmentReport) -> Child:
    """Build the list of changes that the proposal takes.

    None if the proposal takes all of them.
    """
    proposal = environment.proposal
    if proposal is None or not (proposal.held or environment.waiting):
        return None
    names = ", ".join(f"{change.name} {change.after or '(removed)'}" for change in proposal.changes[:300])
    return build_details(f"What the proposal takes: {len(proposal.changes)}", build_tag("p", names or "nothing"))
