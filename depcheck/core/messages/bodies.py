"""Titles and bodies of pull requests and issues, with the verdict first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core.lockfiles.other_targets import describe_unjudged
from depcheck.core.messages import advisory_sections, sections, tables
from depcheck.core.messages.blame import describe_releases
from depcheck.core.messages.mermaid import render_culprit_graph
from depcheck.core.messages.observed import describe_passed
from depcheck.core.messages.sections import (
    DETAIL_LEVELS,
    DetailLevel,
    format_count,
    format_day,
    join_with_and,
    render_section,
)
from depcheck.core.messages.tables import ChangeContext
from depcheck.core.messages.timeline import TIMELINE_SLOT
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import CheckReport, EnvironmentReport, LockfileReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import (
    BODY_LIMIT_BYTES,
    escape_prose,
    is_within_body_limit,
    join_paragraphs,
    neutralize_line,
    render_code_block,
    render_code_span,
    render_folded_block,
)

_MARKER_BYTES = 512  # kept free for the marker and line ends
_TIMELINE_BYTES = 14_000  # for the longest timeline
_TITLE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class RunStamp:
    """The time and commit of a run, which every body shows."""

    moment: datetime
    commit: str | None = None


def render_pull_request_body(environment: EnvironmentReport, proposal: ProposalReport, night: RunStamp) -> str:
    """Render the body of the pull request that commits `proposal`."""
    return _render_richest_tier(lambda tier: _render_pull_request(environment, proposal, night, tier), _MARKER_BYTES)


def render_issue_body(environment: EnvironmentReport, night: RunStamp) -> str:
    """Render the body of an issue about a breakage or unjudged environment.

    The body has a slot for the timeline of the finding.
    """
    return _render_richest_tier(lambda tier: _render_issue(environment, night, tier), _MARKER_BYTES + _TIMELINE_BYTES)


def format_pull_request_title(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """Format the title of a pull request.

    Example: `Update 14 pins in requirements.txt; hold kombu at 4.1.0`.
    """
    held = join_with_and(_format_held_release(environment, name) for name in proposal.held[:3])
    more = f" and {len(proposal.held) - 3} more" if len(proposal.held) > 3 else ""  # noqa: PLR2004
    pins = format_count(len(proposal.changes), "pin")
    place = join_with_and(_list_changed_files(environment, proposal))
    head = f"Update {pins} in {place}" if proposal.changes else f"Refresh {place}"
    if first := _find_first_lockfile(environment, proposal):
        head = f"Lock {join_with_and(first.sources[:3])} in {first.path}"
    return neutralize_line(f"{head}{f'; hold {held}{more}' if held else ''}", _TITLE_LIMIT)


def _list_changed_files(environment: EnvironmentReport, proposal: ProposalReport) -> list[str]:
    """Return the environment's name, or the files that change.

    Where its own lockfile is none of them.
    """
    locked = {lockfile.path for lockfile in environment.lockfiles}
    if environment.name in proposal.files or environment.name not in locked or not proposal.files:
        return [environment.name]
    return list(proposal.files)[:3]


def _find_first_lockfile(environment: EnvironmentReport, proposal: ProposalReport) -> LockfileReport | None:
    """Find the lockfile that a proposal adds to an unlocked environment.

    Returns None where the proposal only changes lockfiles that exist.
    """
    return next((each for each in environment.lockfiles if not each.locked and each.path in proposal.files), None)


def format_issue_title(environment: EnvironmentReport) -> str:
    """Format the title of an issue.

    Example: `kombu 4.2.0 breaks requirements.txt`.
    """
    name = environment.name
    if environment.status is Status.BREAKS:
        causes = list(map(describe_releases, environment.culprits))
        if not causes:
            return neutralize_line(f"A fresh resolution breaks {name}", _TITLE_LIMIT)
        return neutralize_line(
            f"{join_with_and(causes[:3])} {'breaks' if len(causes) == 1 else 'break'} {name}", _TITLE_LIMIT
        )
    if environment.status.is_green:
        return advisory_sections.format_advisory_title(environment)
    said = {
        Status.UNRESOLVABLE: f"No set of releases satisfies {name}",
        Status.STALE: f"{name} is not what its sources compile to",
        Status.BASELINE_BROKEN: f"{name} fails as committed",
    }
    return neutralize_line(said.get(environment.status, f"{name} could not be judged"), _TITLE_LIMIT)


def summarize_finding(environment: EnvironmentReport) -> str:
    """Summarize the finding of an environment in one sentence."""
    if environment.status.is_green:
        return f"{advisory_sections.format_advisory_title(environment)}."
    causes = join_with_and(render_code_span(describe_releases(culprit)) for culprit in environment.culprits[:5])
    headline = environment.culprits[0].headline if environment.culprits else environment.reason
    return f"{causes or environment.status}: {escape_prose(headline, 400)}"


def render_patch_issue_body(body: str, patch: str, branch_url: str) -> str:
    """Render the issue body used where pull requests may not be opened.

    It explains the permission, links `branch_url`, and shows `patch` if it fits into a body.
    """
    why = (
        "This would be a pull request, but this repository does not let GitHub Actions open one. Switch on "
        "*Settings → Actions → General → Allow GitHub Actions to create and approve pull requests* "
        "(an organisation's setting can be above it), or give depcheck the token of an App."
    )
    link = f"The commit is on a branch already: [open the pull request by hand]({branch_url})." if branch_url else ""
    spare = BODY_LIMIT_BYTES - _MARKER_BYTES - len(join_paragraphs(why, link, body).encode()) - 200
    whole = len(patch.encode()) < spare
    shown = render_code_block(patch, len(patch) + 1, "diff") if whole else "The patch is too long to stand here."
    return join_paragraphs(
        why, link, body, render_section("Patch", shown) if is_within_body_limit(shown, max(spare, 0)) else ""
    )


def _render_pull_request(
    environment: EnvironmentReport, proposal: ProposalReport, night: RunStamp, tier: DetailLevel
) -> str:
    """Render a pull request's body at the detail of `tier`."""
    columns = [
        ("committed", environment.checks.baseline),
        ("everything new", environment.checks.candidate),
        ("proposed", proposal.checks),
    ]
    if environment.status is Status.SAFE or not proposal.checks:  # a safe candidate is the proposal
        columns = [("committed", environment.checks.baseline), ("proposed", environment.checks.candidate)]
    seen = ChangeContext(night.moment, environment.advisories)
    return join_paragraphs(
        _format_pull_request_verdict(environment, proposal),
        tables.describe_checks(columns, environment.python),
        render_section(
            "Held, and why",
            join_paragraphs(sections.render_causes(environment, tier), sections.render_tracker_links(environment)),
        ),
        render_section("How to keep it held", sections.render_hold_lines(environment)),
        render_section("Held by your rules", sections.render_rules_table(environment)),
        render_section(
            f"Changes, as of {format_day(night.moment)}", tables.render_changes_table(proposal.changes, seen, tier)
        ),
        render_section("Vulnerable and withdrawn pins", advisory_sections.render_advisory_tables(environment, tier)),
        render_section("Checks", tables.render_checks_table(columns, tier)),
        render_section("Notes", sections.render_notes(environment, tier)),
        sections.render_optional_modules(environment, tier),
        _PULL_REQUEST_FOOTER,
    )


