"""From a report to what we want on the forge: for each environment one pull request and one issue, or none."""

from depcheck.core import bodies, dashboard, story
from depcheck.core.bodies import Night
from depcheck.core.cautions import remaining
from depcheck.core.dashboard import Board
from depcheck.core.markdown import harmless
from depcheck.core.markers import Form, short_digest
from depcheck.core.outputs import error_itself, signature
from depcheck.core.report import EnvironmentReport, Report, Status
from depcheck.core.settings import PublishOptions
from depcheck.core.settlement import Proposal, Stance
from depcheck.core.story import Event, Tonight

_SPOKEN_OF = frozenset({Status.BREAKS, Status.UNRESOLVABLE, Status.BASELINE_BROKEN, Status.STALE, Status.SKIPPED})
_GREEN = frozenset({Status.QUIET, Status.SAFE})


def proposals(report: Report, options: PublishOptions, base: str) -> tuple[Proposal, ...]:
    """What `report` wants on the branch `base`; a form that `options` switch off is not spoken of at all."""
    found: list[Proposal] = []
    night = Night(report.as_of or report.finished_at, report.commit)
    for environment in report.environments:
        key = short_digest(base, environment.name)
        found += [_pull_request(environment, night, key)] if options.pull_request else []
        found += [_issue(environment, night, key)] if options.issue else []
    if options.dashboard and report.environments:
        found.append(_dashboard(report, night, base))
    return tuple(found)


def _dashboard(report: Report, night: Night, base: str) -> Proposal:
    board = Board(night.moment, report.environments)
    return Proposal(
        form=Form.DASHBOARD,
        key=short_digest(base, "dashboard of all environments"),
        shown="all environments",
        stance=Stance.PROPOSE,
        title=dashboard.title(base),
        detail=dashboard.heartbeat(night.moment),
        board=board,
    )


def _pull_request(environment: EnvironmentReport, night: Night, key: str) -> Proposal:
    shown = harmless(environment.name, 120)
    proposed = environment.proposal
    if environment.status is Status.QUIET:
        return Proposal(Form.PULL_REQUEST, key, shown, Stance.CLOSE, "Nothing is left to update.")
    if environment.status not in {Status.SAFE, Status.BREAKS} or proposed is None or not proposed.verified:
        why = f"nothing verified to propose ({environment.status})"
        return Proposal(Form.PULL_REQUEST, key, shown, Stance.LEAVE, why)
    if not proposed.files:
        return Proposal(Form.PULL_REQUEST, key, shown, Stance.CLOSE, "The newest set that works is what is committed.")
    files = tuple(sorted(proposed.files.items()))
    return Proposal(
        form=Form.PULL_REQUEST,
        key=key,
        shown=shown,
        stance=Stance.PROPOSE,
        digest=short_digest(environment.status, *proposed.held, *(part for pair in files for part in pair)),
        title=bodies.pull_request_title(environment, proposed),
        body=bodies.pull_request(environment, proposed, night),
        news="There are newer releases; this pull request now holds them.",
        environment=environment.name,
    )


def _issue(environment: EnvironmentReport, night: Night, key: str) -> Proposal:
    shown = harmless(environment.name, 120)
    left = [each for found in remaining(environment) for each in found]
    if environment.status in _GREEN and not left:
        healed = "passes its checks" if environment.status is Status.SAFE else "gives what is committed"
        reason = f"Green again: a fresh resolution {healed}."
        return Proposal(Form.ISSUE, key, shown, Stance.CLOSE, reason, tonight=_tonight(environment, night))
    if environment.status not in _SPOKEN_OF | _GREEN:
        return Proposal(Form.ISSUE, key, shown, Stance.LEAVE, f"nothing to report ({environment.status})")
    title = bodies.issue_title(environment)
    return Proposal(
        form=Form.ISSUE,
        key=key,
        shown=shown,
        stance=Stance.PROPOSE,
        digest=_finding(environment),
        title=title,
        body=bodies.issue(environment, night),
        news=f"The finding has changed: {bodies.sentence(environment)}",
        detail=_detail(environment),
        tonight=_tonight(environment, night, story.found(environment, night.moment)),
    )


def _detail(environment: EnvironmentReport) -> str:
    """What an issue says beside its finding: which releases of the culprits were tried since, and fail as well."""
    newest = sorted(story.newest_tried(environment).items())
    return short_digest(*(f"{name} {version}" for name, version in newest)) if newest else ""


def _tonight(environment: EnvironmentReport, night: Night, event: Event | None = None) -> Tonight:
    newest, fresh = story.newest_tried(environment), environment.fresh
    return Tonight(night.moment, event, story.releases(environment), tuple(newest.items()), tuple(fresh.items()))


def _finding(environment: EnvironmentReport) -> str:
    """What makes two nights' findings the same: the causes; without any, the reason less what differs each run."""
    parts: list[str] = [environment.status]
    for culprit in sorted(environment.culprits, key=lambda each: each.packages):
        releases = sorted((*culprit.first_bad.items(), *culprit.last_good.items()))
        parts += [*sorted(culprit.packages), "", *(part for pair in releases for part in pair)]
        parts += [signature(error_itself(culprit.headline)), *culprit.hold]
    green = environment.status in _GREEN  # then nothing but what is known against the pins was found
    reason = [] if environment.culprits or green else [signature(environment.reason)]
    return short_digest(*(["cautions"] if green else parts), *reason, *_cautions(environment))


def _cautions(environment: EnvironmentReport) -> list[str]:
    """What is known against the pins, in an order of its own."""
    advisories, withdrawn = remaining(environment)
    return [
        *sorted(f"{each.package} {each.version} {each.id}" for each in advisories),
        *sorted(f"{each.lockfile} {each.package} {each.version} {each.kind}" for each in withdrawn),
    ]
