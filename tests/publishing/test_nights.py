"""What a maintainer finds in the morning, night after night."""

import subprocess
from dataclasses import replace

import pytest
from stories import NEWER, OLD, SAFE, breaks, culprit, night, quiet, safe

from depcheck.core.config.settings import PublishOptions
from depcheck.core.model.index_facts.caution_reports import AdvisoryReport, WithdrawnReport


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", {"requirements.txt": OLD, "app.py": "print(1)\n"})


def living(github):
    """(pull requests, issues) that are open."""
    found = [item for item in github.items.values() if item["state"] == "open"]
    return [item for item in found if item["pull"]], [item for item in found if not item["pull"]]


def test_a_safe_update_becomes_one_pull_request_with_one_commit(github, tmp_path):
    """Create branch, commit, pull request and label for a safe update.

    On the head of main; git can clone it.
    """
    done = night(github, tmp_path, [safe()])
    (pull,), issues = living(github)
    assert (pull["title"], issues, done.problems) == ("Update 1 pin in requirements.txt", [], ())
    assert set(pull["labels"]) == {"depcheck", "dependencies"}
    assert (pull["assignees"], github.reviewers) == (["jane"], ["joe"])
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "-b", pull["pull"]["head"], str(github.git.path), str(clone)], check=True)
    log = subprocess.run(
        ["git", "-C", str(clone), "log", "--format=%an|%P|%s"], check=True, capture_output=True, text=True
    )
    assert (clone / "requirements.txt").read_text() == SAFE
    assert (
        log.stdout.split("\n")[0] == f"github-actions[bot]|{github.git.refs['main']}|Update 1 pin in requirements.txt"
    )
    changed = subprocess.run(
        ["git", "-C", str(clone), "diff", "--name-only", "origin/main"], check=True, capture_output=True, text=True
    )
    assert changed.stdout == "requirements.txt\n"
    assert (
        subprocess.run(
            ["git", "-C", str(github.git.path), "fsck", "--strict"], check=False, capture_output=True
        ).returncode
        == 0
    )


def test_a_break_becomes_an_issue_and_the_safe_rest_a_pull_request(github, tmp_path):
    """Both live side by side, each named by what it is."""
    done = night(github, tmp_path, [breaks()])
    (pull,), (issue,) = living(github)
    assert issue["title"] == "kombu 4.2.0 breaks requirements.txt"
    assert pull["title"] == "Update 1 pin in requirements.txt; hold kombu at 4.1.0"
    assert (done.pull_request_number, done.issue_number) == (pull["number"], issue["number"])
    assert f"#{issue['number']}" in pull["body"]
    assert f"#{pull['number']} has the updates that work" in issue["body"]


def test_unchanged_nights_write_nothing_and_read_little(github, tmp_path):
    """0 writes, at most 5 reads for an environment."""
    for run, found in enumerate((breaks(), safe(), quiet()), 1):
        night(github, tmp_path, [found], run=10 * run)
        github.calls.clear()
        night(github, tmp_path, [found], run=10 * run + 1)
        assert (github.writes, len(github.reads) <= 5) == ([], True), github.calls


def test_a_changed_finding_edits_and_remarks_once(github, tmp_path):
    """Carry both on, with one remark in all."""
    night(github, tmp_path, [breaks()])
    night(github, tmp_path, [breaks(NEWER, culprit(bad="4.1.1"))], run=2)
    (pull,), (issue,) = living(github)
    assert (issue["title"], len(issue["comments"])) == ("kombu 4.1.1 breaks requirements.txt", 1)
    assert (
        github.git.text(pull["pull"]["head"] and github.git.refs[pull["pull"]["head"]], "requirements.txt"),
        len(pull["comments"]),
    ) == (NEWER, 0)


def test_what_an_issue_tells_already_is_no_news(github, tmp_path):
    """Know what is open or closed by hand, until it changes."""
    assert night(github, tmp_path, [breaks()]).known == ()
    assert night(github, tmp_path, [breaks()], run=2).known == ("requirements.txt",)
    assert night(github, tmp_path, [breaks(found=culprit(bad="4.1.1"))], run=3).known == ()
    github.items[2]["state"] = "closed"
    assert night(github, tmp_path, [breaks(found=culprit(bad="4.1.1"))], run=4).known == ("requirements.txt",)
    assert night(github, tmp_path, [breaks()], run=5, options=PublishOptions(issue=False)).known == ()


def test_green_again_closes_with_a_remark_and_leaves_no_branch(github, tmp_path):
    """Issue and pull request are closed, the branch is gone."""
    night(github, tmp_path, [breaks()])
    night(github, tmp_path, [quiet()], run=2)
    assert living(github) == ([], [])
    assert [len(item["comments"]) for item in github.items.values()] == [1, 1]
    assert list(github.git.refs) == ["main"]


VULNERABLE = AdvisoryReport("six", "1.10.0", "PYSEC-1", ("CVE-1",), "It leaks.", ("1.11.0",), "", True, True)


def test_a_vulnerable_pin_opens_an_issue_on_a_quiet_night_and_is_told_once(github, tmp_path):
    """Open one issue for a vulnerable pin, and close it when fixed.

    The next run writes nothing; a further vulnerability updates it.
    """
    night(github, tmp_path, [quiet(advisories=(VULNERABLE,))], run=1)
    pulls, (issue,) = living(github)
    assert (issue["title"], pulls) == ("six 1.10.0 in requirements.txt is known to be vulnerable", [])
    assert "PYSEC-1 (CVE-1)" in issue["body"]
    written = len(github.writes)
    night(github, tmp_path, [quiet(advisories=(VULNERABLE,))], run=2)
    assert len(github.writes) == written
    another = replace(VULNERABLE, id="PYSEC-2", aliases=())
    night(github, tmp_path, [quiet(advisories=(VULNERABLE, another))], run=3)
    _, (same,) = living(github)
    assert same["number"] == issue["number"]
    assert "PYSEC-2" in same["body"]
    night(github, tmp_path, [quiet()], run=4)
    assert living(github) == ([], [])


