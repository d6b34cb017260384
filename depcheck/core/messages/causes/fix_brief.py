"""The brief for whoever fixes a breakage, person or agent."""

from dataclasses import dataclass

from depcheck.core.messages.causes.blame import describe_dating
from depcheck.core.messages.causes.cause_section import find_victim, list_hold_lines
from depcheck.core.messages.causes.evidence import extract_error_text, find_own_lines, shorten_evidence
from depcheck.core.messages.causes.mermaid import find_requirer_chains
from depcheck.core.messages.causes.reproduce import build_reproduction_commands
from depcheck.core.model.report import Culprit, EnvironmentReport, Report
from depcheck.core.text.markdown import escape_prose, join_paragraphs, render_code_block, render_code_span
from depcheck.core.tool_output.api_errors import parse_used_lines

_BLOCK_CHARS = 6000


@dataclass(frozen=True, slots=True)
class CauseBrief:
    """What is known of one cause.

    `uses` are lines that use what changed, as `path:line`: those of the repository's traceback, and those that the
    comparison of both releases found in the project and in its dependents.
    """

    culprit: dict[str, str]
    last_good: dict[str, str]
    error: str
    victim: str
    what_changed: str
    uses: tuple[str, ...]
    required_by: tuple[tuple[str, ...], ...]
    failing: dict[str, str]
    hold: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class FixBrief:
    """What is known of one broken environment.

    `works` is the newest set that was seen to work, by package; empty without a verified proposal.
    """

    environment: str
    python: str
    commit: str
    causes: tuple[CauseBrief, ...]
    reproduce: tuple[str, ...]
    works: dict[str, str]


def build_fix_briefs(report: Report) -> tuple[FixBrief, ...]:
    """Build a brief for each environment with a culprit."""
    return tuple(_build_brief(each, report.commit or "") for each in report.environments if each.culprits)


def _build_brief(environment: EnvironmentReport, commit: str) -> FixBrief:
    return FixBrief(
        environment=environment.name,
        python=environment.python,
        commit=commit,
        causes=tuple(_build_cause(environment, each) for each in environment.culprits),
        reproduce=build_reproduction_commands(environment) or (),
        works=_list_working_set(environment),
    )


def _build_cause(environment: EnvironmentReport, culprit: Culprit) -> CauseBrief:
    uses = [*find_own_lines(culprit), *parse_used_lines(culprit.explanation)]
    return CauseBrief(
        culprit=dict(culprit.first_bad),
        last_good=dict(culprit.last_good),
        error=extract_error_text(culprit),
        victim=find_victim(culprit),
        what_changed=culprit.explanation,
        uses=tuple(dict.fromkeys(f"{path}:{line}" for path, line in uses)),
        required_by=find_requirer_chains(environment, culprit),
        failing={each: culprit.places.get(each, "") for each in culprit.newly_failing if each},
        hold=culprit.hold,
        evidence=shorten_evidence(culprit.evidence, extract_error_text(culprit)),
    )


def _list_working_set(environment: EnvironmentReport) -> dict[str, str]:
    """List the releases of the verified proposal."""
    proposal = environment.proposal
    if proposal is None or not proposal.verified:
        return {}
    return {each.name: each.after or "removed" for each in proposal.changes if each.judged}


def render_fix_briefs(report: Report) -> str:
    """Render all briefs as Markdown, or return an empty string."""
    texts = (
        _render_brief(brief, environment)
        for brief, environment in zip(
            build_fix_briefs(report), (each for each in report.environments if each.culprits), strict=True
        )
    )
    whole = join_paragraphs(*texts)
    return f"# How to fix it\n\n{whole}\n" if whole else ""


def _render_brief(brief: FixBrief, environment: EnvironmentReport) -> str:
    causes = (_render_cause(cause, culprit) for cause, culprit in zip(brief.causes, environment.culprits, strict=True))
    works = "\n".join(f"{name}=={version}" for name, version in brief.works.items())
    hold = list_hold_lines(environment)
    at = f" at {render_code_span(brief.commit[:12])}" if brief.commit else ""
    return join_paragraphs(
        f"## {render_code_span(brief.environment)} on Python {escape_prose(brief.python, 20)}{at}",
        *causes,
        "### Reproduce" if brief.reproduce else "",
        render_code_block("\n".join(brief.reproduce), _BLOCK_CHARS, "sh"),
        "### The newest set that works" if works else "",
        render_code_block(works, _BLOCK_CHARS),
        f"It holds back: {', '.join(render_code_span(line, 120) for line in hold)}." if works and hold else "",
    )


def _render_cause(cause: CauseBrief, culprit: Culprit) -> str:
    bad = ", ".join(f"{name} {version}" for name, version in cause.culprit.items())
    chains = "\n".join(f"- {' → '.join(render_code_span(step, 80) for step in path)}" for path in cause.required_by)
    uses = "\n".join(f"- {render_code_span(each, 200)}" for each in cause.uses)
    failing = "\n".join(
        f"- {render_code_span(test, 200)}{f' at {render_code_span(place, 200)}' if place else ''}"
        for test, place in cause.failing.items()
    )
    return join_paragraphs(
        f"### {escape_prose(bad, 200)}",
        render_code_block(cause.error, 600),
        describe_dating(culprit, render_code_span),
        f"What changed: {escape_prose(cause.what_changed, 1000)}" if cause.what_changed else "",
        f"Victim: {render_code_span(cause.victim, 200)}" if cause.victim else "",
        f"Required by:\n\n{chains}" if chains else "",
        f"Lines that use it, or lead to the error:\n\n{uses}" if uses else "",
        f"Newly failing:\n\n{failing}" if failing else "",
        render_code_block(cause.evidence, _BLOCK_CHARS),
    )
