"""Trials of the search in real environments.

The index hides the releases, so a compiled file shows no trace of a hold except the pins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.lockfiles.diff import splice_pins
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.checks import (
    Check,
    CheckKind,
    CheckResult,
    Failure,
    Outcome,
    Regression,
    compare_check_results,
    is_same_failure,
)
from depcheck.core.model.compile_result import CompileFailure
from depcheck.core.model.index_view import Hold, IndexView, apply_holds
from depcheck.core.model.installed import Distribution
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.releases import Release
from depcheck.core.model.requirements import NOT_INSTALLED
from depcheck.core.model.wheel_tags import is_python_allowed
from depcheck.core.search.causes import SearchQuestion
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import compute_coupling
from depcheck.core.search.diagnose import SearchCallbacks
from depcheck.core.search.model import Mixture, Observation
from depcheck.core.search.ranking import FailureContext, rank_suspects
from depcheck.pipeline.baseline import compile_fresh_set
from depcheck.pipeline.closed_network.unreached import prove_sides
from depcheck.pipeline.context import EnvironmentCase, list_direct_pins
from depcheck.pipeline.last_run.recall_measurements import measure_and_remember, recall_measurement
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_pins, plan_checks
from depcheck.pipeline.progress.trial_budget import TrialBudget
from depcheck.pipeline.to_report import find_upload_time

MAX_NAMED_CHANGES = 3  # names that fit into a line
ONE_DAY = timedelta(days=1)

InstalledByName = Mapping[NormalizedName, Distribution]


@dataclass(slots=True)
class InstalledTrialRunner:
    """Runs trials between two sets of pins in one index view.

    Only new failures are run again. If the candidate could not be installed, all checks run, because none
    has run yet. `before` is the measurement of the baseline, `budget` is that of the whole search.
    `remembers` says that trials are kept for the next run, and that those of an earlier run are not made again.
    """

    case: EnvironmentCase
    before: Measurement
    candidate: Pins
    world: IndexView
    findings: Sequence[Regression]
    budget: TrialBudget
    remembers: bool = False
    _asked: set[str] = field(default_factory=set)
    _recalls: bool = True

    def ignore_memory(self) -> None:
        """Make every trial from now on."""
        self._recalls = False

    def __call__(self, mixture: Mixture) -> Observation:
        """Install the mixture and run the checks under search."""
        pins = self.before.pins
        if mixture.day_of:
            resolved = self._resolve_day(*mixture.day_of)
            if isinstance(resolved, CompileFailure):
                self.budget.take_number()
                return Observation(
                    unresolved_reason=f"no set of its own day can be resolved: {resolved.failure.headline}"
                )
            pins = resolved.pins
        return self.run_trial(
            build_trial_pins(pins, self.candidate, mixture), self.world, self._describe_mixture(mixture)
        )

    def _resolve_day(self, name: NormalizedName, version: Version) -> LockSet | CompileFailure:
        """Resolve the set of this release as of its own day."""
        day = find_upload_time(self.case, name, version) or self.case.now
        world = self.case.get_view_at(day + ONE_DAY)  # its siblings may follow some hours later
        return compile_fresh_set(self.case, replace(world, specifiers=(*world.specifiers, (name, f"=={version}"))))

    def _describe_mixture(self, mixture: Mixture) -> str:
        """Return what the trial takes from the fresh set, for people."""
        if mixture.exact_versions:
            return ", ".join(f"{name} {version}" for name, version in mixture.exact_versions[:3])
        moved = sorted(mixture.candidate_names)
        names = {*self.candidate, *self.before.pins}
        changed = sum(self.candidate.get(name) != self.before.pins.get(name) for name in names)
        return ", ".join(moved) if 0 < len(moved) <= MAX_NAMED_CHANGES else f"{len(moved)} of {changed} changes"

    def run_trial(self, pins: Pins, world: IndexView, words: str = "") -> Observation:
        """Run a trial of any pins in any index view.

        Unless an earlier run saw exactly that, and this one does not ask a second time. `words` describe it.
        """
        if known := self._recall_once(pins, world):
            known = self._prove(known)
            return replace(self._read_observation(known), installed=self._list_moved(pins), is_recalled=True)
        number = self.budget.take_number()
        if words:
            self.case.ports.reporter.start_stage(f"trial {number} ({self.budget.describe_rest()}): {words}")
        measure = measure_and_remember if self.remembers else measure_pins
        seen = self._prove(measure(self.case, pins, world, self.checks, f"trial {number}"))
        return replace(self._read_observation(seen), installed=self._list_moved(pins))

    def _prove(self, seen: Measurement) -> Measurement:
        """Prove alone what cannot be imported, where nothing is narrowed."""
        if self.is_install_failure:
            self.before, seen = prove_sides(self.case, self.before, seen, "trial")
        return seen

    def _recall_once(self, pins: Pins, world: IndexView) -> Measurement | None:
        name = repr((sorted(map(str, pins.values())), world))
        is_known = name in self._asked
        self._asked.add(name)
        if is_known or not self.remembers or not self._recalls:
            return None
        return recall_measurement(self.case, pins, world, self.checks)

    def _read_observation(self, seen: Measurement) -> Observation:
        if not seen.is_installed:
            return self._observe_failed_install(seen)
        if undecided := next((r for r in seen.results if r.outcome is Outcome.UNRESOLVED), None):
            return Observation(unresolved_reason=undecided.headline or f"{undecided.kind} gave no answer")
        failures = tuple(self._find_new_failures(seen.results))
        if failures and (lacking := self._find_missing(seen)):
            return Observation(unresolved_reason=f"the set is not whole: {lacking}")
        return Observation(failures)

    def _find_missing(self, seen: Measurement) -> str:
        """Find a requirement that is missing only in this set.

        The committed set has no such gap.
        """
        known = {failure.headline for failure in self.before.results[0].failures}
        said = (failure.headline for failure in seen.results[0].failures)
        return next((each for each in said if each not in known and each.endswith(NOT_INSTALLED)), "")

    def _list_moved(self, pins: Pins) -> tuple[tuple[NormalizedName, Version | None], ...]:
        """Return the packages that differ from the committed set."""
        names = sorted(name for name in {*pins, *self.before.pins} if pins.get(name) != self.before.pins.get(name))
        return tuple((name, pins[name].version if name in pins else None) for name in names)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks that a trial runs after installing."""
        if self.is_install_failure:
            return plan_checks(self.case.settings, frozenset(), self.before)
        return tuple(finding.narrowed_check for finding in self.findings)

    @property
    def is_install_failure(self) -> bool:
        """True if the failure under search is a failed installation."""
        return any(finding.result.kind is CheckKind.INSTALL for finding in self.findings)

    def _observe_failed_install(self, seen: Measurement) -> Observation:
        failure = seen.results[0].failures[0]
        if not self.is_install_failure:
            return Observation(unresolved_reason=failure.headline or "it cannot be installed")
        return Observation((_identify_install_failure(failure, seen.unbuilt),))

    def _find_new_failures(self, results: Sequence[CheckResult]) -> Iterable[Failure]:
        if self.is_install_failure:
            for finding in compare_check_results(self.before.results, results[1:]).regressions:
                yield from (_identify_command_failure(finding.result, failure) for failure in finding.failures)
            return
        for result in results[1:]:
            known = self.before.list_failed_ids(result)
            new = (failure for failure in result.failures if failure.id not in known)
            yield from (_identify_command_failure(result, failure) for failure in new)