def _format_pull_request_verdict(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """Format the bold first paragraph of a pull request."""
    place = f"{render_code_span(environment.name)} on Python {escape_prose(environment.python, 20)}"
    changed = f"{format_count(len(proposal.changes), 'pin')} updated"
    if _find_first_lockfile(environment, proposal):
        loose = f" Loose today: {', '.join(render_code_span(each, 80) for each in environment.unpinned[:8])}." * bool(
            environment.unpinned
        )
        offer = "Nothing is locked yet, so each new machine gets what is newest on its day."
        return join_paragraphs(
            f"**A first lockfile, {place}: what a fresh installation gets and passes its checks with.** {offer}{loose}",
            "From then on it is this file that is kept up to date. Close this to stay without.",
        )
    if environment.status is Status.SAFE:
        seen = _describe_checks(environment.checks.candidate)
        return f"**Everything new in {place} works:** {changed}; {seen}{_describe_unseen(proposal)}"
    held = join_with_and(render_code_span(_format_held_release(environment, name)) for name in proposal.held[:8])
    seen = _describe_checks(proposal.checks)
    head = f"**The newest set of {place} that works:** {changed}, held: {held or 'nothing'}; {seen}"
    return f"{head}{_describe_unseen(proposal)}"


def _describe_unseen(proposal: ProposalReport) -> str:
    """Describe lines for other targets that no check has seen."""
    sentence = describe_unjudged(proposal.changes)
    return f" {sentence}" if sentence else ""


def _describe_checks(checks: Sequence[CheckReport]) -> str:
    """Describe what passed, and that no tests were run."""
    passing = describe_passed((each.kind, each.passed) for each in checks if each.outcome is Outcome.PASS)
    tested = any(each.kind is CheckKind.TEST for each in checks)
    return f"{passing}.{'' if tested else ' **No tests were run.**'}"


def _render_issue(environment: EnvironmentReport, night: RunStamp, tier: DetailLevel) -> str:
    """Render an issue's body at the detail of `tier`."""
    failing = [check for check in environment.checks.candidate if check.headline] or [
        check for check in environment.checks.baseline if check.headline
    ]
    said = "" if environment.culprits else render_code_block("\n".join(check.headline for check in failing[:5]), 1500)
    columns = [("committed", environment.checks.baseline), ("everything new", environment.checks.candidate)]
    changes = tables.render_changes_table(
        environment.changes, ChangeContext(night.moment, environment.advisories), tier
    )
    return join_paragraphs(
        _format_issue_verdict(environment),
        said,
        sections.render_causes(environment, tier),
        render_culprit_graph(environment) if tier.max_names else "",
        render_section("What to do now", sections.render_remedy(environment)),
        render_section("Held by your rules", sections.render_rules_table(environment)),
        render_section(
            "Reproduce", sections.render_reproduction(environment, night.moment, night.commit) if tier.max_names else ""
        ),
        render_section("Vulnerable and withdrawn pins", advisory_sections.render_advisory_tables(environment, tier)),
        render_section("Timeline", TIMELINE_SLOT),
        render_section("Checks", tables.render_checks_table(columns, tier)),
        render_folded_block("All that would change", changes) if changes and "<details>" not in changes else changes,
        render_section("Notes", sections.render_notes(environment, tier)),
        sections.render_optional_modules(environment, tier),
        _ISSUE_FOOTER,
    )


def _format_issue_verdict(environment: EnvironmentReport) -> str:
    """Format the bold first paragraph of an issue."""
    python = f" on Python {escape_prose(environment.python, 20)}" if environment.python else ""
    place = f"{render_code_span(environment.name)}{python}"
    if environment.status is Status.BREAKS:
        safe = environment.proposal is not None and environment.proposal.verified
        beside = " What can be updated safely is in the pull request beside this issue." if safe else ""
        return f"**A fresh installation of {place} breaks today; the committed lockfile works.**{beside}"
    if environment.status.is_green:
        return join_paragraphs(f"{place}:", advisory_sections.format_advisory_verdict(environment))
    return join_paragraphs(
        f"**{place}: {environment.status}.** {escape_prose(environment.reason, 1000)}",
        environment.status.advice,
    )


def _format_held_release(environment: EnvironmentReport, name: str) -> str:
    """Format `name at version` for a held package."""
    versions = [culprit.last_good[name] for culprit in environment.culprits if name in culprit.last_good]
    before = [change.before for change in environment.changes if change.name == name and change.before]
    version = next(iter((*versions, *before)), "")
    return f"{name} at {version}" if version else name


def _render_richest_tier(body: Callable[[DetailLevel], str], spare: int) -> str:
    """Render the most detailed tier that GitHub accepts as a body.

    `spare` bytes are kept free. Falls back to one sentence that points to the report.
    """
    limit = BODY_LIMIT_BYTES - spare
    texts = (body(tier) for tier in DETAIL_LEVELS)
    return next(
        (text for text in texts if is_within_body_limit(text, limit)),
        "The finding is too large to show; see the run's report.",
    )


_PULL_REQUEST_FOOTER = (
    "<sub>Kept up to date by depcheck. Merge it when you like; close it to hear no more of this finding; push to the "
    "branch and depcheck leaves it to you. Where the repository's own checks wait for a click, that is GitHub's rule "
    "for the default token; the checks above are depcheck's own.</sub>"
)
_ISSUE_FOOTER = (
    "<sub>Kept up to date by depcheck, closed when green again; close it to hear no more of this finding.</sub>"
)
