"""What a run cost is told: where its time went."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from depcheck.core.messages.summary import render_report_markdown
from depcheck.core.model.report_json import decode_report
from depcheck.pipeline.progress.time_keeper import TimeKeeper
from depcheck.pipeline.progress.trial_budget import TrialBudget
from depcheck.reporting.html.elements import build_tag, render_element
from depcheck.reporting.html.time_bar import build_time_bar

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def keeper() -> TimeKeeper:
    """Return a keeper with a clock in `inner.now`."""
    inner = SimpleNamespace(now=0.0)
    for name in ("start_environment", "start_stage", "start_check", "report_check", "finish_environment"):
        setattr(inner, name, lambda *_: None)
    return TimeKeeper(inner, lambda: inner.now)


def test_each_second_counts_for_one_part(keeper) -> None:
    """And all of a trial for the search."""
    steps = [
        (1, lambda: keeper.start_stage("compile with all updates")),
        (3, lambda: keeper.start_stage("check all updates")),
        (3.01, lambda: keeper.start_check("candidate", "install")),
        (5, lambda: keeper.report_check("candidate", None)),
        (5, lambda: keeper.start_check("candidate", "import")),
        (9, lambda: keeper.start_check("candidate", "test pytest")),
        (10, lambda: keeper.start_stage("trial 1: lib")),
        (11, lambda: keeper.start_check("trial 1", "install")),
        (12, lambda: keeper.report_check("trial 1", None)),
    ]
    for now, step in steps:
        keeper.inner.now = now
        step()
    keeper.inner.now = 20
    assert keeper.collect_parts() == {
        "compile": 2, "install": 2, "import": 4, "commands": 1, "search": 10, "other": 1,
    }  # fmt: skip


def test_trials_have_numbers_and_the_time_that_is_left() -> None:
    """The time is a bound, and their number is none."""
    clock = SimpleNamespace(now=100.0)
    budget = TrialBudget(lambda: clock.now, 60)
    seen = []
    for clock.now in (100, 281, 3700, 3701):
        seen.append((budget.take_number(), budget.describe_rest(), budget.is_time_over))
    assert seen == [
        (1, "60 of 60 minutes left", False), (2, "56 of 60 minutes left", False),
        (3, "0 of 60 minutes left", False), (4, "0 of 60 minutes left", True),
    ]  # fmt: skip


def test_the_page_has_a_bar_as_long_as_its_parts() -> None:
    """With seconds in words, and none for no time."""
    shown = render_element(build_tag("div", build_time_bar({"compile": 30.0, "import": 10.0})))
    assert 'aria-label="40 s: compile 30.0 s, import 10.0 s"' in shown
    assert ['width="448.0"' in shown, 'width="148.0"' in shown] == [True, True]
    assert build_time_bar({}) is None
    assert build_time_bar({"compile": float("nan"), "import": float("inf")}) is None


def test_the_summary_tells_where_the_time_went() -> None:
    """In one line of each environment."""
    report = decode_report((GOLDEN / "kombu42-celery41" / "report.json").read_bytes())
    judged = replace(report.environments[0], spent_s={"compile": 3.25, "search": 60.0})
    assert "Time: compile 3.2 s, search 60.0 s." in render_report_markdown(replace(report, environments=(judged,)))
