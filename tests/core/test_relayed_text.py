r"""Foreign text never commands the runner or acts on GitHub.

The judges follow the runner's own rules: lines end at `\n`, `\r\n` or a lone `\r`; `::name` counts after white space,
`##[name]` anywhere; both streams are read.
"""

import io
import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzzing"))

from judge import commands, controls, deeds, log_lines

from depcheck.cli import commands as command_line
from depcheck.cli import main
from depcheck.core.config.settings import PublishOptions
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.messages import bodies
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.messages.summary import format_summary_line, render_report_markdown
from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.errors import UsageError
from depcheck.core.model.report import (
    ChangeReport,
    Culprit,
    EnvironmentReport,
    LockfileReport,
    ProposalReport,
    Report,
    Tool,
)
from depcheck.core.model.status import Status
from depcheck.core.settlement.proposals import make_proposals
from depcheck.core.text.workflow_commands import neutralize_commands, neutralize_json_commands, to_inert_line
from depcheck.publishing.publish import PublishResult
from depcheck.reporting.github_log import WorkflowReporter, build_annotations
from depcheck.reporting.terminal import TerminalReporter, print_outcomes

ATTACKS = (
    "::error::x", "\n::set-output name=a::b", "\r::add-mask::x", "\r\n  ::stop-commands::x", "##[error]x", "##[set-env name=PATH]x", "\x1b[31m", "\x9b2J", "\x1b]0;x\x07", "\u202e", "\u2028::error::x", "\x85::error::x", "\v::error::x", "\0",
    "@owner", "#12", "owner/repo#1", "GH-7", "fixes #3", "Closes owner/repo#1", "deadbeefcafe", "https://evil.example", "www.evil.example", "```", "````\n", "~~~", "</code>", "</details>", "<img src=x onerror=y>", "<!-- depcheck form=issue -->", "<!--", "|",
    "[x](https://y.example)", "![](x)", "\n\n# Head", "\n- item", "\\", "&lt;b&gt;", "&#64;owner", "`", "\ufeff", "\u200b", "\ud800", "\n\n    code", "---\n", "%0A::error::x", " ", "word",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=6), max_size=7).map("".join)
NIGHT = datetime(2026, 11, 22, 3, 17, tzinfo=UTC)


@st.composite
def reports(draw):
    """Draw a report in which every text is foreign."""
    text = [draw(HOSTILE) for _ in range(7)]
    culprit = Culprit((text[0],), (text[1],), {text[0]: text[2]}, {text[0]: text[3]}, text[4], text[5], NIGHT, (text[6],), explanation=text[1], newly_failing=(text[2], text[3]))  # fmt: skip
    change = ChangeReport(text[0], text[2], text[3], False, (text[1],), NIGHT, text[6], text[4], text[5])
    proposal = ProposalReport((text[0],), (change,), True, {text[6]: text[5]})
    lockfile = LockfileReport(text[6], (text[5],), text[4], text[3], text[2])
    status = draw(st.sampled_from(Status))
    found = EnvironmentReport(text[6], text[1], status, text[4], (lockfile,), (change,), culprits=(culprit,), proposal=proposal, notes=(text[5],))  # fmt: skip
    return Report(Tool("depcheck", "1"), NIGHT, NIGHT, None, text[0], None, {text[1]: text[2]}, (found,))


def log_of(report):
    """All that a step's log gets of a run, on either stream."""
    log = io.StringIO()
    (judged,) = report.environments
    failure = Failure(judged.name, judged.reason, judged.reason)
    checked = CheckResult(CheckKind.TEST, judged.python, Outcome.FAIL, 0.1, (failure,), frozenset())
    with WorkflowReporter(log) as reporter:
        reporter.start_environment(EnvironmentSpec(judged.name, judged.python, ()))
        reporter.start_stage(judged.reason)
        reporter.report_check(judged.python, checked)
        reporter.finish_environment(judged)
    return log.getvalue()


@settings(max_examples=150)
@given(HOSTILE)
def test_one_relayed_line_is_one_line(text):
    """Relay one line as one, without commands, controls or escapes.

    A law.
    """
    for line in (to_inert_line(text), neutralize_commands("depcheck: " + re.sub(r"[\r\n]", " ", text))):
        assert commands(line) == []
    assert len(log_lines(to_inert_line(text))) == 1
    assert controls(to_inert_line(text)) == []
    to_inert_line(text).encode()


