"""Find again what was published under another name.

An environment is what is installed together. Its name is that of its top lockfile, which changes when a layer is added
or an environment is configured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from depcheck.core.messages.hidden_state import ProposalForm, compute_short_digest
from depcheck.core.settlement.items import Proposal, PublishedItem, Stance
from depcheck.core.settlement.remarks import GONE_REASON, SPLIT_REASON

_MOST_FILES = 16
_FORMS = (ProposalForm.PULL_REQUEST, ProposalForm.ISSUE)


@dataclass(frozen=True, slots=True)
class KnownEnvironments:
    """All environments of a repository on a base branch.

    `paths` are the lockfiles of each, by name; empty if it is not known whether there are others. `judged` are the
    names of those in this report.
    """

    base: str
    paths: Mapping[str, Sequence[str]]
    judged: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        """The keys that the environments have by their names."""
        return frozenset(compute_environment_key(self.base, name) for name in self.paths)

    @property
    def digest(self) -> str:
        """The digest of the base branch."""
        return compute_base_digest(self.base)


def compute_environment_key(base: str, name: str) -> str:
    """Compute the key of an environment that has this name."""
    return compute_short_digest(base, name)


def compute_common_key(base: str) -> str:
    """Compute the key of the pull request of all environments."""
    return compute_short_digest(base, "pull request of all environments")


def compute_base_digest(base: str) -> str:
    """Compute the digest by which a marker names the base branch."""
    return compute_short_digest("base", base)


def compute_file_digests(paths: Iterable[str]) -> tuple[str, ...]:
    """Compute the digests by which a marker names lockfiles."""
    return tuple(sorted({compute_short_digest("file", path)[:12] for path in paths})[:_MOST_FILES])


def adopt_published(
    wanted: Sequence[Proposal], existing: Sequence[PublishedItem], known: KnownEnvironments
) -> tuple[Proposal, ...]:
    """Give proposals the keys that they were published under.

    Only what no environment of today has by its name is taken, and each item once.
    """
    taken: set[tuple[ProposalForm, str]] = set()
    found = []
    for proposal in wanted:
        former = _find_former(proposal, existing, known, taken) if known.paths else None
        if former is not None:
            taken.add((proposal.form, former.marker.key))
            proposal = replace(proposal, key=former.marker.key)  # noqa: PLW2901
        found.append(proposal)
    return tuple(_share_key(each, found, existing, known) for each in found)


def _share_key(
    proposal: Proposal, found: Sequence[Proposal], existing: Sequence[PublishedItem], known: KnownEnvironments
) -> Proposal:
    """Give a proposal the key under which its counterpart was found.

    The common pull request has no counterpart.
    """
    if proposal.members:
        return proposal
    found = [each for each in found if not each.members]
    beside = [each.key for each in found if each.form in _FORMS and each.paths == proposal.paths and proposal.paths]
    taken = next((key for key in beside if key not in known.keys), "")
    own = any((each.marker.form, each.marker.key) == (proposal.form, proposal.key) for each in existing)
    return replace(proposal, key=taken) if taken and proposal.form in _FORMS and not own else proposal


def _find_former(
    proposal: Proposal,
    existing: Sequence[PublishedItem],
    known: KnownEnvironments,
    taken: set[tuple[ProposalForm, str]],
) -> PublishedItem | None:
    if proposal.form not in _FORMS or any(
        each.is_open and (each.marker.form, each.marker.key) == (proposal.form, proposal.key) for each in existing
    ):
        return None
    free = [
        each
        for each in existing
        if each.marker.form is proposal.form
        and each.marker.key not in known.keys
        and (each.marker.form, each.marker.key) not in taken
        and each.marker.base in {"", known.digest}
        and _is_same_installation(each, proposal.paths, known.base)
    ]
    return min(free, key=lambda each: (not each.is_open, -each.number), default=None)


def _is_same_installation(each: PublishedItem, paths: Sequence[str], base: str) -> bool:
    """Whether one was installed as a part of the other.

    Markers of earlier versions tell the name alone, which was the path of a lockfile.
    """
    if not each.marker.files:
        return each.marker.key in {compute_environment_key(base, path) for path in paths}
    before, now = set(each.marker.files), set(compute_file_digests(paths))
    return bool(before & now) and (before <= now or now <= before)


def close_orphans(
    wanted: Sequence[Proposal], existing: Iterable[PublishedItem], known: KnownEnvironments
) -> tuple[Proposal, ...]:
    """Make proposals that close what belongs to no environment any more.

    What an environment of another job may take over is left to that job. Of markers without a base branch only items
    that are known to be of this one may be given.
    """
    if not known.paths:
        return ()
    living = {(form, key) for form in _FORMS for key in known.keys} | {(each.form, each.key) for each in wanted}
    elsewhere = [paths for name, paths in known.paths.items() if name not in known.judged]
    gone = {
        (each.marker.form, each.marker.key): each
        for each in existing
        if each.marker.form in _FORMS
        and (each.marker.form, each.marker.key) not in living
        and each.marker.base in {"", known.digest}
        and not any(_is_same_installation(each, paths, known.base) for paths in elsewhere)
    }
    common = compute_common_key(known.base)
    return tuple(
        Proposal(form, key, each.title, Stance.CLOSE, SPLIT_REASON if key == common else GONE_REASON, base=known.digest)
        for (form, key), each in gone.items()
    )
