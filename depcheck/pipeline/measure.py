"""Installation and checks of one set of pins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.checks import (
    Check,
    CheckComparison,
    CheckKind,
    CheckResult,
    Failure,
    KnownBefore,
    Outcome,
    compare_check_results,
)
from depcheck.core.model.index_facts.flags import ReleaseFlag
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import Distribution, OwnInstallation, add_dependents
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.search.model import Cause
from depcheck.core.search.module_owners import ModuleOwners
from depcheck.core.start_hooks.added_hooks import HookOwner, describe_added_hooks, find_added_hooks
from depcheck.core.text.process_output import strip_scratch_folders
from depcheck.core.tool_output.api_errors import parse_traceback_frames
from depcheck.core.tool_output.applicability import drop_result, is_applicable
from depcheck.pipeline.baseline import find_past_views
from depcheck.pipeline.closed_network.very_young import find_very_young
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.index_alarms.find_flags import find_flagged_pins
from depcheck.ports import InstalledEnvironment

_STANDARD_LIBRARY = re.compile(r"/lib/python\d")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was seen of a set of pins.

    The first result is always the install check.

    `unbuilt` names the package that could not be built or installed, where that is known. `own` is how the repository's
    own package was installed. `very_young` are releases that closed the network of its commands. `content` is a digest
    of what is installed, or empty. `kept_since` is when its commands were run, where that was in an earlier run.
    """

    pins: Pins
    world: IndexView
    results: tuple[CheckResult, ...]
    distributions: tuple[Distribution, ...] = ()
    unbuilt: NormalizedName | None = None
    own: OwnInstallation = field(default_factory=OwnInstallation)
    hook_owners: tuple[HookOwner, ...] = ()
    very_young: tuple[ReleaseId, ...] = ()
    content: str = ""
    kept_since: datetime | None = None

    @property
    def is_installed(self) -> bool:
        """True if the set could be installed, even if it is inconsistent."""
        return bool(self.distributions) or self.results[0].outcome is Outcome.PASS

    def find_same(self, result: CheckResult) -> list[CheckResult]:
        """Find the results of the check that gave `result`, on this set."""
        return [each for each in self.results if (each.kind, each.command) == (result.kind, result.command)]

    def find_first(self, result: CheckResult) -> CheckResult | None:
        """Find the first result of a check on this set."""
        return next(iter(self.find_same(result)), None)

    def list_failed_ids(self, result: CheckResult) -> frozenset[str]:
        """List what failed on this set in the check that gave `result`."""
        return frozenset(failure.id for each in self.find_same(result) for failure in each.failures)


def measure_pins(
    case: EnvironmentCase, pins: Pins, world: IndexView, checks: Sequence[Check], label: str
) -> Measurement:
    """Install `pins` and run `checks`.

    A set that cannot be installed has only its install result. The network is closed to sets with very young releases,
    also among what is resolved beside the pins.
    """
    ports, spec = case.ports, case.spec
    if flags := find_flagged_pins(case, pins):
        return _refuse_pins(pins, world, flags)
    started = ports.clock()
    ports.reporter.start_check(label, str(CheckKind.INSTALL))
    installed = ports.environments.install_pins(spec, pins, world)
    install = _to_install_result(installed, ports.clock() - started)
    ports.reporter.report_check(label, install)
    if installed.failure:
        return Measurement(pins, world, (install,), unbuilt=installed.package)
    beside = {name: Pin(name, version) for name, version in installed.own.beside.items()}
    if flags := find_flagged_pins(case, beside):
        return _refuse_pins(pins, world, flags)
    young = find_very_young(case, {**beside, **pins})
    results = []
    if not checks:  # what the first set runs unasked, and its setup, count all the same
        ports.checks.run_checks(spec, installed, (), closed=case.is_closed or bool(young))
    for check in checks:
        ports.reporter.start_check(label, f"{check.kind} {check.command}".strip())
        asked = [_add_dependents(check, installed)]
        for seen in ports.checks.run_checks(spec, installed, asked, closed=case.is_closed or bool(young)):
            result = replace(
                seen,
                failures=tuple(map(_normalize_failure, seen.failures)),
                optional=tuple(map(_normalize_failure, seen.optional)),
            )
            ports.reporter.report_check(label, result)
            results.append(result)
    return _add_installed(installed, Measurement(pins, world, (install, *results), very_young=young))


def _add_installed(installed: InstalledEnvironment, seen: Measurement) -> Measurement:
    """Add to `seen` what is installed."""
    return replace(
        seen,
        distributions=tuple(installed.distributions),
        own=installed.own,
        hook_owners=installed.hook_owners,
        content=installed.content_digest,
    )


def _refuse_pins(pins: Pins, world: IndexView, flags: Sequence[ReleaseFlag]) -> Measurement:
    """Return the measurement of pins that must not be installed."""
    said = f"It must not be run: {'; '.join(map(str, flags[:4]))}"
    install = CheckResult(CheckKind.INSTALL, "", Outcome.FAIL, 0.0, (Failure(said, said),))
    return Measurement(pins, world, (install,), unbuilt=flags[0].package)


