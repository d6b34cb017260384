"""Refuse releases without the provenance that their project had."""

from collections.abc import Iterator

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.index_facts.flags import PROVENANCE_SOURCE, ReleaseFlag
from depcheck.core.model.releases import NO_FACTS
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.index_alarms.find_flags import list_locked_releases

_HOW_TO_ACCEPT = "pin it yourself to accept it"


def guard_sources(case: EnvironmentCase) -> None:
    """Have no source built of a release that lost its provenance.

    A compile builds what has no wheel before it tells what it chose. What is committed may be built, and all of a
    repository that locks nothing.
    """
    known = frozenset(list_locked_releases(case))
    if case.settings.require == "provenance" and known:
        case.ports.index.guard_sources(lambda name, version: _find_loss(case, known, name, version))


def _find_loss(
    case: EnvironmentCase, known: frozenset[ReleaseId], name: NormalizedName, version: Version
) -> ReleaseFlag | None:
    if (name, version) in known:
        return None
    before = max((old for each, old in known if each == name and old < version), default=None)
    reason = _describe_loss(case, name, before, version)
    return ReleaseFlag(name, version, PROVENANCE_SOURCE, f"{reason}; {_HOW_TO_ACCEPT}") if reason else None


def find_lost_provenance(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> Iterator[ReleaseFlag]:
    """Yield new releases without the attestations that earlier ones have.

    Or with those of another publisher. Empty unless `require` asks for it. A publisher that cannot be looked up is
    another one.
    """
    if case.settings.require != "provenance":
        return
    known = _list_releases(committed)
    for name, version in sorted(_list_releases(candidate)):
        if flag := _find_loss(case, known, name, version):
            yield flag


def _list_releases(found: LockSet) -> frozenset[ReleaseId]:
    pins = (entry.pin for _, text in found.files for entry in parse_lockfile(text).entries)
    return frozenset((pin.name, pin.version) for pin in pins if pin.version)


def _describe_loss(case: EnvironmentCase, name: NormalizedName, before: Version | None, version: Version) -> str:
    """Return what a release lacks beside the last attested one, or empty.

    That is the newest attested release from the committed one on, or of all where none is committed.
    """
    shown = case.ports.index.list_releases(name, case.current_view)
    earlier = [each for each in shown if each.version < version and (before is None or each.version >= before)]
    attested = [each.version for each in earlier if each.is_attested]
    if not attested:
        return ""
    if not any(each.is_attested for each in shown if each.version == version):
        return f"{attested[-1]} has attestations for all of its files, {version} has not"
    facts = case.ports.index.fetch_release_facts([(name, attested[-1]), (name, version)])
    old, new = (facts.get((name, each), NO_FACTS).publisher for each in (attested[-1], version))
    if old and new:
        return f"published from {new}, {attested[-1]} from {old}" if old != new else ""
    return f"who published {attested[-1]} and {version} could not be looked up"