def test_an_update_that_heals_a_vulnerable_pin_is_no_issue(github, tmp_path):
    """Report a fixed vulnerability in the pull request.

    Where the update keeps it, an issue says so.
    """
    night(github, tmp_path, [safe(advisories=(replace(VULNERABLE, fresh=False),))], run=1)
    (pull,), issues = living(github)
    assert issues == []
    assert "PYSEC-1" in pull["body"]
    night(github, tmp_path, [safe(advisories=(VULNERABLE,))], run=2)
    assert [item["title"] for item in living(github)[1]] == ["six 1.10.0 in requirements.txt is known to be vulnerable"]


def test_a_yanked_pin_is_told_of_until_it_is_replaced(github, tmp_path):
    """Keep an issue open until a yanked pin moves."""
    yanked = WithdrawnReport("six", "1.10.0", "yanked", "closes #1, @everyone", "requirements.txt")
    night(github, tmp_path, [quiet(withdrawn=(yanked,))], run=1)
    _, (issue,) = living(github)
    assert issue["title"] == "six 1.10.0 in requirements.txt is withdrawn from the index"
    assert "@everyone" not in issue["body"]
    night(github, tmp_path, [safe(withdrawn=(yanked,))], run=2)
    assert living(github)[1] == []


def test_a_newer_release_that_fails_too_edits_the_issue_and_mails_nobody(github, tmp_path):
    """Edit the issue silently for a newer bad release.

    No remark, one edit; the timeline goes on, and the next run writes nothing.
    """
    night(github, tmp_path, [breaks(fresh={"kombu": "4.2.0"})], run=1)
    night(github, tmp_path, [breaks(fresh={"kombu": "4.2.1"})], run=2)
    _, (issue,) = living(github)
    assert (issue["comments"], "a newer release fails too: <code>kombu 4.2.1</code>" in issue["body"]) == ([], True)
    github.calls.clear()
    night(github, tmp_path, [breaks(fresh={"kombu": "4.2.1"})], run=3)
    assert github.writes == []


def test_an_issue_is_closed_with_the_release_that_healed_it(github, tmp_path):
    """The remark names it, and the body's timeline ends with it."""
    night(github, tmp_path, [breaks(fresh={"kombu": "4.2.1"})], run=1)
    night(github, tmp_path, [quiet(fresh={"kombu": "4.3.0"})], run=2)
    issue = next(item for item in github.items.values() if not item["pull"])
    assert issue["state"] == "closed"
    assert "<code>kombu 4.2.0</code> broke it, <code>kombu 4.3.0</code> works." in issue["comments"][0]["body"]
    assert "fixed, with <code>kombu 4.3.0</code>" in issue["body"]


DASHBOARD = PublishOptions(dashboard=True)


def dashboards(github):
    return [item for item in living(github)[1] if item["title"] == "depcheck dashboard: main"]


def test_a_dashboard_is_written_on_change_and_once_a_week(github, tmp_path):
    """Write a dashboard on change and once a week.

    Another week, or a break, is one edit without a remark.
    """
    first = night(github, tmp_path, [quiet()], run=1, options=DASHBOARD)  # Monday
    assert (first.issue_number, first.problems) == (0, ())  # the outputs are about findings
    (board,) = dashboards(github)
    for run in range(2, 8):
        github.calls.clear()
        night(github, tmp_path, [quiet()], run=run, options=DASHBOARD)
        assert github.writes == []
    night(github, tmp_path, [quiet()], run=8, options=DASHBOARD)
    assert len(github.writes) == 1
    night(github, tmp_path, [breaks()], run=9, options=DASHBOARD)
    (same,) = dashboards(github)
    assert (same["number"], same["comments"]) == (board["number"], [])
    assert "a fresh installation breaks" in same["body"]
    assert "<code>kombu 4.1.0</code>" in same["body"]


def test_a_dashboard_that_people_close_stays_closed_until_something_changes(github, tmp_path):
    """Leave a closed dashboard closed until something changes.

    Off by default, nothing is said of it at all.
    """
    night(github, tmp_path, [quiet()], run=1, options=DASHBOARD)
    (board,) = dashboards(github)
    board["state"] = "closed"
    night(github, tmp_path, [quiet()], run=15, options=DASHBOARD)
    night(github, tmp_path, [quiet()], run=16)
    assert dashboards(github) == []
    night(github, tmp_path, [breaks()], run=17, options=DASHBOARD)
    assert len(dashboards(github)) == 1


def test_jobs_of_one_night_share_a_dashboard(github, tmp_path):
    """Share one dashboard among the jobs of one run.

    Each publishes what it checked; the next run writes nothing.
    """
    for run in (1, 1, 2):
        github.calls.clear()
        night(github, tmp_path / "a", [quiet(name="a.txt")], run=run, options=DASHBOARD)
        night(github, tmp_path / "b", [quiet(name="b.txt")], run=run, options=DASHBOARD)
    (board,) = dashboards(github)
    assert ("a.txt" in board["body"], "b.txt" in board["body"], github.writes) == (True, True, [])
