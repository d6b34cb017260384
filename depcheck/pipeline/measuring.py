"""One set of pins, installed and checked once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName

from depcheck.core.checks import Check, CheckResult, Failure, Kind, KnownBefore, Outcome
from depcheck.core.distributions import Distribution, with_dependents
from depcheck.core.outputs import without_scratch
from depcheck.core.own_installation import OwnInstallation
from depcheck.core.pins import Pins
from depcheck.core.settings import Settings
from depcheck.core.world import World
from depcheck.pipeline.case import Case
from depcheck.ports import Installed


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen of a set of pins in a world. The first result is always the install check.

    `unbuilt` names the package that could not be built or installed, where that is known. `own` is how the repository's
    own package was installed.
    """

    pins: Pins
    world: World
    results: tuple[CheckResult, ...]
    distributions: tuple[Distribution, ...] = ()
    unbuilt: NormalizedName | None = None
    own: OwnInstallation = field(default_factory=OwnInstallation)

    @property
    def installed(self) -> bool:
        """Whether the set could be installed at all; an inconsistent set is installed."""
        return bool(self.distributions) or self.results[0].outcome is Outcome.PASS


def measure(case: Case, pins: Pins, world: World, checks: Sequence[Check], label: str) -> Measured:
    """Install `pins` and run `checks`; a set that cannot be installed has only its install result."""
    ports, spec = case.ports, case.spec
    started = ports.clock()
    installed = ports.environments.install(spec, pins, world)
    install = _install_result(installed, ports.clock() - started)
    ports.reporter.checked(label, install)
    if installed.failure:
        return Measured(pins, world, (install,), unbuilt=installed.package)
    results = []
    for check in checks:
        for seen in ports.checks.run(spec, installed, [_widened(check, installed)]):
            result = replace(
                seen, failures=tuple(map(_readable, seen.failures)), optional=tuple(map(_readable, seen.optional))
            )
            ports.reporter.checked(label, result)
            results.append(result)
    return Measured(pins, world, (install, *results), tuple(installed.distributions), own=installed.own)


def _install_result(installed: Installed, duration_s: float) -> CheckResult:
    if installed.failure:
        return CheckResult(Kind.INSTALL, "", Outcome.FAIL, duration_s, (_readable(installed.failure),))
    failures = tuple(Failure(sentence, sentence) for sentence in installed.inconsistencies)
    outcome = Outcome.FAIL if failures else Outcome.PASS
    return CheckResult(Kind.INSTALL, "", outcome, duration_s, failures)


def _readable(failure: Failure) -> Failure:
    """The failure in words that are the same every night."""
    return replace(failure, headline=without_scratch(failure.headline), evidence=without_scratch(failure.evidence))


def _widened(check: Check, installed: Installed) -> Check:
    """An import check of packages reaches those that depend on them: there a removed name is missed first."""
    if not check.packages:
        return check
    return replace(check, packages=with_dependents(check.packages, installed.distributions))


def planned(settings: Settings, packages: frozenset[str], before: Measured | None = None) -> tuple[Check, ...]:
    """Return every check that the settings ask for.

    `packages` are the distributions whose modules are imported, `before` is what the committed set showed.
    """
    known = known_before(before) if before else None
    imports = (Check(Kind.IMPORT, packages=packages, before=known),) if settings.imports else ()
    smokes = tuple(Check(Kind.SMOKE, command) for command in settings.smoke)
    boots = tuple(Check(Kind.BOOT, command) for command in settings.boot)
    tests = () if settings.test == "" else (Check(Kind.TEST, settings.test or ""),)
    return (*imports, *smokes, *boots, *tests)


def known_before(before: Measured) -> KnownBefore:
    """Return what the committed set showed of modules."""
    passed = (result.passed for result in before.results if result.kind is Kind.IMPORT)
    owners = ((module, each.name) for each in before.distributions for module in sorted(each.modules))
    return KnownBefore(frozenset().union(*passed), tuple(owners))
