"""The sentences that the terminal and the workflow log share."""

from depcheck.core.checks import CheckResult, Outcome
from depcheck.core.plain import one_line
from depcheck.core.report import Culprit, EnvironmentReport, Status

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNRESOLVED: "?"}
STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.UNRESOLVED: "yellow"}
VERDICT_STYLES = {0: "green", 1: "red", 3: "yellow"}


def checked(label: str, result: CheckResult) -> str:
    """`✗ candidate: boot python app.py, 0.4 s: ImportError: …`."""
    command = f" {one_line(result.command, 80)}" if result.command else ""
    tail = f": {one_line(result.headline, 200)}" if result.headline else ""
    return f"{MARKS[result.outcome]} {label}: {result.kind}{command}, {result.duration_s:.1f} s{tail}"


def verdict(report: EnvironmentReport) -> str:
    """`requirements.txt (Python 3.10): breaks. One sentence.`."""
    python = f" (Python {report.python})" if report.python else ""
    return f"{one_line(report.name)}{python}: {report.status}. {one_line(report.reason, 500)}"


def culprit(found: Culprit) -> str:
    """`werkzeug 3.0.0 is the first bad release, 2.3.7 the last good one: ImportError: …`."""
    bad = " with ".join(f"{name} {found.first_bad.get(name, '?')}" for name in found.packages)
    good = ", ".join(f"{found.last_good[name]}" for name in found.packages if name in found.last_good)
    since = f" (since {found.since:%Y-%m-%d})" if found.since else ""
    last = f", the last good one is {good}" if good else ""
    return one_line(f"first bad: {bad}{since}{last}: {found.headline}", 500)


def proposed(report: EnvironmentReport) -> str:
    """What we would commit, or empty."""
    if report.proposal is None:
        return ""
    held = f", holding {', '.join(report.proposal.held)}" if report.proposal.held else ""
    proof = "verified by its own run" if report.proposal.verified else "not verified"
    return f"proposed: {_count(len(report.proposal.changes), 'change')}{held} ({proof})"


def outcome(report: EnvironmentReport) -> tuple[str, ...]:
    """The verdict and what stands under it."""
    below = [*map(culprit, report.culprits), proposed(report)]
    if report.status is Status.SAFE and not report.proposal:
        below.append(_count(len(report.changes), "change"))
    return (verdict(report), *filter(None, below), *(f"note: {one_line(note, 500)}" for note in report.notes))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
