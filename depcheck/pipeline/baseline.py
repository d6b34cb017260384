"""The committed side: do we understand this lockfile, and in which world was it made?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from depcheck.core.changes import diff
from depcheck.core.compilation import Compiled, NotCompiled, Obstacle
from depcheck.core.elsewhere import other_platform, outside
from depcheck.core.pins import Pins
from depcheck.core.world import World
from depcheck.pipeline.case import Case, LayersDisagreeError, LockSet, lock_set
from depcheck.pipeline.layers import compile_afresh


@dataclass(frozen=True, slots=True)
class Stale:
    """Compiling without upgrade does not give the committed lockfile; `reason` is one sentence.

    `unsatisfied` is the committed set where its pins satisfy the sources no more; perhaps none does.
    """

    reason: str
    unsatisfied: LockSet | None = None


def start(case: Case) -> LockSet | Stale | NotCompiled:
    """The committed set, understood; or why it is not; or why nothing could be compiled on its day.

    Where nothing is locked, the baseline is the resolution as of the day the source last changed.
    """
    if case.spec.lockfiles[0].loose:
        return _resolved(case)
    try:
        committed = lock_set(tuple((lock.path, lock.lockfile.text) for lock in case.spec.lockfiles), case.markers)
    except LayersDisagreeError as disagreement:
        return Stale(f"The lockfiles that are installed together disagree: {disagreement}. Compile them again.")
    case.ports.reporter.stage("compile as committed")
    return _understood(case, committed, _faithful(case, committed.pins))


def pasts(case: Case, pins: Pins) -> Iterator[World]:
    """Worlds in which the lockfile may have been made, later ones first.

    A shallow clone knows only its newest commit, so the day of the youngest pin's release comes second.
    """
    limit = case.settings.as_of or datetime.max.replace(tzinfo=UTC)
    youngest = max(_uploads(case, pins), default=None)
    committed = _committed_at(case)
    days = [max(committed, youngest) if committed and youngest else committed, youngest]
    for day in dict.fromkeys(day for day in days if day):
        yield case.as_of(min(day, limit))


def _faithful(case: Case, pins: Pins) -> Compiled | NotCompiled:
    """Compile without upgrade: today, or in the lockfile's own day where something cannot be built today."""
    compiled = case.ports.compiler.compile(case.spec, case.today, upgrade=False)
    if isinstance(compiled, NotCompiled) and compiled.obstacle is Obstacle.UNBUILDABLE:
        for past in pasts(case, pins):
            again = case.ports.compiler.compile(case.spec, past, upgrade=False)
            if isinstance(again, Compiled):
                return again
    return compiled


def _understood(case: Case, committed: LockSet, faithful: Compiled | NotCompiled) -> LockSet | Stale:
    if isinstance(faithful, NotCompiled):
        conflict = committed if faithful.obstacle is Obstacle.UNRESOLVABLE else None
        away = outside(entry.pin for lock in case.spec.lockfiles for entry in lock.lockfile.entries)
        return Stale(
            f"Compiling without upgrade fails: {faithful.failure.headline}{f' {away}' if away else ''}", conflict
        )
    try:
        again = dict(lock_set(faithful.files, case.markers).by_file)
    except LayersDisagreeError as disagreement:
        return Stale(f"Compiled without upgrade, the lockfiles disagree: {disagreement}. Compile them again.")
    changes = [(change, path) for path, pins in committed.by_file for change in diff(pins, again[path])]
    if not changes:
        return committed
    differences = [f"{change} in {path}" for change, path in changes]
    gone = [change.name for change, _ in changes if change.after is None]
    away = other_platform(gone, [change.name for change, _ in changes if change.before is None])
    if away:
        return Stale(f"Compiling without upgrade gives other pins than are committed ({differences[0]}): {away}")
    more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""  # noqa: PLR2004  # three fit a line
    return Stale(
        f"Compiling without upgrade gives other pins than are committed ({'; '.join(differences[:3])}{more}): "
        "the sources have changed since, or depcheck does not understand how the lockfile was made. "
        f"Run the command of its header and commit the result: {case.spec.lockfiles[0].command or 'none is known'}."
    )


def _resolved(case: Case) -> LockSet | NotCompiled:
    made_at, _ = day_of_loose(case)
    case.ports.reporter.stage(f"resolve as of {made_at.date()}")
    return compile_afresh(case, case.ruled(case.as_of(made_at), {}))


def day_of_loose(case: Case) -> tuple[datetime, str]:
    """The day with which a fresh installation is compared where nothing is locked, and what day that is.

    The one asked for, else the last green night, but no night before the sources last changed: their ranges may ask
    for what was not there. A replay of the past knows no later nights.
    """
    if case.settings.good:
        return case.settings.good, "the day that was named"
    changed = _committed_at(case)
    green = None if case.settings.as_of else case.ports.greens.last(case.spec)
    if green and (changed is None or green >= changed):
        return min(green, case.now), "the last night that was green"
    return (changed, "the day the sources last changed") if changed else (case.now, "now, as no other day is known")


def _committed_at(case: Case) -> datetime | None:
    return max((lock.committed_at for lock in case.spec.lockfiles if lock.committed_at), default=None)


def _uploads(case: Case, pins: Pins) -> list[datetime]:
    return [
        release.uploaded_at
        for pin in pins.values()
        for release in case.ports.index.releases(pin.name, World())
        if release.version == pin.version and release.uploaded_at
    ]
