"""Publish a report: validate, settle and execute, environment by environment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.hidden_state import ProposalForm
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import Report
from depcheck.core.model.report_json import ReportError, mask_report
from depcheck.core.settlement.actions import (
    CloseAction,
    CreateAction,
    ForgeAction,
    RetryAction,
    UpdateAction,
    is_told_already,
)
from depcheck.core.settlement.identity import KnownEnvironments
from depcheck.core.settlement.items import Proposal, Stance
from depcheck.core.settlement.proposals import make_proposals, merge_published_history
from depcheck.core.settlement.remarks import describe_new_releases
from depcheck.core.settlement.settle import settle_proposals
from depcheck.publishing.apply import ActionExecutor
from depcheck.publishing.base_branch import BaseBranch, FileChange
from depcheck.publishing.branches import BranchPublisher
from depcheck.publishing.counterparts import CounterpartLinker
from depcheck.publishing.forge import Forge, ForgeRefusalError, PublishContext, RefusalReason
from depcheck.publishing.open_proposals import ProposalOpener
from depcheck.publishing.publish_session import ActionResult, PublishSession
from depcheck.publishing.snapshot import ForgeSnapshot, SnapshotReader
from depcheck.publishing.validate_report import read_untrusted_report


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The result of publishing.

    `lines` are the actions, `problems` the refusals with their remedies, one line each. `known` are the environments
    whose finding an issue told before this run. The other fields are the first open pull request and issue, for the
    outputs.
    """

    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
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
    report = mask_report(read_untrusted_report(folder, place.repository), place.secrets)
    try:
        return _settle_report(report, forge, options, place)
    except ForgeRefusalError as error:
        raise DepcheckError(error.explanation) from None


def preview_report(folder: Path, options: PublishOptions, place: PublishContext) -> PublishResult:
    """Return everything that would be published, without contacting the forge."""
    report = mask_report(read_untrusted_report(folder, place.repository), place.secrets)
    lines: list[str] = []
    web_url = f"https://github.com/{report.repository}" if report.repository else ""
    base = options.target_branch or place.base_branch
    found = make_proposals(report, options, base, web_url, place.run.id)
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
    branch = options.target_branch or place.base_branch or settings.default_branch
    wanted = make_proposals(report, options, branch, settings.url, place.run.id)
    branches = BranchPublisher(forge, options.branch_prefix, forge.list_own_accounts())
    base = BaseBranch(forge, branch)
    known = KnownEnvironments(branch, report.known_environments, frozenset(each.name for each in report.environments))
    reader = SnapshotReader(
        forge, branches, base, known, run=place.run, is_default_base=branch == settings.default_branch
    )
    site = PublishSession(forge, branches, base, options, place.run, settings.url)
    seen = reader.take_snapshot(wanted)
    linker = CounterpartLinker(site)
    linker.add_existing(seen.existing)
    done = _settle_each(_Settlement(report, seen, site, linker))
    return _summarize_results((*notes, *site.remarks), done)


def _settle_each(settlement: "_Settlement") -> list[ActionResult | str]:
    """Settle one proposal after the other.

    What stops everything is the last result, so that what was done before is not lost.
    """
    done: list[ActionResult | str] = []
    try:
        for proposal in settlement.snapshot.wanted:
            done.extend(settlement.settle_proposal(proposal))
        done.extend(settlement.linker.link_all())
        done.extend(settlement.remove_stray_branches())
    except ForgeRefusalError as error:
        done.append(error.explanation)
    except DepcheckError as error:
        done.append(str(error))
    return done


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
                self.linker.add_result(proposal, result, is_written=is_written)
                is_known = proposal.form is ProposalForm.ISSUE and is_told_already(action)
                yield replace(result, known=proposal.environments) if is_known else result
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
            isinstance(action, CreateAction | UpdateAction | RetryAction) for action in actions
        ):
            return proposal, ()
        environments = [each for each in self.report.environments if each.name in proposal.environments]
        looked = (self.session.base.find_moved_lockfile(self.report.commit, each) for each in environments)
        if moved := next(filter(None, looked), ""):
            why = f"{moved} changed on {self.session.base.name} since it was checked; the next run sees it"
            return replace(proposal, stance=Stance.LEAVE, reason=why), ()
        puts = tuple(
            {put.path: put for each in environments for put in self.session.base.build_file_changes(each)}.values()
        )
        if not puts:
            return replace(proposal, stance=Stance.CLOSE, reason="Nothing is left to update."), ()
        return replace(proposal, change_note=self._describe_news(proposal, actions, puts)), puts

    def _describe_news(self, proposal: Proposal, actions: Sequence[ForgeAction], puts: tuple[FileChange, ...]) -> str:
        """Describe what came since the pull request was last written.

        Empty if its issue mails people in this run: one mail of a finding is enough.
        """
        update = next((each for each in actions if isinstance(each, UpdateAction)), None)
        if update is None or not update.existing.marker.head or self._is_told_by_issue(proposal):
            return ""
        try:
            before = self.session.base.read_texts(update.existing.marker.head, [put.path for put in puts])
        except ForgeRefusalError:  # a commit that is gone
            return ""
        return describe_new_releases(before, {put.path: put.content.decode() for put in puts})

    def _is_told_by_issue(self, proposal: Proposal) -> bool:
        beside = [
            each
            for each in self.snapshot.wanted
            if each.form is ProposalForm.ISSUE and (each.paths == proposal.paths or each.key in proposal.members)
        ]
        actions = settle_proposals(self.snapshot.existing, beside, self.session.run)
        return any(
            isinstance(each, CreateAction | CloseAction) or (isinstance(each, UpdateAction) and each.has_remark)
            for each in actions
        )


def _summarize_results(notes: Sequence[str], done: Sequence[ActionResult | str]) -> PublishResult:
    stand = [each for each in done if isinstance(each, ActionResult)]
    pull = next((each for each in stand if each.number and each.form is ProposalForm.PULL_REQUEST), None)
    issue = next((each for each in stand if each.number and each.form is ProposalForm.ISSUE), None)
    return PublishResult(
        lines=(*notes, *(f"{each.sentence}{f' {each.url}' if each.url else ''}" for each in stand)),
        problems=tuple(each for each in done if isinstance(each, str)),
        known=tuple(name for each in stand for name in each.known),
        pull_request_number=pull.number if pull else 0,
        pull_request_url=pull.url if pull else "",
        issue_number=issue.number if issue else 0,
        issue_url=issue.url if issue else "",
    )
