"""The demonstration from the live index, also as the action."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from depcheck import action
from depcheck.cli import demo

pytestmark = [pytest.mark.live, pytest.mark.slow]

FOREIGN = ("PIP_", "UV_", "GITHUB_", "INPUT_")


@pytest.fixture
def environ(tmp_path):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN) or key == "PIP_CERT"}
    return {"DEPCHECK_CACHE": str(tmp_path / "cache"), **clean}


def test_the_demo_finds_what_history_says(environ, tmp_path):
    """Name werkzeug 3.0.0 in `depcheck demo`, with its pages.

    It ends with 0 and shows the pull request and the issue.
    """
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "depcheck", "demo", "--report", "report"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "first bad: werkzeug 3.0.0 (since 2023-09-30), the last good one is 2.3.7" in ran.stdout
    assert demo.EXPECTED_ERROR in ran.stdout
    assert "pull-request: Update 2 pins in requirements.txt; hold werkzeug at 2.3.7" in ran.stdout
    assert "issue: werkzeug 3.0.0 breaks requirements.txt" in ran.stdout
    assert (tmp_path / "report" / "report.md").exists()


def test_the_action_tells_the_same_incident(environ, tmp_path, monkeypatch, capfd):
    """Report the same incident as the action: outputs, annotation, summary.

    And a dry run of publishing; red, for it is broken.

    GITHUB_ACTIONS is not set: there the walls are required, which only the container is sure to have.
    """
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    demo.write_demo_repository(workspace)
    monkeypatch.chdir(workspace)
    files = {"GITHUB_OUTPUT": tmp_path / "output", "GITHUB_STEP_SUMMARY": tmp_path / "summary"}
    given = {
        **environ,
        **{name: str(path) for name, path in files.items()},
        "INPUT_AS-OF": "2023-10-02",
        "INPUT_TEST": "none",
        "INPUT_SMOKE": "python shop.py\n",
        "INPUT_IMPORTS": "false",
        "INPUT_DRY-RUN": "true",
    }
    status = action.main(given)
    printed = capfd.readouterr().out
    assert status == 1, printed
    outputs = Path(given["GITHUB_OUTPUT"]).read_text()
    assert all(value in outputs for value in ("\nbreaks\n", "\ntrue\n", "werkzeug 3.0.0"))
    pinned = 1 + (workspace / "requirements.txt").read_text().split("\n").index("werkzeug==2.3.6")
    assert f"::error file=requirements.txt,line={pinned},title=depcheck%3A breaks::first bad: werkzeug 3.0.0" in printed
    assert "werkzeug<3.0.0" in Path(given["GITHUB_STEP_SUMMARY"]).read_text()
    assert "hold werkzeug at 2.3.7" in printed.partition("What would be published")[2]