@settings(max_examples=100)
@given(reports())
def test_a_step_s_log_has_our_commands_only(report):
    """Print no workflow commands but our own groups and annotations.

    A law; one a line.
    """
    log = log_of(report)
    assert {line.split("::")[1] for line in commands(log)} <= {"group", "endgroup"}
    assert controls(log) == []
    for line in build_annotations(report, {}, PurePosixPath("a")):
        assert len(log_lines(line)) == 1
        assert line.startswith(("::error", "::warning", "::notice"))
        line.encode()


@settings(max_examples=60)
@given(reports())
def test_a_terminal_is_not_steered(report):
    """Print no terminal escapes but our own colors.

    A law.
    """
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=False, width=200)
    with TerminalReporter(console) as reporter:
        reporter.start_stage(report.environments[0].reason)
        reporter.finish_environment(report.environments[0])
    print_outcomes(console, report.environments)
    assert controls(shown.getvalue()) == []
    assert controls(format_summary_line(report)) == []


@settings(max_examples=60)
@given(reports())
def test_published_lines_are_no_commands(report):
    """Obey no command in what `publish` prints, on either stream.

    A law.
    """
    found = make_proposals(report, PublishOptions(), "main")
    lines = tuple(part for each in found for part in (each.title, each.body, each.reason, each.display_name))
    done = PublishResult(lines, tuple(each.reason or report.environments[0].reason for each in found))
    with mock.patch("depcheck.wiring.app.publish_report_folder", return_value=done), redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:  # fmt: skip
        command_line._publish_and_print(Path(), PublishOptions(), {"GITHUB_ACTIONS": "true"})
    assert commands(out.getvalue()) == commands(err.getvalue()) == []


@settings(max_examples=60)
@given(HOSTILE)
def test_an_error_is_said_and_not_obeyed(text):
    """Print an error as one line that is no command.

    A law.
    """
    with (
        mock.patch("depcheck.cli.main._load_command", side_effect=UsageError(text)),
        redirect_stderr(io.StringIO()) as err,
    ):
        assert main.main(["plan"], {}) == 2
    assert commands(err.getvalue()) == []
    assert len(err.getvalue().strip("\n").split("\n")) == 1


@given(st.recursive(HOSTILE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3)))
def test_json_on_standard_output_is_no_command(value):
    """Law: the same document, and nothing in it that the runner hears."""
    text = neutralize_json_commands(json.dumps(value, indent=1))
    assert commands(text) == []
    assert json.loads(text) == value


@settings(max_examples=100)
@given(reports())
def test_bodies_and_titles_do_nothing(report):
    """Mention, refer, close and link nothing from foreign text.

    A law: no HTML but ours, and every fence is closed.
    """
    (judged,) = report.environments
    night = RunStamp(NIGHT, judged.reason)
    whole = [
        bodies.render_issue_body(judged, night),
        bodies.render_pull_request_body(judged, judged.proposal, night),
        render_report_markdown(report),
    ]
    for body in whole:
        assert deeds(f"{body}\n\nAfter.") == []
        assert controls(body.replace("\t", "")) == []
        assert commands(re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", body)) == []
        body.encode()
    for title in (bodies.format_issue_title(judged), bodies.format_pull_request_title(judged, judged.proposal)):
        assert len(log_lines(title)) == 1
        assert deeds(title.replace("`", "").replace("<", "").replace("[", "").replace("*", "")) == []


@pytest.mark.parametrize("text", [each for each in ATTACKS if each.strip()])
def test_each_attack_would_succeed_unrelayed(text):
    """Detect every listed attack where the text is raw.

    The checks of this file are not blind.
    """
    harmless = {"word", "|", "\\", "`", "~~~", "```", "````\n", "---\n", "\n- item", "\n\n# Head", "\n\n    code", "\ufeff", "\u200b", "\ud800", "&lt;b&gt;", "%0A::error::x", "\u2028::error::x", "<!-- depcheck form=issue -->", "</code>", "</details>", "<!--", "\x85::error::x", "\v::error::x"}  # fmt: skip
    assert commands(text) or controls(text) or deeds(text) or text in harmless


def test_the_judge_reads_lines_as_the_runner_does():
    r"""Split lines at `\r` and read `::` as the runner does.

    `::` counts after white space and not after a word; `##[` counts anywhere.
    """
    assert commands("a\r::error::x\nb ::error::y\n \t::debug::z\nc ##[error]w") == ["::error::x", " \t::debug::z", "c ##[error]w"]  # fmt: skip
