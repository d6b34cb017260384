"""Words, marks and classes that the page's parts share. A mark stands beside every colour."""

from xml.etree.ElementTree import Element

from depcheck.core.checks import Outcome
from depcheck.core.report import EnvironmentReport, Status
from depcheck.reporting.page.elements import tag

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNRESOLVED: "?"}
SAID = {Outcome.PASS: "passes", Outcome.FAIL: "fails", Outcome.UNRESOLVED: "gave no answer"}
OTHERWISE, FAILS_OTHERWISE = "≠", "fails otherwise"
GRADES = {0: "good", 1: "bad", 3: "unsure"}
_STATUS_MARKS = {0: "✓", 1: "✗", 3: "?"}


def badge(status: Status) -> Element:
    """A verdict with its colour and mark."""
    mark = tag("span", _STATUS_MARKS[status.exit_status], aria_hidden="true")
    return tag("span", mark, f" {status}", class_=f"badge {grade(status)}")


def grade(status: Status) -> str:
    """`good`, `bad` or `unsure`."""
    return GRADES[status.exit_status]


def result(outcome: Outcome, *, other: bool = False) -> Element:
    """An outcome with its colour and mark."""
    mark = tag("span", OTHERWISE if other else MARKS[outcome], aria_hidden="true")
    return tag("span", mark, f" {FAILS_OTHERWISE if other else SAID[outcome]}", class_=f"result {outcome}")


def guilty(environment: EnvironmentReport) -> frozenset[str]:
    """The packages that are blamed."""
    return frozenset(name for culprit in environment.culprits for name in culprit.packages)


def companions(environment: EnvironmentReport) -> frozenset[str]:
    """The packages that cannot move without a blamed one."""
    return frozenset(name for culprit in environment.culprits for name in culprit.companions) - guilty(environment)