def list_target_failures(findings: Sequence[Regression], unbuilt: NormalizedName | None) -> tuple[Failure, ...]:
    """List the failures under search, with the ids that trials use."""
    return tuple(
        _identify_install_failure(failure, unbuilt)
        if finding.result.kind is CheckKind.INSTALL
        else _identify_command_failure(finding.result, failure)
        for finding in findings
        for failure in finding.failures
    )


def _identify_command_failure(result: CheckResult, failure: Failure) -> Failure:
    """Give the failure of a command an id.

    Failures of commands have no ids, and those of two commands must not be mistaken for each other.
    """
    whole = f"{result.kind} {result.command}".strip()
    return failure if failure.id else replace(failure, id=whole, is_of_whole_check=True)


def _identify_install_failure(failure: Failure, package: NormalizedName | None) -> Failure:
    return replace(failure, id=f"install {package or ''}".strip(), is_of_whole_check=True)


def build_trial_pins(before: Pins, after: Pins, mixture: Mixture) -> Pins:
    """Build the pins of a mixture."""
    pins = dict(splice_pins(before, after, mixture.candidate_names))
    for name, version in mixture.exact_versions:
        known = pins.get(name) or after.get(name) or before.get(name)
        pins[name] = replace(known, version=version, hashes=frozenset(), reference="") if known else Pin(name, version)
    return pins


