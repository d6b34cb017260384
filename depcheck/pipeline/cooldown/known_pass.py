"""Leave what waits alone where an earlier run has seen it pass.

Only a set that is not proposed as it is, because something of it is too young. What is proposed is always run.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.checks import Check
from depcheck.core.model.index_view import IndexView
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.cooldown.young_releases import list_young_releases
from depcheck.pipeline.last_run.recall_measurements import (
    MOST_PASS_AGE,
    recall_measurement,
    recall_passed_sides,
    remember_passed_sides,
)
from depcheck.pipeline.measure import MeasuredSides, Measurement


def recall_waiting_pass(
    case: EnvironmentCase, committed: LockSet, candidate: LockSet
) -> tuple[MeasuredSides, str] | None:
    """Recall the checks of a waiting set that passed, and a note.

    None if nothing of it waits, if it is not known, or if that is long ago.
    """
    if not _is_waiting(case, committed, candidate):
        return None
    found = recall_passed_sides(case, committed, candidate)
    if found is None or case.now - found[1] > MOST_PASS_AGE:
        return None
    return found[0], _describe_recall(found[1])


def recall_waiting_set(
    case: EnvironmentCase, sets: tuple[LockSet, LockSet], world: IndexView, checks: Sequence[Check]
) -> Measurement | None:
    """Recall the checks of a waiting set, from the last week."""
    return recall_measurement(case, sets[1].pins, world, checks, MOST_PASS_AGE) if _is_waiting(case, *sets) else None


def remember_waiting_pass(case: EnvironmentCase, sides: MeasuredSides) -> None:
    """Remember a set that passed and waits.

    Not one of which a closed network left something open.
    """
    is_whole = not any(result.unreached for result in sides.after.results)
    if is_whole and _is_waiting(case, sides.committed, sides.candidate):
        remember_passed_sides(case, sides)


def _is_waiting(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> bool:
    days = case.settings.cooldown_days
    return bool(days and list_young_releases(replace(case, least_age_days=days), committed, candidate.files))


def _describe_recall(seen_at: datetime) -> str:
    return (
        f"Same as in the run of {seen_at:%Y-%m-%d %H:%M} UTC, which saw all updates pass: the repository and both sets "
        "are what they were. They were not run again, for some are too young to be proposed."
    )
