"""Render `report.md`, the report of a run for people.

It is read in a terminal's pager, as an artifact, or as the job summary.
"""

import re
from collections.abc import Callable, Sequence

from depcheck.core.messages import advisory_sections, sections, tables
from depcheck.core.messages.causes.cause_section import render_causes
from depcheck.core.messages.detail_level import DETAIL_LEVELS, DetailLevel, render_section
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.messages.tables import ALL_UPDATES, COMMITTED, PROPOSED, ChangeContext
from depcheck.core.messages.waiting.waiting_releases import WAITING_HEADING, render_waiting_table
from depcheck.core.model.report import Confidence, EnvironmentReport, Report
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import escape_prose, is_within_body_limit, join_paragraphs, render_code_span
from depcheck.core.text.phrases import format_count, format_spent_time
from depcheck.core.text.terminal_safe import redact_secrets, to_one_line
from depcheck.core.text.workflow_commands import SUMMARY_LIMIT_BYTES

_CONFIDENCE_CLAIMS = {
    Confidence.MINIMAL: "without any one of these releases it does not fail",
    Confidence.BUDGET_SPENT: "the time was over before fewer releases could be tried",
    Confidence.FLAKY: "the checks do not always give the same answer, so this may be wrong",
}
_FOREIGN_SIGN = re.compile(r"[^\w .+!-]", re.ASCII)  # of no name and no version


def find_worst_status(report: Report) -> Status:
    """Find the worst verdict of a run.

    A report without environments is `skipped`.
    """
    return min(
        (each.status for each in report.environments), key=lambda status: status.severity, default=Status.SKIPPED
    )


def format_summary_line(report: Report) -> str:
    """Format the report as one line.

    For example `breaks: 1 of 2 environments; werkzeug 3.0.0 in requirements.txt`.
    """
    status = find_worst_status(report)
    shown = [each for each in report.environments if each.status is status]
    bad = [pair for each in shown for culprit in each.culprits for pair in culprit.first_bad.items()]
    names = [
        _FOREIGN_SIGN.sub("?", redact_secrets(f"{name} {version}")) for name, version in bad
    ]  # shells read this line, too
    blamed = f"; {', '.join(dict.fromkeys(names))}" if names else ""
    of_all = f"{len(shown)} of {format_count(len(report.environments), 'environment')}"
    return to_one_line(f"{status}: {status.phrase} ({of_all}){blamed}", 500)


def render_report_markdown(report: Report) -> str:
    """Render the whole report as Markdown, the worst environments first.

    At most as large as a job summary may be.
    """
    texts = (_render_report_at(report, tier) for tier in DETAIL_LEVELS)
    return next(
        (text for text in texts if is_within_body_limit(text, SUMMARY_LIMIT_BYTES)),
        "The report is too large to show.\n",
    )


def render_published_section(lines: Sequence[str], problems: Sequence[str]) -> str:
    """Render what publishing did, to stand below the report.

    Empty if nothing was done and nothing refused.
    """
    said = [
        *(f"- {escape_prose(line, 500)}" for line in lines),
        *(f"- **{escape_prose(each, 1000)}**" for each in problems),
    ]
    return f"\n{render_section('On the forge', chr(10).join(said))}\n" if said else ""


def _render_report_at(report: Report, tier: DetailLevel) -> str:
    ordered = sorted(report.environments, key=lambda each: each.status.severity)
    run = RunStamp(report.as_of or report.finished_at, report.commit)
    return (
        join_paragraphs(
            f"# depcheck: {escape_prose(format_summary_line(report), 500)}",
            _describe_run(report),
            *(_render_environment(each, run, tier) for each in ordered),
            render_section("Isolation", _describe_isolation(report)),
        )
        + "\n"
    )


def _describe_run(report: Report) -> str:
    moment = report.as_of or report.finished_at
    of_what = f" of {render_code_span(report.repository)}" if report.repository else ""
    at = f" at {render_code_span(report.commit[:12])}" if report.commit else ""
    took_s = (report.finished_at - report.started_at).total_seconds()
    tool = escape_prose(_format_tool(report))
    return f"The package index as of {moment:%Y-%m-%d %H:%M} UTC{of_what}{at}; {took_s:.0f} s, {tool}."


def _format_tool(report: Report) -> str:
    return f"{report.tool.name} {report.tool.version}"


def _render_environment(judged: EnvironmentReport, run: RunStamp, tier: DetailLevel) -> str:
    seen = ChangeContext(run.moment, judged.advisories)
    python = f" on Python {escape_prose(judged.python, 20)}" if judged.python else ""
    columns = [(COMMITTED, judged.checks.baseline), (ALL_UPDATES, judged.checks.candidate)]
    if judged.proposal and judged.proposal.checks:
        columns.append((PROPOSED, judged.proposal.checks))
    blocks: list[tuple[str, Callable[[], str]]] = [
        ("What broke", lambda: render_causes(judged, tier, run)),
        ("How to hold it back", lambda: sections.render_hold_lines(judged)),
        ("What works", lambda: _describe_proposal(judged)),
        (WAITING_HEADING, lambda: render_waiting_table(judged, tier)),
        ("Held by your rules", lambda: sections.render_rules_table(judged)),
        ("Checks", lambda: tables.render_checks_table(columns, tier)),
        ("Vulnerable and withdrawn pins", lambda: advisory_sections.render_advisory_tables(judged, tier)),
        ("All updates", lambda: tables.render_changes_table(judged.changes, seen, tier)),
        ("Notes", lambda: sections.render_notes(judged, tier)),
    ]
    return join_paragraphs(
        f"## {render_code_span(judged.name)}{python}: {judged.status}",
        f"**{judged.status.phrase[0].upper()}{judged.status.phrase[1:]}.** {escape_prose(judged.reason, 1000)}",
        advisory_sections.choose_advice(judged),
        _describe_confidence(judged),
        *(render_section(head, text()) for head, text in blocks),
        sections.render_optional_modules(judged, tier),
        _describe_time(judged),
    )


def _describe_time(judged: EnvironmentReport) -> str:
    """Describe where the time went, where a check was run."""
    spent = escape_prose(format_spent_time(judged.spent_s), 500)
    return f"Time: {spent}." if spent and judged.checks.baseline else ""


def _describe_confidence(judged: EnvironmentReport) -> str:
    """Describe what is claimed about the culprits, and what the search cost."""
    if not judged.confidence or not judged.culprits:
        return ""
    cost = (
        f"Found in {format_count(judged.trials, 'trial')}"
        if judged.trials
        else "Nothing else changed, so no trial was needed"
    )
    return f"{cost}; {_CONFIDENCE_CLAIMS[judged.confidence]}."


def _describe_proposal(judged: EnvironmentReport) -> str:
    proposal = judged.proposal
    if proposal is None:
        return ""
    if judged.waiting and not proposal.files:
        return "Nothing can be updated yet: what is newer is too young, or breaks."
    held = ", ".join(render_code_span(name) for name in proposal.held)
    proof = "This set was checked on its own." if proposal.verified else "This set was not checked."
    return f"{format_count(len(proposal.changes), 'update')}{f', with {held} held back' if held else ''}. {proof}"


def _describe_isolation(report: Report) -> str:
    return ", ".join(
        f"{escape_prose(name.replace('_', ' '))}: {escape_prose(_format_isolation_value(value))}"
        for name, value in report.isolation.items()
    )


def _format_isolation_value(value: bool | int | str) -> str:  # noqa: FBT001  # as the report has it
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
