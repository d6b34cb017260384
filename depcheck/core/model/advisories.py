"""Known vulnerabilities of releases, and committed pins that their index withdrew."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.releases import ReleaseStatus

ReleaseId = tuple[NormalizedName, Version]


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of one release, as an index reports it.

    `aliases` are the names that other databases give it, such as a CVE. `fixed_in` are the releases that fix
    it, in version order as far as they are versions. `link` leads to the full text, or is empty.
    """

    package: NormalizedName
    version: Version
    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    fixed_in: tuple[str, ...] = ()
    link: str = ""


class WithdrawalKind(StrEnum):
    """The ways in which an index takes back a release."""

    YANKED = "yanked"  # its files are still there for those who pin it
    REMOVED = "removed"  # its files are gone: no new machine can install it
    QUARANTINED = "quarantined"  # its index offers nothing of the project
    UNKNOWN = "unknown"  # no index that was asked has the project at all


@dataclass(frozen=True, slots=True)
class WithdrawnPin:
    """A committed pin whose release the index took back.

    `reason` is the text that the uploader or index gave, or empty.
    """

    pin: Pin
    kind: WithdrawalKind
    reason: str


def list_pinned_releases(*sets: Pins) -> tuple[ReleaseId, ...]:
    """List every release that the pin sets take from an index.

    Each (name, version) pair appears once. Order: by name, then version.
    """
    return tuple(sorted({(pin.name, pin.version) for pins in sets for pin in pins.values() if pin.version}))


def find_withdrawn_pins(
    pins: Pins, known: Callable[[NormalizedName, Version], ReleaseStatus]
) -> Iterator[WithdrawnPin]:
    """Yield the pins whose release is yanked or removed, by name.

    `known` looks up the status of a release on its index. Pins without a version are skipped.
    """
    for pin in (pins[name] for name in sorted(pins)):
        if pin.version is None:
            continue
        release = known(pin.name, pin.version)
        if release.project.is_quarantined and not release.is_present:
            yield WithdrawnPin(pin, WithdrawalKind.QUARANTINED, release.project.reason)
        elif not release.known:
            yield WithdrawnPin(pin, WithdrawalKind.UNKNOWN, "")
        elif not release.is_present:
            yield WithdrawnPin(pin, WithdrawalKind.REMOVED, "")
        elif release.yank_reason is not None:
            yield WithdrawnPin(pin, WithdrawalKind.YANKED, release.yank_reason)


def deduplicate_advisories(found: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Drop advisories that repeat another one under a different database's name.

    Two advisories for the same release are equal if they share an id or alias. One that names a fix is
    preferred. PyPI lists a vulnerability once for each database that has it: PYSEC-2021-66 and GHSA-… with
    one CVE. Order: by package, version, id.
    """
    kept: list[Advisory] = []
    for advisory in sorted(found, key=lambda each: (each.package, each.version, not each.fixed_in, each.id)):
        names = {advisory.id, *advisory.aliases}
        same = (each for each in kept if (each.package, each.version) == (advisory.package, advisory.version))
        if not any(names & {each.id, *each.aliases} for each in same):
            kept.append(advisory)
    return tuple(sorted(kept, key=lambda each: (each.package, each.version, each.id)))
