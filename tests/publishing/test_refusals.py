"""Each refusal of GitHub has a remedy, and limits are waited for."""

import pytest
from fake_github import AT, SETTING_OFF
from stories import NEWER, OLD, SAFE, breaks, night, quiet, safe
from test_nights import living

from depcheck.core.config.settings import PublishOptions
from depcheck.core.model.errors import DepcheckError
from depcheck.publishing.forge import PublishContext
from depcheck.publishing.publish import preview_report

NO_RIGHT = "Resource not accessible by integration"


@pytest.fixture(autouse=True)
def _lockfile(github):
    github.git.commit_files("main", {"requirements.txt": OLD})


def test_pull_requests_switched_off_become_an_issue_with_the_patch(github, tmp_path):
    """Open an issue with the patch when pull requests are off.

    A link to open it by hand and the setting's name; unchanged: one more try, no write. It goes as soon as the
    setting allows pull requests.
    """
    github.refusals.append(("POST", f"{AT}/pulls", 403, SETTING_OFF))
    night(github, tmp_path, [safe()])
    (issue,) = github.items.values()
    assert "-six==1.10.0\n+six==1.11.0" in issue["body"]
    assert "Allow GitHub Actions to create and approve pull requests" in issue["body"]
    assert "/compare/main...depcheck/requirements-txt-" in issue["body"]
    github.calls.clear()
    night(github, tmp_path, [safe()], run=2)
    assert github.writes == [("POST", f"{AT}/pulls")]
    night(github, tmp_path, [safe(NEWER)], run=3)
    assert ("+six==1.12.0" in issue["body"], len(github.items)) == (True, 1)
    tip = dict(github.git.refs)
    github.refusals.clear()
    night(github, tmp_path, [safe(NEWER)], run=4)
    assert (issue["state"], [len(found) for found in living(github)], github.git.refs) == ("closed", [1, 0], tip)


def test_the_stand_in_goes_with_its_branch(github, tmp_path):
    """Close the patch issue and its branch when green again."""
    github.refusals.append(("POST", f"{AT}/pulls", 403, SETTING_OFF))
    night(github, tmp_path, [safe()])
    night(github, tmp_path, [quiet()], run=2)
    assert (living(github), list(github.git.refs)) == (([], []), ["main"])


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (("POST", f"{AT}/git/.*", 403, NO_RIGHT), "contents: write"),
        (("POST", f"{AT}/pulls", 403, NO_RIGHT), "pull-requests: write"),
        (("POST", f"{AT}/issues", 403, NO_RIGHT), "issues: write"),
        (
            ("POST", f"{AT}/git/refs", 422, "Cannot create ref due to creations being restricted. Rule violation"),
            "branch-prefix",
        ),
        (
            (
                "POST",
                f"{AT}/git/refs",
                403,
                "refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml`",
            ),
            "workflows: write",
        ),
        (("POST", f"{AT}/issues", 410, "Issues has been disabled in this repository."), "issue: false"),
        (("POST", f"{AT}/git/blobs", 403, "Repository was archived so is read-only."), "unarchive"),
    ],
)
def test_a_refusal_says_what_to_do(github, tmp_path, refusal, says):
    """Name the remedy of a refusal, and do the rest."""
    github.refusals.append(refusal)
    done = night(github, tmp_path, [breaks()])
    assert says in "\n".join(done.problems)
    refused_issue = "/issues" in refusal[1]
    assert [len(found) for found in living(github)] == ([1, 0] if refused_issue else [0, 1])
    github.violations = [each for each in github.violations if "is not described" not in each]


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (("GET", AT, 404, "Not Found"), "GITHUB_REPOSITORY"),
        (("GET", f"{AT}/issues", 404, "Not Found"), "404"),
    ],
)
def test_what_stops_everything_is_an_error(github, tmp_path, refusal, says):
    """Nothing can be read: one sentence, no write."""
    github.refusals.append(refusal)
    with pytest.raises(DepcheckError, match=says):
        night(github, tmp_path, [breaks()])
    assert github.writes == []


