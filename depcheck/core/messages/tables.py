"""Render the tables of changes and of checks.

They are narrow, to be read on a phone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.model.checks import Outcome
from depcheck.core.model.index_facts.caution_reports import AdvisoryReport
from depcheck.core.model.releases import describe_release_age
from depcheck.core.model.report import ChangeReport, CheckReport
from depcheck.core.text.links import LinkKind, sanitize_link
from depcheck.core.text.markdown import (
    escape_prose,
    join_paragraphs,
    render_code_block,
    render_code_span,
    render_folded_block,
    render_markdown_table,
)

COMMITTED, ALL_UPDATES, PROPOSED = "your lockfile", "all updates", "proposed"  # the sets of pins, everywhere
_OUTCOME_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNRESOLVED: "❔"}
_NO_BREAK_SPACE = "\u00a0"  # a space at which no line breaks
_MAX_UNFOLDED_ROWS = 5  # a screen of a phone shows about as many
_SHOWN_LINKS = (LinkKind.CHANGELOG, LinkKind.DIFF)
_MAX_NOTES, _MAX_NOTES_CHARS = 12, 1500
_PLAIN_RELEASE = re.compile(r"[a-z0-9][a-z0-9-]{0,98} [0-9a-z][0-9a-z.!+]{0,60}")
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
    """Render the table of changes, majors and those with warnings first, folded."""
    ordered = sorted(found, key=lambda each: (each.jump != "major", not is_notable(each, seen)))
    shown = ordered[: tier.max_rows]
    several = len({change.lockfile for change in found}) > 1
    rows = [(_format_package_cell(change, several=several), _format_details_cell(change, seen)) for change in shown]
    block = join_paragraphs(
        render_markdown_table(("package", "what to know"), rows),
        format_omitted_count(found, shown, "update"),
    )
    return render_folded_block(f"All {len(found)} updates", block) if len(rows) > _MAX_UNFOLDED_ROWS else block


def render_release_notes(found: Sequence[ChangeReport], tier: DetailLevel) -> str:
    """Render the release notes of direct dependencies and majors, each folded."""
    if not tier.max_evidence_chars:
        return ""
    known = [each for each in found if each.notes.strip() and (each.direct or each.jump == "major")]
    plain = [each for each in known if _PLAIN_RELEASE.fullmatch(f"{each.name} {each.after}")]  # a summary is HTML
    return join_paragraphs(
        *(
            render_folded_block(f"{each.name} {each.after}", render_code_block(each.notes, _MAX_NOTES_CHARS))
            for each in plain[:_MAX_NOTES]
        )
    )


def is_notable(change: ChangeReport, seen: ChangeContext) -> bool:
    """Return True for a change that deserves a look first."""
    return bool(change.jump == "major" or change.warnings or describe_advisory_effects(change, seen))


def _format_package_cell(change: ChangeReport, *, several: bool) -> str:
    """Format a change's first cell: the package, and its versions."""
    return _join_cell_lines(
        format_package_link(change),
        format_step(change),
        escape_prose(change.lockfile, 120) if several else "",
    )


def format_package_link(change: ChangeReport) -> str:
    """Format the package's name, linked to its page if known."""
    name = render_code_span(change.name, 100)
    return format_safe_link(name, change.links.get(LinkKind.PAGE, "")) or name


def format_step(change: ChangeReport) -> str:
    """Format the versions of a change, such as `1.0 → 2.0`."""
    old, new = render_code_span(change.before or "", 60), render_code_span(change.after or "", 60)
    if old and new:
        return f"{old}{_NO_BREAK_SPACE}→{_NO_BREAK_SPACE}{new}"
    return f"new: {new}" if new else f"removed: {old}"


