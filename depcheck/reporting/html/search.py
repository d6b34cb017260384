"""The search as a picture: trials, their changes, and how they ended.

A second picture shows the releases that were tried.
"""

from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from packaging.version import InvalidVersion, Version

from depcheck.core.model.checks import Outcome
from depcheck.core.model.report import EnvironmentReport, TrialReport
from depcheck.reporting.html.elements import (
    OTHER_FAILURE_MARK,
    OUTCOME_MARKS,
    Child,
    build_details,
    build_outcome_label,
    build_scrollable,
    build_table,
    build_tag,
    list_blamed_packages,
)

_MAX_ROWS, _MAX_COLUMNS = 40, 60
_CELL_SIZE, _NAMES_WIDTH, _TOP_HEIGHT, _MAX_NAME_CHARS = 20, 170, 24, 22


def build_search_section(environment: EnvironmentReport, number: int) -> Child:
    """Build both pictures of the search and a table of its trials.

    None if nothing was searched.
    """
    log = environment.trial_log
    if not log:
        return None
    numbered = list(enumerate(log, 1))
    subsets = [(place, trial) for place, trial in numbered if not trial.at]
    fixed = [(place, trial) for place, trial in numbered if trial.at]
    return [
        _draw_subset_trials(environment, subsets, number) if subsets else None,
        [_draw_release_trials(environment, name, fixed, number) for name in _list_dated_packages(fixed)],
        build_details(f"Trial by trial: {len(log)}", build_scrollable("Trials", _build_trials_table(numbered))),
    ]


def _draw_subset_trials(
    environment: EnvironmentReport, trials: Sequence[tuple[int, TrialReport]], number: int
) -> Child:
    """Draw the trials of mixed sets.

    A row is a change, a column a trial. A filled cell is a change that the trial took.
    """
    shown = trials[:_MAX_COLUMNS]
    counted = Counter(name for _, trial in shown for name in trial.moved)
    blamed = list_blamed_packages(environment)
    names = sorted(counted, key=lambda name: (name not in blamed, counted[name], name))
    rows = names[:_MAX_ROWS]
    width, height = _NAMES_WIDTH + (len(shown) + 2) * _CELL_SIZE, _TOP_HEIGHT + (len(rows) + 1) * _CELL_SIZE + 6
    ends = ((0, "your lockfile", Outcome.PASS), (len(shown) + 1, "all updates", Outcome.FAIL))
    picture = build_tag(
        "svg",
        build_tag("title", f"Who: {len(trials)} trials of mixed sets", id=f"who-{number}"),
        [_draw_package_name(name, row, blamed=name in blamed) for row, name in enumerate(rows)],
        [_draw_trial_column(place, 1 + at, trial, rows) for at, (place, trial) in enumerate(shown)],
        [_draw_end_column(at, words, outcome, len(rows)) for at, words, outcome in ends],
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"who-{number}",
        class_="search",
    )
    left = len(names) - len(rows)
    return [
        build_tag(
            "p",
            "A column is a trial, from your lockfile (left) to all updates (right); a filled cell is a change "
            "that it took. Below: ✓ passes, ✗ the same failure, ≠ another failure, ? no answer.",
            class_="dim",
        ),
        build_scrollable("Who: the trials of mixed sets", picture),
        build_tag("p", f"{left} further changes are not drawn.", class_="dim") if left else None,
    ]


def _draw_package_name(name: str, row: int, *, blamed: bool) -> Element:
    short = name if len(name) <= _MAX_NAME_CHARS else f"{name[: _MAX_NAME_CHARS - 1]}…"
    return build_tag(
        "text",
        f"✗ {short}" if blamed else short,
        x=_NAMES_WIDTH - 8,
        y=_TOP_HEIGHT + row * _CELL_SIZE + 15,
        class_="name guilty" if blamed else "name",
    )


def _draw_trial_column(place: int, at: int, trial: TrialReport, rows: Sequence[str]) -> Element:
    x = _NAMES_WIDTH + at * _CELL_SIZE
    cells = [_draw_cell(x, row, trial if name in trial.moved else None) for row, name in enumerate(rows)]
    mark = OTHER_FAILURE_MARK if trial.other else OUTCOME_MARKS[trial.outcome]
    words = f"Trial {place}: {trial.why}. {'Otherwise: ' * trial.other}{trial.outcome}. {trial.headline[:200]}"
    return build_tag(
        "g",
        build_tag("title", words),
        build_tag("text", str(place), x=x + _CELL_SIZE / 2, y=_TOP_HEIGHT - 8, class_="small"),
        cells,
        build_tag(
            "text",
            mark,
            x=x + _CELL_SIZE / 2,
            y=_TOP_HEIGHT + len(rows) * _CELL_SIZE + 16,
            class_=f"mark {trial.outcome}",
        ),
    )


