"""Read what exists on the forge into the settlement's values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.hidden_state import (
    HiddenMarker,
    ProposalForm,
    WorkflowRun,
    compute_short_digest,
    is_remark,
    parse_commit_trailer,
    parse_hidden_marker,
    prepend_marker,
)
from depcheck.core.settlement.settle import Proposal, PublishedItem, Stance, make_remark_identity
from depcheck.publishing.base_branch import BaseBranch
from depcheck.publishing.branches import BranchPublisher
from depcheck.publishing.forge import LABEL, Forge, ForgeItem, ForgePull


@dataclass(frozen=True, slots=True)
class ForgeSnapshot:
    """The items and branches of depcheck on the forge.

    `existing` are our items. `stray_branches` are our branches (name, key) that no pull request uses.
    """

    existing: tuple[PublishedItem, ...]
    stray_branches: tuple[tuple[str, str], ...]


def take_snapshot(forge: Forge, branches: BranchPublisher, wanted: Iterable[Proposal]) -> ForgeSnapshot:
    """Read everything that settlement needs for the wanted proposals.

    Few calls are needed if nothing happened.
    """
    listed = [_to_existing(item) for item in forge.list_labeled_items() if item.author in branches.own_accounts]
    existing = [each for each in listed if each is not None]
    pulls = {proposal.key: proposal for proposal in wanted if proposal.form is ProposalForm.PULL_REQUEST}
    found = [_load_pull_state(each, forge, branches, pulls) for each in existing]
    names = {branches.format_name(proposal): proposal for proposal in pulls.values()}
    used = {each.branch for each in found if each.is_open}
    tips = forge.list_branches(branches.prefix) if names else {}
    strays = []
    for name in sorted(tips.keys() & names.keys() - used):
        unlabelled = [_to_unlabeled_existing(pull, forge, branches) for pull in forge.list_open_pulls_from(name)]
        found += [each for each in unlabelled if each is not None]
        if not unlabelled and names[name].stance is Stance.CLOSE:
            strays.append((name, names[name].key))
    return ForgeSnapshot(tuple(found), tuple(strays))


def _to_existing(item: ForgeItem) -> PublishedItem | None:
    marker = parse_hidden_marker(item.body)
    if marker is None:
        return None
    return PublishedItem(
        number=item.number,
        marker=marker,
        title=item.title,
        body=item.body,
        url=item.url,
        is_open=item.is_open,
        is_merged=item.is_merged,
        is_patch_issue=marker.form is ProposalForm.PULL_REQUEST and not item.is_pull,
    )


def _load_pull_state(
    existing: PublishedItem, forge: Forge, branches: BranchPublisher, wanted: dict[str, Proposal]
) -> PublishedItem:
    """Return an open pull request with the state of its branch.

    Other items are returned unchanged.
    """
    proposal = wanted.get(existing.marker.key)
    is_pull = existing.marker.form is ProposalForm.PULL_REQUEST and not existing.is_patch_issue
    if not (existing.is_open and is_pull and proposal) or proposal.stance is Stance.LEAVE:
        return existing
    pull = forge.get_pull(existing.number)
    if not pull.item.is_open:
        return replace(existing, is_open=False, is_merged=pull.item.is_merged)
    return _add_branch_state(existing, pull, forge, branches, proposal)


def _add_branch_state(
    existing: PublishedItem,
    pull: ForgePull,
    forge: Forge,
    branches: BranchPublisher,
    proposal: Proposal | None,
) -> PublishedItem:
    marker = existing.marker
    commit = None if pull.head == marker.head else branches.find_own_commit(pull.head, marker.key)
    ours = pull.head == marker.head or commit is not None
    # a run that was cut off, or an older one, can have left a branch that is not what the body says
    astray = commit is not None and parse_commit_trailer(commit.message) != (marker.key, marker.digest)
    conflicting = pull.has_conflicts or astray
    found = replace(existing, branch=pull.branch, has_foreign_commits=not ours, has_conflicts=conflicting)
    if ours or proposal is None:
        return found
    identity = make_remark_identity(found, proposal)
    told = any(
        each.author in branches.own_accounts and is_remark(each.body, identity)
        for each in forge.list_comments(pull.item.number)
    )
    return replace(found, posted_remarks=frozenset({identity} if told else ()))


def _to_unlabeled_existing(pull: ForgePull, forge: Forge, branches: BranchPublisher) -> PublishedItem | None:
    """Return our pull request that an earlier run did not finish.

    None if it is not ours.
    """
    item = pull.item
    marker: HiddenMarker | None = parse_hidden_marker(item.body)
    if marker is None or item.author not in branches.own_accounts:
        return None
    found = PublishedItem(item.number, marker, item.title, item.body, item.url)
    missing = LABEL not in item.labels
    return replace(_add_branch_state(found, pull, forge, branches, None), lacks_labels=missing)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The result of an action on the forge.

    `number` is 0 if nothing is there now. `sentence` describes the result for people.
    """

    sentence: str
    form: ProposalForm
    number: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class PublishSession:
    """The repository, its base branch now, the options and the run.

    `web_url` is the repository's page.
    """

    forge: Forge
    branches: BranchPublisher
    base: BaseBranch
    options: PublishOptions
    run: WorkflowRun
    web_url: str

    def build_marker(self, proposal: Proposal, head: str = "") -> HiddenMarker:
        """Build the marker that this run writes for `proposal`."""
        title = compute_short_digest(proposal.title)
        return HiddenMarker(proposal.form, proposal.key, proposal.digest, self.run, title, head, detail=proposal.detail)

    def find_own_marker(self, item: ForgeItem, proposal: Proposal) -> HiddenMarker | None:
        """Return the marker of an item that depcheck wrote for `proposal`.

        None for other bodies and other authors.
        """
        found = parse_hidden_marker(item.body)
        by_us = item.author in self.branches.own_accounts
        same = found is not None and (found.form, found.key) == (proposal.form, proposal.key)
        return found if by_us and same else None

    def write_finding(self, existing: PublishedItem, proposal: Proposal, head: str, text: str) -> None:
        """Overwrite the body of `existing` with the finding.

        The title is overwritten only if depcheck wrote it.
        """
        marker = self.build_marker(proposal, head)
        if existing.has_our_title:
            self.forge.edit_item(existing.number, body=prepend_marker(marker, text), title=proposal.title)
        else:
            kept = replace(marker, title=existing.marker.title)
            self.forge.edit_item(existing.number, body=prepend_marker(kept, text))

    def ensure_labels(self) -> Sequence[str]:
        """Create missing labels and return all that depcheck sets.

        They are our own label and those of the options.
        """
        labels = tuple(dict.fromkeys((LABEL, *self.options.labels)))
        for label in labels:
            self.forge.ensure_label(label)
        return labels


