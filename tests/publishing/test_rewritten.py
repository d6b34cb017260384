"""Descriptions that people wrote stay, and what they belong to is found."""

import pytest
from bare_repository import BOT, GITHUB, HUMAN
from fake_github import AT, SETTING_OFF
from stories import NEWER, OLD, SAFE, breaks, culprit, night, quiet, safe
from test_nights import living


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", {"requirements.txt": OLD, "app.py": "print(1)\n"})


def update_by_button(github, branch):
    """Merge main into a branch as GitHub's button "Update branch" does."""
    git = github.git
    ours, theirs = git.refs[branch], git.refs["main"]
    blob = git.blob_at(ours, "requirements.txt")
    tree = git.with_file(git.tree_of(theirs), "requirements.txt", "100644", blob)
    git.point(branch, git.commit(f"Merge branch 'main' into {branch}", tree, [ours, theirs], HUMAN, GITHUB))


def test_rewritten_descriptions_stay_with_one_remark(github, tmp_path):
    """Find both without hidden lines, and open no second one."""
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["body"] = "Ours now."
    for run in (2, 3, 4):
        github.calls.clear()
        done = night(github, tmp_path, [breaks()], run=run)
        assert done.problems == ()
    assert ([len(found) for found in living(github)], github.writes) == ([1, 1], [])
    assert [(each["body"], len(each["comments"])) for each in github.items.values()] == [("Ours now.", 1)] * 2


def test_a_rewritten_pull_request_is_kept_up_to_date(github, tmp_path):
    """Push the new files, say what came, and leave the description."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    pull["body"] = ""
    for run in (2, 3):
        github.calls.clear()
        night(github, tmp_path, [safe(NEWER)], run=run)
    head = github.git.refs[pull["pull"]["head"]]
    assert (github.git.text(head, "requirements.txt"), pull["body"], github.writes) == (NEWER, "", [])
    assert ["<code>six 1.12.0</code>" in each["body"] for each in pull["comments"]] == [False, True]


def test_what_is_rewritten_is_closed_when_green(github, tmp_path):
    """Close both with their sentence, and keep the description."""
    night(github, tmp_path, [breaks()])
    for item in github.items.values():
        item["body"] = "Ours now."
    night(github, tmp_path, [quiet()], run=2)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])
    assert {each["body"] for each in github.items.values()} == {"Ours now."}


def test_a_rewritten_pull_request_closed_by_hand_stays_closed(github, tmp_path):
    """Silence the finding that the branch's commit names."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    pull["body"], pull["state"] = "No, thanks.", "closed"
    github.calls.clear()
    night(github, tmp_path, [safe()], run=2)
    assert (github.writes, len(github.items)) == ([], 1)
    night(github, tmp_path, [safe(NEWER)], run=3)
    assert [len(found) for found in living(github)] == [1, 0]


def test_the_issue_of_each_environment_is_told_by_its_title(github, tmp_path):
    """Give rewritten issues to the environments that their titles name."""
    github.git.commit_files("main", {"dev/requirements.txt": OLD})
    two = [breaks(), breaks(name="dev/requirements.txt")]
    night(github, tmp_path, two)
    for item in github.items.values():
        item["body"] = ""
    night(github, tmp_path, [quiet(), two[1]], run=2)
    assert [each["title"] for each in living(github)[1]] == ["kombu 4.2.0 breaks dev/requirements.txt"]


def test_the_button_update_branch_is_no_stranger(github, tmp_path):
    """Take the button's merge of the base for ours."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    for _ in range(2):
        github.git.commit_files("main", {"app.py": f"print({github.git.seconds})\n"})
        update_by_button(github, pull["pull"]["head"])
    github.calls.clear()
    night(github, tmp_path, [safe()], run=2)
    assert (github.writes, pull["comments"]) == ([], [])
    night(github, tmp_path, [safe(NEWER)], run=3)
    assert github.git.text(github.git.refs[pull["pull"]["head"]], "requirements.txt") == NEWER


def test_a_conflict_solved_in_the_browser_is_a_persons_work(github, tmp_path):
    """Never overwrite what a person chose for the lockfile in a merge."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    branch, git = pull["pull"]["head"], github.git
    update_by_button(github, branch)
    merge = git.read_commit(git.refs[branch])
    solved = git.with_file(merge["tree"], "requirements.txt", "100644", git.store("blob", b"six==1.10.5\n"))
    git.point(branch, git.commit("Merge", solved, merge["parents"], HUMAN, GITHUB))
    tip = git.refs[branch]
    night(github, tmp_path, [safe(NEWER)], run=2)
    assert git.refs[branch] == tip


def test_a_pull_request_opened_by_hand_replaces_the_stand_in(github, tmp_path):
    """Close the issue when a person opened the pull request."""
    github.refusals.append(("POST", f"{AT}/pulls", 403, SETTING_OFF))
    night(github, tmp_path, [safe()])
    (issue,) = github.items.values()
    branch = next(name for name in github.git.refs if name != "main")
    pull = github.add_item("Update", "", user="jane", pull={"head": branch, "base": "main"})
    for run in (2, 3):
        github.calls.clear()
        done = night(github, tmp_path, [safe()], run=run)
    assert (issue["state"], pull["state"], done.problems, github.writes) == ("closed", "open", (), [])
    night(github, tmp_path, [safe(NEWER)], run=4)
    assert github.git.text(github.git.refs[branch], "requirements.txt") == NEWER
    assert "one" not in pull["body"]


def test_commits_of_the_default_token_are_ours(github, tmp_path):
    """Know a commit by author and committer, as GitHub writes them."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    commit = github.git.read_commit(github.git.refs[pull["pull"]["head"]])
    assert (commit["author"], commit["committer"]) == (BOT, GITHUB)


def test_another_culprit_is_told_by_the_issue_alone(github, tmp_path):
    """Send one mail for a finding, not one for each item."""
    night(github, tmp_path, [breaks()])
    night(github, tmp_path, [breaks(NEWER, culprit(bad="4.1.1"))], run=2)
    (pull,), (issue,) = living(github)
    assert (len(pull["comments"]), len(issue["comments"])) == (0, 1)


def test_a_remark_names_the_releases_that_came(github, tmp_path):
    """Name package and version, and nothing that did not move."""
    night(github, tmp_path, [safe()])
    night(github, tmp_path, [safe(NEWER)], run=2)
    (pull,), _ = living(github)
    (remark,) = pull["comments"]
    assert remark["body"].split("\n")[1] == "New here: <code>six 1.12.0</code>."


def test_a_release_that_goes_back_is_no_news(github, tmp_path):
    """Push without a remark where only the hold changed."""
    night(github, tmp_path, [safe(NEWER)])
    night(github, tmp_path, [safe(SAFE)], run=2)
    (pull,), _ = living(github)
    assert pull["comments"] == []
    assert github.git.text(github.git.refs[pull["pull"]["head"]], "requirements.txt") == SAFE


def test_the_same_files_are_not_pushed_again(github, tmp_path):
    """Edit the body alone where only the finding is another."""
    night(github, tmp_path, [safe()])
    (pull,), _ = living(github)
    tip = github.git.refs[pull["pull"]["head"]]
    github.git.commit_files("main", {"app.py": "print(3)\n"})
    for run in (2, 3):
        github.calls.clear()
        night(github, tmp_path, [breaks(SAFE)], run=run)
    assert (github.git.refs[pull["pull"]["head"]], github.writes, pull["comments"]) == (tip, [], [])
    assert pull["title"].endswith("hold kombu at 4.1.0")
