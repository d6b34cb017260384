"""The search as a picture: which trial took which changes and how it ended; then the releases that were tried."""

from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from packaging.version import InvalidVersion, Version

from depcheck.core.checks import Outcome
from depcheck.core.report import EnvironmentReport, TrialReport
from depcheck.reporting.page.elements import Child, folded, scrolling, table, tag
from depcheck.reporting.page.words import MARKS, OTHERWISE, guilty, result

_MOST_ROWS, _MOST_COLUMNS = 40, 60
_CELL, _NAMES, _TOP, _CHARS = 20, 170, 24, 22


def search(environment: EnvironmentReport, number: int) -> Child:
    """Both pictures and the same in words; empty where nothing was searched."""
    log = environment.trial_log
    if not log:
        return None
    numbered = list(enumerate(log, 1))
    subsets = [(place, trial) for place, trial in numbered if not trial.at]
    fixed = [(place, trial) for place, trial in numbered if trial.at]
    return [
        _who(environment, subsets, number) if subsets else None,
        [_since(environment, name, fixed, number) for name in _dated(fixed)],
        folded(f"Trial by trial: {len(log)}", scrolling("Trials", _told(numbered))),
    ]


def _who(environment: EnvironmentReport, trials: Sequence[tuple[int, TrialReport]], number: int) -> Child:
    """A row a change, a column a trial; a filled cell is a change that the trial took."""
    shown = trials[:_MOST_COLUMNS]
    counted = Counter(name for _, trial in shown for name in trial.moved)
    blamed = guilty(environment)
    names = sorted(counted, key=lambda name: (name not in blamed, counted[name], name))
    rows = names[:_MOST_ROWS]
    width, height = _NAMES + (len(shown) + 2) * _CELL, _TOP + (len(rows) + 1) * _CELL + 6
    ends = ((0, "committed", Outcome.PASS), (len(shown) + 1, "everything new", Outcome.FAIL))
    picture = tag(
        "svg",
        tag("title", f"Who: {len(trials)} trials of mixed sets", id=f"who-{number}"),
        [_name(name, row, blamed=name in blamed) for row, name in enumerate(rows)],
        [_column(place, 1 + at, trial, rows) for at, (place, trial) in enumerate(shown)],
        [_end(at, words, outcome, len(rows)) for at, words, outcome in ends],
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"who-{number}",
        class_="search",
    )
    left = len(names) - len(rows)
    return [
        tag(
            "p",
            "A column is a trial, from the committed set (left) to everything new (right); a filled cell is a change "
            "that it took. Below: ✓ passes, ✗ the same failure, ≠ another failure, ? no answer.",
            class_="dim",
        ),
        scrolling("Who: the trials of mixed sets", picture),
        tag("p", f"{left} further changes are not drawn.", class_="dim") if left else None,
    ]


def _name(name: str, row: int, *, blamed: bool) -> Element:
    short = name if len(name) <= _CHARS else f"{name[: _CHARS - 1]}…"
    return tag(
        "text",
        f"✗ {short}" if blamed else short,
        x=_NAMES - 8,
        y=_TOP + row * _CELL + 15,
        class_="name guilty" if blamed else "name",
    )


def _column(place: int, at: int, trial: TrialReport, rows: Sequence[str]) -> Element:
    x = _NAMES + at * _CELL
    cells = [_cell(x, row, trial if name in trial.moved else None) for row, name in enumerate(rows)]
    mark = OTHERWISE if trial.other else MARKS[trial.outcome]
    words = f"Trial {place}: {trial.why}. {'Otherwise: ' * trial.other}{trial.outcome}. {trial.headline[:200]}"
    return tag(
        "g",
        tag("title", words),
        tag("text", str(place), x=x + _CELL / 2, y=_TOP - 8, class_="small"),
        cells,
        tag("text", mark, x=x + _CELL / 2, y=_TOP + len(rows) * _CELL + 16, class_=f"mark {trial.outcome}"),
    )


