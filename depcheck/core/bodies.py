"""The text of pull requests and issues: for a person on a phone, the verdict first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core import cautions, sections, tables
from depcheck.core.checks import Kind, Outcome
from depcheck.core.markdown import BODY_LIMIT_BYTES, code, fenced, fits, folded, harmless, paragraphs, prose
from depcheck.core.mermaid import picture
from depcheck.core.observed import describe_passed
from depcheck.core.report import CheckReport, EnvironmentReport, LockfileReport, ProposalReport, Status
from depcheck.core.sections import TIERS, Tier, count, day, joined, section
from depcheck.core.story import SLOT
from depcheck.core.tables import Seen

_MARKER_BYTES = 512  # kept free for the marker and line ends
_STORY_BYTES = 14_000  # for the longest timeline
_TITLE_LIMIT = 200

_UNJUDGED = {
    Status.UNRESOLVABLE: "No set of today's releases satisfies the sources. Loosen the range that stands in the way.",
    Status.STALE: "The sources compile to something else than what is committed. Compile again and commit it.",
    Status.BASELINE_BROKEN: "The committed lockfile fails by itself; no release is to blame. Heal it, or the check.",
    Status.SKIPPED: "This lockfile was not judged. The reason above says what to change.",
}


@dataclass(frozen=True, slots=True)
class Night:
    """What of the run stands in every body: the moment that was judged, and the commit."""

    moment: datetime
    commit: str | None = None


def pull_request(environment: EnvironmentReport, proposal: ProposalReport, night: Night) -> str:
    """The body of the pull request that commits `proposal`."""
    return _fitting(lambda tier: _pull_request(environment, proposal, night, tier), _MARKER_BYTES)


def issue(environment: EnvironmentReport, night: Night) -> str:
    """The body of the issue about what is broken or cannot be judged, with a slot for its story."""
    return _fitting(lambda tier: _issue(environment, night, tier), _MARKER_BYTES + _STORY_BYTES)


def pull_request_title(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    """`Update 14 pins in requirements.txt; hold kombu at 4.1.0`."""
    held = joined(_held_at(environment, name) for name in proposal.held[:3])
    more = f" and {len(proposal.held) - 3} more" if len(proposal.held) > 3 else ""  # noqa: PLR2004
    pins = count(len(proposal.changes), "pin")
    place = joined(_changed_files(environment, proposal))
    head = f"Update {pins} in {place}" if proposal.changes else f"Refresh {place}"
    if first := _first(environment, proposal):
        head = f"Lock {joined(first.sources[:3])} in {first.path}"
    return harmless(f"{head}{f'; hold {held}{more}' if held else ''}", _TITLE_LIMIT)


def _changed_files(environment: EnvironmentReport, proposal: ProposalReport) -> list[str]:
    """Return the environment's name, or the files that change where its own lockfile is none of them."""
    locked = {lockfile.path for lockfile in environment.lockfiles}
    if environment.name in proposal.files or environment.name not in locked or not proposal.files:
        return [environment.name]
    return list(proposal.files)[:3]


def _first(environment: EnvironmentReport, proposal: ProposalReport) -> LockfileReport | None:
    """The lockfile that a proposal offers where there was none."""
    return next((each for each in environment.lockfiles if not each.locked and each.path in proposal.files), None)


def issue_title(environment: EnvironmentReport) -> str:
    """`kombu 4.2.0 breaks requirements.txt`."""
    name = environment.name
    if environment.status is Status.BREAKS:
        causes = [
            " with ".join(f"{p} {c.first_bad.get(p, '')}".strip() for p in c.packages) for c in environment.culprits
        ]
        if not causes:
            return harmless(f"A fresh resolution breaks {name}", _TITLE_LIMIT)
        return harmless(f"{joined(causes[:3])} {'breaks' if len(causes) == 1 else 'break'} {name}", _TITLE_LIMIT)
    if environment.status in {Status.QUIET, Status.SAFE}:
        return cautions.title(environment)
    said = {
        Status.UNRESOLVABLE: f"No set of releases satisfies {name}",
        Status.STALE: f"{name} is not what its sources compile to",
        Status.BASELINE_BROKEN: f"{name} fails as committed",
    }
    return harmless(said.get(environment.status, f"{name} could not be judged"), _TITLE_LIMIT)


def sentence(environment: EnvironmentReport) -> str:
    """The finding in one sentence."""
    if environment.status in {Status.QUIET, Status.SAFE}:
        return f"{cautions.title(environment)}."
    causes = joined(
        code(" with ".join(f"{name} {culprit.first_bad.get(name, '')}".strip() for name in culprit.packages))
        for culprit in environment.culprits[:5]
    )
    headline = environment.culprits[0].headline if environment.culprits else environment.reason
    return f"{causes or environment.status}: {prose(headline, 400)}"


def patch_body(body: str, patch: str, branch_url: str) -> str:
    """The body of an issue that stands in for a pull request that must not be opened."""
    why = (
        "This would be a pull request, but this repository does not let GitHub Actions open one. Switch on "
        "*Settings → Actions → General → Allow GitHub Actions to create and approve pull requests* "
        "(an organisation's setting can be above it), or give depcheck the token of an App."
    )
    link = f"The commit is on a branch already: [open the pull request by hand]({branch_url})." if branch_url else ""
    spare = BODY_LIMIT_BYTES - _MARKER_BYTES - len(paragraphs(why, link, body).encode()) - 200
    whole = len(patch.encode()) < spare
    shown = fenced(patch, len(patch) + 1, "diff") if whole else "The patch is too long to stand here."
    return paragraphs(why, link, body, section("Patch", shown) if fits(shown, max(spare, 0)) else "")


