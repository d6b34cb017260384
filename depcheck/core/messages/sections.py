"""Render the parts of pull requests and issues, one Markdown block each.

Foreign text is neutralized.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from depcheck.core.messages.blame import describe_company, describe_dating
from depcheck.core.messages.mermaid import find_requirer_chains
from depcheck.core.messages.reproduce import build_reproduction_commands
from depcheck.core.messages.timeline import find_newest_tried
from depcheck.core.model.report import Culprit, EnvironmentReport
from depcheck.core.text.links import sanitize_link
from depcheck.core.text.markdown import (
    escape_prose,
    join_paragraphs,
    render_code_block,
    render_code_span,
    render_folded_block,
    render_markdown_table,
)


@dataclass(frozen=True, slots=True)
class DetailLevel:
    """Limits on how much a body shows.

    `max_evidence_chars` counts the characters of each piece of evidence, `max_rows` rows of tables, `max_names`
    names in lists.
    """

    max_evidence_chars: int
    max_rows: int
    max_names: int


DETAIL_LEVELS = (
    DetailLevel(6000, 300, 60),
    DetailLevel(2000, 120, 30),
    DetailLevel(800, 50, 12),
    DetailLevel(300, 20, 6),
    DetailLevel(0, 8, 3),
    DetailLevel(0, 0, 0),
)


# Terminal frames, and the line of an error within or without one; it may go on in the next line.
_BOX_DRAWING = re.compile(r"[\u2500-\u257f]")
_ERROR_LINE = re.compile(
    r"^(?:[^\w\n]|E )*((?:\w+\.)*\w*(?:Error|Exception): [^\n\u2500-\u257f]*\w[^\n\u2500-\u257f]*)", re.MULTILINE
)


def render_causes(environment: EnvironmentReport, tier: DetailLevel) -> str:
    """Render each culprit with its evidence."""
    shown = environment.culprits[: max(tier.max_names, 1)]
    told = (render_cause(each, tier, _describe_origin(environment, each)) for each in shown)
    return join_paragraphs(*told, format_omitted_count(environment.culprits, shown, "cause"))


def render_cause(culprit: Culprit, tier: DetailLevel, beside: str = "") -> str:
    """Render one culprit with its error and its evidence.

    The sentence names its first bad release (`kombu 4.2.0`), that release's upload day, and the last good
    release. `beside` is appended to the sentence.
    """
    company = describe_company(culprit, render_code_span)
    spared = replace(culprit, skipped_because=escape_prose(culprit.skipped_because, 300))
    return join_paragraphs(
        render_code_block(extract_error_text(culprit), 600),
        f"{describe_dating(spared, render_code_span)}{f' {company}' if company else ''}{beside}",
        escape_prose(culprit.explanation, 1000),
        render_newly_failing(culprit.newly_failing, tier),
        render_evidence(culprit.evidence, tier),
    )


def _describe_origin(environment: EnvironmentReport, culprit: Culprit) -> str:
    """Describe by which path the culprit is required, and its newest release."""
    shown = "; ".join(
        " → ".join(render_code_span(step, 80) for step in path)
        for path in find_requirer_chains(environment, culprit)[:4]
    )
    return f"{describe_newest_release(environment, culprit)}{f' It comes by {shown}.' if shown else ''}"


def describe_newest_release(environment: EnvironmentReport, culprit: Culprit) -> str:
    """Say in a sentence if the culprit's newest release fails too.

    Empty if that was not seen for this culprit alone.
    """
    tried = [(name, version) for name, version in find_newest_tried(environment).items() if name in culprit.packages]
    if len(tried) != 1 or len(culprit.packages) != 1 or culprit.build:
        return ""
    ((name, version),) = tried
    if culprit.first_bad.get(name) == version:
        return " It is the newest that the sources allow."
    return f" The newest that the sources allow, {render_code_span(f'{name} {version}')}, fails as well."


def render_tracker_links(environment: EnvironmentReport) -> str:
    """Render links to the culprits' own issue trackers."""
    found = {name: sanitize_link(address) for each in environment.culprits for name, address in each.trackers.items()}
    shown = [f"[{escape_prose(name, 60)}]({address})" for name, address in list(found.items())[:6] if address]
    return f"See whether it is known upstream, or tell them there: {join_with_and(shown)}." if shown else ""


