"""The search's questions put to real environments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.changes import splice
from depcheck.core.checks import Check, CheckResult, Failure, Kind, Outcome
from depcheck.core.comparison import Finding, compare
from depcheck.core.distributions import Distribution
from depcheck.core.pins import Pin, Pins
from depcheck.core.releases import Release
from depcheck.core.search.values import Mixture, Observation
from depcheck.core.world import World
from depcheck.pipeline.case import Case
from depcheck.pipeline.measuring import Measured, measure, planned

FEW = 3  # names that fit into a line

Side = Mapping[NormalizedName, Distribution]


@dataclass(slots=True)
class Trying:
    """Runs trials between two sets of pins in one world.

    Only what newly fails is run again. Where the candidate could not even be installed, all checks are: nobody
    has seen them yet. `before` is what the baseline showed.
    """

    case: Case
    before: Measured
    candidate: Pins
    world: World
    findings: Sequence[Finding]
    count: int = 0

    def __call__(self, mixture: Mixture) -> Observation:
        """Install the mixture and run the checks under search."""
        self.case.ports.reporter.stage(f"trial {self.count + 1}: {self._told(mixture)}")
        return self.observe(mixture_pins(self.before.pins, self.candidate, mixture), self.world)

    def _told(self, mixture: Mixture) -> str:
        """What the trial takes of the fresh set: the releases put in place, the few that move, or how many do."""
        if mixture.at:
            return ", ".join(f"{name} {version}" for name, version in mixture.at[:3])
        moved = sorted(mixture.moved)
        changed = sum(self.candidate.get(name) != self.before.pins.get(name) for name in self._names())
        return ", ".join(moved) if 0 < len(moved) <= FEW else f"{len(moved)} of {changed} changes"

    def _names(self) -> frozenset[NormalizedName]:
        return frozenset(self.candidate) | frozenset(self.before.pins)

    def observe(self, pins: Pins, world: World) -> Observation:
        """The same for any pins in any world."""
        self.count += 1
        case = self.case
        label = f"trial {self.count}"
        seen = measure(case, pins, world, self.checks, label)
        if not seen.installed:
            return self._uninstalled(seen)
        if undecided := next((r for r in seen.results if r.outcome is Outcome.UNRESOLVED), None):
            return Observation(unresolved=undecided.headline or f"{undecided.kind} gave no answer")
        return Observation(tuple(self._newly(seen.results)))

    @property
    def checks(self) -> tuple[Check, ...]:
        """What a trial runs after installing."""
        if self.installing:
            return planned(self.case.settings, frozenset(), self.before)
        return tuple(finding.check for finding in self.findings)

    @property
    def installing(self) -> bool:
        """Whether the failure under search is that the set cannot be installed."""
        return any(finding.result.kind is Kind.INSTALL for finding in self.findings)

    def _uninstalled(self, seen: Measured) -> Observation:
        failure = seen.results[0].failures[0]
        if not self.installing:
            return Observation(unresolved=failure.headline or "it cannot be installed")
        return Observation((_of_install(failure, seen.unbuilt),))

    def _newly(self, results: Sequence[CheckResult]) -> Iterable[Failure]:
        if self.installing:
            for finding in compare(self.before.results, results[1:]).newly:
                yield from (_of_command(finding.result, failure) for failure in finding.failures)
            return
        for result in results[1:]:
            yield from (_of_command(result, failure) for failure in result.failures)


def targets(findings: Sequence[Finding], unbuilt: NormalizedName | None) -> tuple[Failure, ...]:
    """The failures under search, named as the trials name them."""
    return tuple(
        _of_install(failure, unbuilt) if finding.result.kind is Kind.INSTALL else _of_command(finding.result, failure)
        for finding in findings
        for failure in finding.failures
    )


def _of_command(result: CheckResult, failure: Failure) -> Failure:
    """Two commands have no ids of their own; they must not pass for one."""
    return failure if failure.id else replace(failure, id=f"{result.kind} {result.command}".strip())


def _of_install(failure: Failure, package: NormalizedName | None) -> Failure:
    return replace(failure, id=f"install {package or ''}".strip())


def is_command(failure: Failure) -> bool:
    """Whether the failure is a whole command's or an installation's: its id was made here and names no test."""
    return failure.id.partition(" ")[0] in set(Kind)


def mixture_pins(before: Pins, after: Pins, mixture: Mixture) -> Pins:
    """The pins of a mixture."""
    pins = dict(splice(before, after, mixture.moved))
    for name, version in mixture.at:
        known = pins.get(name) or after.get(name) or before.get(name)
        pins[name] = replace(known, version=version, hashes=frozenset(), reference="") if known else Pin(name, version)
    return pins


def side(case: Case, measured: Measured) -> Side:
    """What is installed, by name; by the index's metadata where the set could not be installed."""
    if measured.distributions:
        return {distribution.name: distribution for distribution in measured.distributions}
    return {
        pin.name: Distribution(pin.name, pin.version, case.ports.index.requires(pin.name, pin.version) or ())
        for pin in measured.pins.values()
        if pin.version
    }


def choosable(case: Case, world: World, pins: Pins, name: NormalizedName) -> list[Release]:
    """The releases that a resolver could take: not yanked, for this interpreter, pre-releases only if pinned so."""
    python = case.markers.get("python_full_version", f"{case.spec.python}.0")
    pre = any(pin.version.is_prerelease for pin in pins.values() if pin.version and pin.name == name)
    return [
        release
        for release in case.ports.index.releases(name, world)
        if release.yanked is None
        and (pre or not release.version.is_prerelease)
        and _runs_on(python, release.requires_python)
    ]


def _runs_on(python: str, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    for specifier in wanted:
        try:
            if SpecifierSet(specifier).contains(python, prereleases=True):
                return True
        except ValueError:  # no specifier, or numbers longer than Python reads
            return True
    return False


def versions(releases: Iterable[Release]) -> list[Version]:
    """Their versions, in the same order."""
    return [release.version for release in releases]
