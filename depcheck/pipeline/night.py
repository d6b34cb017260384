"""One night: every environment of a repository, judged in turn or several at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import SimpleQueue
from threading import Lock
from typing import Protocol

from depcheck.core.checks import CheckResult
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.report import EnvironmentReport
from depcheck.core.settings import Settings
from depcheck.pipeline.judging import judge
from depcheck.pipeline.ruling import unmatched
from depcheck.ports import Ports, Reporter

MOST_PLACES = 8


class Connect(Protocol):
    """Gives the ports for one environment."""

    def __call__(self, spec: EnvironmentSpec, place: int) -> Ports:
        """No other judgement goes on in `place`, a small number, at the same time."""


def night(
    specs: Sequence[EnvironmentSpec], settings: Settings, connect: Connect, now: Callable[[], datetime]
) -> tuple[EnvironmentReport, ...]:
    """The reports, in the order of `specs`, `settings.parallel` judged at a time.

    What several tell is told environment by environment, as each ends.
    """
    reports = _each(specs, settings, connect, now)
    whole = not settings.lockfiles and not settings.only  # else another run judges what a rule is for
    return unmatched(reports) if whole else reports


def _each(
    specs: Sequence[EnvironmentSpec], settings: Settings, connect: Connect, now: Callable[[], datetime]
) -> tuple[EnvironmentReport, ...]:
    number = min(settings.parallel, len(specs), MOST_PLACES)
    if number <= 1:
        return tuple(_judged(spec, connect(spec, 0), settings, now) for spec in specs)
    places: SimpleQueue[int] = SimpleQueue()
    for place in range(number):
        places.put(place)
    telling = Lock()

    def in_a_place(spec: EnvironmentSpec) -> EnvironmentReport:
        place = places.get()
        try:
            ports = connect(spec, place)
            held = Held()
            report = _judged(spec, replace(ports, reporter=held), settings, now)
            with telling:
                held.tell(ports.reporter)
            return report
        finally:
            places.put(place)

    with ThreadPoolExecutor(number) as pool:
        judged = [pool.submit(in_a_place, spec) for spec in specs]
    return tuple(each.result() for each in judged)


def _judged(spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]) -> EnvironmentReport:
    began = ports.clock()
    ports.reporter.environment(spec)
    report = replace(judge(spec, ports, settings.of(spec.configured), now), duration_s=round(ports.clock() - began, 1))
    ports.reporter.judged(report)
    return report


@dataclass(slots=True)
class Held:
    """A reporter that keeps what it is told, to tell it at once."""

    _told: list[Callable[[Reporter], None]] = field(default_factory=list)

    def environment(self, spec: EnvironmentSpec) -> None:
        """The judgement of `spec` begins."""
        self._told.append(lambda reporter: reporter.environment(spec))

    def stage(self, text: str) -> None:
        """A stage begins."""
        self._told.append(lambda reporter: reporter.stage(text))

    def checked(self, label: str, result: CheckResult) -> None:
        """A check has ended."""
        self._told.append(lambda reporter: reporter.checked(label, result))

    def judged(self, report: EnvironmentReport) -> None:
        """The judgement has ended."""
        self._told.append(lambda reporter: reporter.judged(report))

    def tell(self, reporter: Reporter) -> None:
        """All of it, in order."""
        for each in self._told:
            each(reporter)
