"""The dashboard: since when, last green, held releases.

Written when something changed, else once a week.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.messages import dashboard
from depcheck.core.messages.dashboard import (
    DashboardInput,
    DashboardRow,
    compute_heartbeat,
    compute_rows_digest,
    parse_dashboard_rows,
    update_dashboard_rows,
)
from depcheck.core.model.report import ChangeReport, Culprit, EnvironmentReport
from depcheck.core.model.status import Status

NIGHT = datetime(2026, 11, 23, 3, 17, tzinfo=UTC)  # a Monday
DAYS = st.dates().map(lambda day: day.isoformat())
ROWS = st.builds(
    DashboardRow,
    st.text(min_size=1, max_size=40).filter(
        lambda text: len(text.encode(errors="replace")) < 100 and text.isprintable()
    ),
    st.sampled_from(["", "3.12"]),
    st.sampled_from(Status),
    DAYS,
    st.just("") | DAYS,
    DAYS,
    st.sampled_from([(), (("kombu", "4.1.0"),), (("a", "1"), ("b-c", "2!1.0+x"))]),
)


def judged(name="requirements.txt", status=Status.QUIET, **more):
    return EnvironmentReport(name, "3.12", status, "Because.", **more)


def broken(name="requirements.txt"):
    culprit = Culprit(
        ("kombu",), (), {"kombu": "4.1.0"}, {"kombu": "4.2.0"}, "It broke.", "", NIGHT - timedelta(days=31)
    )
    change = ChangeReport("kombu", "4.1.0", "4.2.0", True, (), NIGHT - timedelta(days=31), name)
    return judged(name, Status.BREAKS, culprits=(culprit,), changes=(change,))


def night(*environments, days=0, before=()):
    board = DashboardInput(NIGHT + timedelta(days=days), environments)
    found = update_dashboard_rows(board, before)
    return found, dashboard.render_dashboard_body(board, found)


@given(st.lists(ROWS, max_size=6))
def test_rows_are_read_as_they_were_written(found):
    """Law: a body remembers its rows, whatever a lockfile is called."""
    assert parse_dashboard_rows("\n".join(row.hidden_line for row in found)) == tuple(found)


@given(st.text(max_size=60))
def test_a_body_never_holds_a_second_marker(text):
    """Law: a name cannot end its hidden line, nor begin another."""
    found, body = night(judged(text))
    assert body.count("<!--") == body.count("-->") == len(found)


def test_the_same_night_again_and_quiet_nights_are_the_same():
    """Ignore ages and last green day, but not another week."""
    first, body = night(judged(), broken("b.txt"))
    again, _ = night(judged(), broken("b.txt"), days=3, before=parse_dashboard_rows(body))
    assert compute_rows_digest(first) == compute_rows_digest(again)
    assert (
        compute_heartbeat(NIGHT)
        == compute_heartbeat(NIGHT + timedelta(days=6))
        != compute_heartbeat(NIGHT + timedelta(days=7))
    )


def test_a_change_is_another_dashboard_and_remembers_the_last_green_day():
    """Write since today and the last green day when green breaks."""
    first, body = night(judged())
    second, text = night(broken(), days=2, before=parse_dashboard_rows(body))
    assert compute_rows_digest(first) != compute_rows_digest(second)
    assert (second[0].status_since, second[0].last_green, second[0].held_releases) == (
        "2026-11-25",
        "2026-11-23",
        (("kombu", "4.1.0"),),
    )
    assert "last green: 2026-11-23<br>33 days behind" in text
    assert "<code>kombu 4.1.0</code>, 33 days: It broke." in text
    assert "**0 of 1 environment green.**" in text


def test_what_another_job_judged_stays_and_what_is_gone_goes():
    """Keep rows that were not checked for thirty days.

    Another job may have checked them.
    """
    _, body = night(judged("a.txt"))
    both, _ = night(judged("b.txt"), days=1, before=parse_dashboard_rows(body))
    assert [row.name for row in both] == ["a.txt", "b.txt"]
    later, _ = night(judged("b.txt"), days=31, before=parse_dashboard_rows(body))
    assert [row.name for row in later] == ["b.txt"]


def test_a_night_that_failed_by_itself_changes_no_row():
    """An index that is away says nothing about an environment."""
    first, body = night(broken())
    second, _ = night(judged(status=Status.INFRA), days=1, before=parse_dashboard_rows(body))
    assert second == first


@pytest.mark.parametrize("size", [200, 2000])
def test_any_number_of_environments_fits(size):
    """Under GitHub's limit, with the first rows."""
    _, body = night(*(broken(f"services/number-{number:04}/requirements.txt") for number in range(size)))
    assert len(body.encode()) < 65_536
    shown = len(parse_dashboard_rows(body))
    assert body.startswith(f"**0 of {shown} environments green.**")
    assert shown >= 100
