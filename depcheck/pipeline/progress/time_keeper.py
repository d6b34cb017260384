"""Tell how long each part of the work took."""

from collections.abc import Callable
from dataclasses import dataclass, field

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckKind, CheckResult
from depcheck.core.model.report import EnvironmentReport
from depcheck.ports import Reporter

COMPILE, INSTALL, IMPORT, COMMANDS, SEARCH, OTHER = "compile", "install", "import", "commands", "search", "other"
_PART_OF_CHECK = {CheckKind.INSTALL: INSTALL, CheckKind.IMPORT: IMPORT}
_PART_OF_STAGE = {"compile": COMPILE, "resolve": COMPILE, "date": COMPILE, "search": SEARCH, "trial": SEARCH}
_LEAST_S = 0.05  # less is none


@dataclass(slots=True)
class TimeKeeper:
    """A reporter before another one that measures time between calls.

    `clock` gives monotonic seconds. All of a trial is the search's.
    """

    inner: Reporter
    clock: Callable[[], float]
    _spent: dict[str, float] = field(default_factory=dict)
    _part: str = OTHER
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin now."""
        self._since = self.clock()

    def start_environment(self, spec: EnvironmentSpec) -> None:
        """Pass on that an environment begins."""
        self.inner.start_environment(spec)

    def start_stage(self, text: str) -> None:
        """Count from now on for the part that the stage belongs to."""
        self._begin(_PART_OF_STAGE.get(text.partition(" ")[0], OTHER))
        self.inner.start_stage(text)

    def start_check(self, label: str, text: str) -> None:
        """Count from now on for the check, or its search."""
        kind = text.partition(" ")[0]
        self._begin(SEARCH if label.startswith("trial") else _PART_OF_CHECK.get(CheckKind(kind), COMMANDS))
        self.inner.start_check(label, text)

    def report_check(self, label: str, result: CheckResult) -> None:
        """Count no longer for the check that has ended."""
        self._begin(SEARCH if label.startswith("trial") else OTHER)
        self.inner.report_check(label, result)

    def finish_environment(self, report: EnvironmentReport) -> None:
        """Pass on that an environment has ended."""
        self.inner.finish_environment(report)

    def collect_parts(self) -> dict[str, float]:
        """Return the seconds of each part until now, in a fixed order."""
        self._begin(OTHER)
        order = (COMPILE, INSTALL, IMPORT, COMMANDS, SEARCH, OTHER)
        return {part: round(self._spent[part], 1) for part in order if self._spent.get(part, 0) >= _LEAST_S}

    def _begin(self, part: str) -> None:
        now = self.clock()
        self._spent[self._part] = self._spent.get(self._part, 0.0) + now - self._since
        self._part, self._since = part, now
