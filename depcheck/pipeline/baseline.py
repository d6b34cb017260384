"""The baseline of a check.

Verifies that the committed lockfile can be reproduced, and finds when it was made.

A package moves in every lockfile of an environment, or in none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.lockfiles.diff import Change, diff_pins
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.formats.unfaithful import describe_difference, describe_rewritten
from depcheck.core.lockfiles.lock_set import (
    Disagreement,
    LayersDisagreeError,
    LockSet,
    compute_version_caps,
    parse_lock_set,
)
from depcheck.core.lockfiles.origin import describe_platform_mismatch, describe_remote_pins, is_for_other_systems
from depcheck.core.lockfiles.other_targets import describe_scope, diff_other_targets
from depcheck.core.lockfiles.pin_line import is_source_requirer
from depcheck.core.lockfiles.trimming import find_trimmed
from depcheck.core.model.checks import Failure
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure, CompileFailureKind
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import parse_lenient_requirement
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.requirements import get_required_name, select_active_requirements
from depcheck.pipeline.context import EnvironmentCase

MAX_AGREEMENT_ROUNDS = 8  # each takes releases from what layers may choose; real graphs need one or two
_NAMED_EXTRA = re.compile(r"""\bextra\s*==\s*['"]([^'"]+)""")


def compile_fresh_set(case: EnvironmentCase, world: IndexView) -> LockSet | CompileFailure:
    """Compile a fresh set, and again until its layers agree.

    Layers that are constrained by each other agree by themselves; two that share a third one may not. The
    index then hides every release of such a package above the lowest one that a layer chose, so no
    constraint is left in a file. If no set can be found so, the compile error names which layers want what.
    """
    seen: tuple[Disagreement, ...] = ()
    for _ in range(MAX_AGREEMENT_ROUNDS):
        compiled = case.ports.compiler.compile_lockfiles(case.spec, world, upgrade=True)
        if isinstance(compiled, CompileFailure):
            return _to_disagreement_error(seen, compiled.failure.headline) if seen else compiled
        try:
            return replace(parse_lock_set(compiled.files, case.markers), notes=compiled.notes)
        except LayersDisagreeError as disagreement:
            seen = disagreement.disagreements
        caps = compute_version_caps(seen)
        if len(caps) < len(seen):
            break
        case.ports.reporter.start_stage(
            f"compile again, so that all lockfiles agree on {', '.join(map(str, dict(caps)))}"
        )
        world = replace(world, specifiers=(*world.specifiers, *caps))
    return _to_disagreement_error(seen, "")


def _to_disagreement_error(seen: Sequence[Disagreement], why: str) -> CompileFailure:
    headline = (
        f"The lockfiles of this environment cannot agree: {LayersDisagreeError(tuple(seen))}"
        f"{f', and with one release for all: {why}' if why else ''}. Let one constrain the other with -c, or give each "
        "an [[environment]] of its own if they are never installed together."
    )
    return CompileFailure(CompileFailureKind.DISAGREEING, Failure(headline, headline), seen[0].name)


@dataclass(frozen=True, slots=True)
class Stale:
    """A lockfile that compiling without upgrade does not reproduce.

    `reason` is one sentence. `unsatisfied` is the committed set if its pins no longer satisfy the sources;
    perhaps no set does.
    """

    reason: str
    unsatisfied: LockSet | None = None


def understand_lockfile(case: EnvironmentCase) -> LockSet | Stale | CompileFailure:
    """Return the committed set if the lockfile can be reproduced.

    Return Stale if it cannot, or the compile error if nothing could be compiled on its day. If nothing is
    locked, the baseline is the resolution as of the day the source last changed.
    """
    if case.spec.lockfiles[0].is_unlocked:
        return _resolve_loose_baseline(case)
    try:
        committed = parse_lock_set(tuple((lock.path, lock.lockfile.text) for lock in case.spec.lockfiles), case.markers)
    except LayersDisagreeError as disagreement:
        return Stale(f"The lockfiles that are installed together disagree: {disagreement}. Compile them again.")
    case.ports.reporter.start_stage("compile as committed")
    return _compare_with_committed(case, committed, _compile_without_upgrade(case, committed.pins))


