"""The check of all environments, one by one or in parallel."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import SimpleQueue
from threading import Lock
from typing import Protocol

from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckResult
from depcheck.core.model.report import EnvironmentReport
from depcheck.pipeline.annotate import annotate_unmatched_rules
from depcheck.pipeline.judge import judge_environment
from depcheck.pipeline.progress.time_keeper import TimeKeeper
from depcheck.ports import Ports, Reporter

MAX_PARALLEL = 8


class PortsFactory(Protocol):
    """Builds the ports for one environment."""

    def __call__(self, spec: EnvironmentSpec, place: int) -> Ports:
        """Build the ports.

        `place` is a small number. No other environment is checked in the same place at the same time.
        """


def judge_all_environments(
    specs: Sequence[EnvironmentSpec], settings: Settings, connect: PortsFactory, now: Callable[[], datetime]
) -> tuple[EnvironmentReport, ...]:
    """Check all environments, `settings.parallel` at a time.

    Reports are in the order of `specs`. In parallel, the progress of an environment is shown when it ends.
    """
    reports = _judge_each(specs, settings, connect, now)
    whole = not settings.lockfiles and not settings.only  # else another run judges what a rule is for
    return annotate_unmatched_rules(reports) if whole else reports


def _judge_each(
    specs: Sequence[EnvironmentSpec], settings: Settings, connect: PortsFactory, now: Callable[[], datetime]
) -> tuple[EnvironmentReport, ...]:
    number = min(settings.parallel, len(specs), MAX_PARALLEL)
    if number <= 1:
        return tuple(_judge_and_announce(spec, connect(spec, 0), settings, now) for spec in specs)
    places: SimpleQueue[int] = SimpleQueue()
    for place in range(number):
        places.put(place)
    telling = Lock()

    def in_a_place(spec: EnvironmentSpec) -> EnvironmentReport:
        place = places.get()
        try:
            ports = connect(spec, place)
            held = BufferedReporter()
            report = _judge_and_announce(spec, replace(ports, reporter=held), settings, now)
            with telling:
                held.replay_calls(ports.reporter)
            return report
        finally:
            places.put(place)

    with ThreadPoolExecutor(number) as pool:
        judged = [pool.submit(in_a_place, spec) for spec in specs]
    return tuple(each.result() for each in judged)


def _judge_and_announce(
    spec: EnvironmentSpec, ports: Ports, settings: Settings, now: Callable[[], datetime]
) -> EnvironmentReport:
    began, keeper = ports.clock(), TimeKeeper(ports.reporter, ports.clock)
    ports = replace(ports, reporter=keeper)
    ports.reporter.start_environment(spec)
    report = judge_environment(spec, ports, settings.get_for_environment(spec.configured_name), now)
    report = replace(report, duration_s=round(ports.clock() - began, 1), spent_s=keeper.collect_parts())
    ports.reporter.finish_environment(report)
    return report


@dataclass(slots=True)
class BufferedReporter:
    """A reporter that records its calls and replays them to another reporter."""

    _calls: list[Callable[[Reporter], None]] = field(default_factory=list)

    def start_environment(self, spec: EnvironmentSpec) -> None:
        """Record that the check of an environment starts."""
        self._calls.append(lambda reporter: reporter.start_environment(spec))

    def start_stage(self, text: str) -> None:
        """Record that a stage starts."""
        self._calls.append(lambda reporter: reporter.start_stage(text))

    def start_check(self, label: str, text: str) -> None:
        """Record that a check starts."""
        self._calls.append(lambda reporter: reporter.start_check(label, text))

    def report_check(self, label: str, result: CheckResult) -> None:
        """Record the result of a check."""
        self._calls.append(lambda reporter: reporter.report_check(label, result))

    def finish_environment(self, report: EnvironmentReport) -> None:
        """Record that the check of an environment has ended."""
        self._calls.append(lambda reporter: reporter.finish_environment(report))

    def replay_calls(self, reporter: Reporter) -> None:
        """Replay all recorded calls in order."""
        for each in self._calls:
            each(reporter)
