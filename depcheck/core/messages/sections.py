"""Render the parts of pull requests and issues, one Markdown block each.

Foreign text is neutralized.
"""

import shlex
from datetime import datetime

from depcheck.core.messages.causes.cause_section import describe_hold_place, list_hold_lines
from depcheck.core.messages.causes.reproduce import build_reproduction_commands
from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.text.links import sanitize_link
from depcheck.core.text.markdown import (
    escape_prose,
    join_paragraphs,
    render_code_block,
    render_code_span,
    render_folded_block,
    render_markdown_table,
)
from depcheck.core.text.phrases import join_with_and

_MAX_COMMANDS = 3


def render_tracker_links(environment: EnvironmentReport) -> str:
    """Render links to the culprits' own issue trackers."""
    found = {name: sanitize_link(address) for each in environment.culprits for name, address in each.trackers.items()}
    shown = [f"[{escape_prose(name, 60)}]({address})" for name, address in list(found.items())[:6] if address]
    return f"Look for a report, or write one: issues of {join_with_and(shown)}." if shown else ""


def render_hold_lines(environment: EnvironmentReport) -> str:
    """Render the lines that keep the last good releases, and their place.

    Empty if no such lines are known.
    """
    place = describe_hold_place(environment)
    lines, builds = list_hold_lines(environment), list_hold_lines(environment, build=True)
    return join_paragraphs(
        f"To make the hold permanent, add to {place}:" if lines else "",
        render_code_block("\n".join(lines), 2000),
        _describe_recompiling(environment) if lines else "",
        "To hold the build requirement, put this in a file that `PIP_CONSTRAINT` names:" if builds else "",
        render_code_block("\n".join(builds), 2000),
    )


def _describe_recompiling(environment: EnvironmentReport) -> str:
    """Say with which commands the lockfiles follow a changed source."""
    commands = dict.fromkeys(each.command for each in environment.lockfiles if each.locked and each.command)
    shown = [render_code_span(command, 200) for command in commands][:_MAX_COMMANDS]
    return f"Then compile again, with {join_with_and(shown)}." if shown else ""


def render_remedy(environment: EnvironmentReport) -> str:
    """Render what a maintainer can do now, and what depcheck does."""
    if not environment.culprits:
        return render_hold_lines(environment)
    waits = "No newer release fixes this yet. depcheck tries again in each run, and closes this issue once one does."
    return join_paragraphs(render_hold_lines(environment), render_tracker_links(environment), waits)


def render_reproduction(environment: EnvironmentReport, as_of: datetime, commit: str | None) -> str:
    """Render two commands that reproduce the failure on another machine."""
    where = f"In a checkout{f' of {render_code_span(commit[:12])}' if commit else ''}"
    found = build_reproduction_commands(environment)
    if found:
        uv = "[uv](https://docs.astral.sh/uv/)"
        return join_paragraphs(
            f"{where}, with {uv}; the second command fails:", render_code_block("\n".join(found), 4000, "sh")
        )
    if not environment.lockfiles:
        return ""
    only = f" --only {shlex.quote(environment.name)}"
    moment = f" --as-of {as_of:%Y-%m-%dT%H:%M:%SZ}"
    python = f" --python {shlex.quote(environment.python)}" if environment.python else ""
    shown = render_code_block(f"depcheck check{only}{python}{moment}", 4000, "sh")
    return join_paragraphs(f"{where}, with depcheck installed:", shown)


def render_rules_table(environment: EnvironmentReport) -> str:
    """Render the maintainers' rules that are applied here or have expired."""
    rows = [
        (
            f"{escape_prose(rule.kind, 20)} {render_code_span(f'{rule.package}{rule.specifier}', 120)}",
            escape_prose(rule.reason, 200),
            escape_prose(rule.until, 20) if rule.state == "applied" else f"**ran out** {escape_prose(rule.until, 20)}",
            render_code_span(rule.hides, 60) or "nothing",
        )
        for rule in environment.rules
        if rule.state != "unmatched"
    ]
    return render_markdown_table(("rule", "because", "until", "keeps away"), rows)


def render_notes(environment: EnvironmentReport, tier: DetailLevel) -> str:
    """Render the environment's other notes as a list."""
    shown = environment.notes[: tier.max_names]
    return "\n".join(f"- {escape_prose(note, 500)}" for note in shown)


def render_optional_modules(environment: EnvironmentReport, tier: DetailLevel) -> str:
    """Render modules that newly fail and that nothing needs, folded."""
    every = environment.optional_modules
    shown = every[: tier.max_names]
    if not shown:
        return ""
    lines = [f"- {escape_prose(line, 300)}" for line in shown]
    left = format_omitted_count(every, shown, "module")
    return render_folded_block(
        f"Optional modules that no longer import ({len(every)})", "\n".join([*lines, *filter(None, ["", left])])
    )
