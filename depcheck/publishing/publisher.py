"""Publishes a report: validated, settled, carried out, environment by environment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from depcheck.core.errors import DepcheckError
from depcheck.core.markers import Form
from depcheck.core.proposals import proposals
from depcheck.core.report import EnvironmentReport, Report
from depcheck.core.report_json import ReportError
from depcheck.core.retelling import retold
from depcheck.core.settings import PublishOptions
from depcheck.core.settlement import Create, Proposal, Stance, Update, settle
from depcheck.publishing.base import Base, Put
from depcheck.publishing.branches import Branches
from depcheck.publishing.execution import Execution
from depcheck.publishing.github import Forge
from depcheck.publishing.opening import Opening
from depcheck.publishing.place import Place
from depcheck.publishing.refusals import remedy
from depcheck.publishing.site import Site, Stands
from depcheck.publishing.snapshot import Snapshot, snapshot
from depcheck.publishing.validation import read_report
from depcheck.publishing.wire import Patience, RefusedError, connect


@dataclass(frozen=True, slots=True)
class Published:
    """What was done, one line each; what was refused, with its remedy; the first living ones for outputs."""

    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    pull_request_number: int = 0
    pull_request_url: str = ""
    issue_number: int = 0
    issue_url: str = ""


def publish(
    folder: Path, options: PublishOptions, token: str, place: Place, patience: Patience | None = None
) -> Published:
    """Settle what the report in `folder` wants.

    Raises:
        ReportError: The report cannot be used.
        DepcheckError: The forge cannot be worked with at all; the sentence says what to do.
    """
    report = read_report(folder, place.repository)
    forge = Forge(connect(token, place.base_url, patience or Patience()), place.repository)
    try:
        return _settled(report, forge, options, place)
    except RefusedError as error:
        raise DepcheckError(remedy(error)) from None


def preview(folder: Path, options: PublishOptions, place: Place) -> Published:
    """What would be published, whole, without asking the forge."""
    report = read_report(folder, place.repository)
    lines: list[str] = []
    for proposal in (retold(each, ()) for each in proposals(report, options, place.base)):
        if proposal.stance is Stance.PROPOSE:
            lines += [f"{proposal.form}: {proposal.title}", "", proposal.body, ""]
        else:
            lines.append(f"{proposal.shown}: no {proposal.form}: {proposal.reason}")
    return Published(tuple(lines))


def _settled(report: Report, forge: Forge, options: PublishOptions, place: Place) -> Published:
    settings = forge.settings()
    if settings.archived:
        message = f"{place.repository} is archived, so nothing can be written"
        raise DepcheckError(f"{message}; switch the workflow off, or unarchive it.")
    notes: tuple[str, ...] = ()
    if (options.issue or options.dashboard) and not settings.has_issues:
        notes = ("Issues are switched off in this repository: findings are in the run's report only.",)
        options = replace(options, issue=False, dashboard=False)
    branch = place.base or settings.default_branch
    wanted = proposals(report, options, branch)
    branches = Branches(forge, options.branch_prefix, forge.us())
    seen = snapshot(forge, branches, wanted)
    site = Site(forge, branches, Base(forge, branch), options, place.run, settings.html_url)
    night = _Night(report, seen, site)
    done = [each for proposal in wanted for each in night.settle(proposal)]
    return _published(notes, [*done, *night.sweep()])


@dataclass(frozen=True, slots=True)
class _Night:
    """One settlement under way."""

    report: Report
    seen: Snapshot
    site: Site

    def settle(self, proposal: Proposal) -> Iterator[Stands | str]:
        """What came of each action, or a problem."""
        try:
            proposal, puts = self._grounded(retold(proposal, self.seen.existing))
            execution = Execution(self.site, Opening(self.site))
            for action in settle(self.seen.existing, (proposal,), self.site.run):
                yield execution.carry_out(action, puts)
        except ReportError as error:
            yield str(error)
        except RefusedError as error:
            if error.status == 401:  # noqa: PLR2004  # nothing more can succeed
                raise
            yield f"{proposal.shown}: {remedy(error)}"

    def sweep(self) -> Iterator[str]:
        """Take away branches that a run left behind; what is refused is a problem."""
        for name, key in self.seen.strays:
            try:
                self.site.branches.remove(name, key)
            except RefusedError as error:
                yield f"{name}: {remedy(error)}"

    def _grounded(self, proposal: Proposal) -> tuple[Proposal, tuple[Put, ...]]:
        """The proposal held against the base branch as it is now, where files are to be committed at all."""
        actions = settle(self.seen.existing, (proposal,), self.site.run)
        if proposal.form is not Form.PULL_REQUEST or not any(isinstance(action, Create | Update) for action in actions):
            return proposal, ()
        environment = self._environment(proposal)
        moved = self.site.base.moved_since(self.report.commit, environment)
        if moved:
            why = f"{moved} changed on {self.site.base.branch} since it was checked; the next run sees it"
            return replace(proposal, stance=Stance.LEAVE, reason=why), ()
        puts = self.site.base.puts(environment)
        if not puts:
            return replace(proposal, stance=Stance.CLOSE, reason="Nothing is left to update."), ()
        return proposal, puts

    def _environment(self, proposal: Proposal) -> EnvironmentReport:
        return next(each for each in self.report.environments if each.name == proposal.environment)


def _published(notes: Sequence[str], done: Sequence[Stands | str]) -> Published:
    stand = [each for each in done if isinstance(each, Stands)]
    pull = next((each for each in stand if each.number and each.form is Form.PULL_REQUEST), None)
    issue = next((each for each in stand if each.number and each.form is Form.ISSUE), None)
    return Published(
        lines=(*notes, *(f"{each.said}{f' {each.url}' if each.url else ''}" for each in stand)),
        problems=tuple(each for each in done if isinstance(each, str)),
        pull_request_number=pull.number if pull else 0,
        pull_request_url=pull.url if pull else "",
        issue_number=issue.number if issue else 0,
        issue_url=issue.url if issue else "",
    )
