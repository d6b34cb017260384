"""The first lines of pull requests and issues."""

from collections.abc import Sequence

from depcheck.core.lockfiles.other_targets import describe_unjudged
from depcheck.core.messages import advisory_sections
from depcheck.core.messages.causes.blame import describe_releases
from depcheck.core.messages.causes.cause_section import describe_hold_place, find_victim, list_hold_lines
from depcheck.core.messages.causes.evidence import extract_error_text, find_own_lines
from depcheck.core.messages.observed import describe_passed
from depcheck.core.messages.tables import format_safe_link
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import CheckReport, Culprit, EnvironmentReport, LockfileReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import escape_prose, join_paragraphs, render_code_span
from depcheck.core.text.phrases import format_count, join_with_and
from depcheck.core.text.process_output import strip_import_statement

_MAX_HELD = 5


def format_pull_request_lead(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """Format the verdict and what is held back, two paragraphs."""
    if find_first_lockfile(environment, proposal):
        return _format_first_lockfile_lead(environment)
    place = f"{render_code_span(environment.name)} on Python {escape_prose(environment.python, 20)}"
    updates = format_count(len(proposal.changes), "update") if proposal.changes else "Refreshed files"
    checks = proposal.checks or environment.checks.candidate  # a safe candidate is the proposal
    verb = "works" if len(proposal.changes) == 1 else "work"
    unseen = describe_unjudged(proposal.changes)
    return join_paragraphs(
        f"**{updates} for {place} {verb}: {describe_check_results(checks)}**{f' {unseen}' if unseen else ''}",
        _describe_held_back(environment, proposal),
    )


def _format_first_lockfile_lead(environment: EnvironmentReport) -> str:
    place = f"{render_code_span(environment.name)} on Python {escape_prose(environment.python, 20)}"
    names = ", ".join(render_code_span(each, 80) for each in environment.unpinned[:8])
    return join_paragraphs(
        f"**A first lockfile for {place}: what a fresh installation gets today, and passes its checks with.**",
        "Nothing is locked yet, so each new machine gets what is newest on its day."
        f"{f' Not pinned today: {names}.' if names else ''}",
        "depcheck then keeps this file up to date. Close this to stay without one.",
    )


def find_first_lockfile(environment: EnvironmentReport, proposal: ProposalReport) -> LockfileReport | None:
    """Find the lockfile that a proposal adds to an unlocked environment.

    Returns None where the proposal only changes lockfiles that exist.
    """
    return next((each for each in environment.lockfiles if not each.locked and each.path in proposal.files), None)


def describe_check_results(checks: Sequence[CheckReport]) -> str:
    """Describe what passed, with numbers, and that no tests ran."""
    passing = describe_passed((each.kind, each.passed) for each in checks if each.outcome is Outcome.PASS)
    tested = any(each.kind is CheckKind.TEST for each in checks)
    return f"{passing}.{'' if tested else ' No tests ran.'}"


def _describe_held_back(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """Describe what is held back and why, with links."""
    if not proposal.held:
        return ""
    said = [_describe_hold(environment, name) for name in proposal.held[:_MAX_HELD]]
    more = f" And {len(proposal.held) - _MAX_HELD} more." if len(proposal.held) > _MAX_HELD else ""
    return f"Held back: {'; '.join(said)}.{more}{make_counterpart_slot()}"


def _describe_hold(environment: EnvironmentReport, name: str) -> str:
    culprit = next((each for each in environment.culprits if name in each.packages), None)
    tracker = format_safe_link(render_code_span(name, 80), culprit.trackers.get(name, "")) if culprit else ""
    version = find_held_version(environment, name)
    stays = f"{tracker or render_code_span(name, 80)}{f' stays at {escape_prose(version, 60)}' if version else ''}"
    if culprit is None:
        return stays
    bad = escape_prose(culprit.first_bad.get(name, ""), 60)
    error = render_code_span(strip_import_statement(extract_error_text(culprit)), 120)
    return f"{stays}, because {bad or 'a newer release'} fails{f' ({error})' if error else ''}"


def find_held_version(environment: EnvironmentReport, name: str) -> str:
    """Find the version at which a package is held, or empty."""
    versions = [culprit.last_good[name] for culprit in environment.culprits if name in culprit.last_good]
    before = [change.before for change in environment.changes if change.name == name and change.before]
    return next(iter((*versions, *before)), "")


def format_issue_lead(environment: EnvironmentReport) -> str:
    """Format what to do now, then what is wrong."""
    python = f" on Python {escape_prose(environment.python, 20)}" if environment.python else ""
    place = f"{render_code_span(environment.name)}{python}"
    if environment.status is Status.BREAKS:
        return join_paragraphs(_describe_first_step(environment), _describe_breakage(environment, place))
    if environment.status.is_green:
        return join_paragraphs(f"{place}:", advisory_sections.format_advisory_verdict(environment))
    advised = advisory_sections.choose_advice(environment)
    advice = f"**What to do now:** {advised}" if advised else ""
    what = environment.status.phrase
    return join_paragraphs(advice, f"{place}: {what}. {escape_prose(_omit_evidence(environment), 1000)}")


def _omit_evidence(environment: EnvironmentReport) -> str:
    """Return the reason without an error that is shown below it."""
    shown = [check.headline[:40] for check in environment.checks.candidate if check.headline]
    cut = next((environment.reason.partition(f": {each}") for each in shown if each in environment.reason), ())
    return f"{cut[0]}." if cut and cut[1] else environment.reason


def _describe_first_step(environment: EnvironmentReport) -> str:
    """Say what to do now: the lines to add, and where."""
    lines = list_hold_lines(environment)
    builds = list_hold_lines(environment, build=True)
    shown = join_with_and(render_code_span(line, 80) for line in (lines or builds)[:_MAX_HELD])
    place = describe_hold_place(environment) if lines else "a file that <code>PIP_CONSTRAINT</code> names"
    step = f"**What to do now: add {shown} to {place}.**" if shown else "**What to do now: do not upgrade yet.**"
    missed = _list_missed_by_own_code(environment)
    why = "which your own code imports and the updates no longer bring (not tried)"
    other = f" Or add {missed} there, {why}." if missed else ""
    return f"{step}{other}{make_counterpart_slot()}"


def _list_missed_by_own_code(environment: EnvironmentReport) -> str:
    """List dropped requirements that only the repository's own code misses."""
    own = [each for each in environment.culprits if find_own_lines(each) and not each.victims]
    return join_with_and(
        render_code_span(name, 80) for name in dict.fromkeys(name for each in own for name in each.dropped)
    )


def _describe_breakage(environment: EnvironmentReport, place: str) -> str:
    unlocked = any(not each.locked for each in environment.lockfiles)
    works = "what was newest at the last good run still works" if unlocked else "your committed lockfile still works"
    causes = join_with_and(render_code_span(describe_releases(each), 120) for each in environment.culprits[:_MAX_HELD])
    what = f"{causes} break{'s' if len(environment.culprits) == 1 else ''} {place}" if causes else f"{place} breaks"
    roles = [_describe_roles(each) for each in environment.culprits[:_MAX_HELD]]
    return join_paragraphs(
        f"{what}: a fresh installation fails, and {works}.", "\n".join(role for role in roles if role)
    )


def _describe_roles(culprit: Culprit) -> str:
    """Name culprit and victim in one line, where the victim is known."""
    packages = join_with_and(render_code_span(f"{name} {version}", 120) for name, version in culprit.victims.items())
    found = find_victim(culprit)
    place = render_code_span(found, 200) if found else ""
    victim = f"{packages}, at {place}" if packages and place else packages or place
    return f"- Culprit: {render_code_span(describe_releases(culprit), 120)}. Victim: {victim}." if victim else ""


def make_counterpart_slot(key: str = "") -> str:
    """Return where publishing names the other one of pull request and issue.

    `key` is the environment's, in a body that is about several.
    """
    return f"<!-- depcheck counterpart{f' {key}' if key else ''} -->"


def link_counterpart(body: str, number: int, key: str, *, is_pull_request: bool) -> str:
    """Name the pull request in an issue's body, or vice versa.

    A body without the slot, or with it filled, stays as it is.
    """
    said = f" Details: #{number}." if is_pull_request else f" #{number} has the updates that work."
    return body.replace(make_counterpart_slot(), said, 1).replace(make_counterpart_slot(key), said, 1)