def render_evidence(text: str, tier: DetailLevel) -> str:
    """Render the end of the output, folded."""
    block = render_code_block(text, tier.max_evidence_chars) if tier.max_evidence_chars else ""
    return render_folded_block("Evidence", block) if block else ""


def extract_error_text(culprit: Culprit) -> str:
    """Extract the error's own text from the culprit.

    The headline, unless it is a frame drawn on a terminal; then the last error in the evidence.
    """
    if not _BOX_DRAWING.search(culprit.headline):
        return culprit.headline
    found = [*_ERROR_LINE.finditer(culprit.evidence)]
    named = [each for each in found if not each[1].startswith("AssertionError")] or found
    return named[-1][1] if named else culprit.headline


def render_newly_failing(ids: Sequence[str], tier: DetailLevel) -> str:
    """Render the ids that newly fail, folded if there are several."""
    ids = [each for each in ids if each]  # a build has no id
    shown = ids[: tier.max_names]
    if len(ids) <= 1 or not shown:
        return "".join(f"Newly failing: {render_code_span(each, 200)}" for each in shown)
    listed = "\n".join(f"- {render_code_span(each, 200)}" for each in shown)
    return render_folded_block(
        f"Newly failing: {len(ids)}", join_paragraphs(listed, format_omitted_count(ids, shown, "more"))
    )


def render_hold_lines(environment: EnvironmentReport) -> str:
    """Render the lines that keep the last good releases, and their place.

    Empty if no such lines are known.
    """
    named = list(dict.fromkeys(source for culprit in environment.culprits for source in culprit.sources))
    sources = list(dict.fromkeys(source for lockfile in environment.lockfiles for source in lockfile.sources))
    place = join_with_and(render_code_span(source, 120) for source in named[:4]) if named else ""
    place = place or " or ".join(render_code_span(source, 120) for source in sources[:4]) or "the source"
    lines = [line for culprit in environment.culprits if not culprit.build for line in culprit.hold]
    builds = [line for culprit in environment.culprits if culprit.build for line in culprit.hold]
    return join_paragraphs(
        f"To keep the last good release until this is healed, add to {place}:" if lines else "",
        render_code_block("\n".join(dict.fromkeys(lines)), 2000),
        "To keep the last good build requirement, put this in a file that `PIP_CONSTRAINT` names:" if builds else "",
        render_code_block("\n".join(dict.fromkeys(builds)), 2000),
    )


def render_remedy(environment: EnvironmentReport) -> str:
    """Render what a maintainer can do now, and what depcheck does."""
    if not environment.culprits:
        return render_hold_lines(environment)
    waits = "No release heals it yet. depcheck looks every night, and closes this issue with the release that does."
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
    paths = " ".join(f"--lockfile {shlex.quote(lockfile.path)}" for lockfile in environment.lockfiles[:20])
    moment = f"--as-of {as_of:%Y-%m-%dT%H:%M:%SZ}"
    python = f" --python {shlex.quote(environment.python)}" if environment.python else ""
    shown = render_code_block(f"pip install depcheck-action\ndepcheck check {paths}{python} {moment}", 4000, "sh")
    return join_paragraphs(f"{where}:", shown)


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


def format_omitted_count(every: Sequence[object], shown: Sequence[object], thing: str) -> str:
    """Say how many items are not shown."""
    left = len(every) - len(shown)
    return (
        f"And {format_count(left, thing)} more; the whole report is in the run's artifact."
        if left > 0 and shown
        else ""
    )


def render_section(head: str, text: str) -> str:
    """Render `text` under a heading, or nothing if it is empty."""
    return f"### {head}\n\n{text}" if text else ""


def format_day(moment: datetime | None) -> str:
    """Format a day as `2018-05-21`, or None as empty."""
    return f"{moment:%Y-%m-%d}" if moment else ""


def format_count(number: int, thing: str) -> str:
    """Format a number with its noun: `1 pin`, `2 pins`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def join_with_and(names: Iterable[str]) -> str:
    """Join names as in `a, b and c`."""
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last
