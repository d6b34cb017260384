"""One pull request for the updates of all environments."""

from collections.abc import Sequence
from dataclasses import replace

from depcheck.core.messages.bodies import Part, format_grouped_title, render_grouped_body
from depcheck.core.messages.hidden_state import ProposalForm, compute_short_digest
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.model.report import EnvironmentReport, Report
from depcheck.core.model.status import Status
from depcheck.core.settlement.identity import compute_base_digest, compute_common_key
from depcheck.core.settlement.items import Proposal, Stance

_UNKNOWN_STATUSES = frozenset({Status.INFRA, Status.FLAKY})


def group_pull_requests(
    wanted: Sequence[Proposal], report: Report, run: RunStamp, base: str, title_prefix: str
) -> list[Proposal]:
    """Replace the environments' pull requests by a common one.

    An environment that proposes other contents for a file of an earlier one keeps its own. Nothing is done as long
    as an environment was not checked: its part is not known.
    """
    pulls = [each for each in wanted if each.form is ProposalForm.PULL_REQUEST]
    others = [each for each in wanted if each.form is not ProposalForm.PULL_REQUEST]
    environments = {each.name: each for each in report.environments}
    key = compute_common_key(base)
    if unknown := _name_unchecked(report):
        why = f"{unknown} could not be checked in this run, so its part is not known"
        left = [replace(each, stance=Stance.LEAVE, reason=why) for each in pulls]
        return [*left, Proposal(ProposalForm.PULL_REQUEST, key, _ALL, Stance.LEAVE, why), *others]
    members = _choose_members(pulls, environments)
    singles = [_close_single(each) if each in members or each.stance is Stance.LEAVE else each for each in pulls]
    parts = [(each, environments[each.environments[0]]) for each in members]
    return [*singles, _propose_common(parts, key, run, base, title_prefix), *others]


_ALL = "all environments"


def _name_unchecked(report: Report) -> str:
    """Name an environment about which this run found nothing out."""
    judged = {each.name for each in report.environments if each.status not in _UNKNOWN_STATUSES}
    every = [*report.known_environments, *(each.name for each in report.environments)]
    return next((name for name in every if name not in judged), "")


def _choose_members(pulls: Sequence[Proposal], environments: dict[str, EnvironmentReport]) -> list[Proposal]:
    """Choose the proposals that can be committed together."""
    found: list[Proposal] = []
    files: dict[str, str] = {}
    for each in pulls:
        if each.stance is not Stance.PROPOSE:
            continue
        proposal = environments[each.environments[0]].proposal
        proposed = proposal.files if proposal else {}
        if all(files.get(path, text) == text for path, text in proposed.items()):
            files |= proposed
            found.append(each)
    return found


def _close_single(each: Proposal) -> Proposal:
    why = "The pull request of all environments has these updates."
    return replace(each, stance=Stance.CLOSE, reason=why, body="")


def _propose_common(
    parts: Sequence[tuple[Proposal, EnvironmentReport]], key: str, run: RunStamp, base: str, title_prefix: str
) -> Proposal:
    shown: list[Part] = [(report, report.proposal) for _, report in parts if report.proposal]
    singles = [each for each, _ in parts]
    if not singles:
        return Proposal(ProposalForm.PULL_REQUEST, key, _ALL, Stance.CLOSE, "Nothing is left to update.")
    keys = tuple(each.key for each in singles)
    return Proposal(
        form=ProposalForm.PULL_REQUEST,
        key=key,
        display_name=_ALL,
        stance=Stance.PROPOSE,
        digest=compute_short_digest(*(each.digest for each in singles)),
        title=f"{title_prefix} {format_grouped_title(shown)}".strip(),
        body=render_grouped_body(shown, keys, run),
        environments=tuple(name for each in singles for name in each.environments),
        members=keys,
        detail=compute_short_digest(*(each.detail for each in singles)),
        base=compute_base_digest(base),
        paths=tuple(dict.fromkeys(path for each in singles for path in each.paths)),
        may_merge=all(each.may_merge for each in singles),
    )
