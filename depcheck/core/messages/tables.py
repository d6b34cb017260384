"""Render the tables of changes and of checks.

They are narrow, to be read on a phone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core.messages.sections import DetailLevel, format_count, format_omitted_count
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import AdvisoryReport, ChangeReport, CheckReport
from depcheck.core.text.links import LinkKind, sanitize_link
from depcheck.core.text.markdown import (
    escape_prose,
    join_paragraphs,
    render_code_span,
    render_folded_block,
    render_markdown_table,
)

_OUTCOME_PHRASES = {Outcome.PASS: "passes", Outcome.FAIL: "**fails**", Outcome.UNRESOLVED: "gave no answer"}
_NO_BREAK_SPACE = "\u00a0"  # a space at which no line breaks
_MAX_UNFOLDED_ROWS = 15  # a screen of a phone shows about as many
_SHOWN_LINKS = (LinkKind.CHANGELOG, LinkKind.DIFF)
_ADVISORY_URL = re.compile(
    r"https://(?:osv\.dev/vulnerability|github\.com/advisories|nvd\.nist\.gov/vuln/detail)/[\w.-]{1,80}"
)


@dataclass(frozen=True, slots=True)
class ChangeContext:
    """The context in which changes are shown.

    `moment` is the time from which ages count, `advisories` are the known vulnerabilities.
    """

    moment: datetime
    advisories: tuple[AdvisoryReport, ...] = ()


def render_changes_table(found: Sequence[ChangeReport], seen: ChangeContext, tier: DetailLevel) -> str:
    """Render the table of changes, those with warnings first, folded if long."""
    ordered = sorted(found, key=lambda each: not (each.warnings or _describe_advisory_effects(each, seen)))
    shown = ordered[: tier.max_rows]
    several = len({change.lockfile for change in found}) > 1
    rows = [
        (_format_package_cell(change, seen, several=several), _format_reason_cell(change, seen)) for change in shown
    ]
    block = join_paragraphs(
        render_markdown_table(("package", "why, and what to look at"), rows),
        format_omitted_count(found, shown, "change"),
    )
    return render_folded_block(f"All {len(found)} changes", block) if len(rows) > _MAX_UNFOLDED_ROWS else block


def _format_package_cell(change: ChangeReport, seen: ChangeContext, *, several: bool) -> str:
    """Format a change's first cell.

    Package, versions, size of the step, age, and which packages require it.
    """
    name = render_code_span(change.name, 100)
    old, new = render_code_span(change.before or "", 60), render_code_span(change.after or "", 60)
    step = (
        f"{old}{_NO_BREAK_SPACE}→{_NO_BREAK_SPACE}{new}" if old and new else f"new: {new}" if new else f"removed: {old}"
    )
    kind = change.kind if change.kind not in {"upgraded", "added", "removed"} else ""
    jump = f"**{change.jump}**" if change.jump == "major" else escape_prose(change.jump, 20)
    path = " → ".join(escape_prose(each, 60) for each in change.via[:4])
    comes = "direct" if change.direct else f"by {path}" if path else ""
    return _join_cell_lines(
        format_safe_link(name, change.links.get(LinkKind.PAGE, "")) or name,
        step,
        ", ".join(filter(None, (escape_prose(kind, 20), jump, _format_age(change.released_at, seen.moment)))),
        comes,
        f"for {render_code_span(change.marker, 120)}, **not checked here**" if not change.judged else "",
        escape_prose(change.lockfile, 120) if several else "",
    )


def _format_age(released_at: datetime | None, moment: datetime) -> str:
    if released_at is None:
        return ""
    days = max((moment - released_at).days, 0)
    return f"{days // 365} years old" if days >= 730 else f"{format_count(days, 'day')} old"  # noqa: PLR2004


def _format_reason_cell(change: ChangeReport, seen: ChangeContext) -> str:
    yanked = (
        f"the committed release was yanked: {change.yanked or 'no reason given'}" if change.yanked is not None else ""
    )
    why = re.sub(r",(?=\S)", ", ", change.why or yanked)  # ranges may break into lines
    alarms = [f"⚠️ {escape_prose(each, 160)}" for each in change.warnings[:6]]
    links = [format_safe_link(kind, change.links.get(kind, "")) for kind in _SHOWN_LINKS]
    return _join_cell_lines(
        escape_prose(why, 200), *alarms, *_describe_advisory_effects(change, seen), " · ".join(filter(None, links))
    )


def _describe_advisory_effects(change: ChangeReport, seen: ChangeContext) -> list[str]:
    """Describe the vulnerabilities that the change fixes, and those it brings."""
    about = [each for each in seen.advisories if each.package == change.name]
    healed = [each for each in about if each.version == change.before and each.committed and not each.fresh]
    brought = [each for each in about if each.version == change.after and each.fresh and not each.committed]
    return [
        *([f"🛡️ heals {', '.join(map(_link_advisory, healed[:4]))}"] if healed else []),
        *([f"⚠️ **brings {', '.join(map(_link_advisory, brought[:4]))}**"] if brought else []),
    ]


def _link_advisory(advisory: AdvisoryReport) -> str:
    name = escape_prose(advisory.id, 60)
    return f"[{name}]({advisory.link})" if _ADVISORY_URL.fullmatch(advisory.link) else name


def format_safe_link(words: str, address: str) -> str:
    """Format a link with our own words.

    Empty if `address` is no plain https link.
    """
    safe = sanitize_link(address)
    return f"[{words}]({safe})" if safe else ""


def render_checks_table(columns: Sequence[tuple[str, Sequence[CheckReport]]], tier: DetailLevel) -> str:
    """Render the table of checks, one row for each.

    A row has a line for each set of pins. Sets without checks are left out.
    """
    columns = [(head, found) for head, found in columns if found]
    keys = list(dict.fromkeys((check.kind, check.command) for _, found in columns for check in found))
    rows = [
        (
            _join_cell_lines(f"{kind}", render_code_span(command, 60)),
            _join_cell_lines(
                *(f"{head}: {_format_result(_find_check(found, kind, command))}" for head, found in columns)
            ),
        )
        for kind, command in keys[: tier.max_rows]
    ]
    return render_markdown_table(("check", "result"), rows)


def _find_check(found: Sequence[CheckReport], kind: str, command: str) -> CheckReport | None:
    """Find a set's check by its kind and command."""
    return next((each for each in found if (each.kind, each.command) == (kind, command)), None)


