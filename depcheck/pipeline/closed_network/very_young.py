"""Find releases that are too young to reach the network."""

from collections.abc import Sequence

from depcheck.core.config.cooldown import describe_days
from depcheck.core.model.advisories import ReleaseId
from depcheck.core.model.index_facts.caution_reports import VeryYoungReport
from depcheck.core.model.pins import Pins
from depcheck.pipeline.context import EnvironmentCase

_MOST_NAMED = 4


def find_very_young(case: EnvironmentCase, pins: Pins) -> tuple[ReleaseId, ...]:
    """Find the pins with files that are younger than `quarantine`, by name.

    None where the network is closed anyway, or cannot be. What an index gives no time for is of no age.
    """
    days = case.settings.quarantine_days
    if not days or not case.settings.sandbox or not case.settings.network.startswith("open"):
        return ()
    now, aged = case.current_view, case.get_aged_view(days)
    releases = sorted((pin.name, pin.version) for pin in pins.values() if pin.version)
    shown = case.ports.index.list_releases
    return tuple(
        (name, version)
        for name, version in releases
        if [each for each in shown(name, now) if each.version == version]
        != [each for each in shown(name, aged) if each.version == version]
    )


def to_very_young_reports(case: EnvironmentCase, releases: Sequence[ReleaseId]) -> tuple[VeryYoungReport, ...]:
    """Convert very young releases to report values, with their times."""
    return tuple(
        VeryYoungReport(name, str(version), each.uploaded_at)
        for name, version in releases
        for each in case.ports.index.list_releases(name, case.current_view)
        if each.version == version
    )


def describe_very_young(case: EnvironmentCase, releases: Sequence[ReleaseId]) -> str:
    """Describe very young releases as `boto3 1.40.2 (5 hours old)`."""
    said = []
    for each in to_very_young_reports(case, releases[:_MOST_NAMED]):
        age = (case.moment - each.released_at).total_seconds() / 86_400 if each.released_at else 0.0
        said.append(f"{each.package} {each.version} ({describe_days(max(age, 0.0))} old)")
    more = f" and {len(releases) - _MOST_NAMED} more" if len(releases) > _MOST_NAMED else ""
    return f"{', '.join(said)}{more}"
