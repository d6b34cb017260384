"""Progress for a person, on a terminal or in a pipe.

Lines are live on a terminal and sparse in a pipe. Nothing is printed if quiet.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, TextIO

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckResult
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.text.terminal_safe import shorten_words, to_one_line, wrap_words
from depcheck.reporting import sentences
from depcheck.reporting.heartbeat import Heartbeat
from depcheck.reporting.sentences import CheckLineFormatter

if TYPE_CHECKING:  # slow to import, and in a pipe there is nothing to paint
    from rich.console import Console

    from depcheck.reporting.live_view import ProgressView

_FORCE_TERMINAL_VARIABLES = (
    "FORCE_COLOR",
    "TTY_COMPATIBLE",
    "JUPYTER_COLUMNS",
)  # variables that rich takes for a terminal


class PlainConsole:
    """A console for a stream that is no terminal.

    It has only the members of rich's console that are used without styles.
    """

    is_terminal = False
    width = 80

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write_line(self, text: str) -> None:
        """Write one line."""
        self._stream.write(f"{text}\n")


def create_console(stream: TextIO, environ: Mapping[str, str]) -> "Console | PlainConsole":
    """Return a console for a terminal, a plain one for other streams."""
    if not stream.isatty() and not any(environ.get(name) for name in _FORCE_TERMINAL_VARIABLES):
        return PlainConsole(stream)
    from rich.console import Console  # noqa: PLC0415

    return Console(file=stream)


class TerminalReporter:
    """A reporter that writes to a terminal or a pipe.

    Use it as a context, so that the live lines are removed. On a terminal the lines at the bottom show how the
    environments fared so far, how the search's trials ended, what runs, for how long, and how many checks are
    done. rich respects NO_COLOR and dumb terminals.
    """

    def __init__(self, console: "Console | PlainConsole", *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._finished_checks = 0
        self._stage, self._check = "starting", ""
        self._heartbeat = Heartbeat(self._print_sign_of_life)
        self._formatter = CheckLineFormatter()
        self._progress_view: ProgressView | None = None

    def __enter__(self) -> Self:
        if not isinstance(self._console, PlainConsole) and self._console.is_terminal and not self._quiet:
            from depcheck.reporting.live_view import ProgressView  # noqa: PLC0415

            self._progress_view = ProgressView(self._console)
            self._progress_view.show_stage(self._format_stage(), afresh=True)
            self._progress_view.start_display()
        elif not self._quiet:
            self._heartbeat.start_beating()
        return self

    def __exit__(self, *error: object) -> None:
        self._heartbeat.stop_beating()
        if self._progress_view is not None:
            self._progress_view.stop_display()
            self._progress_view = None

    def start_environment(self, spec: EnvironmentSpec) -> None:
        """Print the environment's name."""
        self._formatter = CheckLineFormatter()
        if self._progress_view is not None:
            self._progress_view.start_environment(spec.name)
        self._print_line(sentences.format_environment_title(spec), "bold")

    def start_stage(self, text: str) -> None:
        """Print the stage, or show it in the live lines."""
        self._stage, self._check = to_one_line(text), ""
        if self._progress_view is None:
            self._print_line(f"  {self._stage}")
        else:
            self._progress_view.show_stage(self._format_stage(), afresh=True)

    def start_check(self, label: str, text: str) -> None:
        """Name the running check in the live lines.

        In a pipe it is named by the next sign of life.
        """
        self._check = to_one_line(text if label in self._stage else f"{text}, {sentences.format_set_name(label)}", 60)
        if self._progress_view is not None:
            self._progress_view.show_stage(self._format_stage(), afresh=True)

    def _format_stage(self) -> str:
        """Return the stage, the running check and the number of finished checks.

        The text is short enough to leave room for the clock.
        """
        done = f" (checks done: {self._finished_checks})"
        words = f"{self._stage}: {self._check}" if self._check else self._stage
        return f"{shorten_words(words, max(12, self._console.width - len(done) - 12))}{done}"

    def report_check(self, label: str, result: CheckResult) -> None:
        """Print one line for the check."""
        self._finished_checks += 1
        line = self._formatter.format_check(label, result)
        if self._progress_view is not None:
            if label.startswith("trial "):
                self._progress_view.record_trial(label, line.outcome)
            self._progress_view.show_stage(self._format_stage(), afresh=False)
        self._print_line(f"  {line.text}", sentences.OUTCOME_STYLES[line.outcome])

    def finish_environment(self, report: EnvironmentReport) -> None:
        """Print the status only.

        The verdict's own lines are in the summary at the end.
        """
        if self._progress_view is not None:
            self._progress_view.record_verdict(report.status.exit_status)
        self._print_line(f"  {report.status}", sentences.VERDICT_STYLES[report.status.exit_status])

    def _print_sign_of_life(self, silent_s: float) -> None:
        """Say what still runs, and for how long nothing was said."""
        words = f"{self._stage}: {self._check}" if self._check else self._stage
        _print_styled_line(self._console, f"  … still running after {silent_s:.0f} s: {words}", "")

    def _print_line(self, text: str, style: str = "") -> None:
        self._heartbeat.note_line()
        if not self._quiet:
            _print_styled_line(self._console, text, style)


def print_outcomes(
    console: "Console | PlainConsole", reports: tuple[EnvironmentReport, ...], *, quiet: bool = False
) -> None:
    """Print the verdicts to standard output.

    If quiet, only those that are not good.
    """
    for report in reports:
        status = report.status.exit_status
        if quiet and status == 0:
            continue
        first, *rest = sentences.format_outcome_lines(report)
        _print_styled_line(console, first, sentences.VERDICT_STYLES[status])
        for line in rest:
            _print_styled_line(console, f"  {line}", "")


def _print_styled_line(console: "Console | PlainConsole", text: str, style: str) -> None:
    if isinstance(console, PlainConsole):
        console.write_line(text)
        return
    from rich.text import Text  # noqa: PLC0415

    if not console.is_terminal:
        console.print(Text(text, style=style), soft_wrap=True)
        return
    indent = len(text) - len(text.lstrip())
    for number, line in enumerate(wrap_words(text.strip(), max(20, console.width - indent - 2))):
        console.print(Text(f"{' ' * (indent + 2 * bool(number))}{line}", style=style), soft_wrap=True)
