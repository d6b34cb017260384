"""The living dashboard: one issue that shows every environment of a branch, and remembers since when.

It is written when something changed, and else once a week, as a heartbeat: an edit mails nobody, but a write for each
quiet night would fill its history and hide the change that matters. Its memory is a hidden line for each row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import quote, unquote

from depcheck.core.markdown import BODY_LIMIT_BYTES, code, fits, harmless, paragraphs, prose, table
from depcheck.core.markers import short_digest
from depcheck.core.report import EnvironmentReport, Status
from depcheck.core.sections import count, day, joined, said

FORGOTTEN_DAYS = 30  # a row that no run has judged for so long is of a lockfile that is gone
_MOST_ROWS, _MOST_HELD = 200, 8
_MARKER_BYTES = 512
_ROOM_BYTES, _CELLS_BYTES = 60_000, 260  # of all rows; of one row beside its name and what it holds
_DAY = r"\d{4}-\d\d-\d\d"
_PIN = r"[a-z0-9][a-z0-9.-]{0,98}==[0-9a-z][0-9a-z.!+-]{0,60}"
_ROW = re.compile(
    r"^<!-- depcheck row name=(?P<name>[\w./~%-]{1,600}) python=(?P<python>\d\.\d{1,2}|-)"
    r" status=(?P<status>[a-z-]{4,20})"
    rf" since=(?P<since>{_DAY}) green=(?P<green>{_DAY}|-) seen=(?P<seen>{_DAY})(?P<held>(?: {_PIN}){{0,{_MOST_HELD}}})"
    r" -->\r?$",
    re.MULTILINE | re.ASCII,
)
_GREEN = frozenset({Status.QUIET, Status.SAFE})
_LAMPS = {Status.QUIET: "🟢", Status.SAFE: "🟢", Status.BREAKS: "🔴", Status.UNRESOLVABLE: "🔴"}
_SAID = {Status.QUIET: "up to date", Status.SAFE: "update waits", Status.BREAKS: "a fresh installation breaks"}


@dataclass(frozen=True, slots=True)
class Row:
    """One environment: its status and since when, when it was last seen green (empty: never), and last judged.

    Days are ISO dates. `held` are packages at their last good releases.
    """

    name: str
    python: str
    status: Status
    since: str
    green: str
    seen: str
    held: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """The hidden line."""
        held = "".join(f" {name}=={version}" for name, version in self.held)
        return (
            f"<!-- depcheck row name={quote(self.name, safe='/')} python={self.python or '-'} status={self.status}"
            f" since={self.since} green={self.green or '-'} seen={self.seen}{held} -->"
        )


@dataclass(frozen=True, slots=True)
class Board:
    """What tonight's run judged."""

    moment: datetime
    environments: tuple[EnvironmentReport, ...]


def remembered(body: str) -> tuple[Row, ...]:
    """The rows that a body holds; what has not their shape is not read, as people can edit bodies."""
    found = [
        each for each in _ROW.finditer(body) if each["status"] in set(Status) and _is_day(each["since"], each["seen"])
    ]
    return tuple(_row(each) for each in found)[:_MOST_ROWS]


def rows(board: Board, before: Iterable[Row]) -> tuple[Row, ...]:
    """Tonight's rows and those that other runs have judged, by name. A night that failed by itself changes no row."""
    known = {row.name: row for row in before}
    today = f"{board.moment:%Y-%m-%d}"
    judged = {each.name: _judged(each, known.get(each.name), today) for each in board.environments}
    kept = {name: row for name, row in known.items() if _days(row.seen, today) <= FORGOTTEN_DAYS}
    return _fitting(row for _, row in sorted({**kept, **judged}.items()))


def digest(found: Iterable[Row]) -> str:
    """What makes two nights' dashboards the same: neither the ages in it nor the last green day."""
    return short_digest(*(f"{row.name} {row.python} {row.status} {row.since} {row.held}" for row in found))


def heartbeat(moment: datetime) -> str:
    """Another one each week (ISO weeks begin on Monday)."""
    year, week, _ = moment.isocalendar()
    return short_digest("heartbeat", str(year), str(week))


def title(branch: str) -> str:
    """`depcheck dashboard: main`."""
    return harmless(f"depcheck dashboard{f': {branch}' if branch else ''}", 200)


