"""The dashboard issue: the status of all environments of a branch.

It is edited when something changed, and otherwise once a week as a heartbeat. An edit notifies nobody,
but an edit on every quiet run would fill the issue's history and hide the change that matters. The state
is a hidden line for each row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import quote, unquote

from depcheck.core.messages.causes.evidence import extract_error_text
from depcheck.core.messages.hidden_state import (
    ISO_DAY,
    compile_hidden_comment,
    compute_short_digest,
    is_hidden_pin,
    parse_hidden_pins,
    render_hidden_comment,
)
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import (
    BODY_LIMIT_BYTES,
    escape_prose,
    is_within_body_limit,
    join_paragraphs,
    neutralize_line,
    render_code_span,
    render_markdown_table,
)
from depcheck.core.text.phrases import format_count, format_day, join_with_and

ROW_LIFETIME_DAYS = 30  # a row that no run has judged for so long is of a lockfile that is gone
_MOST_ROWS, _MOST_HELD = 200, 8
_MARKER_BYTES = 1024
_ALL_ROWS_BYTES, _ROW_CELLS_BYTES = 60_000, 260  # of all rows; of one row beside its name and what it holds
_ROW = compile_hidden_comment(
    "row",
    {
        "name": r"[\w./~%-]{1,600}",
        "python": r"\d\.\d{1,2}|-",
        "status": "[a-z-]{4,20}",
        "since": ISO_DAY,
        "green": f"{ISO_DAY}|-",
        "seen": ISO_DAY,
    },
)
_STATUS_EMOJI = {0: "🟢", 1: "🔴", 3: "🟡"}
_WAITING_PHRASES = {Status.QUIET: "up to date", Status.SAFE: "update waits", Status.BREAKS: Status.BREAKS.phrase}


@dataclass(frozen=True, slots=True)
class DashboardRow:
    """The state of one environment in the dashboard.

    Days are ISO dates: since when it has its status, when it was last green (empty for never), and when it
    was last judged. `held_releases` are (package, last good version) pairs.
    """

    name: str
    python: str
    status: Status
    status_since: str
    last_green: str
    last_judged: str
    held_releases: tuple[tuple[str, str], ...] = ()

    @property
    def hidden_line(self) -> str:
        """Return the hidden comment that stores the row."""
        fields = {
            "name": quote(self.name, safe="/"),
            "python": self.python or "-",
            "status": self.status,
            "since": self.status_since,
            "green": self.last_green or "-",
            "seen": self.last_judged,
        }
        return render_hidden_comment("row", fields, self.held_releases)


@dataclass(frozen=True, slots=True)
class DashboardInput:
    """The time of a run and the environments that it judged.

    `known_names` are those of all environments, empty if it is not known whether there are others.
    """

    moment: datetime
    environments: tuple[EnvironmentReport, ...]
    known_names: tuple[str, ...] = ()


def parse_dashboard_rows(body: str) -> tuple[DashboardRow, ...]:
    """Parse the rows that a body stores.

    Lines of another shape are skipped, because people can edit the body.
    """
    found = [
        each
        for each in _ROW.finditer(body)
        if each["status"] in set(Status) and _has_valid_days(each["since"], each["seen"])
    ]
    return tuple(_parse_row(each) for each in found)[:_MOST_ROWS]


def update_dashboard_rows(board: DashboardInput, before: Iterable[DashboardRow]) -> tuple[DashboardRow, ...]:
    """Update the stored rows with the environments of this run.

    Rows of other runs are kept for ROW_LIFETIME_DAYS. An environment with an infrastructure failure keeps its
    row. Order: by name.
    """
    known = {row.name: row for row in before}
    today = f"{board.moment:%Y-%m-%d}"
    judged = {each.name: _update_row(each, known.get(each.name), today) for each in board.environments}
    kept = {
        name: row
        for name, row in known.items()
        if _count_days(row.last_judged, today) <= ROW_LIFETIME_DAYS
        and (name in board.known_names or not board.known_names)
    }
    return _limit_rows(row for _, row in sorted({**kept, **judged}.items()))


def compute_rows_digest(found: Iterable[DashboardRow]) -> str:
    """Compute a digest of what makes a dashboard worth an edit.

    Ages and the last green day do not count.
    """
    return compute_short_digest(
        *(f"{row.name} {row.python} {row.status} {row.status_since} {row.held_releases}" for row in found)
    )


def compute_heartbeat(moment: datetime) -> str:
    """Compute a digest that changes each ISO week, which begins on Monday."""
    year, week, _ = moment.isocalendar()
    return compute_short_digest("heartbeat", str(year), str(week))


def format_dashboard_title(branch: str) -> str:
    """Format the dashboard's title, such as `depcheck dashboard: main`."""
    return neutralize_line(f"depcheck dashboard{f': {branch}' if branch else ''}", 200)


def render_dashboard_body(board: DashboardInput, found: Sequence[DashboardRow]) -> str:
    """Render the dashboard's body.

    Reasons are shortened until it fits into GitHub's limit.
    """
    texts = (_render_body(board, found, chars) for chars in (200, 80, 0))
    return next(
        (text for text in texts if is_within_body_limit(text, BODY_LIMIT_BYTES - _MARKER_BYTES)),
        "Too many environments to show.",
    )


