"""Recall what an earlier run saw of exactly the same set.

What is recalled saves trials of a search that was interrupted, or that an unchanged broken set would repeat. It is
never trusted over what is seen: both sides' failures, the trial that convicts and the set that holds the culprits are
seen again in each run.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.checks import Check, CheckResult, compare_check_results
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import Distribution, OwnInstallation
from depcheck.core.model.pins import Pins
from depcheck.core.start_hooks.added_hooks import HookOwner
from depcheck.pipeline.closed_network.very_young import find_very_young
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_pins

T = TypeVar("T")
MOST_PASS_AGE = timedelta(days=7)  # of what passed and is not run again


@dataclass(frozen=True, slots=True)
class MeasurementRecord:
    """A measurement as it is stored.

    Its pins are part of the key; `seen_at` is when it was seen.
    """

    seen_at: datetime
    world: IndexView
    results: tuple[CheckResult, ...]
    distributions: tuple[Distribution, ...]
    unbuilt: NormalizedName | None
    own: OwnInstallation
    hook_owners: tuple[HookOwner, ...]


def recall_sides(
    case: EnvironmentCase, committed: LockSet, candidate: LockSet
) -> tuple[MeasuredSides, datetime] | None:
    """Recall how these two sets differed in an earlier run, and when.

    None if they did not, or if that is not known.
    """
    before = _recall(case, _build_side_key(case, "before", committed.pins, candidate.pins))
    after = _recall(case, _build_side_key(case, "after", committed.pins, candidate.pins))
    if before is None or after is None:
        return None
    sides = MeasuredSides(
        committed,
        candidate,
        _to_measurement(case, before, committed.pins),
        _to_measurement(case, after, candidate.pins),
    )
    return (sides, after.seen_at) if sides.comparison.regressions else None


def remember_sides(case: EnvironmentCase, sides: MeasuredSides) -> None:
    """Remember both sides of a set that breaks, unless they are known."""
    if recall_sides(case, sides.committed, sides.candidate):
        return
    both = (sides.committed.pins, sides.candidate.pins)
    _remember(case, _build_side_key(case, "before", *both), sides.before)
    _remember(case, _build_side_key(case, "after", *both), sides.after)


def recall_passed_sides(
    case: EnvironmentCase, committed: LockSet, candidate: LockSet
) -> tuple[MeasuredSides, datetime] | None:
    """Recall the checks of two sets of which the fresh one passed."""
    keys = _build_passed_keys(case, committed, candidate)
    before, after = (_recall(case, key) for key in keys)
    if before is None or after is None:
        return None
    both = _to_measurement(case, before, committed.pins), _to_measurement(case, after, candidate.pins)
    return MeasuredSides(committed, candidate, *both), after.seen_at


def remember_passed_sides(case: EnvironmentCase, sides: MeasuredSides) -> None:
    """Remember the checks of two sets of which the fresh one passed."""
    for key, side in zip(
        _build_passed_keys(case, sides.committed, sides.candidate), (sides.before, sides.after), strict=True
    ):
        _remember(case, key, side)


def _build_passed_keys(case: EnvironmentCase, committed: LockSet, candidate: LockSet) -> tuple[str, str]:
    """Build the keys of two sets, of whatever age."""
    parts = (list_pins(committed.pins), list_pins(candidate.pins), list_settings(case))
    return digest_parts(("passed before", *parts)), digest_parts(("passed after", *parts))


def recall_failing_set(
    case: EnvironmentCase, pins: Pins, world: IndexView, checks: Sequence[Check], before: Measurement
) -> Measurement | None:
    """Recall a set that failed where the committed one passes.

    Its failures are confirmed by the caller. A set that passed is never recalled.
    """
    found = recall_measurement(case, pins, world, checks)
    return found if found and compare_check_results(before.results, found.results).regressions else None


def recall_measurement(
    case: EnvironmentCase, pins: Pins, world: IndexView, checks: Sequence[Check], most_age: timedelta = timedelta.max
) -> Measurement | None:
    """Recall what these checks gave with exactly these pins."""
    found = _recall(case, _build_key(case, pins, world, checks))
    return _to_measurement(case, found, pins) if found and case.now - found.seen_at <= most_age else None


def measure_and_remember(
    case: EnvironmentCase, pins: Pins, world: IndexView, checks: Sequence[Check], label: str
) -> Measurement:
    """Measure as `measure_pins` does, and remember the result."""
    seen = measure_pins(case, pins, world, checks, label)
    remember_measurement(case, checks, seen)
    return seen


def remember_measurement(case: EnvironmentCase, checks: Sequence[Check], seen: Measurement) -> None:
    """Remember what `checks` gave with a set of pins."""
    _remember(case, _build_key(case, seen.pins, seen.world, checks), seen)


def recall_text(case: EnvironmentCase, parts: object, make: Callable[[], str]) -> str:
    """Recall a text that depends on `parts` alone, or make it."""
    key = digest_parts(("text", parts))
    known = case.ports.trial_memory.recall_record(case.spec, key)
    if known is not None:
        return known.decode("utf-8", "replace")
    made = make()
    case.ports.trial_memory.remember_record(case.spec, key, made.encode("utf-8", "replace"))
    return made


def _recall(case: EnvironmentCase, key: str) -> MeasurementRecord | None:
    return decode_record(case.ports.trial_memory.recall_record(case.spec, key), MeasurementRecord)


def _remember(case: EnvironmentCase, key: str, seen: Measurement) -> None:
    record = MeasurementRecord(
        case.now, seen.world, seen.results, seen.distributions, seen.unbuilt, seen.own, seen.hook_owners
    )
    if content := encode_record(record):
        case.ports.trial_memory.remember_record(case.spec, key, content)


def decode_record(content: bytes | None, kind: type[T]) -> T | None:
    """Decode a stored record, None for what is not one."""
    try:
        return msgspec.json.decode(content, type=kind, dec_hook=_decode_value) if content else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def encode_record(record: object) -> bytes:
    """Encode a record, or return nothing where that cannot be."""
    try:
        return msgspec.json.encode(record, enc_hook=str)
    except UnicodeEncodeError:  # halves of surrogate pairs: what cannot be written is not remembered
        return b""


def _decode_value(kind: type, value: object) -> object:
    return Version(str(value)) if kind is Version else value


def _to_measurement(case: EnvironmentCase, record: MeasurementRecord, pins: Pins) -> Measurement:
    return Measurement(
        pins,
        record.world,
        tuple(replace(each, log="") for each in record.results),
        record.distributions,
        unbuilt=record.unbuilt,
        own=record.own,
        hook_owners=record.hook_owners,
        very_young=find_very_young(case, pins),
    )


def _build_side_key(case: EnvironmentCase, side: str, committed: Pins, candidate: Pins) -> str:
    young = [find_very_young(case, pins) for pins in (committed, candidate)]
    return digest_parts((side, list_pins(committed), list_pins(candidate), list_settings(case), young))


def _build_key(case: EnvironmentCase, pins: Pins, world: IndexView, checks: Sequence[Check]) -> str:
    asked = [(each.kind, each.command, sorted(each.ids), sorted(each.packages), each.together) for each in checks]
    known = [(sorted(each.before.passed or ()), each.before.owners) for each in checks if each.before]
    young = find_very_young(case, pins)
    return digest_parts((list_pins(pins), _list_view(world), asked, known, list_settings(case), young))


def list_pins(pins: Pins) -> list[object]:
    """List the pins with all that a lockfile says of them."""
    return [(name, str(pin), pin.marker, sorted(pin.extras), sorted(pin.hashes)) for name, pin in sorted(pins.items())]


def _list_view(world: IndexView) -> list[object]:
    return [world.uploaded_before, world.uploaded_before_by_project, world.specifiers, sorted(map(str, world.pinned))]


def list_settings(case: EnvironmentCase) -> list[object]:
    """List the settings that a check's result depends on."""
    chosen = case.settings
    return [
        case.spec.python,
        sorted(case.markers.items()),
        (chosen.test, chosen.smoke, chosen.boot, chosen.boot_seconds, chosen.imports),
        (chosen.project, chosen.setup, chosen.env, chosen.timeout_s, chosen.network, chosen.sandbox),
    ]


def digest_parts(parts: object) -> str:
    """Digest the parts of a key."""
    return hashlib.sha256(msgspec.json.encode(parts, enc_hook=str)).hexdigest()