def find_past_views(case: EnvironmentCase, pins: Pins) -> Iterator[IndexView]:
    """Yield index views in which the lockfile may have been made.

    Newest first. A shallow clone knows only its newest commit, so the day of the youngest pin's release
    comes second.
    """
    limit = case.settings.as_of or datetime.max.replace(tzinfo=UTC)
    youngest = max(_list_upload_times(case, pins), default=None)
    committed = _find_commit_time(case)
    days = [max(committed, youngest) if committed and youngest else committed, youngest]
    for day in dict.fromkeys(day for day in days if day):
        yield case.get_view_at(min(day, limit))


def _compile_without_upgrade(case: EnvironmentCase, pins: Pins) -> CompiledLockfiles | CompileFailure:
    """Compile without upgrade as of today.

    If something cannot be built today, compile as of the lockfile's own day.
    """
    compiled = case.ports.compiler.compile_lockfiles(case.spec, case.current_view, upgrade=False)
    if isinstance(compiled, CompileFailure) and compiled.kind is CompileFailureKind.UNBUILDABLE:
        for past in find_past_views(case, pins):
            again = case.ports.compiler.compile_lockfiles(case.spec, past, upgrade=False)
            if isinstance(again, CompiledLockfiles):
                return again
    return compiled


def _compare_with_committed(
    case: EnvironmentCase, committed: LockSet, faithful: CompiledLockfiles | CompileFailure
) -> LockSet | Stale:
    if isinstance(faithful, CompileFailure):
        conflict = committed if faithful.kind is CompileFailureKind.UNRESOLVABLE else None
        away = describe_remote_pins(entry.pin for lock in case.spec.lockfiles for entry in lock.lockfile.entries)
        return Stale(
            f"Compiling without upgrade fails: {faithful.failure.headline}{f' {away}' if away else ''}", conflict
        )
    try:
        again = dict(parse_lock_set(faithful.files, case.markers).pins_by_file)
    except LayersDisagreeError as disagreement:
        return Stale(f"Compiled without upgrade, the lockfiles disagree: {disagreement}. Compile them again.")
    changes = [(change, path) for path, pins in committed.pins_by_file for change in diff_pins(pins, again[path])]
    others = diff_other_targets(committed.files, dict(faithful.files), case.markers)
    if not changes and not others:
        rewritten = describe_rewritten(case.spec.lockfiles, dict(faithful.files))
        return Stale(rewritten) if rewritten else committed
    return _judge_differences(case, committed, dict(faithful.files), (changes, others))


def _judge_differences(
    case: EnvironmentCase,
    committed: LockSet,
    files: Mapping[str, str],
    found: tuple[Sequence[tuple[Change, str]], Sequence[tuple[str, Change]]],
) -> LockSet | Stale:
    """Return the committed set where other pins have a reason, else Stale.

    `found` are the changes for this target, and those for others.
    """
    changes, others = found
    only_gone = not others and all(change.after is None for change, _ in changes)
    if only_gone and _are_orphans(case, committed.pins, [change.before for change, _ in changes if change.before]):
        return committed
    differences = [describe_difference(change, path) for change, path in changes]
    differences += [describe_difference(change, path, describe_scope(change)) for path, change in others]
    gone = [change.name for change, _ in changes if change.after is None]
    away = describe_platform_mismatch(gone, [change.name for change, _ in changes if change.before is None])
    if away:
        return Stale(f"Compiling without upgrade gives other pins than are committed ({differences[0]}): {away}")
    if trimmed := _find_trimmed_lines(case, files, [*changes, *((c, path) for path, c in others)]):
        return replace(committed, trimmed=trimmed)
    more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""  # noqa: PLR2004  # three fit a line
    first = [*(path for _, path in changes), *(path for path, _ in others)][0]
    return Stale(
        f"Compiling without upgrade gives other pins than are committed ({'; '.join(differences[:3])}{more}). "
        f"{_describe_remedy(case, first)}"
    )


def _are_orphans(case: EnvironmentCase, committed: Pins, gone: Sequence[Pin]) -> bool:
    """Return True if no package asks for the pins any more.

    Not in any extra either, nor on another system. A marker that excludes this Python asks for nothing.

    Tools that edit lockfiles line by line leave them: the package named in the annotation was upgraded since.
    """
    names = frozenset(pin.name for pin in gone)
    return all(_is_orphan(case, committed, pin, names) for pin in gone)


