"""The release that ends a failure is named, whosever it is."""

from dataclasses import replace

import pytest
from stories import OLD, breaks, culprit, night, quiet
from test_nights import living

BROKEN = replace(culprit("werkzeug", "3.0.0", "2.3.7"), victims={"flask-login": "0.6.2"})


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", {"requirements.txt": OLD})


def fails(**fresh):
    return breaks(found=BROKEN, fresh={name.replace("_", "-"): version for name, version in fresh.items()})


def end(github, tmp_path, **fresh):
    """Close the issue with these fresh releases, and return the last remark."""
    now = {name.replace("_", "-"): version for name, version in fresh.items()}
    night(github, tmp_path, [quiet(fresh=now)], run=9)
    (issue,) = [item for item in github.items.values() if not item["pull"]]
    assert issue["state"] == "closed"
    return issue["comments"][-1]["body"].replace("<code>", "").replace("</code>", ""), issue["body"]


def test_the_victim_is_named_from_the_first_day(github, tmp_path):
    """Name whose code fails beside the culprit, in body and timeline."""
    night(github, tmp_path, [fails(werkzeug="3.0.0", flask_login="0.6.2")])
    _, (issue,) = living(github)
    assert "The code that fails is that of <code>flask-login 0.6.2</code>." in issue["body"]
    assert ": the code that fails is that of <code>flask-login 0.6.2</code>" in issue["body"]


def test_the_victims_release_that_heals_is_named(github, tmp_path):
    """Say that the victim's release works with what failed before."""
    night(github, tmp_path, [fails(werkzeug="3.0.0", flask_login="0.6.2")])
    night(github, tmp_path, [fails(werkzeug="3.0.1", flask_login="0.6.2")], run=2)
    said, body = end(github, tmp_path, werkzeug="3.0.1", flask_login="0.6.3")
    assert said.endswith("flask-login 0.6.3 works with werkzeug 3.0.1, flask-login 0.6.2 did not.")
    assert "fixed, with <code>flask-login 0.6.3</code>" in body


def test_the_culprits_own_release_that_heals_is_named(github, tmp_path):
    """Say that the culprit's next release works."""
    night(github, tmp_path, [fails(werkzeug="3.0.0", flask_login="0.6.2")])
    said, _ = end(github, tmp_path, werkzeug="3.0.1", flask_login="0.6.2")
    assert said.endswith("werkzeug 3.0.1 works with flask-login 0.6.2, werkzeug 3.0.0 did not.")


def test_both_are_named_where_both_came(github, tmp_path):
    """Claim no more than what changed since the last failure."""
    night(github, tmp_path, [fails(werkzeug="3.0.0", flask_login="0.6.2")])
    said, _ = end(github, tmp_path, werkzeug="3.0.1", flask_login="0.6.3")
    assert said.endswith("flask-login 0.6.3 and werkzeug 3.0.1 work, flask-login 0.6.2 and werkzeug 3.0.0 did not.")


def test_something_else_is_said_to_be_something_else(github, tmp_path):
    """Name the other releases that came where none of the two did."""
    night(github, tmp_path, [fails(werkzeug="3.0.0", flask_login="0.6.2", six="1")])
    said, _ = end(github, tmp_path, werkzeug="3.0.0", flask_login="0.6.2", six="2")
    assert said.endswith("work now, because something else changed; new since this was last written: six 2.")


def test_what_nobody_needs_any_more_is_said(github, tmp_path):
    """Say it where the culprit left the resolution."""
    night(github, tmp_path, [fails(werkzeug="3.0.0", flask_login="0.6.2")])
    said, _ = end(github, tmp_path, flask_login="0.6.2")
    assert said.endswith("Nothing requires werkzeug any more.")
