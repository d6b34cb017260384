"""Past nights: how each environment of tonight fared before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from depcheck.core.report import EnvironmentReport, Report
from depcheck.reporting.page.elements import Child, folded, hidden, scrolling, table, tag
from depcheck.reporting.page.words import badge, grade

_MOST = 60


@dataclass(frozen=True, slots=True)
class Night:
    """One environment on one night."""

    at: datetime
    judged: EnvironmentReport


def nights(name: str, reports: Sequence[Report]) -> tuple[Night, ...]:
    """The nights of the environment `name`, the oldest first; of two reports of one moment the last counts."""
    found = {
        report.as_of or report.finished_at: environment
        for report in sorted(reports, key=lambda report: report.finished_at)
        for environment in report.environments
        if environment.name == name
    }
    return tuple(Night(at, judged) for at, judged in sorted(found.items(), key=lambda pair: pair[0]))[-_MOST:]


def history(past: Sequence[Night]) -> Child:
    """A strip of nights, how long it has been so, and the nights in a table; empty for one night alone."""
    if len(past) < 2:  # noqa: PLR2004  # tonight alone is no history
        return None
    return [
        tag("p", _sentence(past)),
        tag("ol", [_square(night) for night in past], class_="nights"),
        folded(f"Night by night: {len(past)}", scrolling("Nights", _told(past))),
    ]


def _sentence(past: Sequence[Night]) -> str:
    last = past[-1].judged.status
    same = next((n for n, night in enumerate(reversed(past)) if night.judged.status is not last), len(past))
    since = past[len(past) - same].at
    green = next((night.at for night in reversed(past) if night.judged.status.exit_status == 0), None)
    healthy = "" if last.exit_status == 0 else f" Last green: {green:%Y-%m-%d}." if green else " Never green here."
    return f"{last} for {same} night{'' if same == 1 else 's'} in a row, since {since:%Y-%m-%d}.{healthy}"


def _square(night: Night) -> Element:
    day = f"{night.at:%m-%d}"
    return tag(
        "li",
        tag("time", day, datetime=f"{night.at:%Y-%m-%d}"),
        tag("span", "", class_=f"square {grade(night.judged.status)}", aria_hidden="true"),
        hidden(f" {night.judged.status}"),
        title=f"{night.at:%Y-%m-%d %H:%M}: {night.judged.status}",
    )


def _told(past: Sequence[Night]) -> Element:
    rows: list[list[Child]] = [
        [
            f"{night.at:%Y-%m-%d %H:%M}",
            badge(night.judged.status),
            str(len(night.judged.changes)),
            _blamed(night.judged) or "nobody",
        ]
        for night in reversed(past)
    ]
    return table("The nights, the newest first", ("Night (UTC)", "Verdict", "Changes", "Blamed"), rows)


def _blamed(judged: EnvironmentReport) -> str:
    return ", ".join(f"{name} {bad}" for culprit in judged.culprits for name, bad in culprit.first_bad.items())