def _is_orphan(case: EnvironmentCase, committed: Pins, pin: Pin, orphans: frozenset[NormalizedName]) -> bool:
    """Return True if none of its annotated requirers asks for it."""
    if not pin.requirers or any(map(is_source_requirer, pin.requirers)):
        return False
    names = {canonicalize_name(name.partition("[")[0]) for name in pin.requirers} - orphans
    for requirer in (committed.get(name) for name in names):
        if requirer is None or requirer.version is None:
            return False
        lines = case.ports.index.get_requires_dist(requirer.name, requirer.version)
        read = [parse_lenient_requirement(line) for line in lines or ()]
        markers = [str(each.marker or "") for each in read if each and get_required_name(each) == pin.name]
        if lines is None or None in read or any(map(is_for_other_systems, markers)):
            return False
        asked = select_active_requirements(lines, case.markers, _NAMED_EXTRA.findall("\n".join(lines)))
        if any(get_required_name(wanted) == pin.name for wanted in asked):
            return False
    return True


def _find_trimmed_lines(
    case: EnvironmentCase, files: Mapping[str, str], changes: Sequence[tuple[Change, str]]
) -> tuple[tuple[str, frozenset[NormalizedName]], ...]:
    """Return the lines by file that people removed after a compile.

    Empty if anything else differs.
    """
    if any(change.before is not None for change, _ in changes):
        return ()
    found = []
    for lock in case.spec.lockfiles:
        names = {change.name for change, path in changes if path == lock.path}
        if not names:
            continue
        added = [entry for entry in parse_lockfile(files[lock.path]).entries if entry.pin.name in names]
        pins = parse_lockfile(files[lock.path]).select_pins(case.markers)
        sure = not case.spec.other_pythons and all(_is_required_plainly(case, pins, entry.pin) for entry in added)
        trimmed = find_trimmed(lock, added, case.spec.edited_words, python_is_sure=sure)
        if not trimmed:
            return ()
        found.append((lock.path, trimmed))
    return tuple(found)


def _is_required_plainly(case: EnvironmentCase, pins: Pins, pin: Pin) -> bool:
    """Return True if a release requires `pin` without any extra.

    What an extra brings may be new: somebody added the extra to a source.
    """
    requirers = (pins.get(canonicalize_name(name.partition("[")[0])) for name in pin.requirers)
    found = (
        case.ports.index.get_requires_dist(each.name, each.version) or () for each in requirers if each and each.version
    )
    return any(
        get_required_name(wanted) == pin.name
        for lines in found
        for wanted in select_active_requirements(lines, case.markers)
    )


def _describe_remedy(case: EnvironmentCase, path: str) -> str:
    """Describe what to do about the stale lockfile at `path`.

    It is behind its sources, or we misread it: each has a way out.
    """
    lock = next(lock for lock in case.spec.lockfiles if lock.path == path)
    command = f" ({lock.command})" if lock.command else ""
    python = ""
    if case.spec.python_reason:
        python = f", or its Python with --python ({case.spec.python}, {case.spec.python_reason}, is a guess)"
    return (
        f"If its sources have changed since, compile it again as its header says{command} and commit the result. If "
        f'that changes nothing, say how it is made with --compile-command "{lock.path}=…"{python}.'
    )


def _resolve_loose_baseline(case: EnvironmentCase) -> LockSet | CompileFailure:
    made_at, _ = find_baseline_day(case)
    case.ports.reporter.start_stage(f"resolve as of {made_at.date()}")
    return compile_fresh_set(case, case.apply_rules(case.get_view_at(made_at), {}))


def find_baseline_day(case: EnvironmentCase) -> tuple[datetime, str]:
    """Return the baseline's day for unlocked sources, and its description.

    The day that was asked for, else the last green run, but no run before the sources last changed, because
    their ranges may require releases that did not exist then. A replay of the past knows no later runs.
    """
    if case.settings.good:
        return case.settings.good, "the day that was named"
    changed = _find_commit_time(case)
    green = None if case.settings.as_of else case.ports.last_green.get_last_green(case.spec)
    if green and (changed is None or green >= changed):
        return min(green, case.now), "the last green run"
    return (changed, "the day the sources last changed") if changed else (case.now, "now, as no other day is known")


def _find_commit_time(case: EnvironmentCase) -> datetime | None:
    return max((lock.committed_at for lock in case.spec.lockfiles if lock.committed_at), default=None)


def _list_upload_times(case: EnvironmentCase, pins: Pins) -> list[datetime]:
    return [
        release.uploaded_at
        for pin in pins.values()
        for release in case.ports.index.list_releases(pin.name, IndexView())
        if release.version == pin.version and release.uploaded_at
    ]