def _draw_cell(x: int, row: int, trial: TrialReport | None) -> Element:
    return _draw_square(x, row, f"cell {'other' if trial.other else trial.outcome}" if trial else "cell")


def _draw_square(x: int, row: int, kind: str) -> Element:
    y, size = _TOP_HEIGHT + row * _CELL_SIZE + 1, _CELL_SIZE - 2
    return build_tag("rect", x=x + 1, y=y, width=size, height=size, rx=3, class_=kind)


def _draw_end_column(at: int, words: str, outcome: Outcome, rows: int) -> Element:
    x = _NAMES_WIDTH + at * _CELL_SIZE
    taken = outcome is Outcome.FAIL
    kind = f"cell end {outcome}" if taken else "cell end"
    return build_tag(
        "g",
        build_tag("title", f"{words}: {outcome}"),
        [_draw_square(x, row, kind) for row in range(rows)],
        build_tag(
            "text",
            OUTCOME_MARKS[outcome],
            x=x + _CELL_SIZE / 2,
            y=_TOP_HEIGHT + rows * _CELL_SIZE + 16,
            class_=f"mark {outcome}",
        ),
    )


def _list_dated_packages(trials: Sequence[tuple[int, TrialReport]]) -> list[str]:
    """Return the packages whose releases were tried.

    Of each trial it is the package that the trial put in place.
    """
    return list(dict.fromkeys(next(iter(trial.at)) for _, trial in trials))


def _draw_release_trials(
    environment: EnvironmentReport, name: str, trials: Sequence[tuple[int, TrialReport]], number: int
) -> Child:
    """Draw the tried releases of one package, in version order.

    They lie between its last good and its first bad release.
    """
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
    versions = sorted({*tried, *known}, key=_get_version_sort_key)[:_MAX_COLUMNS]
    step = 76
    ident = f"since-{number}-{name}"
    picture = build_tag(
        "svg",
        build_tag("title", f"Since when: releases of {name} that were tried", id=ident),
        build_tag("line", x1=step / 2, y1=34, x2=(len(versions) - 0.5) * step, y2=34, class_="axis"),
        [_draw_release(at, version, tried.get(version), known.get(version)) for at, version in enumerate(versions)],
        viewBox=f"0 0 {len(versions) * step} 72",
        width=len(versions) * step,
        height=72,
        role="img",
        aria_labelledby=ident,
        class_="search",
    )
    return [build_tag("h4", f"Since which release of {name}"), build_scrollable(f"Releases of {name}", picture)]


def _draw_release(at: int, version: str, tried: tuple[int, TrialReport] | None, known: Outcome | None) -> Element:
    x = at * 76 + 38
    trial = tried[1] if tried else None
    outcome = trial.outcome if trial else known or Outcome.UNRESOLVED
    other = bool(trial and trial.other)
    words = f"trial {tried[0]}: {trial.why}. {trial.headline[:200]}" if tried and trial else "known without a trial"
    return build_tag(
        "g",
        build_tag("title", f"{version}, {outcome}, {words}"),
        build_tag("text", str(tried[0]) if tried else "-", x=x, y=14, class_="small"),
        build_tag("circle", cx=x, cy=34, r=11, class_=f"cell {'other' if other else outcome}"),
        build_tag("text", OTHER_FAILURE_MARK if other else OUTCOME_MARKS[outcome], x=x, y=39, class_="inside"),
        build_tag("text", version[:12], x=x, y=64, class_="small"),
    )


def _get_version_sort_key(version: str) -> tuple[int, Version, str]:
    try:
        return (0, Version(version), version)
    except InvalidVersion:
        return (1, Version("0"), version)


def _build_trials_table(numbered: Sequence[tuple[int, TrialReport]]) -> Element:
    rows: list[list[Child]] = [
        [
            str(place),
            trial.why,
            _describe_taken_changes(trial),
            build_outcome_label(trial.outcome, other=trial.other),
            trial.headline[:300] or "none",
        ]
        for place, trial in numbered
    ]
    return build_table("The trials in the order asked", ("Trial", "Why", "It took", "It", "Words of the error"), rows)


def _describe_taken_changes(trial: TrialReport) -> str:
    fixed = [f"{name} {version}" for name, version in trial.at.items()]
    few = 12
    more = f" and {len(trial.moved) - few} more" if len(trial.moved) > few else ""
    along = [name for name in trial.installed if name not in trial.at and name not in trial.moved]
    beside = f"; along came {', '.join(along[:few])}" if along else ""
    return (", ".join((*fixed, *trial.moved[:few])) + more or "nothing") + beside
