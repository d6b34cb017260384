"""Leave commands of your lockfile alone that an earlier run saw pass.

Only beside a set that passes too. Where that fails, the committed set is run: what is kept decides nothing against a
release, and nothing for one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.checks import COMMAND_KINDS, CheckResult, Outcome
from depcheck.core.model.pins import Pins
from depcheck.pipeline.closed_network.unreached import prove_sides
from depcheck.pipeline.closed_network.very_young import find_very_young
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.last_run.recall_measurements import (
    MOST_PASS_AGE,
    decode_record,
    digest_parts,
    encode_record,
    list_pins,
    list_settings,
)
from depcheck.pipeline.measure import MeasuredSides, Measurement, measure_baseline, measure_pins, plan_checks


@dataclass(frozen=True, slots=True)
class KeptPass:
    """The passing commands of a committed set, as they are stored.

    `content` is a digest of what was installed; `seen_at` is when they were run.
    """

    seen_at: datetime
    content: str
    results: tuple[CheckResult, ...]


def recall_baseline(case: EnvironmentCase, committed: LockSet) -> Measurement | None:
    """Install the committed set, with what its commands showed before.

    None if that is not known, is older than a week, or was seen with other files installed.
    """
    kept = decode_record(case.ports.kept_passes.recall_record(case.spec, _build_key(case, committed.pins)), KeptPass)
    if kept is None or not timedelta(0) <= case.now - kept.seen_at <= MOST_PASS_AGE or not _is_whole_pass(kept.results):
        return None
    case.ports.reporter.start_stage(f"install your lockfile; it passed its checks on {kept.seen_at:%Y-%m-%d}")
    seen = measure_pins(case, committed.pins, case.current_view, (), "baseline")
    if not seen.is_installed or seen.content != kept.content:
        return None
    return replace(seen, results=(*seen.results, *kept.results), kept_since=kept.seen_at)


def remember_baseline(case: EnvironmentCase, before: Measurement) -> None:
    """Keep what the commands showed, if all passed in this run."""
    results = tuple(replace(each, log="") for each in before.results if each.kind in COMMAND_KINDS)
    is_seen = before.kept_since is None and before.world == case.current_view and before.content
    if not is_seen or not _is_whole_pass(results):
        return
    passes, key = case.ports.kept_passes, _build_key(case, before.pins)
    if content := encode_record(KeptPass(case.now, before.content, results)):
        passes.remember_record(case.spec, key, content)
        passes.close_records(case.spec, keep=True)


def measure_beside(
    case: EnvironmentCase,
    sets: tuple[LockSet, LockSet],
    before: Measurement,
    measure: Callable[[Measurement], Measurement],
    label: str,
) -> MeasuredSides:
    """Measure the second of two sets by `measure`, and prove both sides.

    Where not all passes beside a kept pass, that is forgotten, and the committed set is run.
    """
    after = measure(before)
    sides = MeasuredSides(*sets, *prove_sides(case, before, after, label))
    if before.kept_since is None or _is_clean(sides):
        return sides
    real = measure_baseline(case, sets[0], sides.changed_names)
    if plan_checks(case.settings, frozenset(), real) != plan_checks(case.settings, frozenset(), before):
        after = measure(real)  # what would be run is another guess now
    return MeasuredSides(*sets, *prove_sides(case, real, after, label))


def _is_clean(sides: MeasuredSides) -> bool:
    """Return True if the fresh set can be judged alone."""
    comparison, after = sides.comparison, sides.after
    found = (*comparison.regressions, *comparison.shared_failures)
    commands = [each for each in after.results if each.kind in COMMAND_KINDS]
    return after.is_installed and not found and _is_whole_pass(commands)


def _is_whole_pass(results: Sequence[CheckResult]) -> bool:
    """Return True if something was run, and all of it passed."""
    return bool(results) and all(
        each.kind in COMMAND_KINDS and each.outcome is Outcome.PASS and not each.failures and not each.unreached
        for each in results
    )


def _build_key(case: EnvironmentCase, pins: Pins) -> str:
    """Build a key of what is asked.

    The store adds the repository, the system, and what commands are given to see.
    """
    spec = case.spec
    young = find_very_young(case, pins)
    parts = (list_pins(pins), list_settings(case), spec.name, spec.project, spec.history, case.is_closed, young)
    return digest_parts(("committed set passes", *parts))
