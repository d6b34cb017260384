"""What people did on the forge stays done."""

import re

import pytest
from bare_repository import HUMAN
from stories import NEWER, OLD, SAFE, breaks, culprit, environment, night, quiet, safe
from test_nights import living

from depcheck.core.config.settings import PublishOptions
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import CheckReport, ChecksReport
from depcheck.core.model.status import Status
from depcheck.core.settlement.remarks import QUIET_IS_OVER


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", {"requirements.txt": OLD, "app.py": "print(1)\n"})


def changed():
    return breaks(NEWER, culprit(bad="4.1.1"))


def test_commits_of_others_stop_us_and_the_body_says_so(github, tmp_path):
    """Stop at foreign commits, and say it by an edit."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    tip = github.git.commit_files(pull["pull"]["head"], {"app.py": "print(2)\n"}, author=HUMAN)
    for run in (2, 3, 4):
        github.calls.clear()
        night(github, tmp_path, [safe(NEWER)], run=run)
    assert github.git.refs[pull["pull"]["head"]] == tip
    assert (pull["comments"], github.writes, pull["state"]) == ([], [], "open")
    assert pull["body"].count("Others' commits are on this branch") == 1


def test_a_ticked_box_has_the_branch_made_again(github, tmp_path):
    """Make the branch anew, also over others' commits."""
    night(github, tmp_path, [safe()])
    ((pull,), _), branch = living(github), github.items[1]["pull"]["head"]
    github.git.commit_files(branch, {"app.py": "print(2)\n"}, "Ours")
    night(github, tmp_path, [safe()], run=2)
    assert github.git.text(github.git.refs[branch], "app.py") == "print(2)\n"
    pull["body"] = pull["body"].replace("- [ ] Make this branch again", "- [x] Make this branch again")
    night(github, tmp_path, [safe()], run=3)
    assert github.git.text(github.git.refs[branch], "app.py") != "print(2)\n"
    assert ("- [ ] Make this branch again" in pull["body"], "Others' commits" in pull["body"]) == (True, False)
    before = github.git.refs[branch]
    pull["body"] = pull["body"].replace(
        "### ", "- [x] Make this branch again in the next run, also over others' commits\n### "
    )
    night(github, tmp_path, [safe()], run=4)  # a package's words are no tick
    assert (github.git.refs[branch], pull["comments"]) == (before, [])


def ask_for_quiet(item, day):
    """Tick the box, and give it a day, as a person does."""
    body, count = re.subn(
        r"- \[ \] Be quiet about this until \S+", f"- [x] Be quiet about this until {day}", item["body"]
    )
    assert count == 1
    item["body"] = body


def test_a_ticked_box_keeps_quiet_until_its_day(github, tmp_path):
    """Edit the issue without a remark, and leave the branch.

    Then say once that it is over.
    """
    night(github, tmp_path, [breaks()])
    (pull,), (issue,) = living(github)
    tip = github.git.refs[pull["pull"]["head"]]
    for item in (pull, issue):
        ask_for_quiet(item, "2026-11-26")
    done = night(github, tmp_path, [changed()], run=2)
    assert (issue["comments"], pull["comments"], github.git.refs[pull["pull"]["head"]]) == ([], [], tip)
    assert ("kombu 4.1.1" in issue["body"], "- [x] Be quiet about this until 2026-11-26" in issue["body"]) == (
        True,
        True,
    )
    assert done.known == ("requirements.txt",)  # `fail-on: new` stays green
    github.calls.clear()
    night(github, tmp_path, [changed()], run=3)
    assert github.writes == []
    for run in (4, 5):
        night(github, tmp_path, [changed()], run=run)
    assert [each["body"].rpartition("\n")[2] for each in issue["comments"]] == [QUIET_IS_OVER]
    assert ("- [ ] Be quiet" in issue["body"], github.git.refs[pull["pull"]["head"]] != tip) == (True, True)


def test_a_finding_closed_with_a_day_comes_back(github, tmp_path):
    """Open nothing before the day, and then anew."""
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        ask_for_quiet(item, "2026-11-26")
        item["state"] = "closed"
    github.calls.clear()
    for found in (breaks(), changed()):
        night(github, tmp_path, [found], run=2)
    assert (living(github), github.writes) == (([], []), [])
    night(github, tmp_path, [breaks()], run=4)
    assert [len(found) for found in living(github)] == [1, 1]


