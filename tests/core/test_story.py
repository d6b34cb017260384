"""An issue's story: kept in its body, gone on with once a night, and ended with what healed it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.markers import Form, Marker, marked, short_digest
from depcheck.core.proposals import proposals
from depcheck.core.report import ChangeReport, Culprit, EnvironmentReport, LockfileReport, Report, Status, Tool
from depcheck.core.retelling import retold
from depcheck.core.settings import PublishOptions
from depcheck.core.settlement import Existing
from depcheck.core.story import Event, Word, timeline, told

NIGHT = datetime(2018, 6, 20, 3, 17, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}(rc1|\.post1|\+local)?", fullmatch=True)
EVENTS = st.builds(
    Event,
    st.dates().map(lambda day: day.isoformat()),
    st.sampled_from(Word),
    st.dictionaries(NAMES, VERSIONS, max_size=4).map(lambda pins: tuple(sorted(pins.items()))),
)


def issue(found, nights=0, known=()):
    moment = NIGHT + timedelta(days=nights)
    report = Report(Tool("depcheck", "1"), moment, moment, None, None, None, {}, (found,))
    (wanted,) = proposals(report, PublishOptions(pull_request=False), "main")
    return retold(wanted, known)


def standing(proposal):
    marker = Marker(
        Form.ISSUE, proposal.key, proposal.digest, title=short_digest(proposal.title), detail=proposal.detail
    )
    return [Existing(7, marker, proposal.title, marked(marker, proposal.body))]


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
    assert told(timeline(events)) == tuple(events)


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
    assert told(f"Hello\n{line}\n") == ()


def test_a_story_goes_on_and_the_same_night_adds_nothing():
    """Released and found the first night; a newer release that fails is told once; twice is the same as once."""
    first = issue(broken())
    assert [each.word for each in told(first.body)] == [Word.RELEASED, Word.BROKE, Word.NEWER]
    again = issue(broken(), 1, standing(first))
    assert told(again.body) == told(first.body)
    later = issue(broken("4.2.2"), 9, standing(first))
    assert (later.digest, later.detail != first.detail) == (first.digest, True)
    assert told(later.body)[-1] == Event("2018-06-29", Word.NEWER, (("kombu", "4.2.2"),))
    assert told(issue(broken("4.2.2"), 10, standing(later)).body) == told(later.body)


def test_another_culprit_is_another_chapter():
    """The old one stays in the timeline."""
    first = issue(broken())
    second = issue(broken(bad="4.2.1"), 3, standing(first))
    assert second.digest != first.digest
    assert [each.pins for each in told(second.body) if each.word is Word.BROKE] == [
        (("kombu", "4.2.0"),),
        (("kombu", "4.2.1"),),
    ]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"kombu": "4.3.0"}, "<code>kombu 4.2.0</code> broke it, <code>kombu 4.3.0</code> works."),
        ({"kombu": "4.2.0"}, "<code>kombu 4.2.0</code> works now: something else changed."),
        ({"celery": "4.2.0"}, "Nothing needs <code>kombu</code> any more."),
    ],
)
def test_the_end_names_what_healed_it(now, said):
    """The remark and the timeline say with which release it is green again; asked twice, the same."""
    first = standing(issue(broken()))
    end = issue(green(**now), 40, first)
    assert end.reason.endswith(said)
    assert told(end.body)[-1].word is Word.HEALED
    assert end == issue(green(**now), 40, first)


def test_a_long_story_stays_short():
    """However many nights: the newest forty events, within the room that is kept for them."""
    body = issue(broken())
    for night in range(1, 90):
        body = issue(broken(f"4.2.{night + 1}"), night, standing(body))
    assert len(told(body.body)) == 40
    assert len(timeline(told(body.body)).encode()) < 14_000
