"""Tell for which releases the network was closed."""

from dataclasses import replace

from depcheck.core.config.cooldown import describe_days
from depcheck.core.model.checks import COMMAND_KINDS
from depcheck.core.model.report import EnvironmentReport
from depcheck.pipeline.closed_network.very_young import describe_very_young, to_very_young_reports
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import MeasuredSides


def annotate_closed_network(
    case: EnvironmentCase, report: EnvironmentReport, sides: MeasuredSides
) -> EnvironmentReport:
    """Add the very young releases of each side whose commands have run."""
    age = describe_days(case.settings.quarantine_days)
    for which, side in (("your lockfile", sides.before), ("all updates", sides.after)):
        if side.very_young and any(each.kind in COMMAND_KINDS for each in side.results):
            note = (
                f"The network was closed to smoke, boot and test commands of {which}, since not all is {age} old: "
                f"{describe_very_young(case, side.very_young)}."
            )
            young = to_very_young_reports(case, side.very_young)
            report = replace(report, notes=(*report.notes, note), very_young=young)
    return report
