"""Lines and tables about releases that wait until they are old enough."""

from depcheck.core.config.cooldown import describe_days
from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.model.index_facts.caution_reports import Outlook, WaitingReport
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.text.markdown import escape_prose, join_paragraphs, render_code_span, render_markdown_table
from depcheck.core.text.phrases import format_day
from depcheck.core.text.terminal_safe import to_one_line

WAITING_HEADING = "Waiting"
_OUTLOOK_WORDS = {
    Outlook.WORKS: "works",
    Outlook.BREAKS: "**breaks**",
    Outlook.UNKNOWN: "not known",
}


def render_waiting_table(environment: EnvironmentReport, tier: DetailLevel) -> str:
    """Render a table of the releases that wait.

    It says of each when it was released, when it is old enough, and what this run has seen of it.
    """
    shown = environment.waiting[: tier.max_rows]
    if not shown:
        return ""
    rows = [
        (
            render_code_span(f"{each.package} {each.version}", 120),
            format_day(each.released_at),
            _describe_turn(each),
            f"{_OUTLOOK_WORDS[each.outlook]}{f': {escape_prose(each.headline, 200)}' if each.headline else ''}",
        )
        for each in shown
    ]
    return join_paragraphs(
        f"Checked in this run, and not proposed before they are {describe_days(environment.cooldown_days)} old:",
        render_markdown_table(("release", "released", "proposed from", "in this run"), rows),
        format_omitted_count(environment.waiting, shown, "release"),
    )


def format_waiting_line(environment: EnvironmentReport) -> str:
    """Format one line about the releases that wait, or nothing.

    Example: `waiting until 3 days old: kombu 4.2.0 (2018-05-24; breaks), vine 1.2 (2018-05-25; works)`.
    """
    if not environment.waiting:
        return ""
    shown = [
        f"{each.package} {each.version} ({f'{_format_turn(each)}; ' if each.due_at else ''}{each.outlook})"
        for each in environment.waiting[:8]
    ]
    left = len(environment.waiting) - len(shown)
    more = f" and {left} more" if left else ""
    return to_one_line(f"waiting until {describe_days(environment.cooldown_days)} old: {', '.join(shown)}{more}", 500)


def _describe_turn(waiting: WaitingReport) -> str:
    return "not while it breaks" if waiting.outlook is Outlook.BREAKS else _format_turn(waiting)


def _format_turn(waiting: WaitingReport) -> str:
    return f"{waiting.due_at:%Y-%m-%d %H:%M} UTC" if waiting.due_at else ""
