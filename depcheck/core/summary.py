"""`report.md`: what a person reads of a run, in a terminal's pager, an artifact or as the job summary."""

from collections.abc import Callable
from datetime import datetime

from depcheck.core import cautions, sections, tables
from depcheck.core.markdown import code, fits, paragraphs, prose
from depcheck.core.plain import one_line
from depcheck.core.report import EnvironmentReport, ProposalReport, Report, Status
from depcheck.core.sections import TIERS, Tier, count, section
from depcheck.core.tables import Seen
from depcheck.core.workflow_commands import SUMMARY_LIMIT_BYTES

# What one must hear of first.
_SEVERITY = (
    Status.BREAKS,
    Status.UNRESOLVABLE,
    Status.BASELINE_BROKEN,
    Status.STALE,
    Status.INFRA,
    Status.SKIPPED,
    Status.FLAKY,
    Status.SAFE,
    Status.QUIET,
)
_SAID = {
    Status.QUIET: "nothing has changed",
    Status.SAFE: "everything new works",
    Status.BREAKS: "a fresh installation breaks",
    Status.UNRESOLVABLE: "nothing satisfies the sources today",
    Status.STALE: "the lockfile is not what its sources compile to",
    Status.BASELINE_BROKEN: "the committed lockfile fails by itself",
    Status.FLAKY: "the checks contradict themselves",
    Status.SKIPPED: "not judged",
    Status.INFRA: "the package index, the network or this machine failed",
}


def worst(report: Report) -> Status:
    """The worst verdict of a run; a report that judged nothing is `skipped`."""
    return min((each.status for each in report.environments), key=_SEVERITY.index, default=Status.SKIPPED)


def summary_line(report: Report) -> str:
    """One line, such as `breaks: 1 of 2 environments; werkzeug 3.0.0 in requirements.txt`."""
    status = worst(report)
    shown = [each for each in report.environments if each.status is status]
    bad = [pair for each in shown for culprit in each.culprits for pair in culprit.first_bad.items()]
    names = [f"{name} {version}" for name, version in bad]
    blamed = f"; {', '.join(dict.fromkeys(names))}" if names else ""
    of_all = f"{len(shown)} of {count(len(report.environments), 'environment')}"
    return one_line(f"{status}: {_SAID[status]} ({of_all}){blamed}", 500)


def summary(report: Report) -> str:
    """The whole report as Markdown, what is broken first; at most what the job summary takes."""
    texts = (_at(report, tier) for tier in TIERS)
    return next((text for text in texts if fits(text, SUMMARY_LIMIT_BYTES)), "The report is too large to show.\n")


def _at(report: Report, tier: Tier) -> str:
    ordered = sorted(report.environments, key=lambda each: _SEVERITY.index(each.status))
    return (
        paragraphs(
            f"# depcheck: {prose(summary_line(report), 500)}",
            _frame(report),
            *(_environment(each, report.as_of or report.finished_at, tier) for each in ordered),
            section("Isolation", _isolation(report)),
        )
        + "\n"
    )


def _frame(report: Report) -> str:
    moment = report.as_of or report.finished_at
    of_what = f" of {code(report.repository)}" if report.repository else ""
    at = f" at {code(report.commit[:12])}" if report.commit else ""
    took_s = (report.finished_at - report.started_at).total_seconds()
    return f"The package index as of {moment:%Y-%m-%d %H:%M} UTC{of_what}{at}; {took_s:.0f} s, {prose(_tool(report))}."


def _tool(report: Report) -> str:
    return f"{report.tool.name} {report.tool.version}"


def _environment(judged: EnvironmentReport, moment: datetime, tier: Tier) -> str:
    seen = Seen(moment, judged.advisories)
    python = f" on Python {prose(judged.python, 20)}" if judged.python else ""
    columns = [("committed", judged.checks.baseline), ("everything new", judged.checks.candidate)]
    if judged.proposal and judged.proposal.checks:
        columns.append(("proposed", judged.proposal.checks))
    blocks: list[tuple[str, Callable[[], str]]] = [
        ("What broke it", lambda: sections.causes(judged, tier)),
        ("How to hold it", lambda: sections.hold(judged)),
        ("What works", lambda: _proposed(judged.proposal)),
        ("Held by your rules", lambda: sections.rules(judged)),
        ("Checks", lambda: tables.checks(columns, tier)),
        ("Vulnerable and withdrawn pins", lambda: cautions.block(judged, tier)),
        ("What a fresh resolution changes", lambda: tables.changes(judged.changes, seen, tier)),
        ("Notes", lambda: sections.notes(judged, tier)),
    ]
    return paragraphs(
        f"## {code(judged.name)}{python}: {judged.status}",
        f"**{_SAID[judged.status].capitalize()}.** {prose(judged.reason, 1000)}",
        _claim(judged),
        *(section(head, text()) for head, text in blocks),
        sections.optional_modules(judged, tier),
    )


def _claim(judged: EnvironmentReport) -> str:
    """What is claimed of the culprits, and at what cost."""
    if not judged.confidence or not judged.culprits:
        return ""
    cost = (
        f"Found in {count(judged.trials, 'trial')}" if judged.trials else "Nothing else changed, so no trial was needed"
    )
    return f"{cost}; the set of culprits is {prose(judged.confidence)}."


def _proposed(proposal: ProposalReport | None) -> str:
    if proposal is None:
        return ""
    held = ", ".join(code(name) for name in proposal.held) or "nothing"
    proof = "It was checked in a run of its own." if proposal.verified else "It has not been verified."
    return f"{count(len(proposal.changes), 'change')} can be taken, with {held} held. {proof}"


def _isolation(report: Report) -> str:
    return ", ".join(
        f"{prose(name.replace('_', ' '))}: {prose(_word(value))}" for name, value in report.isolation.items()
    )


def _word(value: bool | int | str) -> str:  # noqa: FBT001  # as the report has it
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
