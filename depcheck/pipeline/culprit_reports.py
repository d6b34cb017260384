"""Report each cause: its releases, and which used things they removed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.messages.causes.evidence import find_failing_line
from depcheck.core.model.report import Culprit
from depcheck.core.model.requirements import get_required_name, select_active_requirements
from depcheck.core.search.chance_failures import ChanceFailures
from depcheck.core.search.model import Cause, TrialRecord
from depcheck.core.search.model import TrialAnswer as Seen
from depcheck.core.tool_output.api_errors import ApiChangeKind, ReleaseStep, find_missing_symbols
from depcheck.pipeline import to_report
from depcheck.pipeline.context import (
    EnvironmentCase,
    find_source_paths,
)
from depcheck.pipeline.last_run.recall_measurements import recall_text
from depcheck.pipeline.measure import MeasuredSides, Measurement
from depcheck.pipeline.trial_runner import (
    Hold,
    is_command_failure,
)

MOST_OTHERS = 3  # other failures that are told


def explain_cause(case: EnvironmentCase, sides: MeasuredSides, cause: Cause) -> str:
    """Describe what a cause's releases removed, and where it is used.

    Empty if the files show nothing.

    Cost: the fresh set is installed again, and each culprit's two releases are unpacked and compared.
    """
    good, bad = dict(cause.last_good), dict(cause.first_bad)
    heads = [name for name in cause.culprits if name in good and name in bad]
    if not heads or not sides.after.is_installed:
        return ""
    parts = (sorted(map(str, sides.after.pins.values())), cause.last_good, cause.first_bad, cause.failures[0])
    return recall_text(case, parts, lambda: _compare_releases(case, sides, cause, heads))


def _compare_releases(
    case: EnvironmentCase, sides: MeasuredSides, cause: Cause, heads: Sequence[NormalizedName]
) -> str:
    good, bad = dict(cause.last_good), dict(cause.first_bad)
    installed = case.ports.environments.install_pins(case.spec, sides.after.pins, sides.after.world)
    said = []
    for name in heads:
        step = ReleaseStep(name, good[name], bad[name], gap=any(name == each for each, _ in cause.skipped_releases))
        step = replace(step, dropped_requirements=_find_dropped_requirements(case, sides.before, cause, step))
        said.append(
            case.ports.explainer.explain_failure(case.spec, installed, sides.after.world, step, cause.failures[0])
        )
    return " ".join(dict.fromkeys(sentence for sentence in said if sentence))


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


def to_culprit(case: EnvironmentCase, cause: Cause, holds: Sequence[Hold]) -> Culprit:
    """Convert a cause and its holds to a report value."""
    shown = cause.failures[0]
    first = [to_report.find_upload_time(case, name, version) for name, version in cause.first_bad]
    return Culprit(
        packages=tuple(sorted(cause.culprits)),
        companions=tuple(sorted(cause.companions)),
        last_good=_to_texts_by_name(cause.last_good),
        first_bad=_to_texts_by_name(cause.first_bad),
        headline=shown.headline,
        evidence=shown.evidence,
        since=max((day for day in first if day), default=None),
        hold=tuple(each.line for each in holds),
        build=any(each.is_build_requirement for each in holds),
        skipped=tuple(f"{name} {version}" for name, version in cause.skipped_releases),
        skipped_because=cause.skipped_because,
        family=tuple(sorted(cause.family)),
        stay_back=tuple(sorted(cause.stay_back)),
        newly_failing=tuple(sorted(failure.id for failure in cause.failures if not is_command_failure(failure))),
        paths=find_source_paths(
            case, [] if any(each.is_build_requirement for each in holds) else [name for name, _ in cause.first_bad]
        ),
        trackers=to_report.find_issue_trackers(case, cause.first_bad),
        places={
            failure.id: place for failure in cause.failures if failure.id and (place := find_failing_line(failure))
        },
    )


def _to_texts_by_name(pairs: Sequence[tuple[NormalizedName, Version]]) -> dict[str, str]:
    return {name: str(version) for name, version in pairs}


def describe_flakes(flakes: ChanceFailures) -> str:
    """Describe how often sets that pass have failed by chance."""
    runs = flakes.failed + flakes.passed
    return (
        f"Of {runs} runs of sets that pass, {flakes.failed} failed by chance, so failures were run again until chance "
        "could be ruled out in 99 of 100 cases."
    )


def describe_other_failures(log: Sequence[TrialRecord]) -> list[str]:
    """Describe what trials showed beside the failure under search.

    It is reported, and not pursued.
    """
    said = Counter(a.observation.failures[0].headline for a in log if a.answer is Seen.OTHER)
    return [
        f"Seen in {count} of the trials, and not pursued because the fresh set does not fail so: {headline}"
        for headline, count in said.most_common(MOST_OTHERS)
    ]