def _pull_request(environment: EnvironmentReport, proposal: ProposalReport, night: Night, tier: Tier) -> str:
    columns = [
        ("committed", environment.checks.baseline),
        ("everything new", environment.checks.candidate),
        ("proposed", proposal.checks),
    ]
    if environment.status is Status.SAFE or not proposal.checks:  # a safe candidate is the proposal
        columns = [("committed", environment.checks.baseline), ("proposed", environment.checks.candidate)]
    seen = Seen(night.moment, environment.advisories)
    return paragraphs(
        _verdict(environment, proposal),
        tables.evidence(columns, environment.python),
        section("Held, and why", paragraphs(sections.causes(environment, tier), sections.upstream(environment))),
        section("How to keep it held", sections.hold(environment)),
        section("Held by your rules", sections.rules(environment)),
        section(f"Changes, as of {day(night.moment)}", tables.changes(proposal.changes, seen, tier)),
        section("Vulnerable and withdrawn pins", cautions.block(environment, tier)),
        section("Checks", tables.checks(columns, tier)),
        section("Notes", sections.notes(environment, tier)),
        sections.optional_modules(environment, tier),
        _FOOT_PULL,
    )


def _verdict(environment: EnvironmentReport, proposal: ProposalReport) -> str:
    place = f"{code(environment.name)} on Python {prose(environment.python, 20)}"
    changed = f"{count(len(proposal.changes), 'pin')} updated"
    if _first(environment, proposal):
        loose = f" Loose today: {', '.join(code(each, 80) for each in environment.unpinned[:8])}." * bool(
            environment.unpinned
        )
        offer = "Nothing is locked yet, so each new machine gets what is newest on its day."
        return paragraphs(
            f"**A first lockfile, {place}: what a fresh installation gets and passes its checks with.** {offer}{loose}",
            "From then on it is this file that is kept up to date. Close this to stay without.",
        )
    if environment.status is Status.SAFE:
        return f"**Everything new in {place} works:** {changed}; {_describe_checks(environment.checks.candidate)}"
    held = joined(code(_held_at(environment, name)) for name in proposal.held[:8])
    seen = _describe_checks(proposal.checks)
    return f"**The newest set of {place} that works:** {changed}, held: {held or 'nothing'}; {seen}"


def _describe_checks(checks: Sequence[CheckReport]) -> str:
    """Return what was seen to pass, and that no tests were run where none were."""
    passing = describe_passed((each.kind, each.passed) for each in checks if each.outcome is Outcome.PASS)
    tested = any(each.kind is Kind.TEST for each in checks)
    return f"{passing}.{'' if tested else ' **No tests were run.**'}"


def _issue(environment: EnvironmentReport, night: Night, tier: Tier) -> str:
    failing = [check for check in environment.checks.candidate if check.headline] or [
        check for check in environment.checks.baseline if check.headline
    ]
    said = "" if environment.culprits else fenced("\n".join(check.headline for check in failing[:5]), 1500)
    columns = [("committed", environment.checks.baseline), ("everything new", environment.checks.candidate)]
    changes = tables.changes(environment.changes, Seen(night.moment, environment.advisories), tier)
    return paragraphs(
        _what(environment),
        said,
        sections.causes(environment, tier),
        picture(environment) if tier.names else "",
        section("What to do now", sections.remedy(environment)),
        section("Held by your rules", sections.rules(environment)),
        section("Reproduce", sections.reproduce(environment, night.moment, night.commit) if tier.names else ""),
        section("Vulnerable and withdrawn pins", cautions.block(environment, tier)),
        section("Timeline", SLOT),
        section("Checks", tables.checks(columns, tier)),
        folded("All that would change", changes) if changes and "<details>" not in changes else changes,
        section("Notes", sections.notes(environment, tier)),
        sections.optional_modules(environment, tier),
        _FOOT_ISSUE,
    )


def _what(environment: EnvironmentReport) -> str:
    place = f"{code(environment.name)}{f' on Python {prose(environment.python, 20)}' if environment.python else ''}"
    if environment.status is Status.BREAKS:
        safe = environment.proposal is not None and environment.proposal.verified
        beside = " What can be updated safely is in the pull request beside this issue." if safe else ""
        return f"**A fresh installation of {place} breaks today; the committed lockfile works.**{beside}"
    if environment.status in {Status.QUIET, Status.SAFE}:
        return paragraphs(f"{place}:", cautions.verdict(environment))
    return paragraphs(
        f"**{place}: {environment.status}.** {prose(environment.reason, 1000)}", _UNJUDGED.get(environment.status, "")
    )


def _held_at(environment: EnvironmentReport, name: str) -> str:
    versions = [culprit.last_good[name] for culprit in environment.culprits if name in culprit.last_good]
    before = [change.before for change in environment.changes if change.name == name and change.before]
    version = next(iter((*versions, *before)), "")
    return f"{name} at {version}" if version else name


def _fitting(body: Callable[[Tier], str], spare: int) -> str:
    """The richest tier that GitHub takes, with `spare` bytes left."""
    limit = BODY_LIMIT_BYTES - spare
    texts = (body(tier) for tier in TIERS)
    return next(
        (text for text in texts if fits(text, limit)), "The finding is too large to show; see the run's report."
    )


_FOOT_PULL = (
    "<sub>Kept up to date by depcheck. Merge it when you like; close it to hear no more of this finding; push to the "
    "branch and depcheck leaves it to you. Where the repository's own checks wait for a click, that is GitHub's rule "
    "for the default token; the checks above are depcheck's own.</sub>"
)
_FOOT_ISSUE = (
    "<sub>Kept up to date by depcheck, closed when green again; close it to hear no more of this finding.</sub>"
)