def _limit_rows(found: Iterable[DashboardRow]) -> tuple[DashboardRow, ...]:
    """Return the first rows that fit into a body.

    A row that is not stored would look new on every run.
    """
    room, kept = _ALL_ROWS_BYTES, []
    for row in found:
        room -= 2 * len(row.hidden_line.encode()) + _ROW_CELLS_BYTES
        if room < 0:
            break
        kept.append(row)
    return tuple(kept)


def _render_body(board: DashboardInput, found: Sequence[DashboardRow], chars: int) -> str:
    """Render the body with at most `chars` characters for each reason."""
    green = sum(row.status.is_green for row in found)
    others = [f"{render_code_span(row.name, 120)} ({row.status})" for row in found if not row.status.is_green]
    bad = f" Not green: {join_with_and(others[:6])}." if others else ""
    judged = {each.name: each for each in board.environments}
    cells = [_render_cells(row, judged.get(row.name), board.moment, chars) for row in found]
    return join_paragraphs(
        f"**{green} of {format_count(len(found), 'environment')} green.**{bad}",
        render_markdown_table(("environment", "held back"), cells),
        f"Heartbeat: {format_day(board.moment)}. This issue is edited when something changes, else by the first run of "
        "each week; dates in it can be that much behind. Is the heartbeat more than eight days old, depcheck does not "
        "run any more: look under *Actions* whether the schedule was switched off.",
        "<sub>Kept up to date by depcheck; pull requests and issues bear the label <code>depcheck</code>.</sub>",
        "\n".join(row.hidden_line for row in found),
    )


def _render_cells(row: DashboardRow, judged: EnvironmentReport | None, moment: datetime, chars: int) -> tuple[str, ...]:
    """Render the two table cells of a row."""
    phrase = _WAITING_PHRASES.get(row.status, str(row.status))
    status = f"{_STATUS_EMOJI[row.status.exit_status]} {phrase} since {row.status_since}"
    green = "" if row.status.is_green else f"last green: {row.last_green or 'not seen yet'}"
    python = f"Python {row.python}" if row.python else ""
    behind = _format_lag(judged, moment) if judged else ""
    return (
        "<br>".join(filter(None, (render_code_span(row.name, 120), python, status, green, behind))),
        "<br>".join(_format_held_releases(row, judged, moment, chars)) or "nothing",
    )


def _format_lag(judged: EnvironmentReport, moment: datetime) -> str:
    """Format the age of the oldest release that the lockfile lacks."""
    days = [each.released_at for each in judged.changes if each.released_at and each.kind == "upgraded"]
    return f"{format_count(max((moment - min(days)).days, 0), 'day')} behind" if days else ""


def _format_held_releases(
    row: DashboardRow, judged: EnvironmentReport | None, moment: datetime, chars: int
) -> Iterator[str]:
    """Yield one text for each held release, with its age and reason."""
    for name, version in row.held_releases:
        culprit = next((each for each in judged.culprits if name in each.packages), None) if judged else None
        age = f", {format_count(max((moment - culprit.since).days, 0), 'day')}" if culprit and culprit.since else ""
        why = escape_prose(extract_error_text(culprit), chars) if culprit and chars else ""
        yield f"{render_code_span(f'{name} {version}')}{age}{f': {why}' if why else ''}"


def _update_row(environment: EnvironmentReport, before: DashboardRow | None, today: str) -> DashboardRow:
    """Build the new row of a judged environment from its previous row."""
    if environment.status is Status.INFRA and before is not None:
        return before
    green = environment.status.is_green
    since = before.status_since if before and before.status is environment.status else today
    python = environment.python if re.fullmatch(r"\d\.\d{1,2}", environment.python) else ""
    held = [pair for culprit in environment.culprits if not culprit.build for pair in culprit.last_good.items()]
    sound = tuple(sorted({pin for pin in held if is_hidden_pin(*pin)}))[:_MOST_HELD]
    last = today if green else before.last_green if before else ""
    row = DashboardRow(environment.name, python, environment.status, since, last, today, sound)
    return (
        row
        if _ROW.fullmatch(row.hidden_line)
        else replace(row, name=neutralize_line(environment.name, 60), held_releases=())
    )


def _parse_row(found: re.Match[str]) -> DashboardRow:
    """Build a row from a matched hidden line."""
    return DashboardRow(
        name=unquote(found["name"]),
        python=found["python"].strip("-"),
        status=Status(found["status"]),
        status_since=found["since"],
        last_green=found["green"] if _has_valid_days(found["green"]) else "",
        last_judged=found["seen"],
        held_releases=parse_hidden_pins(found["pins"]),
    )


def _count_days(earlier: str, later: str) -> int:
    """Count the days between two ISO dates."""
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def _has_valid_days(*texts: str) -> bool:
    """Return True if all texts are valid ISO dates."""
    try:
        return all(date.fromisoformat(text) for text in texts)
    except ValueError:
        return False
