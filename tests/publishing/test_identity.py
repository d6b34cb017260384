"""What belongs together is found again, and nothing is orphaned."""

import re
from dataclasses import replace

import pytest
from stories import NEWER, OLD, breaks, night, quiet, report, safe
from test_nights import living

from depcheck.core.model.report import LockfileReport


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", dict.fromkeys(("requirements.txt", "dev.txt", "web/requirements.txt"), OLD))


def layered(judged, *paths):
    """Give an environment several lockfiles."""
    layers = tuple(LockfileReport(path, ("x.in",), "pip-tools", "7", "pip-compile") for path in paths)
    return replace(judged, lockfiles=layers)


def told(*judged, night=1, elsewhere=()):
    """Build a report that knows all environments of the repository."""
    every = {each.name: tuple(lockfile.path for lockfile in each.lockfiles) for each in judged}
    return replace(report(*judged, night=night), known_environments={**every, **dict(elsewhere)})


def forget(github):
    """Make all markers those of an earlier version."""
    for item in github.items.values():
        item["body"] = re.sub(r" base=[0-9a-f]{16} files=[0-9a-f,]+ -->", " -->", item["body"])


@pytest.mark.parametrize("old_markers", [False, True])
def test_a_layer_that_is_added_carries_everything_on(github, tmp_path, old_markers):
    """Keep pull request, branch and issue under the new name."""
    night(github, tmp_path, told(breaks()))
    before, refs = [each["number"] for found in living(github) for each in found], github.git.refs.keys()
    if old_markers:
        forget(github)
    both = layered(breaks(name="dev.txt"), "dev.txt", "requirements.txt")
    both = replace(both, proposal=replace(both.proposal, files={"requirements.txt": NEWER}))
    for run in (2, 3):
        github.calls.clear()
        night(github, tmp_path, told(both, night=run), run=run)
    pulls, issues = living(github)
    assert ([each["number"] for each in (*pulls, *issues)], github.git.refs.keys()) == (before, refs)
    assert (issues[0]["title"], github.writes) == ("kombu 4.2.0 breaks dev.txt", [])
    night(github, tmp_path, told(quiet(), night=4), run=4)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])


@pytest.mark.parametrize("old_markers", [False, True])
def test_what_is_gone_is_closed_with_one_sentence(github, tmp_path, old_markers):
    """Close pull request, branch and issue of a lockfile that was removed."""
    gone = breaks(name="web/requirements.txt")
    night(github, tmp_path, told(gone, quiet()))
    assert [len(found) for found in living(github)] == [1, 1]
    if old_markers:
        forget(github)
    night(github, tmp_path, told(quiet(), night=2), run=2)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])
    said = [each["body"] for item in github.items.values() for each in item["comments"]]
    assert ["no longer checked" in each for each in said] == [True, True]
    github.calls.clear()
    night(github, tmp_path, told(quiet(), night=3), run=3)
    assert github.writes == []


def test_what_another_job_judges_is_left(github, tmp_path):
    """Leave environments of other jobs, also those that will be renamed there."""
    night(github, tmp_path, told(breaks(name="web/requirements.txt"), breaks()))
    github.calls.clear()
    elsewhere = {"dev.txt": ("dev.txt", "web/requirements.txt")}
    night(github, tmp_path, told(breaks(), night=2, elsewhere=elsewhere), run=2)
    night(github, tmp_path, report(breaks(), night=3), run=3)  # told which lockfiles to look at
    assert ([len(found) for found in living(github)], github.writes) == ([2, 2], [])


def test_another_base_branch_is_left(github, tmp_path):
    """Close nothing that is about another branch."""
    github.git.commit_files("develop", {"web/requirements.txt": OLD})
    night(github, tmp_path, told(breaks(name="web/requirements.txt")), base="develop")
    night(github, tmp_path, told(quiet(), night=2), run=2)
    assert [len(found) for found in living(github)] == [1, 1]


def test_a_persons_work_on_the_branch_outlives_its_lockfile(github, tmp_path):
    """Close no pull request that has others' commits."""
    night(github, tmp_path, told(safe(name="web/requirements.txt")))
    (pull,), _ = living(github)
    github.git.commit_files(pull["pull"]["head"], {"app.py": "print(2)\n"})
    night(github, tmp_path, told(quiet(), night=2), run=2)
    assert (pull["state"], pull["pull"]["head"] in github.git.refs) == ("open", True)


def test_a_snoozed_finding_stays_so_under_its_new_name(github, tmp_path):
    """Open nothing again that a person closed before the environment was renamed."""
    night(github, tmp_path, told(breaks()))
    for item in github.items.values():
        item["state"] = "closed"
    renamed = replace(breaks(name="py312"), lockfiles=breaks().lockfiles)
    renamed = replace(renamed, proposal=breaks().proposal)
    night(github, tmp_path, told(renamed, night=2), run=2)
    assert living(github) == ([], [])