def _cell(x: int, row: int, trial: TrialReport | None) -> Element:
    kind = f"cell {'other' if trial.other else trial.outcome}" if trial else "cell"
    return tag("rect", x=x + 1, y=_TOP + row * _CELL + 1, width=_CELL - 2, height=_CELL - 2, rx=3, class_=kind)


def _end(at: int, words: str, outcome: Outcome, rows: int) -> Element:
    x = _NAMES + at * _CELL
    taken = outcome is Outcome.FAIL
    kind = f"cell end {outcome}" if taken else "cell end"
    return tag(
        "g",
        tag("title", f"{words}: {outcome}"),
        [
            tag("rect", x=x + 1, y=_TOP + row * _CELL + 1, width=_CELL - 2, height=_CELL - 2, rx=3, class_=kind)
            for row in range(rows)
        ],
        tag("text", MARKS[outcome], x=x + _CELL / 2, y=_TOP + rows * _CELL + 16, class_=f"mark {outcome}"),
    )


def _dated(trials: Sequence[tuple[int, TrialReport]]) -> list[str]:
    """The packages whose releases were tried: of each trial the one that it put in place."""
    return list(dict.fromkeys(next(iter(trial.at)) for _, trial in trials))


def _since(environment: EnvironmentReport, name: str, trials: Sequence[tuple[int, TrialReport]], number: int) -> Child:
    """The releases of one package in version order, between its last good and its first bad one."""
    tried = {trial.at[name]: (place, trial) for place, trial in trials if name in trial.at}
    known = {
        version: mark
        for culprit in environment.culprits
        for version, mark in (
            (culprit.last_good.get(name), Outcome.PASS),
            (culprit.first_bad.get(name), Outcome.FAIL),
        )
        if version
    }
    versions = sorted({*tried, *known}, key=_key)[:_MOST_COLUMNS]
    step = 76
    ident = f"since-{number}-{name}"
    picture = tag(
        "svg",
        tag("title", f"Since when: releases of {name} that were tried", id=ident),
        tag("line", x1=step / 2, y1=34, x2=(len(versions) - 0.5) * step, y2=34, class_="axis"),
        [_release(at, version, tried.get(version), known.get(version)) for at, version in enumerate(versions)],
        viewBox=f"0 0 {len(versions) * step} 72",
        width=len(versions) * step,
        height=72,
        role="img",
        aria_labelledby=ident,
        class_="search",
    )
    return [tag("h4", f"Since which release of {name}"), scrolling(f"Releases of {name}", picture)]


def _release(at: int, version: str, tried: tuple[int, TrialReport] | None, known: Outcome | None) -> Element:
    x = at * 76 + 38
    trial = tried[1] if tried else None
    outcome = trial.outcome if trial else known or Outcome.UNRESOLVED
    other = bool(trial and trial.other)
    words = f"trial {tried[0]}: {trial.why}. {trial.headline[:200]}" if tried and trial else "known without a trial"
    return tag(
        "g",
        tag("title", f"{version}, {outcome}, {words}"),
        tag("text", str(tried[0]) if tried else "-", x=x, y=14, class_="small"),
        tag("circle", cx=x, cy=34, r=11, class_=f"cell {'other' if other else outcome}"),
        tag("text", OTHERWISE if other else MARKS[outcome], x=x, y=39, class_="inside"),
        tag("text", version[:12], x=x, y=64, class_="small"),
    )


def _key(version: str) -> tuple[int, Version, str]:
    try:
        return (0, Version(version), version)
    except InvalidVersion:
        return (1, Version("0"), version)


def _told(numbered: Sequence[tuple[int, TrialReport]]) -> Element:
    rows: list[list[Child]] = [
        [str(place), trial.why, _took(trial), result(trial.outcome, other=trial.other), trial.headline[:300] or "none"]
        for place, trial in numbered
    ]
    return table("The trials in the order asked", ("Trial", "Why", "It took", "It", "Words of the error"), rows)


def _took(trial: TrialReport) -> str:
    fixed = [f"{name} {version}" for name, version in trial.at.items()]
    few = 12
    more = f" and {len(trial.moved) - few} more" if len(trial.moved) > few else ""
    return ", ".join((*fixed, *trial.moved[:few])) + more or "nothing"
