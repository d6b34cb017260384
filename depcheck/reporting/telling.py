"""One line for each check, seen beside the committed set: what failed before is nobody's news."""

from dataclasses import dataclass, field

from depcheck.core.checks import CheckResult, Failure, Kind, Outcome
from depcheck.core.plain import one_line

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNRESOLVED: "?"}
BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Line:
    """`✗ candidate: boot python app.py, 0.4 s: ImportError: …`, and the outcome that colours it."""

    text: str
    outcome: Outcome


@dataclass(slots=True)
class Telling:
    """Tells the checks of one environment; it remembers which modules the committed set cannot import."""

    _broken_before: frozenset[str] = field(default=frozenset())

    def checked(self, label: str, result: CheckResult) -> Line:
        """The line of one check. Modules that cannot be imported alarm only where the committed set imports them."""
        outcome, tail = result.outcome, result.headline
        if result.kind is Kind.IMPORT:
            if label == BASELINE:
                self._broken_before = frozenset(failure.id for failure in result.failures if failure.id)
            newly = tuple(failure for failure in result.failures if failure.id not in self._broken_before)
            outcome, tail = _imported(result, newly)
        command = f" {one_line(result.command, 80)}" if result.command else ""
        told = f": {one_line(tail, 200)}" if tail else ""
        head = f"{MARKS[outcome]} {one_line(label, 60)}: {result.kind}{command}"
        return Line(f"{head}, {result.duration_s:.1f} s{told}", outcome)


def _imported(result: CheckResult, newly: tuple[Failure, ...]) -> tuple[Outcome, str]:
    cannot = sum(1 for failure in result.failures if failure.id)
    counted = f"{_modules(len(result.passed))} can be imported{f', {cannot} cannot' if cannot else ''}"
    if not newly:
        outcome = Outcome.PASS if result.outcome is Outcome.FAIL else result.outcome
        return outcome, counted
    if not newly[0].id:  # not about a module: time ran out, for example
        return result.outcome, f"{counted}; {newly[0].headline}"
    return result.outcome, f"{counted}, {len(newly)} of them newly: {newly[0].headline}"


def _modules(number: int) -> str:
    return f"{number} module{'' if number == 1 else 's'}"