def collect_distributions(case: EnvironmentCase, measured: Measurement) -> InstalledByName:
    """Return the installed distributions by name.

    If the set could not be installed, they are built from the index's metadata.
    """
    if measured.distributions:
        return {distribution.name: distribution for distribution in measured.distributions}
    return {
        pin.name: Distribution(pin.name, pin.version, case.ports.index.get_requires_dist(pin.name, pin.version) or ())
        for pin in measured.pins.values()
        if pin.version
    }


def list_selectable_releases(
    case: EnvironmentCase, world: IndexView, pins: Pins, name: NormalizedName
) -> list[Release]:
    """List the releases that a resolver could choose.

    Not yanked and for this interpreter; pre-releases only if one is pinned.
    """
    python = case.markers.get("python_full_version", f"{case.spec.python}.0")
    pre = any(pin.version.is_prerelease for pin in pins.values() if pin.version and pin.name == name)
    return [
        release
        for release in case.ports.index.list_releases(name, world)
        if release.yank_reason is None
        and (pre or not release.version.is_prerelease)
        and (not release.requires_python or any(is_python_allowed(each, python) for each in release.requires_python))
    ]


def list_versions(releases: Iterable[Release]) -> list[Version]:
    """Return the versions of the releases, in the same order."""
    return [release.version for release in releases]


def build_question(
    case: EnvironmentCase,
    sides: MeasuredSides,
    findings: Sequence[Regression],
    holds: Sequence[Hold],
    budget: TrialBudget,
) -> SearchQuestion:
    """Build the question which of the changes make these checks fail."""
    world = apply_holds(case.get_upgrade_view(sides.committed.pins), holds)
    scene = _collect_evidence(case, sides, findings)
    trying = InstalledTrialRunner(
        case, sides.before, sides.candidate.pins, sides.after.world, findings, budget, remembers=True
    )
    place = SearchSpace(
        scene.before,
        scene.after,
        scene.coupling,
        case.markers,
        lambda name: list_versions(list_selectable_releases(case, world, sides.candidate.pins, name)),
        case.ports.index.get_requires_dist,
        by_day=True,
    )
    failures = list_target_failures(findings, sides.after.unbuilt)
    return SearchQuestion(
        failures,
        place,
        SearchCallbacks(trying, is_same_failure, lambda failures: rank_suspects(scene, failures), trying.ignore_memory),
    )


def _collect_evidence(case: EnvironmentCase, sides: MeasuredSides, findings: Sequence[Regression]) -> FailureContext:
    old, new = collect_distributions(case, sides.before), collect_distributions(case, sides.after)
    changed = frozenset(canonicalize_name(name) for name in sides.changed_names)
    return FailureContext(
        before=old,
        after=new,
        coupling=compute_coupling(old, new, changed, case.markers),
        markers=case.markers,
        command=next((finding.result.command for finding in findings), ""),
        direct_packages=list_direct_pins(case, sides.candidate.pins),
        failed_package=sides.after.unbuilt,
        imported_modules=case.spec.imports,
    )
