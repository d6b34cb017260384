"""Options are kept, and a wrong name costs only itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fake_github import AT, SETTING_OFF
from stories import NEWER, NIGHT, OLD, SAFE, breaks, night, safe
from test_nights import living

from depcheck.core.config.from_sources import build_publish_options
from depcheck.core.config.settings import PublishOptions, RawOption


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", {"requirements.txt": OLD})


def test_no_issue_stands_in_where_issues_are_not_wanted(github, tmp_path):
    """Open no issue with `issue: false`, though pull requests are refused."""
    github.refusals.append(("POST", f"{AT}/pulls", 403, SETTING_OFF))
    done = night(github, tmp_path, [safe()], options=PublishOptions(issue=False))
    assert (github.items, "Allow GitHub Actions to create" in done.problems[0]) == ({}, True)


def test_one_wrong_assignee_costs_only_itself(github, tmp_path):
    """Assign the others, on the pull request and on the issue."""
    github.unassignable = {"ghost"}
    done = night(github, tmp_path, [breaks()], options=PublishOptions(assignees=("ghost", "jane")))
    (pull,), (issue,) = living(github)
    assert (done.problems, pull["assignees"], issue["assignees"]) == ((), ["jane"], ["jane"])
    assert set(issue["labels"]) == {"depcheck", "dependencies"}


def test_one_refused_label_costs_only_itself(github, tmp_path):
    """Set the other labels where one cannot be created."""
    github.unnameable = {"bad"}
    done = night(github, tmp_path, [breaks()], options=PublishOptions(labels=("bad", "dependencies")))
    (pull,), (issue,) = living(github)
    assert done.problems == ()
    assert set(pull["labels"]) == set(issue["labels"]) == {"depcheck", "dependencies"}


def test_names_are_separated_by_commas_and_lines():
    """Read `labels: a, b` as two labels."""
    raw = {name: RawOption(name, ("a, b", "c")) for name in ("labels", "assignees", "reviewers")}
    options = build_publish_options(raw)
    assert options.labels == options.assignees == options.reviewers == ("a", "b", "c")


TEAM = PublishOptions(
    milestone=1, target_branch="develop", title_prefix="chore(deps):", draft=True, reviewers=("org/backend",)
)


def test_teams_settings_are_kept(github, tmp_path):
    """Open a draft against the target branch, with prefix, milestone and team."""
    github.git.commit_files("develop", {"requirements.txt": OLD})
    night(github, tmp_path, [breaks()], options=TEAM)
    (pull,), (issue,) = living(github)
    assert (pull["pull"]["base"], pull["pull"]["draft"], pull["milestone"], issue["milestone"]) == (
        "develop",
        True,
        1,
        1,
    )
    assert github.reviewers == ["team backend"]
    commit = github.git.read_commit(github.git.refs[pull["pull"]["head"]])
    assert (
        pull["title"]
        == commit["message"].split("\n")[0]
        == "chore(deps): Update 1 pin in requirements.txt; hold kombu at 4.1.0"
    )
    assert commit["parents"] == [github.git.refs["develop"]]
    github.calls.clear()
    night(github, tmp_path, [breaks()], run=2, options=TEAM)
    assert github.writes == []


def test_what_is_refused_of_teams_settings_costs_only_itself(github, tmp_path):
    """Open the pull request without a draft and without an unknown milestone."""
    github.drafts_refused = True
    done = night(github, tmp_path, [safe()], options=PublishOptions(draft=True, milestone=7))
    (pull,), _ = living(github)
    assert (done.problems, pull["pull"]["draft"], pull["milestone"]) == ((), False, None)


MERGING = PublishOptions(auto_merge=True)


def verified(text, age_days, passed=12):
    """Build a safe update of releases of this age, whose tests passed."""
    found = safe(text)
    check = replace(found.checks.candidate[0], passed=passed)
    changes = tuple(replace(each, released_at=NIGHT - timedelta(days=age_days)) for each in found.proposal.changes)
    checks = replace(found.checks, candidate=(check,))
    return replace(
        found, checks=checks, proposal=replace(found.proposal, changes=changes, checks=(check,)), cooldown_days=7
    )


@pytest.mark.parametrize(("age_days", "passed", "merges"), [(9, 12, True), (4, 12, False), (9, 0, False)])
def test_only_what_is_tested_and_old_is_merged_unseen(github, tmp_path, age_days, passed, merges):
    """Switch auto-merge on for tested releases older than the cooldown."""
    night(github, tmp_path, [verified(SAFE, age_days, passed)], options=MERGING)
    (pull,), _ = living(github)
    assert pull["auto"] is merges
    github.calls.clear()
    night(github, tmp_path, [verified(SAFE, age_days, passed)], run=2, options=MERGING)
    assert github.writes == []


def test_what_comes_young_is_no_longer_merged_unseen(github, tmp_path):
    """Switch auto-merge off before young releases are pushed."""
    night(github, tmp_path, [verified(SAFE, 30)], options=MERGING)
    night(github, tmp_path, [verified(NEWER, 1)], run=2, options=MERGING)
    (pull,), _ = living(github)
    paths = [path for _, path in github.calls]
    assert (pull["auto"], paths.index("/graphql") < paths.index(f"{AT}/git/commits")) == (False, True)
    night(github, tmp_path, [verified(NEWER, 30)], run=30, options=MERGING)
    assert (pull["auto"], len(pull["comments"])) == (True, 1)


def test_a_repository_that_allows_no_auto_merge_is_told(github, tmp_path):
    """Open the pull request all the same, and say why it waits."""
    github.auto_merge_refused = True
    done = night(github, tmp_path, [verified(SAFE, 30)], options=MERGING)
    assert (done.problems, "Auto merge is not allowed" in done.lines[0]) == ((), True)


def test_nothing_is_merged_unseen_unless_it_is_asked_for(github, tmp_path):
    """Never touch auto-merge by default."""
    night(github, tmp_path, [verified(SAFE, 30)])
    assert living(github)[0][0]["auto"] is False