def _format_result(check: CheckReport | None) -> str:
    if check is None:
        return "not run"
    counted = [f"{check.passed} passed"] * bool(check.passed) + [f"{check.failing} failing"] * (check.failing > 1)
    return ", ".join([_OUTCOME_PHRASES[check.outcome], *counted, f"{check.duration_s:.1f} s"])


def describe_checks(columns: Sequence[tuple[str, Sequence[CheckReport]]], python: str) -> str:
    """Describe the checks in one sentence.

    It says which checks ran, with how many tests, on which Python, and how each set of pins did.
    """
    columns = [(head, found) for head, found in columns if found]
    if not columns:
        return ""
    kinds = list(dict.fromkeys(str(check.kind) for _, found in columns for check in found))
    said = "; ".join(f"{head}: {_summarize_results(found)}" for head, found in columns)
    return f"Checked on Python {escape_prose(python, 20)}: {', '.join(kinds)}. {said[0].upper()}{said[1:]}."


def _summarize_results(found: Sequence[CheckReport]) -> str:
    failing = [check for check in found if check.outcome is Outcome.FAIL]
    unsure = [check for check in found if check.outcome is Outcome.UNRESOLVED]
    passed = sum(check.passed for check in found if check.kind is CheckKind.TEST)
    cases = f" ({format_count(passed, 'test')} passed)" if passed else ""
    if failing:
        return f"{len(failing)} of {format_count(len(found), 'check')} fail{'s' if len(failing) == 1 else ''}{cases}"
    return f"{format_count(len(unsure), 'check')} gave no answer{cases}" if unsure else f"all pass{cases}"


def _join_cell_lines(*parts: str) -> str:
    """Join the lines of one cell."""
    return "<br>".join(part for part in parts if part)
