"""Unlocked requirements are compared with the last green run."""

import sys
from datetime import UTC, datetime

import pytest

from depcheck.core.config.parsers import parse_moment
from depcheck.core.messages.bodies import format_pull_request_title
from depcheck.core.model.status import Status

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NAME = "depcheck-dated-lib"  # beside PyPI, which has the compiler and nothing of this name
pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def shelf(dated):
    """Serve a library that once had `old`."""
    dated.release(NAME, "1.0", "2024-01-01", text="old = 1\n")
    return dated


@pytest.fixture
def night(shelf, judged):
    """One night of a repository with a loose source."""

    def judge(**wishes):
        wishes |= {"index_url": "https://pypi.org/simple", "extra_index_urls": (shelf.url,), "python": PYTHON}
        smoke = ("python -c 'import depcheck_dated_lib; depcheck_dated_lib.old'",)
        return judged({"requirements.in": f"{NAME}>=1\n"}, imports=False, smoke=smoke, **wishes)

    return judge


def test_each_night_is_compared_with_the_last_green_one(shelf, night):
    """Compare with the last green run and name what broke since.

    Quiet at first, and remembered. The source gives no day.

    A red night is not remembered: the next one still compares with the green one.
    """
    first = night()
    assert first.status is Status.QUIET, first.reason
    assert first.unpinned == (f"{NAME}>=1",)
    assert any(f"Not pinned: {NAME}>=1" in note for note in first.notes)
    shelf.release(NAME, "2.0", "2024-01-02")
    shelf.pages[NAME][-1]["upload-time"] = datetime.now(UTC).isoformat()
    for _ in range(2):
        report = night()
        assert report.status is Status.BREAKS, report.reason
        assert report.culprits[0].first_bad == {NAME: "2.0"}
        assert any("the last green run" in note for note in report.notes)


def test_a_replay_leaves_no_memory(night):
    """A night of the past is no green night of today."""
    night(as_of=parse_moment("2024-02-01"))
    assert not any("the last green run" in note for note in night().notes)


def test_the_lockfile_that_is_offered_is_understood_the_next_night(shelf, night, tmp_path):
    """Propose a whole lockfile that is quiet once committed."""
    night()
    shelf.release(NAME, "1.1", "2024-01-02", text="old = 2\n")
    shelf.pages[NAME][-1]["upload-time"] = datetime.now(UTC).isoformat()
    report = night(cooldown_days=0)
    assert report.status is Status.SAFE, report.reason
    assert [each.locked for each in report.lockfiles] == [False]
    (text,) = report.proposal.files.values()
    assert f"{NAME}==1.1" in text
    assert format_pull_request_title(report, report.proposal) == "Lock requirements.in in requirements.txt"
    (tmp_path / "repo" / "requirements.txt").write_text(text)
    again = night()
    assert (again.status, [each.locked for each in again.lockfiles]) == (Status.QUIET, [True]), again.reason
