"""Derive from a report what to publish on the forge.

For each environment at most one pull request and one issue.

An issue's timeline is continued, and ends with the release that healed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages import bodies, dashboard, timeline
from depcheck.core.messages.advisory_sections import find_unfixed_pins
from depcheck.core.messages.dashboard import DashboardInput
from depcheck.core.messages.foot.boxes import keep_quiet_day
from depcheck.core.messages.hidden_state import ProposalForm, compute_short_digest
from depcheck.core.messages.observed import MISSING_COMMAND
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.messages.timeline import (
    TIMELINE_SLOT,
    TimelineEvent,
    TimelineUpdate,
    describe_healing,
    extend_timeline,
    make_healed_event,
    parse_fresh_set,
    parse_timeline,
    render_fresh_set,
    render_timeline,
)
from depcheck.core.model.report import EnvironmentReport, Report
from depcheck.core.model.status import Status
from depcheck.core.settlement.common_pull import group_pull_requests
from depcheck.core.settlement.identity import compute_base_digest, compute_environment_key, compute_file_digests
from depcheck.core.settlement.items import Proposal, PublishedItem, Stance
from depcheck.core.settlement.merging import is_mergeable_unseen
from depcheck.core.text.markdown import neutralize_line
from depcheck.core.text.process_output import compute_error_signature, strip_import_statement

_UNREPORTED_STATUSES = frozenset({Status.INFRA, Status.FLAKY})


def make_proposals(
    report: Report, options: PublishOptions, base: str, web_url: str = "", run_id: int = 0
) -> tuple[Proposal, ...]:
    """Make the proposals of `report` for the branch `base`.

    A form (pull request, issue, dashboard) that `options` switch off gets no proposal at all. `web_url` is the
    repository's page and `run_id` the workflow's run, which bodies link to.
    """
    found: list[Proposal] = []
    run = RunStamp(report.as_of or report.finished_at, report.commit, web_url, run_id)
    for environment in report.environments:
        key = compute_environment_key(base, environment.name)
        if options.pull_request:
            pull = _propose_pull_request(environment, run, key, options)
            found.append(_add_identity(pull, environment, base))
        if options.issue:
            found.append(_add_identity(_propose_issue(environment, run, key), environment, base))
    if options.pull_request and options.group:
        found = group_pull_requests(found, report, run, base, options.title_prefix)
    if options.dashboard and report.environments:
        found.append(_propose_dashboard(report, run, base))
    return tuple(replace(each, today=run.moment.date()) for each in found)


def _add_identity(proposal: Proposal, environment: EnvironmentReport, base: str) -> Proposal:
    paths = tuple(lockfile.path for lockfile in environment.lockfiles)
    return replace(proposal, base=compute_base_digest(base), paths=paths, files=compute_file_digests(paths))


def _propose_dashboard(report: Report, run: RunStamp, base: str) -> Proposal:
    board = DashboardInput(run.moment, report.environments, tuple(report.known_environments))
    return Proposal(
        form=ProposalForm.DASHBOARD,
        key=compute_short_digest(base, "dashboard of all environments"),
        display_name="all environments",
        stance=Stance.PROPOSE,
        title=dashboard.format_dashboard_title(base),
        detail=dashboard.compute_heartbeat(run.moment),
        board=board,
    )


def _propose_pull_request(environment: EnvironmentReport, run: RunStamp, key: str, options: PublishOptions) -> Proposal:
    shown = neutralize_line(environment.name, 120)
    proposed = environment.proposal
    if environment.status is Status.QUIET:
        return Proposal(ProposalForm.PULL_REQUEST, key, shown, Stance.CLOSE, "Nothing is left to update.")
    if not environment.status.can_have_update or proposed is None or not proposed.verified:
        why = f"nothing verified to propose ({environment.status})"
        return Proposal(ProposalForm.PULL_REQUEST, key, shown, Stance.LEAVE, why)
    if not proposed.files:
        waits = environment.waiting and environment.status is Status.SAFE
        why = "Nothing newer is old enough yet." if waits else "Your lockfile is already the newest set that works."
        return Proposal(ProposalForm.PULL_REQUEST, key, shown, Stance.CLOSE, why)
    files = tuple(sorted(proposed.files.items()))
    may_merge = options.auto_merge and is_mergeable_unseen(environment, run.moment)
    return Proposal(
        form=ProposalForm.PULL_REQUEST,
        key=key,
        display_name=shown,
        stance=Stance.PROPOSE,
        digest=compute_short_digest(environment.status, *proposed.held, *(part for pair in files for part in pair)),
        title=f"{options.title_prefix} {bodies.format_pull_request_title(environment, proposed)}".strip(),
        body=bodies.render_pull_request_body(environment, proposed, run),
        environments=(environment.name,),
        detail=_digest_detail(environment, options, may_merge=may_merge),
        may_merge=may_merge,
    )


def _digest_waiting(environment: EnvironmentReport) -> str:
    """Digest the releases that wait, empty where no cooldown is kept."""
    if not environment.cooldown_days:
        return ""
    told = (f"{each.package} {each.version} {each.outlook} {each.due_at}" for each in environment.waiting)
    return compute_short_digest("waiting", *told)


def _digest_detail(environment: EnvironmentReport, options: PublishOptions, *, may_merge: bool) -> str:
    """Digest what waits, and whether it may be merged unseen."""
    waiting = _digest_waiting(environment)
    return compute_short_digest(waiting, "merge", str(may_merge)) if options.auto_merge else waiting


def _propose_issue(environment: EnvironmentReport, run: RunStamp, key: str) -> Proposal:
    shown = neutralize_line(environment.name, 120)
    left = [each for found in find_unfixed_pins(environment) for each in found]
    if environment.status.is_green and not (left or environment.ran_flagged):
        how = "all updates pass" if environment.status is Status.SAFE else "there is nothing to update"
        reason = f"Fixed: {how}."
        return Proposal(
            ProposalForm.ISSUE,
            key,
            shown,
            Stance.CLOSE,
            reason,
            timeline_update=_make_timeline_update(environment, run),
        )
    if any(each.headline.startswith(MISSING_COMMAND) for each in environment.checks.baseline):
        why = "the configuration is mistaken; the run says what to change"
        return Proposal(ProposalForm.ISSUE, key, shown, Stance.LEAVE, why)
    if environment.status in _UNREPORTED_STATUSES:
        return Proposal(ProposalForm.ISSUE, key, shown, Stance.LEAVE, f"nothing to report ({environment.status})")
    title = bodies.format_issue_title(environment)
    return Proposal(
        form=ProposalForm.ISSUE,
        key=key,
        display_name=shown,
        stance=Stance.PROPOSE,
        digest=_digest_finding(environment),
        title=title,
        body=bodies.render_issue_body(environment, run),
        environments=(environment.name,),
        change_note=f"The finding has changed: {bodies.summarize_finding(environment)}",
        detail=_digest_newest_tried(environment),
        is_urgent=bool(environment.ran_flagged),
        timeline_update=_make_timeline_update(environment, run, timeline.make_finding_event(environment, run.moment)),
    )


def _digest_newest_tried(environment: EnvironmentReport) -> str:
    """Digest which newer releases of the culprits were tried and fail too.

    Empty if none was tried. It is the issue's detail beside its finding.
    """
    newest = sorted(timeline.find_newest_tried(environment).items())
    return compute_short_digest(*(f"{name} {version}" for name, version in newest)) if newest else ""


def _make_timeline_update(
    environment: EnvironmentReport, run: RunStamp, event: TimelineEvent | None = None
) -> TimelineUpdate:
    newest, fresh = timeline.find_newest_tried(environment), environment.fresh
    return TimelineUpdate(
        run.moment,
        event,
        timeline.make_release_events(environment),
        tuple(newest.items()),
        tuple(fresh.items()),
        tuple(pair for culprit in environment.culprits for pair in culprit.victims.items()),
    )


def _digest_finding(environment: EnvironmentReport) -> str:
    """Digest the finding, to compare it with that of another run.

    Made of the causes. Without causes, made of the reason less the parts that differ in each run.
    """
    parts: list[str] = [environment.status]
    for culprit in sorted(environment.culprits, key=lambda each: each.packages):
        releases = sorted((*culprit.first_bad.items(), *culprit.last_good.items()))
        parts += [*sorted(culprit.packages), "", *(part for pair in releases for part in pair)]
        parts += [compute_error_signature(strip_import_statement(culprit.headline)), *culprit.hold]
    green = environment.status.is_green  # then nothing but what is known against the pins was found
    reason = [] if environment.culprits or green else [compute_error_signature(environment.reason)]
    return compute_short_digest(*(["cautions"] if green else parts), *reason, *_list_known_problems(environment))


def _list_known_problems(environment: EnvironmentReport) -> list[str]:
    """List what is known against the pins: advisories and withdrawn releases.

    Sorted, so that the report's order does not matter.
    """
    advisories, withdrawn = find_unfixed_pins(environment)
    return [
        *sorted(environment.ran_flagged),
        *sorted(f"{each.package} {each.version} {each.id}" for each in advisories),
        *sorted(f"{each.lockfile} {each.package} {each.version} {each.kind}" for each in withdrawn),
    ]


_TIMELINE_BEGIN, _TIMELINE_END = "<!-- depcheck timeline begins -->", "<!-- depcheck timeline ends -->"


def merge_published_history(proposal: Proposal, known: Iterable[PublishedItem]) -> Proposal:
    """Return the proposal with its timeline, or a dashboard with earlier rows.

    The rows are those of other runs. Idempotent: merging twice gives the same as merging once.
    """
    same = [each for each in known if (each.marker.form, each.marker.key) == (proposal.form, proposal.key)]
    living = min(
        (each for each in same if each.is_open), key=lambda each: each.number, default=None
    )  # settlement's too
    if proposal.board is not None:
        return _fill_dashboard(
            proposal, proposal.board, living or max(same, key=lambda each: each.number, default=None)
        )
    if living is not None and living.quiet_until and proposal.today and proposal.today < living.quiet_until:
        proposal = replace(proposal, body=keep_quiet_day(proposal.body, living.quiet_until))
    if proposal.timeline_update is None:
        return proposal
    story = parse_timeline(living.body) if living else ()
    if proposal.stance is Stance.PROPOSE and proposal.timeline_update.event:
        update = proposal.timeline_update
        body = _insert_timeline(proposal.body, extend_timeline(story, update), dict(update.fresh_versions))
        return replace(proposal, body=body)
    if proposal.stance is Stance.CLOSE and living is not None:
        return _close_with_explanation(proposal, proposal.timeline_update, living, story)
    return proposal


def _fill_dashboard(proposal: Proposal, board: DashboardInput, before: PublishedItem | None) -> Proposal:
    """Fill the dashboard with the rows that its issue remembers.

    Also if people closed that issue: otherwise every run would count as a change.
    """
    found = dashboard.update_dashboard_rows(board, dashboard.parse_dashboard_rows(before.body if before else ""))
    return replace(
        proposal, digest=dashboard.compute_rows_digest(found), body=dashboard.render_dashboard_body(board, found)
    )


def _close_with_explanation(
    proposal: Proposal, tonight: TimelineUpdate, living: PublishedItem, story: tuple[TimelineEvent, ...]
) -> Proposal:
    fresh = dict(tonight.fresh_versions)
    end = make_healed_event(story, fresh, tonight.moment)
    if end is None:
        return proposal
    before = parse_fresh_set(living.body)
    others = [f"{name} {version}" for name, version in fresh.items() if name in before and before[name] != version]
    return replace(
        proposal,
        reason=f"{proposal.reason} {describe_healing(story, fresh, others)}",
        body=_insert_timeline(living.body, (*story, end)),
    )


def _insert_timeline(body: str, story: tuple[TimelineEvent, ...], fresh: Mapping[str, str] | None = None) -> str:
    """Insert the timeline into its slot, or replace the one in `body`.

    With it goes the fresh set, to know later what came since.
    """
    line = render_fresh_set(fresh) if fresh else ""
    block = "\n".join(filter(None, (_TIMELINE_BEGIN, render_timeline(story), line, _TIMELINE_END)))
    if TIMELINE_SLOT in body:
        return body.replace(TIMELINE_SLOT, block, 1)
    before, begin, rest = body.partition(_TIMELINE_BEGIN)
    _, end, after = rest.partition(_TIMELINE_END)
    return f"{before}{block}{after}" if begin and end else body
