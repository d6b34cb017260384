"""The checks side by side: the committed set, everything new, the proposal."""

from collections.abc import Sequence

from depcheck.core.report import CheckReport, EnvironmentReport
from depcheck.reporting.page.elements import Child, folded, scrolling, table, tag
from depcheck.reporting.page.words import result

_MOST_IDS = 200


def checks(environment: EnvironmentReport) -> Child:
    """The table and the ids that fail anew; empty where nothing was checked."""
    columns = [(name, found) for name, found in _columns(environment) if found]
    keys = list(dict.fromkeys((check.kind, check.command) for _, found in columns for check in found))
    if not keys:
        return None
    rows: list[list[Child]] = [
        [
            [tag("span", kind, class_="kind"), [" ", tag("code", command)] if command else None],
            *(_cell(_of(found, (kind, command))) for _, found in columns),
        ]
        for kind, command in keys
    ]
    anew = [each for check in environment.checks.candidate for each in check.newly_failing]
    return [
        scrolling("Checks", table("Each check with each set", ("Check", *(name for name, _ in columns)), rows)),
        _anew(anew),
    ]


def _columns(environment: EnvironmentReport) -> list[tuple[str, Sequence[CheckReport]]]:
    proposed = environment.proposal.checks if environment.proposal else ()
    return [
        ("Committed", environment.checks.baseline),
        ("Everything new", environment.checks.candidate),
        ("The proposal", proposed),
    ]


def _of(found: Sequence[CheckReport], key: tuple[str, str]) -> CheckReport | None:
    return next((check for check in found if (check.kind, check.command) == key), None)


def _cell(check: CheckReport | None) -> Child:
    if check is None:
        return "not run"
    counted = [f"{check.passed} passed"] * bool(check.passed) + [f"{check.failing} failing"] * (check.failing > 1)
    anew = [f"{len(check.newly_failing)} newly"] if len(check.newly_failing) > 1 else []
    return [
        result(check.outcome),
        tag("span", f" {', '.join((*counted, *anew, f'{check.duration_s:.1f} s'))}", class_="dim"),
        [tag("br"), tag("span", check.headline[:400], class_="headline")] if check.headline else None,
    ]


def _anew(ids: Sequence[str]) -> Child:
    if len(ids) < 2:  # noqa: PLR2004  # one stands in the headline
        return None
    left = len(ids) - _MOST_IDS
    listed = tag("ul", [tag("li", tag("code", each)) for each in ids[:_MOST_IDS]])
    return folded(f"Newly failing: {len(ids)}", listed, tag("p", f"And {left} more.") if left > 0 else None)
