"""Progress for a person: live on a terminal, sparse lines in a pipe, nothing when quiet."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from depcheck.core.checks import CheckResult
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.plain import one_line
from depcheck.core.report import EnvironmentReport
from depcheck.reporting import sentences
from depcheck.reporting.telling import Telling

if TYPE_CHECKING:  # slow to import, and in a pipe there is nothing to paint
    from rich.console import Console

    from depcheck.reporting.live import View

_PAINTED_ANYWAY = ("FORCE_COLOR", "TTY_COMPATIBLE", "JUPYTER_COLUMNS")  # variables that rich takes for a terminal


class Plain:
    """A stream that is no terminal, as far as we use a console."""

    is_terminal = False
    width = 80

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, text: str) -> None:
        """Write one line."""
        self._stream.write(f"{text}\n")


def screen(stream: TextIO, environ: Mapping[str, str]) -> "Console | Plain":
    """A console for a terminal, a plain stream for anything else."""
    if not stream.isatty() and not any(environ.get(name) for name in _PAINTED_ANYWAY):
        return Plain(stream)
    from rich.console import Console  # noqa: PLC0415

    return Console(file=stream)


class TerminalReporter:
    """A reporter that writes to `console`; use it as a context, so that the live lines go away.

    On a terminal the lines at the bottom say how the environments fared so far, how the search's trials ended, what
    runs, for how long, and how many checks are done.
    NO_COLOR and dumb terminals are respected by rich.
    """

    def __init__(self, console: "Console | Plain", *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._done = 0
        self._stage = "starting"
        self._telling = Telling()
        self._live: View | None = None

    def __enter__(self) -> Self:
        if not isinstance(self._console, Plain) and self._console.is_terminal and not self._quiet:
            from depcheck.reporting.live import View  # noqa: PLC0415

            self._live = View(self._console)
            self._live.running(self._words(), afresh=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def environment(self, spec: EnvironmentSpec) -> None:
        """Name the environment."""
        self._telling = Telling()
        if self._live is not None:
            self._live.environment(spec.name)
        self._print(sentences.title(spec), "bold")

    def stage(self, text: str) -> None:
        """On a terminal, change the live line; in a pipe, write one."""
        self._stage = one_line(text)
        if self._live is None:
            self._print(f"  {self._stage}")
        else:
            self._live.running(self._words(), afresh=True)

    def _words(self) -> str:
        """What runs and how many checks are done, short enough to leave room for the clock."""
        done = f" (checks done: {self._done})"
        return f"{one_line(self._stage, max(12, self._console.width - len(done) - 12))}{done}"

    def checked(self, label: str, result: CheckResult) -> None:
        """One line for each check."""
        self._done += 1
        line = self._telling.checked(label, result)
        if self._live is not None:
            if label.startswith("trial "):
                self._live.tried(label, line.outcome)
            self._live.running(self._words(), afresh=False)
        self._print(f"  {line.text}", sentences.STYLES[line.outcome])

    def judged(self, report: EnvironmentReport) -> None:
        """The verdict's own lines stand in the summary at the end."""
        if self._live is not None:
            self._live.judged(report.status.exit_status)
        self._print(f"  {report.status}", sentences.VERDICT_STYLES[report.status.exit_status])

    def _print(self, text: str, style: str = "") -> None:
        if not self._quiet:
            _line(self._console, text, style)


def print_outcome(console: "Console | Plain", reports: tuple[EnvironmentReport, ...], *, quiet: bool = False) -> None:
    """The verdicts, for standard output; when quiet only those that are not good."""
    for report in reports:
        status = report.status.exit_status
        if quiet and status == 0:
            continue
        first, *rest = sentences.outcome(report)
        _line(console, first, sentences.VERDICT_STYLES[status])
        for line in rest:
            _line(console, f"  {line}", "")


def _line(console: "Console | Plain", text: str, style: str) -> None:
    if isinstance(console, Plain):
        console.line(text)
        return
    from rich.text import Text  # noqa: PLC0415

    console.print(Text(text, style=style), soft_wrap=True)
