"""Chance failures of the committed set hide no break, and are none.

What fails by chance is no break.
"""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome, Regression
from depcheck.pipeline import confirm
from depcheck.pipeline.confirm import confirm_failures, retry_baseline

PASSES = CheckResult(CheckKind.SMOKE, "run", Outcome.PASS, 0.1)
FAILS = replace(PASSES, outcome=Outcome.FAIL, failures=(Failure("", "Error: no"),))
INSTALLED = CheckResult(CheckKind.INSTALL, "", Outcome.PASS, 0.1)


@dataclass(frozen=True)
class Side:
    """A set with the results of its runs in turn.

    The last one repeats.
    """

    runs: list
    pins: str
    world: None = None
    results: tuple = ()
    is_installed: bool = True


@pytest.fixture
def measured(monkeypatch):
    """Two sides that are measured without any environment."""
    sides = {}

    def measure(_, pins, world, checks, label):
        runs = sides[pins].runs
        return replace(sides[pins], results=(INSTALLED, runs.pop(0) if len(runs) > 1 else runs[0]))

    monkeypatch.setattr(confirm, "measure_pins", measure)

    def make(before, after):
        sides.update(before=Side(list(before), "before", results=(INSTALLED, FAILS)), after=Side(list(after), "after"))
        return sides["before"], sides["after"]

    return make


CASE = SimpleNamespace(settings=SimpleNamespace(confirmations=2))
FOUND = (Regression(FAILS, FAILS.failures),)


@pytest.mark.parametrize("control", [[PASSES], [FAILS, PASSES], [FAILS, PASSES, FAILS, PASSES]])
def test_a_control_that_fails_by_chance_hides_no_break(measured, control):
    """Find a break although the committed set fails by chance.

    Both sides are run again: the fresh set fails each time, the committed one now and then.
    """
    assert confirm_failures(CASE, *measured(control, [FAILS]), FOUND).findings == FOUND


@pytest.mark.parametrize(
    ("before", "after"), [([FAILS], [FAILS]), ([FAILS, PASSES], [FAILS, FAILS, PASSES]), ([PASSES], [PASSES])]
)
def test_what_fails_by_chance_on_both_sides_is_no_break(measured, before, after):
    """Blame no change for what fails by chance on both sides.

    A pass of the fresh set, or failures of the committed one each time, leave nothing to blame.
    """
    assert not confirm_failures(CASE, *measured(before, after), FOUND).findings


def test_a_committed_set_that_passes_once_is_not_broken(measured):
    """Take the run that passes for a set that failed once.

    What fails again stays.
    """
    before, _ = measured([FAILS, PASSES], [FAILS])
    assert retry_baseline(CASE, before, [FAILS]).results == (INSTALLED, PASSES)
    before, _ = measured([FAILS], [FAILS])
    assert retry_baseline(CASE, before, [FAILS]) is before
