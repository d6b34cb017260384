"""Live lines at the bottom of a terminal.

They show the environments so far, the search's trials, the current stage and its duration.
"""

from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from depcheck.core.model.checks import Outcome
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.reporting import sentences
from depcheck.reporting.sentences import CHECK_MARKS

_MAX_MARKS = 60
_OUTCOMES_WORST_FIRST = (Outcome.FAIL, Outcome.UNRESOLVED, Outcome.PASS)
_STATUS_MARKS = {0: "✓", 1: "✗", 3: "?"}


@dataclass(slots=True)
class ProgressView:
    """The live lines, which change as the run goes on.

    Only the last environments and trials have room.
    """

    console: Console
    done: int = 0
    _verdicts: list[tuple[str, int]] = field(default_factory=list)
    _current_environment: str = ""
    _trials: dict[str, Outcome] = field(default_factory=dict)
    _progress: Progress = field(init=False)
    _live: Live = field(init=False)

    def __post_init__(self) -> None:
        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        self._progress = Progress(SpinnerColumn(), TimeElapsedColumn(), words, console=self.console)
        self._progress.add_task("", total=None)
        self._live = Live(get_renderable=self._render_lines, console=self.console, transient=True, refresh_per_second=8)

    def start_display(self) -> None:
        """Show the lines until `stop_display` is called."""
        self._live.start()

    def stop_display(self) -> None:
        """Remove the lines from the terminal."""
        self._live.stop()

    def start_environment(self, name: str) -> None:
        """Set the current environment and clear its trials."""
        self._current_environment, self._trials = name, {}

    def record_verdict(self, exit_status: int) -> None:
        """Record the verdict of the current environment."""
        self._verdicts.append((self._current_environment, exit_status))
        self._current_environment, self._trials = "", {}

    def record_trial(self, label: str, outcome: Outcome) -> None:
        """Record the end of a check of the trial `label`.

        The worst outcome of its checks is the trial's mark.
        """
        self._trials[label] = min(outcome, self._trials.get(label, outcome), key=_OUTCOMES_WORST_FIRST.index)

    def show_stage(self, words: str, *, afresh: bool) -> None:
        """Show what runs now.

        With `afresh` the clock starts again.
        """
        task = self._progress.task_ids[0]
        if afresh:
            self._progress.reset(task, total=None, description=words)
        else:
            self._progress.update(task, description=words)
        self._live.refresh()

    def _render_lines(self) -> Group:
        lines = [line for line in (self._render_environments(), self._render_search()) if line]
        return Group(*lines, self._progress)

    def _render_environments(self) -> Text | None:
        """Render the environments, after the first verdict.

        None before that.
        """
        if not self._verdicts:
            return None
        line = Text("  ")
        for name, status in self._verdicts[-6:]:
            line.append(f"{_STATUS_MARKS[status]} {to_one_line(name, 30)}  ", style=sentences.VERDICT_STYLES[status])
        if self._current_environment:
            line.append(f"● {to_one_line(self._current_environment, 30)}", style="bold")
        return _truncate_line(line, self.console.width)

    def _render_search(self) -> Text | None:
        if not self._trials:
            return None
        line = Text(f"  search, {len(self._trials)} trial{'' if len(self._trials) == 1 else 's'}: ")
        for outcome in list(self._trials.values())[-_MAX_MARKS:]:
            line.append(CHECK_MARKS[outcome], style=sentences.OUTCOME_STYLES[outcome])
        return _truncate_line(line, self.console.width)


def _truncate_line(line: Text, width: int) -> Text:
    line.truncate(max(10, width - 1), overflow="ellipsis")
    return line
