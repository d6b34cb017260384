"""What deserves a look before a pull request is merged."""

from collections import Counter
from collections.abc import Sequence

from depcheck.core.messages.detail_level import DetailLevel
from depcheck.core.messages.tables import (
    ChangeContext,
    format_change_links,
    format_package_link,
    format_step,
    is_notable,
    list_alarms,
    list_fixed_advisories,
)
from depcheck.core.model.report import ChangeReport
from depcheck.core.text.markdown import escape_prose, join_paragraphs
from depcheck.core.text.phrases import format_count, join_with_and

_MAX_NAMED, _MAX_LISTED = 4, 10
_REST = "other"
_ORDER = ("major", "minor", "patch", "calendar", "pre", _REST, "new", "removed")


def describe_update_sizes(found: Sequence[ChangeReport], seen: ChangeContext) -> str:
    """Describe how large the updates are, and what they fix.

    For example `1 major (gunicorn 23.0 → 27.0), 25 minor, 2 removed; fixes CVE-2019-10906.`.
    """
    sizes = Counter(_classify(change) for change in found)
    majors = [f"{change.name} {change.before} → {change.after}" for change in found if _classify(change) == "major"]
    named = f" ({escape_prose(', '.join(majors[:_MAX_NAMED]), 300)}{', …' if len(majors) > _MAX_NAMED else ''})"
    parts = [f"{sizes[size]} {size}{named if size == 'major' else ''}" for size in _ORDER if sizes[size]]
    fixed = list(dict.fromkeys(each.id for change in found for each in list_fixed_advisories(change, seen.advisories)))
    fixes = f"; fixes {escape_prose(join_with_and(fixed[:_MAX_NAMED]), 200)}" if fixed else ""
    return f"{', '.join(parts)}{fixes}." if sizes.keys() - {_REST} else ""


def render_attention_list(found: Sequence[ChangeReport], seen: ChangeContext, tier: DetailLevel) -> str:
    """Render the notable updates as a list, one line each."""
    notable = sorted((change for change in found if is_notable(change, seen)), key=lambda each: each.jump != "major")
    shown = notable[: min(_MAX_LISTED, tier.max_rows)]
    left = len(notable) - len(shown)
    more = f"And {format_count(left, 'update')} more, at the top of the table." if left and shown else ""
    return join_paragraphs("\n".join(_format_line(change, seen) for change in shown), more)


def _format_line(change: ChangeReport, seen: ChangeContext) -> str:
    size = ["**major**"] if change.jump == "major" else []
    said = " · ".join([*size, *list_alarms(change, seen), *format_change_links(change)])
    return f"- {format_package_link(change)} {format_step(change)}: {said}"


def _classify(change: ChangeReport) -> str:
    if change.after is None:
        return "removed"
    return "new" if change.before is None else change.jump or _REST
