"""Earlier runs of each environment of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from depcheck.core.model.report import EnvironmentReport, Report
from depcheck.reporting.html.elements import (
    Child,
    build_details,
    build_hidden_text,
    build_scrollable,
    build_status_badge,
    build_table,
    build_tag,
    get_status_grade,
)

_MAX_RUNS = 60


@dataclass(frozen=True, slots=True)
class PastRun:
    """One environment in one run."""

    moment: datetime
    environment: EnvironmentReport


def list_past_runs(name: str, reports: Sequence[Report]) -> tuple[PastRun, ...]:
    """Return the runs of the environment `name`, oldest first.

    Of two reports of one moment the last one counts.
    """
    found = {
        report.as_of or report.finished_at: environment
        for report in sorted(reports, key=lambda report: report.finished_at)
        for environment in report.environments
        if environment.name == name
    }
    return tuple(PastRun(at, judged) for at, judged in sorted(found.items(), key=lambda pair: pair[0]))[-_MAX_RUNS:]


def build_history(past: Sequence[PastRun]) -> Child:
    """Build a strip and a table of runs, and a sentence.

    The sentence says for how long the status has not changed. None for a single run.
    """
    if len(past) < 2:  # noqa: PLR2004  # tonight alone is no history
        return None
    return [
        build_tag("p", _describe_streak(past)),
        build_tag("ol", [_build_square(night) for night in past], class_="nights"),
        build_details(f"Night by night: {len(past)}", build_scrollable("Nights", _build_runs_table(past))),
    ]


def _describe_streak(past: Sequence[PastRun]) -> str:
    last = past[-1].environment.status
    same = next((n for n, night in enumerate(reversed(past)) if night.environment.status is not last), len(past))
    since = past[len(past) - same].moment
    green = next((night.moment for night in reversed(past) if night.environment.status.is_green), None)
    healthy = "" if last.is_green else f" Last green: {green:%Y-%m-%d}." if green else " Never green here."
    return f"{last} for {same} night{'' if same == 1 else 's'} in a row, since {since:%Y-%m-%d}.{healthy}"


def _build_square(night: PastRun) -> Element:
    day = f"{night.moment:%m-%d}"
    return build_tag(
        "li",
        build_tag("time", day, datetime=f"{night.moment:%Y-%m-%d}"),
        build_tag("span", "", class_=f"square {get_status_grade(night.environment.status)}", aria_hidden="true"),
        build_hidden_text(f" {night.environment.status}"),
        title=f"{night.moment:%Y-%m-%d %H:%M}: {night.environment.status}",
    )


def _build_runs_table(past: Sequence[PastRun]) -> Element:
    rows: list[list[Child]] = [
        [
            f"{night.moment:%Y-%m-%d %H:%M}",
            build_status_badge(night.environment.status),
            str(len(night.environment.changes)),
            _format_blamed_releases(night.environment) or "nobody",
        ]
        for night in reversed(past)
    ]
    return build_table("The nights, the newest first", ("Night (UTC)", "Verdict", "Changes", "Blamed"), rows)


def _format_blamed_releases(judged: EnvironmentReport) -> str:
    return ", ".join(f"{name} {bad}" for culprit in judged.culprits for name, bad in culprit.first_bad.items())
