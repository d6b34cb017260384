"""Titles and bodies of pull requests and issues, with the verdict first."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from depcheck.core.messages import advisory_sections, sections, tables
from depcheck.core.messages.attention import describe_update_sizes, render_attention_list
from depcheck.core.messages.causes.blame import describe_releases
from depcheck.core.messages.causes.cause_section import render_causes
from depcheck.core.messages.causes.failing_tests import render_failing
from depcheck.core.messages.causes.mermaid import render_culprit_graph
from depcheck.core.messages.causes.upstream_draft import render_upstream_drafts
from depcheck.core.messages.detail_level import DETAIL_LEVELS, DetailLevel, render_section
from depcheck.core.messages.foot.footers import render_issue_footer, render_pull_request_footer
from depcheck.core.messages.leads import (
    find_first_lockfile,
    find_held_version,
    format_issue_lead,
    format_pull_request_lead,
    make_counterpart_slot,
)
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.messages.tables import ALL_UPDATES, COMMITTED, PROPOSED, ChangeContext
from depcheck.core.messages.timeline import TIMELINE_SLOT
from depcheck.core.messages.waiting.waiting_releases import WAITING_HEADING, render_waiting_table
from depcheck.core.model.report import EnvironmentReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import (
    BODY_LIMIT_BYTES,
    TITLE_LIMIT,
    escape_prose,
    is_within_body_limit,
    join_paragraphs,
    neutralize_line,
    render_code_block,
    render_code_span,
    render_folded_block,
)
from depcheck.core.text.phrases import format_count, format_day, join_with_and

Part: TypeAlias = tuple[EnvironmentReport, ProposalReport]
_MAX_ERROR_CHARS = 400
_MARKER_BYTES = 1024  # kept free for the marker and line ends
_TIMELINE_BYTES = 24_000  # for the longest timeline and the fresh set


def render_pull_request_body(environment: EnvironmentReport, proposal: ProposalReport, run: RunStamp) -> str:
    """Render the body of the pull request that commits `proposal`."""
    return _render_richest_tier(
        lambda tier: join_paragraphs(
            _render_proposal(environment, proposal, run, tier), render_pull_request_footer(run)
        ),
        _MARKER_BYTES,
    )


def render_grouped_body(parts: Sequence[Part], keys: Sequence[str], run: RunStamp) -> str:
    """Render the body of the pull request of several environments.

    `keys` are those of the environments, by which their issues are linked later.
    """

    def render(tier: DetailLevel) -> str:
        shown = [
            f"## {render_code_span(environment.name)}\n\n"
            + _render_proposal(environment, proposal, run, tier).replace(
                make_counterpart_slot(), make_counterpart_slot(key)
            )
            for (environment, proposal), key in zip(parts, keys, strict=True)
        ]
        lead = f"**Updates for {format_count(len(parts), 'environment')}, each checked on its own.**"
        return join_paragraphs(lead, *shown, render_pull_request_footer(run))

    return _render_richest_tier(render, _MARKER_BYTES)


def render_issue_body(environment: EnvironmentReport, run: RunStamp) -> str:
    """Render the body of an issue.

    The body has a slot for the timeline of the finding.
    """
    return _render_richest_tier(lambda tier: _render_issue(environment, run, tier), _MARKER_BYTES + _TIMELINE_BYTES)


def format_pull_request_title(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """Format the title of a pull request.

    Example: `Update 14 pins in requirements.txt; hold kombu at 4.1.0`.
    """
    head = _describe_update(len(proposal.changes), _name_changed_files(environment, proposal))
    if first := find_first_lockfile(environment, proposal):
        head = f"Lock {join_with_and(first.sources[:3])} in {first.path}"
    held = [_format_held_release(environment, name) for name in proposal.held]
    return _join_title(head, held)


def format_grouped_title(parts: Sequence[Part]) -> str:
    """Format the title of the pull request of several environments."""
    files = dict.fromkeys(path for _, proposal in parts for path in proposal.files)
    held = dict.fromkeys(
        _format_held_release(environment, name) for environment, proposal in parts for name in proposal.held
    )
    changes = sum(len(proposal.changes) for _, proposal in parts)
    return _join_title(_describe_update(changes, _list_some([*files])), [*held])


def _describe_update(changes: int, place: str) -> str:
    return f"Update {format_count(changes, 'pin')} in {place}" if changes else f"Refresh {place}"


def _join_title(head: str, held: Sequence[str]) -> str:
    return neutralize_line(f"{head}{f'; hold {_list_some(held)}' if held else ''}", TITLE_LIMIT)


def _list_some(names: Sequence[str]) -> str:
    """List three names, and how many more there are."""
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []  # noqa: PLR2004
    return join_with_and([*names[:3], *more])


def _name_changed_files(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """Name the files that change, and an environment called otherwise."""
    if not proposal.files:
        return environment.name
    named = _list_some([*proposal.files])
    own = environment.name in {lockfile.path for lockfile in environment.lockfiles}
    return named if own else f"{named} ({environment.name})"


def format_issue_title(environment: EnvironmentReport) -> str:
    """Format the title of an issue.

    Example: `kombu 4.2.0 breaks requirements.txt`.
    """
    name = "this repository" if environment.name == "." else environment.name
    if environment.status is Status.BREAKS:
        causes = list(map(describe_releases, environment.culprits))
        if not causes:
            return neutralize_line(f"The newest releases break {name}", TITLE_LIMIT)
        return neutralize_line(
            f"{join_with_and(causes[:3])} {'breaks' if len(causes) == 1 else 'break'} {name}", TITLE_LIMIT
        )
    if environment.status.is_green:
        return advisory_sections.format_advisory_title(environment)
    if quarantined := advisory_sections.format_quarantine_title(environment):
        return neutralize_line(quarantined, TITLE_LIMIT)
    said = {
        Status.UNRESOLVABLE: f"No set of releases satisfies the requirements of {name}",
        Status.STALE: f"{name} is out of sync with its requirements",
        Status.BASELINE_BROKEN: f"{name} already fails as committed",
    }
    title = said.get(environment.status, f"{name} could not be checked")
    return neutralize_line(_begin_with_letter(title), TITLE_LIMIT)


def _begin_with_letter(title: str) -> str:
    """Begin a title with a letter."""
    if title.startswith("this "):
        return title.capitalize()
    return f"Lockfile {title}" if title.startswith(".") else title


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
        "(an organisation may have to allow it first), or give depcheck the token of an App."
    )
    link = f"The commit is already on a branch: [open the pull request by hand]({branch_url})." if branch_url else ""
    spare = BODY_LIMIT_BYTES - _MARKER_BYTES - len(join_paragraphs(why, link, body).encode()) - 200
    whole = len(patch.encode()) < spare
    shown = render_code_block(patch, len(patch) + 1, "diff") if whole else "The patch is too long to be shown here."
    return join_paragraphs(
        why, link, body, render_section("Patch", shown) if is_within_body_limit(shown, max(spare, 0)) else ""
    )


def _render_proposal(environment: EnvironmentReport, proposal: ProposalReport, run: RunStamp, tier: DetailLevel) -> str:
    """Render what a pull request says of a proposal."""
    columns = [
        (COMMITTED, environment.checks.baseline),
        (ALL_UPDATES, environment.checks.candidate),
        (PROPOSED, proposal.checks),
    ]
    is_candidate = environment.status is Status.SAFE and not environment.waiting  # a safe candidate is the proposal
    if is_candidate or not proposal.checks:
        columns = [(COMMITTED, environment.checks.baseline), (PROPOSED, environment.checks.candidate)]
    seen = ChangeContext(run.moment, environment.advisories)
    return join_paragraphs(
        format_pull_request_lead(environment, proposal),
        describe_update_sizes(proposal.changes, seen),
        render_section("Look at these first", render_attention_list(proposal.changes, seen, tier)),
        render_section(
            "Held back",
            join_paragraphs(
                render_causes(environment, tier, run),
                sections.render_hold_lines(environment),
                sections.render_tracker_links(environment),
            ),
        ),
        render_section(WAITING_HEADING, render_waiting_table(environment, tier)),
        render_section("Held by your rules", sections.render_rules_table(environment)),
        render_section(
            f"Updates, as of {format_day(run.moment)}", tables.render_changes_table(proposal.changes, seen, tier)
        ),
        render_section("Release notes", tables.render_release_notes(proposal.changes, tier)),
        render_section("Vulnerable and withdrawn pins", advisory_sections.render_advisory_tables(environment, tier)),
        render_section("Checks", tables.render_checks_table(columns, tier)),
        render_section("Notes", sections.render_notes(environment, tier)),
        sections.render_optional_modules(environment, tier),
    )


def _render_issue(environment: EnvironmentReport, run: RunStamp, tier: DetailLevel) -> str:
    """Render an issue's body at the detail of `tier`."""
    failing = [check for check in environment.checks.candidate if check.headline] or [
        check for check in environment.checks.baseline if check.headline
    ]
    said = "\n".join(dict.fromkeys(check.headline[:_MAX_ERROR_CHARS] for check in failing[:5]))
    which = "" if environment.culprits else render_failing(failing[:5], tier, run)
    columns = [(COMMITTED, environment.checks.baseline), (ALL_UPDATES, environment.checks.candidate)]
    changes = tables.render_changes_table(environment.changes, ChangeContext(run.moment, environment.advisories), tier)
    reproduction = sections.render_reproduction(environment, run.moment, run.commit) if tier.max_names else ""
    return join_paragraphs(
        format_issue_lead(environment),
        "" if environment.culprits else render_code_block(said, 1500),
        render_section("What fails", which),
        render_section("What broke", render_causes(environment, tier, run)),
        render_section("Until it is fixed", sections.render_remedy(environment)),
        render_section("Reproduce", reproduction),
        render_culprit_graph(environment) if tier.max_names else "",
        render_upstream_drafts(environment) if tier.max_names else "",
        render_section(WAITING_HEADING, render_waiting_table(environment, tier)),
        render_section("Held by your rules", sections.render_rules_table(environment)),
        render_section("Vulnerable and withdrawn pins", advisory_sections.render_advisory_tables(environment, tier)),
        render_section("Timeline", TIMELINE_SLOT),
        render_section("Checks", tables.render_checks_table(columns, tier)),
        render_folded_block("All updates", changes) if changes and "<details>" not in changes else changes,
        render_section("Notes", sections.render_notes(environment, tier)),
        sections.render_optional_modules(environment, tier),
        render_issue_footer(run, brief=bool(environment.culprits)),
    )


def _format_held_release(environment: EnvironmentReport, name: str) -> str:
    """Format `name at version` for a held package."""
    version = find_held_version(environment, name)
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