def test_malware_that_ran_is_told_in_spite_of_quiet(github, tmp_path):
    """Words of a package, or no real day, ask nothing."""
    night(github, tmp_path, [breaks()])
    _, (issue,) = living(github)
    ask_for_quiet(issue, "2027-11-26")
    night(github, tmp_path, [breaks(ran_flagged=("litellm 1.82.7 was malware, and ran on 2026-03-24.",))], run=2)
    assert len(issue["comments"]) == 1
    ask_again = issue["body"].replace(
        "- [x] Be quiet about this until 2027-11-26", "- [x] Be quiet about this until 2027-13-01"
    )
    issue["body"] = ask_again.replace("### ", "- [x] Be quiet about this until 2027-11-26\n### ", 1)
    night(github, tmp_path, [changed()], run=3)
    assert len(issue["comments"]) == 2


def test_commits_of_others_outlive_a_green_night(github, tmp_path):
    """A pull request with a person's work is not closed."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    github.git.commit_files(pull["pull"]["head"], {"app.py": "print(2)\n"}, author=HUMAN)
    night(github, tmp_path, [quiet()], run=2)
    assert (pull["state"], pull["pull"]["head"] in github.git.refs) == ("open", True)


def test_a_close_by_hand_snoozes_that_finding_only(github, tmp_path):
    """Leave a finding closed that a person closed.

    Another one opens anew.
    """
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["state"] = "closed"
    github.calls.clear()
    night(github, tmp_path, [breaks()], run=2)
    assert (living(github), github.writes) == (([], []), [])
    night(github, tmp_path, [changed()], run=3)
    assert [len(found) for found in living(github)] == [1, 1]


def test_titles_and_labels_by_people_stay(github, tmp_path):
    """Keep titles and labels that people changed."""
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["title"] = "Ours now"
        item["labels"] = ["depcheck", "urgent"]
    night(github, tmp_path, [changed()], run=2)
    assert {item["title"] for item in github.items.values()} == {"Ours now"}
    assert [item["labels"] for item in github.items.values()] == [["depcheck", "urgent"]] * 2


def test_a_removed_label_does_not_make_a_second_one(github, tmp_path):
    """Find our items without a label, by author, branch and marker."""
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["labels"] = []
    night(github, tmp_path, [breaks()], run=2)
    assert [len(found) for found in living(github)] == [1, 1]


def test_others_cannot_pose_as_us(github, tmp_path):
    """Ignore markers in other people's issues."""
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["user"] = "mallory"
        item["pull"] = None
    github.git.remove(next(name for name in github.git.refs if name != "main"))
    night(github, tmp_path, [quiet()], run=2)
    assert {item["state"] for item in github.items.values()} == {"open"}
    night(github, tmp_path, [breaks()], run=3)
    assert [item["user"] for item in github.items.values()].count("github-actions[bot]") == 2


def test_an_older_run_never_takes_back_a_newer_finding(github, tmp_path):
    """Let an older run change nothing of a newer finding."""
    github.runs = {8, 9, 10}
    night(github, tmp_path, [breaks()], run=9)
    github.calls.clear()
    for found in (quiet(), changed()):
        night(github, tmp_path, [found], run=8)
    assert github.writes == []
    night(github, tmp_path, [quiet()], run=10)
    github.calls.clear()
    night(github, tmp_path, [breaks()], run=9)
    assert github.writes == []


@pytest.mark.parametrize("claim", ["9999999999.1", "2.99"])
def test_the_number_of_a_run_that_never_was_is_not_believed(github, tmp_path, claim):
    """Go on where somebody wrote a later run's number into our marker.

    The forge knows which runs there were. One that exists is believed.
    """
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["body"] = item["body"].replace("run=1.1", f"run={claim}")
    github.runs = {1, 2, 3}
    github.calls.clear()
    night(github, tmp_path, [changed()], run=2)
    assert github.writes


def test_duplicates_are_folded_into_the_oldest(github, tmp_path):
    """Close a duplicate issue with a pointer to the oldest."""
    night(github, tmp_path, [breaks()])
    (_,), (issue,) = living(github)
    twin = github.add_item(issue["title"], issue["body"], issue["labels"])
    night(github, tmp_path, [breaks()], run=2)
    assert (issue["state"], twin["state"], twin["state_reason"]) == ("open", "closed", "not_planned")
    assert f"#{issue['number']}" in twin["comments"][0]["body"]


