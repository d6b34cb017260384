"""What stands on the forge, as settlement's values."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from depcheck.core.markers import Form, Marker, read_marker, read_trailer, says
from depcheck.core.settlement import Existing, Proposal, Stance, remark_identity
from depcheck.publishing import shapes
from depcheck.publishing.branches import Branches
from depcheck.publishing.github import LABEL, Forge


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`existing` are ours, `strays` the branches of ours (name, key) that no pull request uses."""

    existing: tuple[Existing, ...]
    strays: tuple[tuple[str, str], ...]


def snapshot(forge: Forge, branches: Branches, wanted: Iterable[Proposal]) -> Snapshot:
    """Read all that settlement needs of `wanted`: few calls where nothing happened."""
    listed = [_listed(item) for item in forge.labelled() if _by(item.user, branches.us)]
    existing = [each for each in listed if each is not None]
    pulls = {proposal.key: proposal for proposal in wanted if proposal.form is Form.PULL_REQUEST}
    found = [_looked_at(each, forge, branches, pulls) for each in existing]
    names = {branches.name(proposal): proposal for proposal in pulls.values()}
    used = {each.branch for each in found if each.open}
    tips = forge.branches(branches.prefix) if names else {}
    strays = []
    for name in sorted(tips.keys() & names.keys() - used):
        unlabelled = [_unlabelled(pull, forge, branches) for pull in forge.open_pulls_from(name)]
        found += [each for each in unlabelled if each is not None]
        if not unlabelled and names[name].stance is Stance.CLOSE:
            strays.append((name, names[name].key))
    return Snapshot(tuple(found), tuple(strays))


def _by(user: shapes.User | None, us: frozenset[str]) -> bool:
    return user is not None and user.login in us


def _listed(item: shapes.Item) -> Existing | None:
    marker = read_marker(item.body or "")
    if marker is None:
        return None
    return Existing(
        number=item.number,
        marker=marker,
        title=item.title,
        body=item.body or "",
        url=item.html_url,
        open=item.state == "open",
        merged=item.pull_request is not None and item.pull_request.merged_at is not None,
        as_issue=marker.form is Form.PULL_REQUEST and item.pull_request is None,
    )


def _looked_at(existing: Existing, forge: Forge, branches: Branches, wanted: dict[str, Proposal]) -> Existing:
    """An open pull request with what its branch tells; anything else as it is."""
    proposal = wanted.get(existing.marker.key)
    is_pull = existing.marker.form is Form.PULL_REQUEST and not existing.as_issue
    if not (existing.open and is_pull and proposal) or proposal.stance is Stance.LEAVE:
        return existing
    pull = forge.pull(existing.number)
    if pull.state != "open":
        return replace(existing, open=False, merged=pull.merged_at is not None)
    return _with_branch(existing, pull, forge, branches, proposal)


def _with_branch(
    existing: Existing, pull: shapes.Pull, forge: Forge, branches: Branches, proposal: Proposal | None
) -> Existing:
    marker = existing.marker
    commit = None if pull.head.sha == marker.head else branches.ours(pull.head.sha, marker.key)
    ours = pull.head.sha == marker.head or commit is not None
    # a run that was cut off, or an older one, can have left a branch that is not what the body says
    astray = commit is not None and read_trailer(commit.commit.message) != (marker.key, marker.digest)
    conflicting = pull.mergeable is False or astray
    found = replace(existing, branch=pull.head.ref, others_commits=not ours, conflicting=conflicting)
    if ours or proposal is None:
        return found
    identity = remark_identity(found, proposal)
    told = any(_by(each.user, branches.us) and says(each.body or "", identity) for each in forge.comments(pull.number))
    return replace(found, told=frozenset({identity} if told else ()))


def _unlabelled(pull: shapes.Pull, forge: Forge, branches: Branches) -> Existing | None:
    """A pull request of ours that a run before could not finish."""
    marker: Marker | None = read_marker(pull.body or "")
    if marker is None or not _by(pull.user, branches.us):
        return None
    found = Existing(pull.number, marker, pull.title, pull.body or "", pull.html_url)
    missing = all(label.name != LABEL for label in pull.labels)
    return replace(_with_branch(found, pull, forge, branches, None), incomplete=missing)
