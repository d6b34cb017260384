"""Sentences that the terminal and the workflow log share.

Modules that failed to import before are not reported as new failures.
"""

from dataclasses import dataclass, field

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.messages import advisory_sections
from depcheck.core.messages.causes.blame import describe_dating, is_dated
from depcheck.core.messages.causes.cause_section import describe_hold_place, list_hold_lines
from depcheck.core.messages.causes.failing_tests import summarize_failing_ids
from depcheck.core.messages.tables import ALL_UPDATES, COMMITTED, PROPOSED
from depcheck.core.messages.waiting.waiting_releases import format_waiting_line
from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.report import Culprit, EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line

OUTCOME_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.UNRESOLVED: "yellow"}
VERDICT_STYLES = {0: "green", 1: "red", 3: "yellow"}


def format_environment_title(spec: EnvironmentSpec) -> str:
    """Return a title such as `requirements.txt on Python 3.10`.

    A skipped environment may have no interpreter.
    """
    python = f" on Python {to_one_line(spec.python, 20)}" if spec.python else ""
    return f"{to_one_line(spec.name)}{python}"


def format_verdict_line(report: EnvironmentReport) -> str:
    """Return a line such as `requirements.txt (Python 3.10): breaks. One sentence.`."""
    python = f" (Python {to_one_line(report.python, 20)})" if report.python else ""
    return f"{to_one_line(report.name)}{python}: {report.status}. {to_one_line(report.reason, 500)}"


def format_culprit_line(found: Culprit, told: str = "") -> str:
    """Format first bad and last good release with the error.

    `first bad: werkzeug 3.0.0 (since 2023-09-30), the last good one is 2.3.7: ImportError: …`.

    Where releases between gave no answer, it says so instead. The error is left out where `told` says it already.
    """
    if not is_dated(found):
        return to_one_line(
            f"{describe_dating(found)} {found.headline if found.headline not in told else ''}".strip(), 500
        )
    bad = " with ".join(f"{name} {found.first_bad.get(name, '?')}" for name in found.packages)
    good = ", ".join(f"{found.last_good[name]}" for name in found.packages if name in found.last_good)
    since = f" (since {found.since:%Y-%m-%d})" if found.since else ""
    last = f", the last good one is {good}" if good else ""
    error = f": {found.headline}" if found.headline not in told else ""
    return to_one_line(f"first bad: {bad}{since}{last}{error}", 500)


def format_hold_line(report: EnvironmentReport) -> str:
    """Return which line holds what broke, or empty."""
    lines = ", ".join(to_one_line(line, 80) for line in list_hold_lines(report)[:5])
    return f"to hold it back: add {lines} to {describe_hold_place(report, to_one_line)}" if lines else ""


def format_proposal_line(report: EnvironmentReport) -> str:
    """Return a line about the proposed changes, or empty."""
    if report.proposal is None:
        return ""
    held = f", holding {to_one_line(', '.join(report.proposal.held))}" if report.proposal.held else ""
    proof = "verified by its own run" if report.proposal.verified else "not verified"
    if report.waiting and not report.proposal.files:
        return f"nothing that is old enough can be updated{held}"
    if not report.proposal.changes:
        return f"nothing can be updated{held}"
    return f"proposed: {_format_count(len(report.proposal.changes), 'change')}{held} ({proof})"


def format_outcome_lines(report: EnvironmentReport) -> tuple[str, ...]:
    """Return the verdict and the lines below it."""
    below: list[str] = []
    for found in report.culprits:
        below += [format_culprit_line(found, report.reason), to_one_line(found.explanation, 500)]
    below += [format_hold_line(report), format_proposal_line(report), format_waiting_line(report)]
    if report.status is Status.SAFE and not report.proposal:
        below.append(_format_count(len(report.changes), "change"))
    below += [to_one_line(f"caution: {text}", 500) for _, text in advisory_sections.format_pin_warnings(report)]
    return (
        format_verdict_line(report),
        *filter(None, below),
        *(f"note: {to_one_line(note, 500)}" for note in report.notes),
    )


def _format_count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


CHECK_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNRESOLVED: "?"}
BASELINE_LABEL = "baseline"
_SET_NAMES = {BASELINE_LABEL: COMMITTED, "candidate": ALL_UPDATES, "proposal": PROPOSED}


def format_set_name(label: str) -> str:
    """Name a set of pins as every other text does."""
    word, comma, rest = label.partition(",")
    return f"{_SET_NAMES.get(word, word)}{comma}{rest}"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A line for one check, with the outcome that sets its color.

    For example `✗ all updates: boot python app.py, 0.4 s: ImportError: …`.
    """

    text: str
    outcome: Outcome


@dataclass(slots=True)
class CheckLineFormatter:
    """Formats the checks of one environment.

    It remembers which modules the committed set cannot import.
    """

    _baseline_failures: frozenset[str] = field(default=frozenset())

    def format_check(self, label: str, result: CheckResult) -> CheckLine:
        """Return the line of one check.

        A module that cannot be imported counts as a failure only if the committed set imports it.
        """
        outcome, tail = result.outcome, result.headline
        if result.kind is CheckKind.IMPORT:
            if label.startswith(BASELINE_LABEL):  # also where it is asked again: what it cannot import is no alarm
                self._baseline_failures |= frozenset(failure.id for failure in result.failures if failure.id)
            newly = tuple(failure for failure in result.failures if failure.id not in self._baseline_failures)
            outcome, tail = _summarize_imports(result, newly)
        ids = [failure.id for failure in result.failures if failure.id and result.kind is CheckKind.TEST]
        if len(ids) > 1:
            tail = f"{summarize_failing_ids(ids, newly=False)}: {tail}"
        command = f" {to_one_line(result.command, 80)}" if result.command else ""
        told = f": {to_one_line(tail, 200)}" if tail else ""
        head = f"{CHECK_MARKS[outcome]} {to_one_line(format_set_name(label), 60)}: {result.kind}{command}"
        return CheckLine(f"{head}, {result.duration_s:.1f} s{told}", outcome)


def _summarize_imports(result: CheckResult, newly: tuple[Failure, ...]) -> tuple[Outcome, str]:
    cannot = sum(1 for failure in (*result.failures, *result.optional) if failure.id)
    counted = f"{_format_module_count(len(result.passed_ids))} can be imported{f', {cannot} cannot' if cannot else ''}"
    if not newly:
        outcome = Outcome.PASS if result.outcome is Outcome.FAIL else result.outcome
        return outcome, counted
    if not newly[0].id:  # not about a module: time ran out, for example
        return result.outcome, f"{counted}; {newly[0].headline}"
    return result.outcome, f"{counted}, {len(newly)} of them newly: {newly[0].headline}"


def _format_module_count(number: int) -> str:
    return f"{number} module{'' if number == 1 else 's'}"
