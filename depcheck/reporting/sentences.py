"""The sentences that the terminal and the workflow log share."""

from depcheck.core import cautions
from depcheck.core.checks import Outcome
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.plain import one_line
from depcheck.core.report import Culprit, EnvironmentReport, Status

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.UNRESOLVED: "yellow"}
VERDICT_STYLES = {0: "green", 1: "red", 3: "yellow"}


def title(spec: EnvironmentSpec) -> str:
    """`requirements.txt on Python 3.10`; what is skipped may have no interpreter."""
    python = f" on Python {one_line(spec.python, 20)}" if spec.python else ""
    return f"{one_line(spec.name)}{python}"


def verdict(report: EnvironmentReport) -> str:
    """`requirements.txt (Python 3.10): breaks. One sentence.`."""
    python = f" (Python {one_line(report.python, 20)})" if report.python else ""
    return f"{one_line(report.name)}{python}: {report.status}. {one_line(report.reason, 500)}"


def culprit(found: Culprit, told: str = "") -> str:
    """`first bad: werkzeug 3.0.0 (since 2023-09-30), the last good one is 2.3.7: ImportError: …`.

    The error is left out where `told` says it already.
    """
    bad = " with ".join(f"{name} {found.first_bad.get(name, '?')}" for name in found.packages)
    good = ", ".join(f"{found.last_good[name]}" for name in found.packages if name in found.last_good)
    since = f" (since {found.since:%Y-%m-%d})" if found.since else ""
    last = f", the last good one is {good}" if good else ""
    error = f": {found.headline}" if found.headline not in told else ""
    return one_line(f"first bad: {bad}{since}{last}{error}", 500)


def proposed(report: EnvironmentReport) -> str:
    """What we would commit, or empty."""
    if report.proposal is None:
        return ""
    held = f", holding {one_line(', '.join(report.proposal.held))}" if report.proposal.held else ""
    proof = "verified by its own run" if report.proposal.verified else "not verified"
    if not report.proposal.changes:
        return f"nothing can be updated{held}"
    return f"proposed: {_count(len(report.proposal.changes), 'change')}{held} ({proof})"


def outcome(report: EnvironmentReport) -> tuple[str, ...]:
    """The verdict and what stands under it."""
    below: list[str] = []
    for found in report.culprits:
        below += [culprit(found, report.reason), one_line(found.explanation, 500)]
    below.append(proposed(report))
    if report.status is Status.SAFE and not report.proposal:
        below.append(_count(len(report.changes), "change"))
    below += [one_line(f"caution: {text}", 500) for _, text in cautions.sentences(report)]
    return (verdict(report), *filter(None, below), *(f"note: {one_line(note, 500)}" for note in report.notes))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
