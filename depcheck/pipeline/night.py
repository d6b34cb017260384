"""One night: every environment of a repository, judged in turn."""

from collections.abc import Callable, Sequence
from datetime import datetime

from depcheck.core.environments import EnvironmentSpec
from depcheck.core.report import EnvironmentReport
from depcheck.core.settings import Settings
from depcheck.pipeline.judging import judge
from depcheck.pipeline.ruling import unmatched
from depcheck.ports import Ports


def night(
    specs: Sequence[EnvironmentSpec],
    settings: Settings,
    connect: Callable[[EnvironmentSpec], Ports],
    now: Callable[[], datetime],
) -> tuple[EnvironmentReport, ...]:
    """The reports, in the order of `specs`. `connect` gives the ports for one environment."""
    reports = []
    for spec in specs:
        ports = connect(spec)
        ports.reporter.environment(spec)
        report = judge(spec, ports, settings.of(spec.configured), now)
        ports.reporter.judged(report)
        reports.append(report)
    whole = not settings.lockfiles and not settings.only  # else another run judges what a rule is for
    return unmatched(reports) if whole else tuple(reports)
