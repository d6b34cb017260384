"""What is told of a case: values of the story as the report's values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.changes import Change, diff, is_direct, via_path
from depcheck.core.checks import CheckResult, Failure, Kind, Outcome
from depcheck.core.comparison import Comparison
from depcheck.core.distributions import Distribution
from depcheck.core.links import LinkKind, comparison
from depcheck.core.pins import Pins
from depcheck.core.reasons import Sets, why
from depcheck.core.release_facts import NO_FACTS, ReleaseFacts, jump, warnings
from depcheck.core.report import ChangeReport, CheckReport, LockfileReport, TrialReport
from depcheck.core.search.values import Answer, Asked
from depcheck.core.world import World
from depcheck.pipeline.case import Case, LockSet

Installations = tuple[Sequence[Distribution], Sequence[Distribution]]
"""What is installed of the committed set and of the other; empty where that is not known."""


def lockfiles(case: Case) -> tuple[LockfileReport, ...]:
    """The lockfiles as they were understood."""
    return tuple(
        LockfileReport(lock.path, lock.sources, lock.compiler, lock.compiler_version, lock.command, not lock.loose)
        for lock in case.spec.lockfiles
    )


def changes(
    case: Case, before: LockSet, after: LockSet, installed: Installations = ((), ())
) -> tuple[ChangeReport, ...]:
    """Every change of every lockfile, lockfiles in the environment's order, packages by name.

    What is `installed` of both sets tells why a package moved, and who asks for it where a lockfile has no annotations.
    """
    again = dict(after.by_file)
    found = [(path, change) for path, pins in before.by_file for change in diff(pins, again[path])]
    facts = case.ports.index.facts([key for _, change in found for key in _releases(change)])
    there, then = ({each.name: each for each in side} for side in installed)
    sets = Sets(there, then, case.markers)
    requires = {name: each.requires for name, each in sets.after.items()}
    old = dict(before.by_file)
    layers = {lock.path: lock.layer_labels for lock in case.spec.lockfiles}
    return tuple(
        _change(
            case,
            path,
            change,
            _Askers(
                again[path] if change.after else old[path],
                requires,
                direct(case),
                layers.get(path, frozenset()),
                sets,
                facts,
            ),
        )
        for path, change in found
    )


def _releases(change: Change) -> tuple[tuple[NormalizedName, Version], ...]:
    pins = (change.before, change.after)
    return tuple((change.name, pin.version) for pin in pins if pin and pin.version)


def trackers(case: Case, releases: Sequence[tuple[NormalizedName, Version]]) -> dict[str, str]:
    """Where the issues of these releases' projects are, as far as their metadata says."""
    found = case.ports.index.facts(releases)
    kinds = (LinkKind.TRACKER, LinkKind.PAGE)
    links = {name: next(filter(None, map(facts.links.get, kinds)), "") for (name, _), facts in found.items()}
    return {name: link for name, link in links.items() if link}


def paths(case: Case, names: Iterable[NormalizedName]) -> dict[str, tuple[str, ...]]:
    """From a source to each of `names`, as the committed lockfiles and the sources tell."""
    wanted = list(names)
    found: dict[str, tuple[str, ...]] = {}
    for lock in case.spec.lockfiles:  # lower layers first: an upper one only repeats what they hold
        pins, layers = lock.lockfile.pins(case.markers), lock.layer_labels
        for name in wanted:
            path = via_path(name, pins, {}, lock.direct, layers)
            if lock.sources and (path or name in lock.direct or (name in pins and is_direct(pins[name], (), layers))):
                found.setdefault(str(name), (lock.sources[0], *path, name))
    return found


def hold_sources(case: Case, name: NormalizedName, pins: Mapping[str, Pins]) -> tuple[str, ...]:
    """Return the sources in which a line about `name` works: of the lowest lockfiles that pin it.

    `pins` are the fresh set's by lockfile. An upper lockfile is compiled upon a lower one, whose pin wins.
    """
    locks = {lock.path: lock for lock in case.spec.lockfiles}
    having = [path for path in locks if name in pins.get(path, {}) or name in locks[path].lockfile.pins(case.markers)]
    lowest = [locks[path] for path in having if not set(having) & set(locks[path].layers)]
    return tuple(dict.fromkeys(lock.sources[0] for lock in lowest if lock.sources))


def versions(found: LockSet) -> dict[str, str]:
    """The versions of a set by package; what has none (a URL, a path) is left out."""
    return {name: str(pin.version) for name, pin in sorted(found.pins.items()) if pin.version}


def direct(case: Case) -> frozenset[NormalizedName]:
    """The packages that the sources name."""
    return frozenset(name for lock in case.spec.lockfiles for name in lock.direct)


