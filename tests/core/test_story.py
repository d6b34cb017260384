"""An issue's timeline: kept in its body, one entry per run.

Ended with what fixed it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.bodies import format_issue_title
from depcheck.core.messages.hidden_state import HiddenMarker, ProposalForm, compute_short_digest, prepend_marker
from depcheck.core.messages.timeline import EventKind, TimelineEvent, parse_timeline, render_timeline
from depcheck.core.model.report import ChangeReport, Culprit, EnvironmentReport, LockfileReport, Report, Tool
from depcheck.core.model.status import Status
from depcheck.core.settlement.items import PublishedItem
from depcheck.core.settlement.proposals import make_proposals, merge_published_history

NIGHT = datetime(2018, 6, 20, 3, 17, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}(rc1|\.post1|\+local)?", fullmatch=True)
EVENTS = st.builds(
    TimelineEvent,
    st.dates().map(lambda day: day.isoformat()),
    st.sampled_from(EventKind),
    st.dictionaries(NAMES, VERSIONS, max_size=4).map(lambda pins: tuple(sorted(pins.items()))),
)


def issue(found, nights=0, known=()):
    moment = NIGHT + timedelta(days=nights)
    report = Report(Tool("depcheck", "1"), moment, moment, None, None, None, {}, (found,))
    (wanted,) = make_proposals(report, PublishOptions(pull_request=False), "main")
    return merge_published_history(wanted, known)


def standing(proposal):
    marker = HiddenMarker(
        ProposalForm.ISSUE,
        proposal.key,
        proposal.digest,
        title=compute_short_digest(proposal.title),
        detail=proposal.detail,
    )
    return [PublishedItem(7, marker, proposal.title, prepend_marker(marker, proposal.body))]


def broken(newest="4.2.1", bad="4.2.0"):
    culprit = Culprit(
        ("kombu",),
        (),
        {"kombu": "4.1.0"},
        {"kombu": bad},
        "No module named 'kombu.async'",
        "",
        NIGHT - timedelta(days=30),
    )
    change = ChangeReport("kombu", "4.1.0", newest, False, ("celery",), NIGHT, "requirements.txt")
    lock = LockfileReport("requirements.txt", ("requirements.in",), "pip-tools", None, "pip-compile")
    return EnvironmentReport(
        "requirements.txt",
        "3.6",
        Status.BREAKS,
        "It breaks.",
        (lock,),
        (change,),
        culprits=(culprit,),
        fresh={"kombu": newest},
    )


def green(**fresh):
    return EnvironmentReport("requirements.txt", "3.6", Status.QUIET, "Nothing changed.", fresh=fresh)


@given(st.lists(EVENTS, max_size=20))
def test_a_timeline_is_read_as_it_was_written(events):
    """Law: what a body remembers is what was told."""
    assert parse_timeline(render_timeline(events)) == tuple(events)


@pytest.mark.parametrize(
    "line",
    [
        "<!-- depcheck event day=2018-06-20 word=broke kombu==4.2.0; @owner -->",
        "<!-- depcheck event day=2018-06-20 word=invented kombu==4.2.0 -->",
        "x <!-- depcheck event day=2018-06-20 word=broke kombu==4.2.0 -->",
        "<!-- depcheck event day=2018-06-20 word=broke <b>==1 -->",
    ],
)
def test_what_people_write_into_a_body_is_not_read(line):
    """Only lines of the exact shape count."""
    assert parse_timeline(f"Hello\n{line}\n") == ()


def test_a_story_goes_on_and_the_same_night_adds_nothing():
    """Add release, finding and newer bad releases once each."""
    first = issue(broken())
    assert [each.kind for each in parse_timeline(first.body)] == [
        EventKind.RELEASED,
        EventKind.BROKE,
        EventKind.NEWER_FAILS,
    ]
    again = issue(broken(), 1, standing(first))
    assert parse_timeline(again.body) == parse_timeline(first.body)
    later = issue(broken("4.2.2"), 9, standing(first))
    assert (later.digest, later.detail != first.detail) == (first.digest, True)
    assert parse_timeline(later.body)[-1] == TimelineEvent("2018-06-29", EventKind.NEWER_FAILS, (("kombu", "4.2.2"),))
    assert parse_timeline(issue(broken("4.2.2"), 10, standing(later)).body) == parse_timeline(later.body)


def test_another_culprit_is_another_chapter():
    """The old one stays in the timeline."""
    first = issue(broken())
    second = issue(broken(bad="4.2.1"), 3, standing(first))
    assert second.digest != first.digest
    assert [each.pins for each in parse_timeline(second.body) if each.kind is EventKind.BROKE] == [
        (("kombu", "4.2.0"),),
        (("kombu", "4.2.1"),),
    ]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"kombu": "4.3.0"}, "<code>kombu 4.2.0</code> broke it, <code>kombu 4.3.0</code> works."),
        ({"kombu": "4.2.0"}, "<code>kombu 4.2.0</code> works now, because something else changed."),
        ({"celery": "4.2.0"}, "Nothing requires <code>kombu</code> any more."),
    ],
)
def test_the_end_names_what_healed_it(now, said):
    """Name the release that fixed it, in remark and timeline."""
    first = standing(issue(broken()))
    end = issue(green(**now), 40, first)
    assert end.reason.endswith(said)
    assert parse_timeline(end.body)[-1].kind is EventKind.HEALED
    assert end == issue(green(**now), 40, first)


def test_a_long_story_stays_short():
    """Keep the newest forty events, within the room reserved."""
    body = issue(broken())
    for night in range(1, 90):
        body = issue(broken(f"4.2.{night + 1}"), night, standing(body))
    assert len(parse_timeline(body.body)) == 40
    assert len(render_timeline(parse_timeline(body.body)).encode()) < 14_000


@pytest.mark.parametrize("name", [".", ".ci/requirements.txt", "./x.txt"])
@pytest.mark.parametrize("status", list(Status))
def test_no_title_begins_with_a_dot(name, status):
    """Begin titles with a word, whatever the environment is called."""
    assert format_issue_title(replace(broken(), name=name, status=status, culprits=()))[0].isalpha()
