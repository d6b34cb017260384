"""The lines at the bottom of a terminal: environments so far, the search's trials, what runs now and for how long."""

from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from depcheck.core.checks import Outcome
from depcheck.core.plain import one_line
from depcheck.reporting import sentences
from depcheck.reporting.telling import MARKS

_MOST_MARKS = 60
_WORST = (Outcome.FAIL, Outcome.UNRESOLVED, Outcome.PASS)
_STATUS_MARKS = {0: "✓", 1: "✗", 3: "?"}


@dataclass(slots=True)
class View:
    """What is shown; it changes as the night goes on. Only the last environments and trials have room."""

    console: Console
    done: int = 0
    _judged: list[tuple[str, int]] = field(default_factory=list)
    _current: str = ""
    _trials: dict[str, Outcome] = field(default_factory=dict)
    _progress: Progress = field(init=False)
    _live: Live = field(init=False)

    def __post_init__(self) -> None:
        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        self._progress = Progress(SpinnerColumn(), TimeElapsedColumn(), words, console=self.console)
        self._progress.add_task("", total=None)
        self._live = Live(get_renderable=self._drawn, console=self.console, transient=True, refresh_per_second=8)

    def start(self) -> None:
        """Show it, until `stop`."""
        self._live.start()

    def stop(self) -> None:
        """Take it away; nothing of it stays."""
        self._live.stop()

    def environment(self, name: str) -> None:
        """Another environment begins."""
        self._current, self._trials = name, {}

    def judged(self, exit_status: int) -> None:
        """The current environment has its verdict."""
        self._judged.append((self._current, exit_status))
        self._current, self._trials = "", {}

    def tried(self, label: str, outcome: Outcome) -> None:
        """A check of the trial `label` has ended; the worst of its checks is the trial's mark."""
        self._trials[label] = min(outcome, self._trials.get(label, outcome), key=_WORST.index)

    def running(self, words: str, *, afresh: bool) -> None:
        """What runs now; with `afresh` its clock begins again."""
        task = self._progress.task_ids[0]
        if afresh:
            self._progress.reset(task, total=None, description=words)
        else:
            self._progress.update(task, description=words)
        self._live.refresh()

    def _drawn(self) -> Group:
        lines = [line for line in (self._environments(), self._search()) if line]
        return Group(*lines, self._progress)

    def _environments(self) -> Text | None:
        """The environments, once there is more than one to see."""
        if not self._judged:
            return None
        line = Text("  ")
        for name, status in self._judged[-6:]:
            line.append(f"{_STATUS_MARKS[status]} {one_line(name, 30)}  ", style=sentences.VERDICT_STYLES[status])
        if self._current:
            line.append(f"● {one_line(self._current, 30)}", style="bold")
        return _cut(line, self.console.width)

    def _search(self) -> Text | None:
        if not self._trials:
            return None
        line = Text(f"  search, {len(self._trials)} trial{'' if len(self._trials) == 1 else 's'}: ")
        for outcome in list(self._trials.values())[-_MOST_MARKS:]:
            line.append(MARKS[outcome], style=sentences.STYLES[outcome])
        return _cut(line, self.console.width)


def _cut(line: Text, width: int) -> Text:
    line.truncate(max(10, width - 1), overflow="ellipsis")
    return line