def _to_install_result(installed: InstalledEnvironment, duration_s: float) -> CheckResult:
    if installed.failure:
        return CheckResult(CheckKind.INSTALL, "", Outcome.FAIL, duration_s, (_normalize_failure(installed.failure),))
    failures = tuple(Failure(sentence, sentence) for sentence in installed.inconsistencies)
    outcome = Outcome.FAIL if failures else Outcome.PASS
    return CheckResult(CheckKind.INSTALL, "", outcome, duration_s, failures)


def _normalize_failure(failure: Failure) -> Failure:
    """Remove scratch paths from a failure.

    So its text is the same in every run.
    """
    return replace(
        failure, headline=strip_scratch_folders(failure.headline), evidence=strip_scratch_folders(failure.evidence)
    )


def _add_dependents(check: Check, installed: InstalledEnvironment) -> Check:
    """Extend an import check to packages that depend on the checked ones.

    A removed name is missed there first.
    """
    if not check.packages:
        return check
    return replace(check, packages=add_dependents(check.packages, installed.distributions))


def plan_checks(settings: Settings, packages: frozenset[str], before: Measurement | None = None) -> tuple[Check, ...]:
    """Return every check that the settings ask for.

    `packages` are the distributions whose modules are imported, `before` is what the committed set showed. That set
    imports nothing for now: it is asked about what the other cannot import (pipeline/prove_imports.py).
    """
    known = KnownBefore(None, list_owners(before)) if before else None
    imports = (Check(CheckKind.IMPORT, packages=packages, before=known),) if settings.imports and known else ()
    smokes = tuple(Check(CheckKind.SMOKE, command) for command in settings.smoke)
    boots = tuple(Check(CheckKind.BOOT, command) for command in settings.boot)
    return (*imports, *smokes, *boots, *_tests(settings, before))


def list_owners(before: Measurement) -> tuple[tuple[str, NormalizedName], ...]:
    """List the top-level modules of the committed set with their distributions."""
    return tuple((module, each.name) for each in before.distributions for module in sorted(each.modules))


def _tests(settings: Settings, before: Measurement | None) -> tuple[Check, ...]:
    """Return the test check, with one guessed command for all sets.

    Where that ran no tests, there are none to run.
    """
    if settings.test == "":
        return ()
    guesses = [each for each in before.results if each.kind is CheckKind.TEST and each.guessed] if before else []
    if not guesses:
        return (Check(CheckKind.TEST, settings.test or ""),)
    return tuple(Check(CheckKind.TEST, guess.command) for guess in guesses if not guess.note)


def drop_inapplicable(measured: Measurement) -> Measurement:
    """Leave results of a guessed command open if no tests ran."""
    results = tuple(
        drop_result(each)
        if each.kind is CheckKind.TEST and each.guessed and not each.note and not is_applicable(each)
        else each
        for each in measured.results
    )
    return replace(measured, results=results)


def measure_baseline(case: EnvironmentCase, committed: LockSet, changed: frozenset[str]) -> Measurement:
    """Install and check the committed set as of today.

    If it can no longer be installed, use an index view in which it may have been made.
    """
    case.ports.reporter.start_stage("check your lockfile")
    checks = plan_checks(case.settings, changed)
    today = drop_inapplicable(measure_pins(case, committed.pins, case.current_view, checks, "baseline"))
    if today.is_installed:
        return today
    for past in find_past_views(case, committed.pins):
        then = drop_inapplicable(measure_pins(case, committed.pins, past, checks, "baseline"))
        if then.is_installed:
            return then
    return today


@dataclass(frozen=True, slots=True)
class MeasuredSides:
    """The committed and the fresh lockfiles with their check results."""

    committed: LockSet
    candidate: LockSet
    before: Measurement
    after: Measurement

    @property
    def comparison(self) -> CheckComparison:
        """The differences between the check results of both sides."""
        return compare_check_results(self.before.results, self.after.results)

    @property
    def distributions(self) -> tuple[Sequence[Distribution], Sequence[Distribution]]:
        """The installed distributions of both sides."""
        return self.before.distributions, self.after.distributions

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the fresh set adds unasked, where the committed one was installed."""
        if not self.before.is_installed:
            return ()
        return describe_added_hooks(find_added_hooks(self.before.hook_owners, self.after.hook_owners))

    @property
    def changed_names(self) -> frozenset[str]:
        """The names of all packages that differ."""
        return frozenset(change.name for change in diff_pins(self.committed.pins, self.candidate.pins))


def find_victims(sides: MeasuredSides, cause: Cause) -> dict[NormalizedName, Version]:
    """Find whose code fails, by the innermost frame outside the culprit.

    Empty if that is the project's own, or if its owner is not sure.
    """
    installed = {each.name: each for each in sides.after.distributions}
    owners = ModuleOwners(installed)
    for frame in parse_traceback_frames(cause.failures[0]):  # the innermost first
        if not frame.is_installed:
            if _STANDARD_LIBRARY.search(frame.path):
                continue
            return {}
        found = owners.find_owners(_to_module(frame.path), sure=True)
        if found & set(cause.culprits):
            continue
        return {name: installed[name].version for name in found if name in installed} if len(found) == 1 else {}
    return {}


def _to_module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