def direct_pins(case: Case, pins: Pins) -> frozenset[NormalizedName]:
    """Return the names in `pins` that a source asks for, by its own lines or by the annotations."""
    layers = frozenset[str]().union(*(lock.layer_labels for lock in case.spec.lockfiles))
    return frozenset(pin.name for pin in pins.values() if is_direct(pin, direct(case), layers))


@dataclass(frozen=True, slots=True)
class _Askers:
    """Who asks for what: by annotation, by metadata, by the sources; and what releases say of themselves."""

    pins: Pins
    requires: Mapping[NormalizedName, Sequence[str]]
    direct: frozenset[NormalizedName]
    layers: frozenset[str]
    sets: Sets
    facts: Mapping[tuple[NormalizedName, Version], ReleaseFacts]


def _change(case: Case, path: str, change: Change, askers: _Askers) -> ChangeReport:
    old = change.before.version if change.before else None
    new = change.after.version if change.after else None
    asked_for = is_direct(askers.pins[change.name], askers.direct, askers.layers)
    yanked = _yanked(case, change.name, old)
    facts = _facts(askers, change.name, old), _facts(askers, change.name, new)
    links = dict(facts[new is not None].links)
    if old and new and old != new:
        links[LinkKind.DIFF] = comparison(links, str(old), str(new))
    return ChangeReport(
        name=change.name,
        before=change.old,
        after=change.new,
        direct=asked_for,
        via=via_path(change.name, askers.pins, askers.requires, askers.direct, askers.layers),
        released_at=released_at(case, change.name, new),
        lockfile=path,
        kind=change.kind,
        yanked=yanked,
        jump=_jump(case, change.name, old, new),
        why=why(change, askers.sets, yanked, direct=asked_for),
        links={kind: link for kind, link in links.items() if link},
        warnings=_warnings(case, change.name, old, new, facts),
    )


def _facts(askers: _Askers, name: NormalizedName, version: Version | None) -> ReleaseFacts:
    return askers.facts.get((name, version), NO_FACTS) if version else NO_FACTS


def _jump(case: Case, name: NormalizedName, old: Version | None, new: Version | None) -> str:
    if old is None or new is None:
        return ""
    return jump(old, new, (released_at(case, name, old), released_at(case, name, new)))


def _warnings(
    case: Case, name: NormalizedName, old: Version | None, new: Version | None, facts: tuple[ReleaseFacts, ReleaseFacts]
) -> tuple[str, ...]:
    if new is None or new == old:
        return ()
    visible = case.ports.index.releases(name, World())
    return warnings(visible, old, new, facts, case.settings.as_of or case.now)


def released_at(case: Case, name: NormalizedName, version: Version | None) -> datetime | None:
    """When a release was uploaded, as the index tells."""
    visible = case.ports.index.releases(name, World()) if version else ()
    return next((release.uploaded_at for release in visible if release.version == version), None)


def _yanked(case: Case, name: NormalizedName, version: Version | None) -> str | None:
    visible = case.ports.index.releases(name, World()) if version else ()
    return next((release.yanked for release in visible if release.version == version), None)


def checked(results: Sequence[CheckResult], comparison: Comparison | None = None) -> tuple[CheckReport, ...]:
    """Results for the report. Modules that fail to import count only where they fail anew."""
    found = {id(finding.result): finding.failures for finding in comparison.newly} if comparison else {}
    return tuple(_checked(result, found.get(id(result), ())) for result in results)


def _checked(result: CheckResult, newly: Sequence[Failure]) -> CheckReport:
    old_imports = result.kind is Kind.IMPORT and not newly and result.outcome is Outcome.FAIL
    shown = () if old_imports else newly or result.failures
    return CheckReport(
        kind=result.kind,
        command=result.command,
        outcome=Outcome.PASS if old_imports else result.outcome,
        duration_s=round(result.duration_s, 3),
        headline=shown[0].headline if shown else "",
        newly_failing=tuple(sorted(failure.id for failure in newly if failure.id)),
        failing=len(result.failures),
        passed=len(result.passed),
        log=result.log,
    )


_OUTCOMES = {Answer.PASS: Outcome.PASS, Answer.UNRESOLVED: Outcome.UNRESOLVED}


def tried(log: Sequence[Asked]) -> tuple[TrialReport, ...]:
    """The search's trials, in the order asked."""
    return tuple(_tried(asked) for asked in log)


def _tried(asked: Asked) -> TrialReport:
    shown = asked.observation
    return TrialReport(
        moved=tuple(sorted(asked.mixture.moved)),
        at={name: str(version) for name, version in asked.mixture.at},
        outcome=_OUTCOMES.get(asked.answer, Outcome.FAIL),
        why=asked.why,
        headline=shown.unresolved or (shown.failures[0].headline if shown.failures else ""),
        other=asked.answer is Answer.OTHER,
    )
