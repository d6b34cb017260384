"""`depcheck publish` as a person and as the runner call it."""

import pytest
from fake_github import REPOSITORY, TOKEN
from stories import OLD, breaks, report
from test_nights import living

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.hidden_state import WorkflowRun, parse_hidden_marker
from depcheck.core.model.errors import UsageError
from depcheck.core.model.report_json import encode_report
from depcheck.publishing.forge import PublishContext
from depcheck.publishing.github.event_context import read_publish_context
from depcheck.publishing.github.http_session import WaitPolicy
from depcheck.wiring import app


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "report.json").write_bytes(encode_report(report(breaks())))
    return tmp_path


def runner(github, **more):
    """Return the runner's variables."""
    return {
        "GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch", "GITHUB_TOKEN": TOKEN, **more,
    }  # fmt: skip


@pytest.mark.parametrize("server", ["", "/api/v3"])
def test_the_runners_variables_say_where(github, folder, monkeypatch, server):
    """Read address, repository, base, run and attempt from the runner."""
    monkeypatch.setattr("depcheck.publishing.github.api.WaitPolicy", lambda: WaitPolicy(write_interval_s=0))
    github.git.commit_files("main", {"requirements.txt": OLD})
    done = app.publish_report_folder(folder, PublishOptions(), runner(github, GITHUB_API_URL=github.url + server))
    (pull,), (issue,) = living(github)
    assert (done.problems, done.issue_url.endswith(f"/{issue['number']}")) == ((), True)
    assert parse_hidden_marker(pull["body"]).run == WorkflowRun(77, 2)


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_what_is_missing_is_named(github, folder, missing):
    """Name a missing token or repository, without a call."""
    environ = runner(github)
    del environ[missing]
    with pytest.raises(UsageError, match=missing):
        app.publish_report_folder(folder, PublishOptions(), environ)
    assert github.calls == []


def test_dry_run_needs_neither_token_nor_forge(github, folder):
    """`--dry-run` prints title and body, and asks nobody."""
    done = app.publish_report_folder(folder, PublishOptions(dry_run=True), {})
    assert any("kombu 4.2.0 breaks requirements.txt" in line for line in done.lines)
    assert github.calls == []


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "merge_group"])
def test_runs_for_pull_requests_publish_nothing(github, folder, event):
    """Publish nothing from runs for pull requests."""
    done = app.publish_report_folder(folder, PublishOptions(), runner(github, GITHUB_EVENT_NAME=event))
    assert (event in done.lines[0], github.calls) == (True, [])


def test_a_tag_and_a_plain_machine_mean_the_default_branch():
    """Use the default branch for tags and plain machines.

    Without a run's number nothing is older or newer.
    """
    assert (
        read_publish_context({"GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag", "GITHUB_RUN_ID": "x"})
        == PublishContext()
    )
    assert (
        read_publish_context({"GITHUB_API_URL": "https://ghe.example/api/v3/"}).api_url == "https://ghe.example/api/v3"
    )
