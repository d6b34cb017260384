"""Render each cause of a breakage: its error, its releases, its evidence."""

import re
from collections.abc import Callable
from dataclasses import replace

from depcheck.core.lockfiles.formats.known_formats import find_hold_format
from depcheck.core.lockfiles.formats.lockfile_format import LockfileFormat
from depcheck.core.messages.causes.blame import describe_company, describe_dating, describe_victims
from depcheck.core.messages.causes.evidence import extract_error_text, find_own_lines, shorten_evidence
from depcheck.core.messages.causes.failing_tests import render_newly_failing
from depcheck.core.messages.causes.mermaid import find_requirer_chains
from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.messages.timeline import find_newest_tried
from depcheck.core.model.checks import Failure
from depcheck.core.model.report import Culprit, EnvironmentReport
from depcheck.core.text.markdown import (
    escape_prose,
    join_paragraphs,
    render_code_block,
    render_code_span,
    render_folded_block,
)
from depcheck.core.text.phrases import join_with_and
from depcheck.core.tool_output.api_errors import parse_traceback_frames, shorten_other_uses

_MAX_OWN_LINES = 4
_SEPARATORS = re.compile(r"[-_.]+")


def render_causes(environment: EnvironmentReport, tier: DetailLevel, run: RunStamp) -> str:
    """Render each culprit with its evidence, under a heading of its own."""
    shown = environment.culprits[: max(tier.max_names, 1)]
    texts = [
        join_paragraphs(f"#### {_format_heading(environment, each)}", render_cause(environment, each, tier, run))
        for each in shown
    ]
    return join_paragraphs(*texts, format_omitted_count(environment.culprits, shown, "cause"))


def _format_heading(environment: EnvironmentReport, culprit: Culprit) -> str:
    """Format `kombu stays at 4.1.0 (4.2.0 fails)`, or what fails."""
    held = set(environment.proposal.held) if environment.proposal else set()
    if culprit.build or not held.intersection(culprit.packages):
        bad = [f"{name} {culprit.first_bad.get(name, '')}".strip() for name in culprit.packages]
        return f"{escape_prose(' together with '.join(bad), 200)} {'fails' if len(bad) == 1 else 'fail'}"
    return join_with_and(_format_held_heading(culprit, name) for name in culprit.packages if name in held)


def _format_held_heading(culprit: Culprit, name: str) -> str:
    good, bad = culprit.last_good.get(name, ""), culprit.first_bad.get(name, "")
    stays = f" stays at {good}" if good else " is held back"
    return escape_prose(f"{name}{stays}{f' ({bad} fails)' if bad else ''}", 200)


def render_cause(environment: EnvironmentReport, culprit: Culprit, tier: DetailLevel, run: RunStamp) -> str:
    """Render one culprit: error, releases, requirers, evidence."""
    spared = replace(culprit, skipped_because=escape_prose(culprit.skipped_because, 300))
    said = (
        describe_dating(spared, render_code_span),
        describe_victims(culprit, render_code_span),
        describe_company(culprit, render_code_span),
        describe_newest_release(environment, culprit),
    )
    dating = " ".join(filter(None, said))
    return join_paragraphs(
        render_code_block(extract_error_text(culprit), 600),
        escape_prose(shorten_other_uses(culprit.explanation), 1000),
        _render_own_lines(culprit, run),
        dating,
        _describe_requirers(environment, culprit),
        render_newly_failing(culprit, tier, run),
        render_evidence(culprit, tier),
    )


def _render_own_lines(culprit: Culprit, run: RunStamp) -> str:
    """Render the repository's own lines in the traceback, in sight."""
    lines = find_own_lines(culprit)[:_MAX_OWN_LINES]
    links = join_with_and(run.link_line(path, line) for path, line in lines)
    return f"Your code on the way to the error: {links}." if links else ""


def find_victim(culprit: Culprit) -> str:
    """Find the place whose code fails: `celery/utils/timer2.py line 19`, or empty.

    The innermost frame that is not the culprit's own: in a package, or in the repository.
    """
    own = {_SEPARATORS.sub("_", name) for name in culprit.packages}
    ours = set(find_own_lines(culprit))
    for frame in parse_traceback_frames(Failure("", culprit.headline, culprit.evidence)):
        path = frame.path if frame.is_installed else frame.path.removeprefix("work/")
        top = path.partition("/")[0].removesuffix(".py").lower()
        if (frame.is_installed and top not in own) or (path, frame.line) in ours:
            return f"{path} line {frame.line}"
    return ""


def _describe_requirers(environment: EnvironmentReport, culprit: Culprit) -> str:
    """Describe by which path the culprit is required."""
    shown = "; ".join(
        " → ".join(render_code_span(step, 80) for step in path)
        for path in find_requirer_chains(environment, culprit)[:4]
    )
    return f"Required by: {shown}" if shown else ""


def describe_newest_release(environment: EnvironmentReport, culprit: Culprit) -> str:
    """Say in a sentence if the culprit's newest release fails too.

    Empty if that was not seen for this culprit alone.
    """
    tried = [(name, version) for name, version in find_newest_tried(environment).items() if name in culprit.packages]
    if len(tried) != 1 or len(culprit.packages) != 1 or culprit.build:
        return ""
    ((name, version),) = tried
    newest = render_code_span(f"{name} {version}")
    if culprit.first_bad.get(name) == version:
        return f"{newest} is also the newest release that your requirements allow."
    return f"{newest}, the newest release that your requirements allow, fails too."


def render_evidence(culprit: Culprit, tier: DetailLevel) -> str:
    """Render the end of the output, folded, the error first."""
    text = shorten_evidence(culprit.evidence, extract_error_text(culprit)) if culprit.evidence.strip() else ""
    block = render_code_block(text, tier.max_evidence_chars) if tier.max_evidence_chars else ""
    return render_folded_block("Evidence", block) if block else ""


def list_hold_lines(environment: EnvironmentReport, *, build: bool = False) -> list[str]:
    """List the lines that keep the last good releases, each once."""
    lines = dict.fromkeys(line for each in environment.culprits if each.build is build for line in each.hold)
    return list(lines) if build else _find_hold_format(environment).format_hold_lines(lines)


def describe_hold_place(environment: EnvironmentReport, show: Callable[[str, int], str] = render_code_span) -> str:
    """Name the files in which the lines that hold a release work."""
    named = list(dict.fromkeys(source for culprit in environment.culprits for source in culprit.sources))
    sources = list(dict.fromkeys(source for lockfile in environment.lockfiles for source in lockfile.sources))
    table = _find_hold_format(environment).hold_table
    inside = f"{show(table, 120)} in " if table and sources else ""
    if named:
        return inside + join_with_and(show(source, 120) for source in named[:4])
    return inside + " or ".join(show(source, 120) for source in sources[:4]) or "your requirements"


def _find_hold_format(environment: EnvironmentReport) -> LockfileFormat:
    return find_hold_format(lockfile.compiler for lockfile in environment.lockfiles)
