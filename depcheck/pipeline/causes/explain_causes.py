"""Explain what a cause's releases removed or changed."""

from collections.abc import Sequence
from dataclasses import replace

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.requirements import get_required_name, select_active_requirements
from depcheck.core.search.model import Cause
from depcheck.core.tool_output.api_errors import ApiChangeKind, ReleaseStep, find_missing_symbols
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.last_run.recall_measurements import recall_text
from depcheck.pipeline.measure import MeasuredSides, Measurement


def explain_cause(case: EnvironmentCase, sides: MeasuredSides, cause: Cause) -> tuple[str, tuple[str, ...]]:
    """Describe what a cause's releases removed, and where it is used.

    Returns the sentence, empty if the files show nothing, and the requirements that were dropped and are missed.

    Cost: the fresh set is installed again, and each culprit's two releases are unpacked and compared, once for all
    runs with the same sets.
    """
    steps = _list_steps(case, sides.before, cause)
    if not steps or not sides.after.is_installed:
        return "", ()
    dropped = sorted({name for step in steps for name, _ in step.dropped_requirements})
    parts = (sorted(map(str, sides.after.pins.values())), cause.last_good, cause.first_bad, cause.failures[0])
    return recall_text(case, parts, lambda: _compare_releases(case, sides, steps, cause.failures[0])), tuple(dropped)


def _compare_releases(
    case: EnvironmentCase, sides: MeasuredSides, steps: Sequence[ReleaseStep], failure: Failure
) -> str:
    installed = case.ports.environments.install_pins(case.spec, sides.after.pins, sides.after.world)
    explain = case.ports.explainer.explain_failure
    said = [explain(case.spec, installed, sides.after.world, step, failure) for step in steps]
    return " ".join(dict.fromkeys(sentence for sentence in said if sentence))


def _list_steps(case: EnvironmentCase, before: Measurement, cause: Cause) -> list[ReleaseStep]:
    """List the two releases of each culprit that has both."""
    good, bad, skipped = dict(cause.last_good), dict(cause.first_bad), {name for name, _ in cause.skipped_releases}
    steps = [
        ReleaseStep(name, good[name], bad[name], gap=name in skipped)
        for name in cause.culprits
        if name in good and name in bad
    ]
    return [replace(step, dropped_requirements=_find_dropped_requirements(case, before, cause, step)) for step in steps]


def _find_dropped_requirements(
    case: EnvironmentCase, before: Measurement, cause: Cause, step: ReleaseStep
) -> tuple[tuple[NormalizedName, frozenset[str]], ...]:
    """Find the requirements that the first bad release no longer has.

    Each comes with those of its modules that the failure misses.
    """
    missing = {
        each.name.partition(".")[0]
        for each in find_missing_symbols(cause.failures[0])
        if each.kind is ApiChangeKind.MODULE
    }
    modules = {each.name: each.modules & missing for each in before.distributions}
    gone = _list_required(case, step.name, step.last_good) - _list_required(case, step.name, step.first_bad)
    return tuple((each, modules[each]) for each in sorted(gone) if modules.get(each))


def _list_required(case: EnvironmentCase, name: NormalizedName, version: Version) -> frozenset[NormalizedName]:
    lines = case.ports.index.get_requires_dist(name, version) or ()
    return frozenset(get_required_name(wanted) for wanted in select_active_requirements(lines, case.markers))
