"""Runs cut off at any call end as undisturbed ones do.

Also those answered wrongly, when begun again.
"""

import re
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from fake_github import FAULTS, FakeGitHub
from stories import NEWER, OLD, OPTIONS, Killed, breaks, counted, culprit, night, quiet, safe

from depcheck.core.config.settings import PublishOptions

_CHANGED = [breaks(NEWER, culprit(bad="4.1.1"))]

# what stood before, and the night that is disturbed
STORIES = {
    "first pull request": ([], [safe()]),
    "update": ([[safe()]], [safe(NEWER)]),
    "green again": ([[breaks()]], [quiet()]),
    "issue opened": ([], [breaks()]),
    "culprit changed": ([[breaks()]], _CHANGED),
    "dashboard": ([[quiet()]], [breaks()]),
    "common pull request": ([[breaks(NEWER)]], [breaks()]),
    "race": ([], [breaks()]),
    "race of an older run": ([], _CHANGED),
}


CHOSEN = {
    "dashboard": PublishOptions(pull_request=False, issue=False, dashboard=True),
    "common pull request": replace(OPTIONS, group=True),
}


class Stage:
    """One fake GitHub, set back to the start of a story."""

    def __init__(self, github, folder, story):
        self.github, self.folder, self.story = github, folder, story
        self.options = CHOSEN.get(story, OPTIONS)
        github.git.commit_files("main", {"requirements.txt": OLD, "app.py": "print(1)\n"})
        before, self.found = STORIES[story]
        for run, found in enumerate(before, 10):
            night(github, folder, found, run=run, options=self.options)
        self.start = github.save()

    def play(self, rival_after=8, timeout_s=None, **disturbance):
        """Run the publisher, with a rival after call number `rival_after`.

        In a race the other run does all of its work there.
        """
        run = 49 if "older" in self.story else 52
        ours = partial(night, self.github, self.folder, self.found, run=run, options=self.options)
        if self.story.startswith("race"):

            def rival():
                with counted(timeout_s=timeout_s):
                    night(self.github, self.folder, [breaks()], run=50)

            with counted(after=rival_after, do=rival), counted(timeout_s=timeout_s, **disturbance) as seen:
                ours()
        else:
            with counted(timeout_s=timeout_s, **disturbance) as seen:
                ours()
        return seen["calls"]

    def end(self):
        """Run the next time, with the newest finding, and return the state."""
        newest = [breaks()] if "older" in self.story else self.found
        night(self.github, self.folder, newest, run=60, options=self.options)
        return picture(self.github, race=self.story.startswith("race"))


def picture(github, *, race):
    """Describe open items with content, closed ones, and branches.

    In a race it is open which run remarks on the other's finding (but none does so twice), and whether both
    open an issue at the same moment (then one is closed as the duplicate). A timeline has what an older run published
    only where that run came first.
    """
    shown = []
    for item in github.items.values():
        if race and item["state"] == "closed":
            assert item["state_reason"] == "not_planned"
            continue
        text = item["body"].split("\n", 1)[1] if item["state"] == "open" else ""
        text = re.sub(r"20\d\d-\d\d-\d\d(?:T[\d:]+Z)?|\d+ days? ago|(?<=/actions/runs/)\d+", "", text)
        text = re.sub(r"(?<= )#\d+(?=[ .])", "#N", text) if race else text  # of the night that wrote it
        text = re.sub(r"(?s)(?<=timeline begins -->).*?(?=<!-- depcheck timeline ends)", "", text) if race else text
        said = sorted(each["body"] for each in item["comments"])
        assert len(set(said)) == len(said)
        kept = {key: item[key] for key in ("title", "state", "labels", "assignees")}
        shown.append((bool(item["pull"]), kept, text, None if race else said))
    shown.sort(key=lambda each: each[0])
    heads = {name: github.git.text(sha, "requirements.txt") for name, sha in github.git.refs.items()}
    return shown, heads, sorted(github.reviewers)


@pytest.fixture(scope="module", params=STORIES)
def stage(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cuts")
    with FakeGitHub(folder / "remote.git") as github:
        yield Stage(github, folder, request.param)
        assert github.violations == []


@pytest.fixture(scope="module")
def undisturbed(stage):
    """Return an undisturbed end and its numbers of calls.

    Those of our run, and of all runs.
    """
    stage.github.restore(stage.start)
    own = stage.play()
    calls = len(stage.github.calls)
    end = stage.end()
    alive = [item for item in stage.github.items.values() if item["state"] == "open"]
    assert len([item for item in alive if item["pull"]]) <= 1
    assert len([item for item in alive if not item["pull"]]) <= 1
    return end, own, calls


def test_killed_after_each_call(stage, undisturbed):
    """End as undisturbed after a kill at each call."""
    end, calls, _ = undisturbed
    for k in range(1, calls + 1):
        stage.github.restore(stage.start)
        with suppress(Killed):
            stage.play(after=k)
        assert stage.end() == end, f"killed after call {k} of {calls}"


def test_a_race_at_each_call(stage, undisturbed):
    """End the same wherever the other run works."""
    end, calls, _ = undisturbed
    for k in range(1, calls + 1) if stage.story.startswith("race") else ():
        stage.github.restore(stage.start)
        stage.play(rival_after=k)
        assert stage.end() == end, f"the other run after call {k} of {calls}"


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=() if fault == "502 done" else pytest.mark.slow) for fault in FAULTS]
)
def test_each_call_answered_with_a_fault(stage, undisturbed, fault):
    """End as if nothing happened after each fault at each call."""
    end, _, calls = undisturbed
    if stage.story == "race of an older run":
        calls = 0  # its cuts and interleavings are tried above; a fault is as in the other race
    for k in range(1, calls + 1):
        stage.github.restore(stage.start)
        stage.github.faults[k] = fault
        stage.play(timeout_s=0.15 if fault == "timeout" else None)
        assert stage.end() == end, f"{fault} at call {k} of {calls}"
