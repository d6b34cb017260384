"""One pull request for all environments, where that is asked for."""

from dataclasses import replace

import pytest
from stories import NEWER, OLD, OPTIONS, SAFE, breaks, change, environment, night, quiet, report, safe
from test_identity import layered
from test_nights import living

from depcheck.core.model.status import Status

GROUPED = replace(OPTIONS, group=True)
DEV = "dev.txt"


@pytest.fixture(autouse=True)
def _lockfiles(github):
    github.git.commit_files("main", dict.fromkeys(("requirements.txt", DEV), OLD))


def test_all_updates_are_in_one_pull_request(github, tmp_path):
    """Commit the files of all environments together, and link the issue."""
    for run in (1, 2):
        github.calls.clear()
        night(github, tmp_path, [breaks(), safe(name=DEV)], options=GROUPED, run=run)
    ((pull,), (issue,)), head = living(github), None
    (head,) = [sha for name, sha in github.git.refs.items() if name != "main"]
    assert github.git.text(head, "requirements.txt") == github.git.text(head, DEV) == SAFE
    assert pull["title"] == "Update 2 pins in requirements.txt and dev.txt; hold kombu at 4.1.0"
    assert (f"Details: #{issue['number']}." in pull["body"], f"#{pull['number']} has" in issue["body"]) == (True, True)
    assert github.writes == []  # the second run found nothing new


def test_the_setting_can_be_changed(github, tmp_path):
    """Close what the other setting opened, with a sentence."""
    found = [safe(), safe(name=DEV)]
    night(github, tmp_path, found, run=1)
    night(github, tmp_path, found, run=2, options=GROUPED)
    assert [len(each) for each in living(github)] == [1, 0]
    assert "all environments" in github.items[1]["comments"][-1]["body"]
    known = {each.name: (each.name,) for each in found}

    night(github, tmp_path, replace(report(*found, night=3), known_environments=known), run=3)
    assert [len(each) for each in living(github)] == [2, 0]
    assert "of its own" in github.items[3]["comments"][-1]["body"]


@pytest.mark.parametrize("status", [Status.INFRA, Status.FLAKY])
def test_nothing_is_taken_out_by_what_was_not_checked(github, tmp_path, status):
    """Leave the pull request while an environment could not be checked."""
    night(github, tmp_path, [safe(), safe(name=DEV)], run=1, options=GROUPED)
    before = dict(github.git.refs)
    done = night(github, tmp_path, [safe(NEWER), environment(status, name=DEV)], run=2, options=GROUPED)
    assert (github.git.refs, "dev.txt could not be checked" in "".join(done.lines)) == (before, True)


def test_environments_that_contradict_each_other_are_not_mixed(github, tmp_path):
    """Keep a pull request for another content of the same file."""
    other = safe(name=DEV)
    moved = (change("six", "1.10.0", "1.12.0"),)
    other = replace(other, proposal=replace(other.proposal, files={"requirements.txt": NEWER}, changes=moved))
    night(github, tmp_path, [safe(), layered(other, "requirements.txt", DEV)], options=GROUPED)
    pulls, _ = living(github)
    heads = [github.git.refs[each["pull"]["head"]] for each in pulls]
    assert {github.git.text(head, "requirements.txt") for head in heads} == {SAFE, NEWER}


def test_it_is_closed_when_nothing_is_left(github, tmp_path):
    """Close it where no environment has an update any more."""
    night(github, tmp_path, [safe(), safe(name=DEV)], run=1, options=GROUPED)
    night(github, tmp_path, [quiet(), quiet(name=DEV)], run=2, options=GROUPED)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])


def test_one_environment_keeps_the_common_pull_request(github, tmp_path):
    """Find the common pull request again where it is about one environment."""
    night(github, tmp_path, [breaks()], run=1, options=GROUPED)
    night(github, tmp_path, [breaks(NEWER)], run=2, options=GROUPED)
    ((pull,), _) = living(github)
    assert (pull["number"], pull["comments"][-1]["body"].splitlines()[-1]) == (1, "New here: <code>six 1.12.0</code>.")