def _format_details_cell(change: ChangeReport, seen: ChangeContext) -> str:
    """Format a change's second cell, in two lines.

    The first says how large the step is, how old the release is, and who requires it; the second what to look at.
    """
    kind = change.kind if change.kind not in {"upgraded", "added", "removed"} else ""
    jump = f"**{change.jump}**" if change.jump == "major" else escape_prose(change.jump, 20)
    unjudged = f"for {render_code_span(change.marker, 120)}, **not checked here**" if not change.judged else ""
    age = "" if _says_age(change.warnings) else _format_age(change.released_at, seen.moment)
    return _join_cell_lines(
        ", ".join(filter(None, (escape_prose(kind, 20), jump, age, _format_requirer(change), unjudged))),
        " · ".join(filter(None, (*list_alarms(change, seen), *format_change_links(change)))),
    )


def _format_requirer(change: ChangeReport) -> str:
    """Format why the change is made.

    A reason, or the path by which it is required.
    """
    yanked = f"{change.before} was yanked: {change.yanked or 'no reason given'}" if change.yanked is not None else ""
    why = re.sub(r",(?=\S)", ", ", yanked or change.why)  # ranges may break into lines
    path = " → ".join(escape_prose(each, 60) for each in change.via[:4])
    return escape_prose(why, 200) or ("direct" if change.direct else f"required by {path}" if path else "")


def _says_age(warnings: Iterable[str]) -> bool:
    return any(each.startswith("released ") for each in warnings)


def _format_age(released_at: datetime | None, moment: datetime) -> str:
    return describe_release_age(moment - released_at) if released_at else ""


def list_alarms(change: ChangeReport, seen: ChangeContext) -> list[str]:
    """List what to look at, one short clause each."""
    return [*(f"⚠️ {escape_prose(each, 160)}" for each in change.warnings[:6]), *describe_advisory_effects(change, seen)]


def format_change_links(change: ChangeReport) -> list[str]:
    """Format the links to a change's changelog and comparison."""
    return list(filter(None, (format_safe_link(kind, change.links.get(kind, "")) for kind in _SHOWN_LINKS)))


def describe_advisory_effects(change: ChangeReport, seen: ChangeContext) -> list[str]:
    """Describe the vulnerabilities that the change fixes, and those it brings."""
    about = [each for each in seen.advisories if each.package == change.name]
    fixed = list_fixed_advisories(change, about)
    brought = [each for each in about if each.version == change.after and each.fresh and not each.committed]
    return [
        *([f"🛡️ fixes {', '.join(map(_link_advisory, fixed[:4]))}"] if fixed else []),
        *([f"⚠️ **brings {', '.join(map(_link_advisory, brought[:4]))}**"] if brought else []),
    ]


def list_fixed_advisories(change: ChangeReport, known: Iterable[AdvisoryReport]) -> list[AdvisoryReport]:
    """List the advisories that the new release fixes."""
    return [
        each
        for each in known
        if each.package == change.name and each.version == change.before and each.committed and not each.fresh
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
    """Render the table of checks: a row each, a column a set.

    Sets without checks are left out.
    """
    columns = [(head, found) for head, found in columns if found]
    keys = list(dict.fromkeys((check.kind, check.command) for _, found in columns for check in found))
    rows = [
        (
            " ".join(filter(None, (str(kind), render_code_span(command, 40)))),
            *(_format_result(_find_check(found, kind, command)) for _, found in columns),
        )
        for kind, command in keys[: tier.max_rows]
    ]
    return render_markdown_table(("check", *(head for head, _ in columns)), rows)


def _find_check(found: Sequence[CheckReport], kind: str, command: str) -> CheckReport | None:
    """Find a set's check by its kind and command."""
    return next((each for each in found if (each.kind, each.command) == (kind, command)), None)


def _format_result(check: CheckReport | None) -> str:
    if check is None:
        return "not run"
    several = check.failing > 1 or (check.failing and check.passed)
    counted = [f"{check.passed} pass"] * bool(check.passed) + [f"{check.failing} fail"] * bool(several)
    words = ", ".join([*counted, f"{check.duration_s:.1f} s"])
    return f"{_OUTCOME_MARKS[check.outcome]} {words}".replace(" ", _NO_BREAK_SPACE)


def _join_cell_lines(*parts: str) -> str:
    """Join the lines of one cell."""
    return "<br>".join(part for part in parts if part)
