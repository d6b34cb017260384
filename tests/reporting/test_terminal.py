"""What a person at a terminal reads."""

import io
import re

import pytest
from rich.console import Console

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.report import Culprit, EnvironmentReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.reporting.heartbeat import Heartbeat
from depcheck.reporting.sentences import CheckLineFormatter, format_environment_title
from depcheck.reporting.terminal import TerminalReporter, print_outcomes

SPEC = EnvironmentSpec("requirements.txt", "3.12", ())


def imported(*failed: str, passed: int = 3, outcome: Outcome | None = None) -> CheckResult:
    failures = tuple(Failure(name, f"ImportError: {name}") for name in failed)
    ok = outcome or (Outcome.FAIL if failed else Outcome.PASS)
    return CheckResult(CheckKind.IMPORT, "", ok, 0.5, failures, frozenset(map(str, range(passed))))


def told(*seen: tuple[str, CheckResult]) -> list[str]:
    telling = CheckLineFormatter()
    return [telling.format_check(label, result).text for label, result in seen]


def test_modules_that_the_committed_set_cannot_import_are_no_alarm():
    """Raise no alarm for modules that never imported.

    How many import and how many cannot; a cross only for what fails anew.
    """
    before, after = told(("baseline", imported("a.gui", "a.win")), ("candidate", imported("a.gui", "a.win")))
    assert before == "✓ your lockfile: import, 0.5 s: 3 modules can be imported, 2 cannot"
    assert after.startswith("✓ all updates")


def test_a_module_that_newly_fails_is_an_alarm():
    """Show the error of the module that newly fails."""
    _, after = told(("baseline", imported("a.gui")), ("candidate", imported("a.gui", "b.core")))
    assert after.startswith("✗ all updates")
    assert after.endswith("2 cannot, 1 of them newly: ImportError: b.core")


def test_a_narrowed_rerun_remembers_the_committed_set():
    """Runs of some modules only are held against the same memory."""
    _, again = told(("baseline", imported("a.gui")), ("candidate, again", imported("a.gui", passed=0)))
    assert again.startswith("✓ all updates, again")


def test_an_open_import_check_is_no_pass():
    """Mark an unanswered check, also when time ran out."""
    late = CheckResult(
        CheckKind.IMPORT, "", Outcome.UNRESOLVED, 9.0, (Failure("", "7 modules were not reached in time"),)
    )
    (line,) = told(("baseline", late))
    assert line.startswith("? your lockfile")
    assert "not reached" in line


def piped(run, **options) -> str:
    log = io.StringIO()
    with TerminalReporter(Console(file=log, width=60), **options) as reporter:
        run(reporter)
    return log.getvalue()


def one_night(reporter: TerminalReporter) -> None:
    reporter.start_environment(SPEC)
    reporter.start_stage("check the fresh set")
    evil = "\x1b[31mboom\x1b]0;title\x07\rover\n[bold]markup[/bold]" + "long " * 60
    reporter.report_check("candidate", CheckResult(CheckKind.SMOKE, evil, Outcome.FAIL, 1.25, (Failure("", evil),)))
    reporter.finish_environment(EnvironmentReport("requirements.txt", "3.12", Status.BREAKS, "It breaks."))


def test_a_pipe_gets_plain_lines():
    """Print plain single lines with durations into a pipe.

    No escapes, no carriage returns, no wrapping, no markup obeyed.
    """
    text = piped(one_night)
    assert "\x1b" not in text
    assert "\r" not in text
    assert len(text.splitlines()) == 4
    assert ", 1.2 s: " in text
    assert "[bold]" in text


def test_quiet_is_quiet():
    """Nothing but what the caller prints at the end."""
    assert not piped(one_night, quiet=True)


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_a_live_line_and_colours_unless_refused(environ, coloured):
    """Print a live line and colors, unless NO_COLOR is set.

    It says what runs and how many checks are done.
    """
    log = io.StringIO()
    environ = {"TERM": "xterm-256color", **environ}
    console = Console(file=log, force_terminal=True, width=100, _environ=environ)
    with TerminalReporter(console) as reporter:
        one_night(reporter)
        reporter.start_stage("search the culprit")
    assert "search the culprit (checks done: 1)" in log.getvalue()
    assert ("\x1b[31m" in log.getvalue()) is coloured


def test_the_live_line_names_the_running_check():
    """Name what runs now, beside the stage."""
    log = io.StringIO()
    console = Console(file=log, force_terminal=True, width=100, _environ={"TERM": "xterm-256color"})
    with TerminalReporter(console) as reporter:
        reporter.start_stage("trial 3 (57 of 60 minutes left): kombu 4.2.0")
        reporter.start_check("trial 3", "test pytest -q")
    assert "trial 3 (57 of 60 minutes left): kombu 4.2.0: test pytest -q (checks done: 0)" in log.getvalue()