def body(board: Board, found: Sequence[Row]) -> str:
    """The text, with as many reasons as fit."""
    texts = (_body(board, found, chars) for chars in (200, 80, 0))
    return next(
        (text for text in texts if fits(text, BODY_LIMIT_BYTES - _MARKER_BYTES)), "Too many environments to show."
    )


def _fitting(found: Iterable[Row]) -> tuple[Row, ...]:
    """The first rows that a body has room for: what it cannot remember would be new every night."""
    room, kept = _ROOM_BYTES, []
    for row in found:
        room -= 2 * len(row.line.encode()) + _CELLS_BYTES
        if room < 0:
            break
        kept.append(row)
    return tuple(kept)


def _body(board: Board, found: Sequence[Row], chars: int) -> str:
    green = sum(row.status in _GREEN for row in found)
    others = [f"{code(row.name, 120)} ({row.status})" for row in found if row.status not in _GREEN]
    bad = f" Not green: {joined(others[:6])}." if others else ""
    judged = {each.name: each for each in board.environments}
    cells = [_cells(row, judged.get(row.name), board.moment, chars) for row in found]
    return paragraphs(
        f"**{green} of {count(len(found), 'environment')} green.**{bad}",
        table(("environment", "held back"), cells),
        f"Heartbeat: {day(board.moment)}. This issue is edited when something changes, else by the first run of each "
        "week; dates in it can be that much behind. Is the heartbeat more than eight days old, depcheck does not run "
        "any more: look under *Actions* whether the schedule was switched off.",
        "<sub>Kept up to date by depcheck; pull requests and issues bear the label <code>depcheck</code>.</sub>",
        "\n".join(row.line for row in found),
    )


def _cells(row: Row, judged: EnvironmentReport | None, moment: datetime, chars: int) -> tuple[str, ...]:
    status = f"{_LAMPS.get(row.status, '🟡')} {_SAID.get(row.status, str(row.status))} since {row.since}"
    green = "" if row.status in _GREEN else f"last green: {row.green or 'not seen yet'}"
    python = f"Python {row.python}" if row.python else ""
    behind = _behind(judged, moment) if judged else ""
    return (
        "<br>".join(filter(None, (code(row.name, 120), python, status, green, behind))),
        "<br>".join(_held(row, judged, moment, chars)) or "nothing",
    )


def _behind(judged: EnvironmentReport, moment: datetime) -> str:
    """For how long the oldest release has waited that a fresh resolution takes and the lockfile lacks."""
    days = [each.released_at for each in judged.changes if each.released_at and each.kind == "upgraded"]
    return f"{count(max((moment - min(days)).days, 0), 'day')} behind" if days else ""


def _held(row: Row, judged: EnvironmentReport | None, moment: datetime, chars: int) -> Iterator[str]:
    for name, version in row.held:
        culprit = next((each for each in judged.culprits if name in each.packages), None) if judged else None
        age = f", {count(max((moment - culprit.since).days, 0), 'day')}" if culprit and culprit.since else ""
        why = prose(said(culprit), chars) if culprit and chars else ""
        yield f"{code(f'{name} {version}')}{age}{f': {why}' if why else ''}"


def _judged(environment: EnvironmentReport, before: Row | None, today: str) -> Row:
    if environment.status is Status.INFRA and before is not None:
        return before
    green = environment.status in _GREEN
    since = before.since if before and before.status is environment.status else today
    python = environment.python if re.fullmatch(r"\d\.\d{1,2}", environment.python) else ""
    held = [pair for culprit in environment.culprits if not culprit.build for pair in culprit.last_good.items()]
    sound = tuple(sorted({(n, v) for n, v in held if re.fullmatch(_PIN, f"{n}=={v}", re.ASCII)}))[:_MOST_HELD]
    last = today if green else before.green if before else ""
    row = Row(environment.name, python, environment.status, since, last, today, sound)
    return row if _ROW.fullmatch(row.line) else replace(row, name=harmless(environment.name, 60), held=())


def _row(found: re.Match[str]) -> Row:
    pairs = (word.partition("==") for word in found["held"].split())
    return Row(
        name=unquote(found["name"]),
        python=found["python"].strip("-"),
        status=Status(found["status"]),
        since=found["since"],
        green=found["green"] if _is_day(found["green"]) else "",
        seen=found["seen"],
        held=tuple((name, version) for name, _, version in pairs),
    )


def _days(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def _is_day(*texts: str) -> bool:
    try:
        return all(date.fromisoformat(text) for text in texts)
    except ValueError:
        return False
