"""Publish a report: validate, settle and execute, environment by environment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.hidden_state import ProposalForm
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import EnvironmentReport, Report
from depcheck.core.model.report_json import ReportError
from depcheck.core.settlement.proposals import make_proposals, merge_published_history
from depcheck.core.settlement.settle import CreateAction, Proposal, Stance, UpdateAction, settle_proposals
from depcheck.publishing.apply import ActionExecutor, ProposalOpener
from depcheck.publishing.base_branch import BaseBranch, FileChange
from depcheck.publishing.branches import BranchPublisher
from depcheck.publishing.counterparts import CounterpartLinker
from depcheck.publishing.forge import Forge, ForgeRefusalError, PublishContext, RefusalReason
from depcheck.publishing.snapshot import ActionResult, ForgeSnapshot, PublishSession, take_snapshot
from depcheck.publishing.validate_report import read_untrusted_report


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The result of publishing.

    `lines` are the actions, `problems` the refusals with their remedies, one line each. The other fields are
    the first open pull request and issue, for the outputs.
    """

    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    pull_request_number: int = 0
    pull_request_url: str = ""
    issue_number: int = 0
    issue_url: str = ""


def publish_report(folder: Path, options: PublishOptions, forge: Forge, place: PublishContext) -> PublishResult:
    """Publish the report in `folder` to a forge.

    Raises:
        ReportError: The report cannot be used.
        DepcheckError: The forge cannot be used at all; the message says what to do.
    """
    report = read_untrusted_report(folder, place.repository)
    try:
        return _settle_report(report, forge, options, place)
    except ForgeRefusalError as error:
        raise DepcheckError(error.explanation) from None


def preview_report(folder: Path, options: PublishOptions, place: PublishContext) -> PublishResult:
    """Return everything that would be published, without contacting the forge."""
    report = read_untrusted_report(folder, place.repository)
    lines: list[str] = []
    web_url = f"https://github.com/{report.repository}" if report.repository else ""
    found = make_proposals(report, options, place.base_branch, web_url, place.run.id)
    for proposal in (merge_published_history(each, ()) for each in found):
        if proposal.stance is Stance.PROPOSE:
            lines += [f"{proposal.form}: {proposal.title}", "", proposal.body, ""]
        else:
            lines.append(f"{proposal.display_name}: no {proposal.form}: {proposal.reason}")
    return PublishResult(tuple(lines))


def _settle_report(report: Report, forge: Forge, options: PublishOptions, place: PublishContext) -> PublishResult:
    settings = forge.get_repository()
    if settings.is_archived:
        message = f"{place.repository} is archived, so nothing can be written"
        raise DepcheckError(f"{message}; switch the workflow off, or unarchive it.")
    notes: tuple[str, ...] = ()
    if (options.issue or options.dashboard) and not settings.has_issues:
        notes = ("Issues are switched off in this repository: findings are in the run's report only.",)
        options = replace(options, issue=False, dashboard=False)
    branch = place.base_branch or settings.default_branch
    wanted = make_proposals(report, options, branch, settings.url, place.run.id)
    branches = BranchPublisher(forge, options.branch_prefix, forge.list_own_accounts())
    seen = take_snapshot(forge, branches, wanted)
    site = PublishSession(forge, branches, BaseBranch(forge, branch), options, place.run, settings.url)
    linker = CounterpartLinker(site)
    linker.add_existing(seen.existing)
    settlement = _Settlement(report, seen, site, linker)
    done = [each for proposal in wanted for each in settlement.settle_proposal(proposal)]
    return _summarize_results(notes, [*done, *linker.link_all(), *settlement.remove_stray_branches()])


@dataclass(frozen=True, slots=True)
class _Settlement:
    """One settlement in progress."""

    report: Report
    snapshot: ForgeSnapshot
    session: PublishSession
    linker: CounterpartLinker

    def settle_proposal(self, proposal: Proposal) -> Iterator[ActionResult | str]:
        """Yield the result of each action, or a problem as a string."""
        try:
            proposal, puts = self._check_against_base(merge_published_history(proposal, self.snapshot.existing))
            proposal = self.linker.link_proposal(proposal)
            execution = ActionExecutor(self.session, ProposalOpener(self.session))
            for action in settle_proposals(self.snapshot.existing, (proposal,), self.session.run):
                result = execution.execute_action(action, puts)
                is_written = isinstance(action, CreateAction | UpdateAction)
                self.linker.add_result(proposal.key, proposal.form, result, is_written=is_written)
                yield result
        except ReportError as error:
            yield str(error)
        except ForgeRefusalError as error:
            if error.reason is RefusalReason.CREDENTIALS:  # nothing more can succeed
                raise
            yield f"{proposal.display_name}: {error.explanation}"

    def remove_stray_branches(self) -> Iterator[str]:
        """Delete branches that an earlier run left.

        Yields a problem for each refusal.
        """
        for name, key in self.snapshot.stray_branches:
            try:
                self.session.branches.remove_branch(name, key)
            except ForgeRefusalError as error:
                yield f"{name}: {error.explanation}"

    def _check_against_base(self, proposal: Proposal) -> tuple[Proposal, tuple[FileChange, ...]]:
        """Compare a proposal with the base branch as it is now.

        Returns the proposal and the files to commit. They are compared only if a pull request is to be created or
        updated.
        """
        actions = settle_proposals(self.snapshot.existing, (proposal,), self.session.run)
        if proposal.form is not ProposalForm.PULL_REQUEST or not any(
            isinstance(action, CreateAction | UpdateAction) for action in actions
        ):
            return proposal, ()
        environment = self._find_environment(proposal)
        moved = self.session.base.find_moved_lockfile(self.report.commit, environment)
        if moved:
            why = f"{moved} changed on {self.session.base.name} since it was checked; the next run sees it"
            return replace(proposal, stance=Stance.LEAVE, reason=why), ()
        puts = self.session.base.build_file_changes(environment)
        if not puts:
            return replace(proposal, stance=Stance.CLOSE, reason="Nothing is left to update."), ()
        return proposal, puts

    def _find_environment(self, proposal: Proposal) -> EnvironmentReport:
        return next(each for each in self.report.environments if each.name == proposal.environment)


def _summarize_results(notes: Sequence[str], done: Sequence[ActionResult | str]) -> PublishResult:
    stand = [each for each in done if isinstance(each, ActionResult)]
    pull = next((each for each in stand if each.number and each.form is ProposalForm.PULL_REQUEST), None)
    issue = next((each for each in stand if each.number and each.form is ProposalForm.ISSUE), None)
    return PublishResult(
        lines=(*notes, *(f"{each.sentence}{f' {each.url}' if each.url else ''}" for each in stand)),
        problems=tuple(each for each in done if isinstance(each, str)),
        pull_request_number=pull.number if pull else 0,
        pull_request_url=pull.url if pull else "",
        issue_number=issue.number if issue else 0,
        issue_url=issue.url if issue else "",
    )
