"""Known vulnerabilities of releases, and committed pins that their index has withdrawn."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.pins import Pin, Pins
from depcheck.core.releases import Standing

Exact = tuple[NormalizedName, Version]


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of one release, as its index tells it.

    `aliases` are other databases' names for it, such as a CVE; `fixed_in` the releases that heal it, in version
    order as far as they are versions; `link` leads to the whole text, or is empty.
    """

    package: NormalizedName
    version: Version
    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    fixed_in: tuple[str, ...] = ()
    link: str = ""


class Withdrawal(StrEnum):
    """How an index takes a release back."""

    YANKED = "yanked"  # its files are still there for those who pin it
    REMOVED = "removed"  # its files are gone: no new machine can install it


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A committed pin that its index has taken back; `reason` in the words of whoever did it, or empty."""

    pin: Pin
    kind: Withdrawal
    reason: str


def releases_of(*sets: Pins) -> tuple[Exact, ...]:
    """Every release that some of `sets` pins from an index, each once, by name and version."""
    return tuple(sorted({(pin.name, pin.version) for pins in sets for pin in pins.values() if pin.version}))


def withdrawn(pins: Pins, known: Callable[[NormalizedName, Version], Standing]) -> Iterator[Withdrawn]:
    """The pins whose release is yanked or gone, by name; `known` tells how a release stands."""
    for pin in (pins[name] for name in sorted(pins)):
        if pin.version is None:
            continue
        release = known(pin.name, pin.version)
        if not release.present:
            yield Withdrawn(pin, Withdrawal.REMOVED, "")
        elif release.yanked is not None:
            yield Withdrawn(pin, Withdrawal.YANKED, release.yanked)


def distinct(found: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Without those that say the same of the same release under another database's name; by package, version, id.

    PyPI lists a vulnerability once for each database that has it: PYSEC-2021-66 and GHSA-… with one CVE.
    """
    kept: list[Advisory] = []
    for advisory in sorted(found, key=lambda each: (each.package, each.version, not each.fixed_in, each.id)):
        names = {advisory.id, *advisory.aliases}
        same = (each for each in kept if (each.package, each.version) == (advisory.package, advisory.version))
        if not any(names & {each.id, *each.aliases} for each in same):
            kept.append(advisory)
    return tuple(sorted(kept, key=lambda each: (each.package, each.version, each.id)))
