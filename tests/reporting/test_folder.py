"""The report folder: what is written, and for whom."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.messages.summary import find_worst_status, format_summary_line, render_report_markdown
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import ChangeReport, Culprit, EnvironmentReport, ProposalReport, Report, Tool
from depcheck.core.model.status import Status
from depcheck.core.text.workflow_commands import SUMMARY_LIMIT_BYTES
from depcheck.reporting.folder import transfer_ownership, write_report_folder

NIGHT = datetime(2026, 11, 22, 3, 17, tzinfo=UTC)
PROPOSAL = ProposalReport(("werkzeug",), (), verified=True, files={"app/requirements.txt": "six==1.16.0\n"})
CULPRIT = Culprit(
    ("werkzeug",),
    (),
    {"werkzeug": "2.3.7"},
    {"werkzeug": "3.0.0"},
    "ImportError: url_quote",
    "Traceback",
    since=NIGHT,
    hold=("werkzeug<3.0.0",),
)
BROKEN = EnvironmentReport("b.txt", "3.12", Status.BREAKS, "It breaks.", culprits=(CULPRIT,), proposal=PROPOSAL)
SAFE = EnvironmentReport("a.txt", "3.12", Status.SAFE, "All pass.")


def report(*environments: EnvironmentReport) -> Report:
    return Report(Tool("depcheck", "1"), NIGHT, NIGHT, None, "owner/name", None, {"user_dropped": True}, environments)


def test_the_folder_holds_what_the_contract_says(tmp_path):
    """Write report.json, report.md, proposed files and logs."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "01-smoke.txt").write_text("log")
    (tmp_path / "proposal").mkdir()
    (tmp_path / "proposal" / "old.txt").write_text("of last night")
    write_report_folder(report(BROKEN), tmp_path)
    assert (tmp_path / "report.json").exists()
    assert (tmp_path / ".gitignore").read_text() == "*\n"
    assert "werkzeug 3.0.0" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "proposal" / "app" / "requirements.txt").read_text() == "six==1.16.0\n"
    assert not (tmp_path / "proposal" / "old.txt").exists()
    assert (tmp_path / "logs" / "01-smoke.txt").exists()


def test_who_fixes_it_finds_a_brief(tmp_path):
    """Write fix-brief.md and fix-brief.json for a breakage, and none without."""
    trace = "shop/views.py:6: \nshop/models.py:4: ImportError"
    said = "werkzeug 3.0.0 removed url_quote from werkzeug.urls; shop/models.py line 4 uses it. It is also used at a/b.py line 9."
    found = replace(CULPRIT, evidence=trace, explanation=said, newly_failing=("t::a",), places={"t::a": "tests/t.py:3"})
    write_report_folder(report(replace(BROKEN, culprits=(found,))), tmp_path)
    (brief,) = json.loads((tmp_path / "fix-brief.json").read_text())
    (cause,) = brief["causes"]
    assert (cause["culprit"], cause["last_good"]) == ({"werkzeug": "3.0.0"}, {"werkzeug": "2.3.7"})
    assert cause["uses"] == ["shop/models.py:4", "shop/views.py:6", "a/b.py:9"]
    assert cause["failing"] == {"t::a": "tests/t.py:3"}
    assert "<code>shop/models.py:4</code>" in (tmp_path / "fix-brief.md").read_text()
    write_report_folder(report(SAFE), tmp_path)
    assert not (tmp_path / "fix-brief.md").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    """A file in the way: one sentence, what to do."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(DepcheckError, match="--report"):
        write_report_folder(report(SAFE), tmp_path / "taken")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_roots_files_are_given_to_the_workspaces_owner(tmp_path):
    """Give root's files to the workspace's owner.

    A self-hosted runner can clean up afterwards; links are not followed out of the folder.
    """
    workspace, folder, outside = tmp_path / "w", tmp_path / "w" / "report", tmp_path / "outside"
    folder.mkdir(parents=True)
    outside.write_text("")
    (folder / "link").symlink_to(outside)
    (folder / "file").write_text("")
    os.chown(workspace, 12345, 12345)
    transfer_ownership(folder, workspace, tmp_path / "home")
    assert {path.lstat().st_uid for path in (folder, folder / "link", folder / "file")} == {12345}
    assert outside.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_way_to_a_cache_is_given_too(tmp_path):
    """Give the folders between the home and the cache, and no others."""
    workspace, cache = tmp_path / "w", tmp_path / "home" / ".cache" / "depcheck"
    workspace.mkdir()
    cache.mkdir(parents=True)
    os.chown(workspace, 12345, 12345)
    transfer_ownership(cache, workspace, tmp_path / "home")
    assert {path.stat().st_uid for path in (cache, cache.parent)} == {12345}
    assert {path.stat().st_uid for path in (tmp_path, tmp_path / "home")} == {0}


def test_the_worst_comes_first():
    """In the status, the line and the text."""
    both = report(SAFE, BROKEN)
    assert find_worst_status(both) is Status.BREAKS
    assert format_summary_line(both) == "breaks: a fresh installation breaks (1 of 2 environments); werkzeug 3.0.0"
    text = render_report_markdown(both)
    assert text.index("b.txt") < text.index("a.txt")


def test_a_summary_has_what_a_person_needs():
    """Show first bad, since when, last good, hold and isolation."""
    text = render_report_markdown(report(BROKEN))
    for part in ("werkzeug 3.0.0", "2026-11-22", "werkzeug 2.3.7", "werkzeug<3.0.0", "What works", "user dropped: yes"):
        assert part in text


@given(st.text(st.sampled_from("@#`*[]()<>|\\!_~a1\n\r "), max_size=60))
def test_foreign_text_does_nothing_in_the_summary(text):
    """Let foreign text add no mention, heading or row.

    A law.
    """
    foreign = f"{text}@octocat #1"
    change = ChangeReport("six", "1", foreign, False, (foreign,), None, "b.txt")
    culprit = replace(CULPRIT, headline=foreign, evidence=foreign, explanation=foreign)
    judged = replace(BROKEN, reason=foreign, culprits=(culprit,), changes=(change,), notes=(foreign,))
    shown = render_report_markdown(report(judged))
    unfenced, inside = [], ""
    for line in shown.split("\n"):
        if inside:
            inside = "" if line == inside else inside
        elif line.startswith("```"):
            inside = line.rstrip("abcdefghijklmnopqrstuvwxyz")
        else:
            unfenced.append(line)
    assert not inside
    prose = "\n".join(line.partition("<code>")[0] for line in unfenced)
    assert "@octocat" not in prose
    assert "#1" not in prose


def test_a_huge_report_still_fits():
    """Fit hundreds of environments into the runner's limit.

    With long evidence: less is shown.
    """
    culprit = replace(CULPRIT, evidence="x " * 8000)
    many = [replace(BROKEN, name=f"{number}.txt", culprits=(culprit,)) for number in range(180)]
    assert len(render_report_markdown(report(*many)).encode()) <= SUMMARY_LIMIT_BYTES