@pytest.mark.parametrize(("missing", "left"), [("issues", [1, 0]), ("pull-requests", [0, 1]), ("contents", [0, 1])])
def test_each_permission_is_needed_for_its_own_part(github, tmp_path, missing, left):
    """Name the permission that is missing, and do the rest."""
    github.permissions.remove(missing)
    done = night(github, tmp_path, [breaks()])
    assert (f"{missing}: write" in done.problems[0], [len(found) for found in living(github)]) == (True, left)


def test_a_branch_in_the_way_is_named(github, tmp_path):
    """Name a branch in the way, and the option that helps."""
    github.git.commit_files("depcheck", {"x": "y"})
    done = night(github, tmp_path, [breaks()])
    assert ("branch-prefix" in done.problems[0], [len(found) for found in living(github)]) == (True, [0, 1])


def test_a_dead_token_is_named_and_never_shown(github, tmp_path):
    """401: what to do, and not the token."""
    with pytest.raises(DepcheckError, match="expired") as caught:
        night(github, tmp_path, [breaks()], token="ghs_stale")
    assert "ghs_stale" not in str(caught.value)


def test_an_archived_repository_is_named(github, tmp_path):
    """Archived: an error before any write."""
    github.settings["archived"] = True
    with pytest.raises(DepcheckError, match="archived"):
        night(github, tmp_path, [breaks()])


def test_issues_switched_off_leave_the_pull_request(github, tmp_path):
    """No issues here: a line says so, the pull request is opened."""
    github.settings["has_issues"] = False
    done = night(github, tmp_path, [breaks()])
    assert ([len(found) for found in living(github)], done.problems) == ([1, 0], ())
    assert "Issues are switched off" in done.lines[0]


def test_refused_reviewers_and_assignees_cost_nothing(github, tmp_path):
    """Propose despite refused reviewers and assignees, and name them once."""
    github.unassignable = {"ghost"}
    options = PublishOptions(reviewers=("nobody", "joe"), assignees=("ghost",))
    done = night(github, tmp_path, [breaks()], options=options)
    assert (done.problems, github.reviewers) == ((), ["joe"])
    assert [len(found) for found in living(github)] == [1, 1]
    told = [line for line in done.lines if " is refused: " in line]
    assert [line.split(" is ")[0] for line in told] == ["The assignee 'ghost'", "The reviewer 'nobody'"]
    assert "Reviews may only be requested from collaborators" in told[1]
    again = night(github, tmp_path, [breaks()], options=options, run=2)
    assert not any(" is refused: " in line for line in again.lines)


@pytest.mark.parametrize(("fault", "waits"), [("429", 1.0), ("403", 60.0), ("500", 1.0)])
def test_limits_are_waited_for_as_asked(github, tmp_path, fault, waits):
    """Wait as Retry-After says, a minute for secondary limits.

    A fault costs a second.
    """
    slept = []
    github.faults[3] = fault
    night(github, tmp_path, [safe()], slept=slept)
    assert slept == [waits]


def test_a_forge_that_stays_broken_ends_in_words(github, tmp_path):
    """No endless loop: an error that says to run again."""
    github.faults = dict.fromkeys(range(1, 200), "500")
    with pytest.raises(DepcheckError, match="Run again later"):
        night(github, tmp_path, [safe()])


def test_a_limit_longer_than_a_job_ends_in_words(github, tmp_path):
    """The wait until the hour's limit is renewed is bounded."""
    github.faults[2] = "spent"
    with pytest.raises(DepcheckError, match="rate limit"):
        night(github, tmp_path, [safe()], slept=[])


def test_dry_run_shows_without_asking(github, tmp_path):
    """`preview` prints the proposals, title and body, and calls nobody."""
    night(github, tmp_path, [breaks()])
    github.calls.clear()
    shown = "\n".join(preview_report(tmp_path / "report-1", PublishOptions(), PublishContext()).lines)
    assert ("kombu 4.2.0 breaks requirements.txt" in shown, github.calls) == (True, [])
    assert SAFE.splitlines()[-1] not in shown