def build_unchanged_result(proposal: Proposal, why: str, existing: PublishedItem | None) -> ActionResult:
    """Return the result of doing nothing, with the reason."""
    if existing is None:
        return ActionResult(f"{proposal.display_name}: no {_get_form_noun(proposal.form)}: {why}", proposal.form)
    return build_action_result("left", proposal, existing, f": {why}")


def build_action_result(verb: str, proposal: Proposal, existing: PublishedItem, tail: str = "") -> ActionResult:
    """Return the result of an action on an existing item."""
    return ActionResult(
        f"{proposal.display_name}: {verb} {format_item_reference(existing)}{tail}",
        get_forge_form(existing),
        existing.number,
        existing.url,
    )


def format_item_reference(existing: PublishedItem) -> str:
    """Return the item's kind and number, such as `pull request #3`."""
    return f"{_get_form_noun(get_forge_form(existing))} #{existing.number}"


def get_forge_form(existing: PublishedItem) -> ProposalForm:
    """Return the item's form on the forge.

    A stand-in for a pull request is an issue.
    """
    return ProposalForm.ISSUE if existing.is_patch_issue else existing.marker.form


def _get_form_noun(form: ProposalForm) -> str:
    return {ProposalForm.ISSUE: "issue", ProposalForm.DASHBOARD: "dashboard"}.get(form, "pull request")
