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
    if len(past) < 2:  # noqa: PLR2004  # one run is no history
        return None
    return [
        build_tag("p", _describe_streak(past)),
        build_tag("ol", [_build_square(run) for run in past], class_="runs"),
        build_details(f"Each run: {len(past)}", build_scrollable("Runs", _build_runs_table(past))),
    ]


def _describe_streak(past: Sequence[PastRun]) -> str:
    last = past[-1].environment.status
    same = next((n for n, run in enumerate(reversed(past)) if run.environment.status is not last), len(past))
    since = past[len(past) - same].moment
    green = next((run.moment for run in reversed(past) if run.environment.status.is_green), None)
    healthy = "" if last.is_green else f" Last green: {green:%Y-%m-%d}." if green else " No green run is known."
    return f"{last} for {same} run{'' if same == 1 else 's'} in a row, since {since:%Y-%m-%d}.{healthy}"


def _build_square(run: PastRun) -> Element:
    day = f"{run.moment:%m-%d}"
    return build_tag(
        "li",
        build_tag("time", day, datetime=f"{run.moment:%Y-%m-%d}"),
        build_tag("span", "", class_=f"square {get_status_grade(run.environment.status)}", aria_hidden="true"),
        build_hidden_text(f" {run.environment.status}"),
        title=f"{run.moment:%Y-%m-%d %H:%M}: {run.environment.status}",
    )


def _build_runs_table(past: Sequence[PastRun]) -> Element:
    rows: list[list[Child]] = [
        [
            f"{run.moment:%Y-%m-%d %H:%M}",
            build_status_badge(run.environment.status),
            str(len(run.environment.changes)),
            _format_blamed_releases(run.environment) or "nobody",
        ]
        for run in reversed(past)
    ]
    return build_table("The runs, the newest first", ("Run (UTC)", "Verdict", "Changes", "Blamed"), rows)


def _format_blamed_releases(judged: EnvironmentReport) -> str:
    return ", ".join(f"{name} {bad}" for culprit in judged.culprits for name, bad in culprit.first_bad.items())