def test_a_terminal_breaks_lines_between_words():
    """Break no word of a long verdict."""
    log = io.StringIO()
    console = Console(file=log, force_terminal=True, width=40, _environ={"TERM": "xterm-256color", "NO_COLOR": "1"})
    words = "an unexpectedly long explanation of everything that happened here today"
    print_outcomes(console, (EnvironmentReport("requirements.txt", "3.12", Status.BREAKS, words),))
    lines = log.getvalue().splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert set(words.split()) <= set(log.getvalue().split())


def test_a_pipe_hears_of_long_work_and_only_of_that():
    """Beat once in each interval of silence, with what runs."""
    now, beats = [0.0], []
    heart = Heartbeat(beats.append, every_s=30, clock=lambda: now[0])
    heart.note_line()
    for now[0] in (10, 29, 31, 45, 61, 62):
        heart.beat_if_silent()
    heart.note_line()
    heart.beat_if_silent()
    assert beats == [31, 61]


def test_what_has_no_interpreter_names_none():
    """Name no interpreter for a file refused before."""
    assert (
        format_environment_title(EnvironmentSpec("pylock.toml", "", (), skip_reason="It is a pylock.toml."))
        == "pylock.toml"
    )
    assert format_environment_title(EnvironmentSpec("dev.txt", "3.12", ())) == "dev.txt on Python 3.12"


def test_the_live_lines_show_environments_and_the_search():
    """Mark each environment and trial in the live lines.

    However many checks it has. Nothing of it stays behind.
    """
    log = io.StringIO()
    console = Console(file=log, force_terminal=True, width=100, _environ={"TERM": "xterm-256color", "NO_COLOR": "1"})
    with TerminalReporter(console) as reporter:
        one_night(reporter)
        reporter.start_environment(EnvironmentSpec("dev.txt", "3.12", ()))
        for number, ended in enumerate((Outcome.FAIL, Outcome.PASS, Outcome.UNRESOLVED), 1):
            reporter.report_check(f"trial {number}", CheckResult(CheckKind.INSTALL, "", Outcome.PASS, 0.1))
            reporter.report_check(f"trial {number}", CheckResult(CheckKind.SMOKE, "x", ended, 0.1))
        reporter.start_stage("trial 4: 3 of 12 changes")
    shown = re.sub(r"\x1b\[[0-9;]*m", "", log.getvalue())
    assert "✗ requirements.txt  ● dev.txt" in shown
    assert "search, 3 trials: ✗✓?" in shown
    assert "trial 4: 3 of 12 changes (checks done: 7)" in shown
    assert shown.endswith("\x1b[1A\x1b[2K") or shown.rstrip("\n").endswith("\x1b[2K")


def outcome(judged: EnvironmentReport, **options) -> list[str]:
    log = io.StringIO()
    print_outcomes(Console(file=log, width=40), (judged,), **options)
    return log.getvalue().splitlines()


def test_the_outcome_says_each_thing_once():
    """Verdict with the error, culprit, explanation, what to do, proposal."""
    error = "ImportError: cannot import name 'url_quote'"
    culprit = Culprit(
        ("werkzeug",),
        (),
        {"werkzeug": "2.3.7"},
        {"werkzeug": "3.0.0"},
        error,
        "",
        hold=("werkzeug<3.0.0",),
        explanation="It removed url_quote.",
        sources=("requirements.in",),
    )
    proposal = ProposalReport(("werkzeug",), (), verified=True, files={})
    judged = EnvironmentReport("r.txt", "3.12", Status.BREAKS, error, culprits=(culprit,), proposal=proposal)
    lines = outcome(judged)
    assert lines == [
        f"r.txt (Python 3.12): breaks. {error}",
        "  first bad: werkzeug 3.0.0, the last good one is 2.3.7",
        "  It removed url_quote.",
        "  to hold it back: add werkzeug<3.0.0 to requirements.in",
        "  nothing can be updated, holding werkzeug",
    ]


def test_quiet_outcomes_tell_only_what_is_not_good():
    """`--quiet` prints nothing on a good night."""
    assert not outcome(EnvironmentReport("r.txt", "3.12", Status.SAFE, "All pass."), quiet=True)
    assert outcome(EnvironmentReport("r.txt", "3.12", Status.FLAKY, "It flickers."), quiet=True)


def test_what_the_committed_set_cannot_import_is_never_an_alarm() -> None:
    """Neither at first nor when it is asked again."""
    told = CheckLineFormatter()
    failing = CheckResult(
        CheckKind.IMPORT, "", Outcome.FAIL, 1, (Failure("a.gis", "OSError: no gdal"),), frozenset({"a"})
    )
    for label, shown in (("baseline", "your lockfile"), ("baseline, again", "your lockfile, again")):
        assert told.format_check(label, failing).text == f"✓ {shown}: import, 1.0 s: 1 module can be imported, 1 cannot"


def test_optional_modules_are_counted_and_no_alarm() -> None:
    """The line is that of a pass."""
    optional = (Failure("a.extra", "ImportError: b"),)
    result = CheckResult(CheckKind.IMPORT, "", Outcome.PASS, 1, (), frozenset({"a"}), optional=optional)
    assert (
        CheckLineFormatter().format_check("candidate", result).text.startswith("✓ all updates: import, 1.0 s: 1 module")
    )