def test_a_base_that_moved_elsewhere_changes_nothing(github, tmp_path):
    """Commits to other files need no new push."""
    night(github, tmp_path, [safe()])
    github.git.commit_files("main", {"app.py": "print(3)\n"})
    github.calls.clear()
    night(github, tmp_path, [safe()], run=2)
    assert github.writes == []


def test_a_conflicting_branch_is_made_again_without_a_word(github, tmp_path):
    """Rebuild a conflicting branch silently.

    The lockfile moved on the base: one commit on the new head.
    """
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    github.git.commit_files("main", {"requirements.txt": OLD.replace("1.10.0", "1.10.1")})
    night(github, tmp_path, [safe()], run=2)
    head = github.git.refs[pull["pull"]["head"]]
    assert github.git.read_commit(head)["parents"] == [github.git.refs["main"]]
    assert (github.git.text(head, "requirements.txt"), pull["comments"]) == (SAFE, [])


def test_what_is_merged_already_is_closed_quietly(github, tmp_path):
    """The base holds the proposal by now: nothing is left to update."""
    night(github, tmp_path, [safe()])
    github.git.commit_files("main", {"requirements.txt": SAFE})
    night(github, tmp_path, [quiet()], run=2)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])


@pytest.mark.parametrize("status", [Status.INFRA, Status.FLAKY])
def test_nothing_is_said_of_what_is_nobodys_fault(github, tmp_path, status):
    """Neither an infra nor a flaky night opens or closes anything."""
    night(github, tmp_path, [environment(status)])
    assert github.items == {}
    night(github, tmp_path, [breaks()], run=2)
    github.calls.clear()
    night(github, tmp_path, [environment(status)], run=3)
    assert github.writes == []


@pytest.mark.parametrize("status", [Status.UNRESOLVABLE, Status.STALE, Status.BASELINE_BROKEN, Status.SKIPPED])
def test_what_cannot_be_judged_is_an_issue(github, tmp_path, status):
    """A dead watchman is not silent, and heals."""
    night(github, tmp_path, [environment(status)])
    (issue,) = github.items.values()
    assert f"It is {status}." in issue["body"].replace("\\", "")
    night(github, tmp_path, [quiet()], run=2)
    assert issue["state"] == "closed"


def test_a_mistake_of_the_configuration_is_no_issue(github, tmp_path):
    """Leave what only whoever wrote the configuration can correct to the run."""
    missing = CheckReport(CheckKind.TEST, "pytset", Outcome.FAIL, 1, "command not found: sh: 1: pytset: not found")
    checks = ChecksReport((missing,), (missing,))
    done = night(github, tmp_path, [environment(Status.SKIPPED, checks=checks)])
    assert (github.items, "the configuration is mistaken" in "".join(done.lines)) == ({}, True)


def test_all_pages_are_read(github, tmp_path):
    """Ours are found behind hundreds of others."""
    for number in range(250):
        github.labels.add("depcheck")
        github.add_item(f"old {number}", "", ["depcheck"])["state"] = "closed"
    night(github, tmp_path, [breaks()])
    count = len(github.items)
    night(github, tmp_path, [breaks()], run=2)
    assert len(github.items) == count


def test_lists_that_lag_behind_make_no_second_one_in_the_end(github, tmp_path):
    """End with one of each although lists lag behind."""
    github.lag = 40
    for run in (1, 2, 3):
        night(github, tmp_path, [breaks()], run=run)
    github.lag = 0
    night(github, tmp_path, [breaks()], run=4)
    assert [len(found) for found in living(github)] == [1, 1]


def test_environments_do_not_touch_each_other(github, tmp_path):
    """Keep environments' pull requests and issues apart."""
    github.git.commit_files("main", {"dev/requirements.txt": OLD})
    two = [breaks(), breaks(name="dev/requirements.txt")]
    night(github, tmp_path, two)
    assert [len(found) for found in living(github)] == [2, 2]
    night(github, tmp_path, [quiet()], run=2)
    assert [len(found) for found in living(github)] == [1, 1]
    night(github, tmp_path, [quiet(name="dev/requirements.txt")], run=3)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])


def test_forms_can_be_switched_off(github, tmp_path):
    """`issue: false` and `pull-request: false` leave what exists alone."""
    night(github, tmp_path, [breaks()], options=PublishOptions(issue=False))
    assert [len(found) for found in living(github)] == [1, 0]
    night(github, tmp_path, [quiet()], run=2, options=PublishOptions(pull_request=False))
    assert [len(found) for found in living(github)] == [1, 0]
