"""What the runner reads: foreign text is shown and never obeyed."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.report import ChangeReport, Culprit, EnvironmentReport, LockfileReport, Report, Tool
from depcheck.core.model.status import Status
from depcheck.core.text.workflow_commands import (
    ANNOTATIONS_LIMIT,
    SUMMARY_LIMIT_BYTES,
    format_output_assignment,
    format_workflow_command,
    to_inert_line,
    truncate_job_summary,
)
from depcheck.reporting.github_log import WorkflowReporter, build_annotations, write_job_summary, write_step_outputs

NIGHT = datetime(2026, 11, 22, 3, 17, tzinfo=UTC)
HERE = PurePosixPath()
FOREIGN = st.text(alphabet=st.sampled_from("a:#[]\r\n\x85\u2028 \t%,se-tnv")) | st.text()


def runner_lines(text: str) -> list[str]:
    """Lines as the runner splits them: at newlines, carriage returns, or both."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def is_command(line: str) -> bool:
    return line.lstrip().startswith("::") or "##[" in line


def report(*environments: EnvironmentReport) -> Report:
    return Report(Tool("depcheck", "1"), NIGHT, NIGHT, None, "owner/name", None, {}, environments)


def broken(name: str, headline: str = "ImportError: x") -> EnvironmentReport:
    culprit = Culprit(("werkzeug",), (), {"werkzeug": "2.3.7"}, {"werkzeug": "3.0.0"}, headline, headline)
    lockfile = LockfileReport(name, (), "pip-tools", None, "")
    return EnvironmentReport(name, "3.12", Status.BREAKS, headline, (lockfile,), culprits=(culprit,))


@given(FOREIGN)
def test_foreign_text_is_one_line_and_no_command(text):
    """Print foreign text as one prefixed line.

    A law.
    """
    (line,) = runner_lines(to_inert_line(text))
    assert line.startswith("| ")
    assert not is_command(line)


@given(FOREIGN, FOREIGN)
def test_a_command_says_what_it_was_given_and_ends(text, path):
    """Escape commands so that they read back as one line.

    A law for message and properties.
    """
    (line,) = runner_lines(format_workflow_command("error", text, {"file": path}))
    head, _, message = line.removeprefix("::").partition("::")
    undone = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert undone == text[:4096]
    assert "," not in head.partition("file=")[2]


@given(st.dictionaries(st.sampled_from(["status", "summary"]), FOREIGN, min_size=1))
def test_outputs_come_back_as_they_were(outputs):
    """Read outputs back by delimiter as they were written.

    A law.
    """
    text = "".join(format_output_assignment(name, value, "delimiter-7f3a") for name, value in outputs.items())
    found = {}
    while text:
        name, _, rest = text.partition("<<delimiter-7f3a\n")
        value, _, text = rest.partition("\ndelimiter-7f3a\n")
        found[name] = value
    assert found == outputs


def test_an_output_cannot_hold_its_own_delimiter():
    """A value that could end itself is refused rather than written."""
    with pytest.raises(ValueError, match="delimiter"):
        format_output_assignment("summary", "x\nend\nstatus=safe", "end")


def test_delimiters_cannot_be_foreseen(tmp_path):
    """Two runs use different ones."""
    write_step_outputs(tmp_path / "a", {"status": "safe"})
    write_step_outputs(tmp_path / "b", {"status": "safe"})
    assert (tmp_path / "a").read_text() != (tmp_path / "b").read_text()


@given(st.integers(0, 5), st.sampled_from(["x", "é", "𝄞", "long line "]))
def test_a_summary_fits(extra, sign):
    """Cut a summary at a line's end within the limit.

    A law; whole where it fits.
    """
    line = sign * 2000 + "\n"
    lines = SUMMARY_LIMIT_BYTES // len(line.encode()) - 2 + extra
    fitted = truncate_job_summary(line * lines)
    assert len(fitted.encode()) <= SUMMARY_LIMIT_BYTES
    assert fitted.endswith("\n")
    assert fitted == line * lines or fitted.startswith(line * (lines - 7))


def test_a_summary_is_added_to_what_stands_there(tmp_path):
    """Other steps' summaries stay."""
    (tmp_path / "summary").write_text("before\n")
    write_job_summary(tmp_path / "summary", "# after\n")
    assert (tmp_path / "summary").read_text() == "before\n# after\n"


def test_annotations_stand_at_the_culprits_pin():
    """Annotate the culprit's pin by file, line and story.

    The folder of the repository is led by.
    """
    (one,) = build_annotations(report(broken("requirements.txt")), {("requirements.txt", "werkzeug"): 17}, HERE / "app")
    assert one.startswith("::error file=app/requirements.txt,line=17,title=depcheck%3A breaks::")
    assert "werkzeug 3.0.0" in one


def test_a_culprit_that_is_new_tonight_is_shown_at_who_asks_for_it():
    """The nearest asker's pin, where the culprit itself has none."""
    change = ChangeReport("werkzeug", None, "3.0.0", False, ("shop", "flask"), None, "requirements.txt")
    judged = replace(broken("requirements.txt"), changes=(change,))
    lines = {("requirements.txt", "shop"): 3, ("requirements.txt", "flask"): 5}
    (one,) = build_annotations(report(judged), lines, HERE)
    assert "file=requirements.txt,line=5," in one


def test_annotations_stay_within_the_runners_limit():
    """Write at most ten annotations of a level.

    The runner drops what is beyond. Quiet ones are not reported.
    """
    many = [broken(f"{number}.txt") for number in range(30)]
    quiet = EnvironmentReport("q.txt", "3.12", Status.QUIET, "Nothing changed.")
    assert len(build_annotations(report(*many, quiet), {}, HERE)) == ANNOTATIONS_LIMIT


def test_a_log_has_groups_and_the_verdict_outside_of_them():
    """Group the log and print the verdict outside of groups.

    A package's output cannot open or close anything.
    """
    log = io.StringIO()
    evil = "boom\r::set-output name=a::b\n##[error]x"
    with WorkflowReporter(log) as reporter:
        reporter.start_environment(EnvironmentSpec("requirements.txt\n::error::x", "3.12", ()))
        reporter.start_stage(evil)
        reporter.report_check("candidate", CheckResult(CheckKind.SMOKE, evil, Outcome.FAIL, 1.0, (Failure("", evil),)))
        reporter.finish_environment(broken("requirements.txt", evil))
        reporter.start_environment(EnvironmentSpec("other.txt", "3.12", ()))
    lines = runner_lines(log.getvalue())
    commands = [line for line in lines if is_command(line)]
    assert [line.partition("::")[2].partition("::")[0] for line in commands] == [
        "group",
        "endgroup",
        "group",
        "endgroup",
    ]
    assert "requirements.txt (Python 3.12): breaks" in lines[lines.index("::endgroup::") + 1]
