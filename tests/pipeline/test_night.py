"""A night of several environments."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.pipeline.run import judge_all_environments

SPECS = [EnvironmentSpec(f"{name}.txt", "3.11", (), skip_reason=f"{name} is skipped") for name in "abcdef"]


class Told:
    """Remembers what it was told, and by whom at once."""

    def __init__(self):
        self.lines = []

    def start_environment(self, spec):
        self.lines.append(("begin", spec.name))

    def finish_environment(self, report):
        self.lines.append(("end", report.name))


@dataclass
class Ports:
    reporter: object
    clock: object
    index: object = None


def now():
    return datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("parallel", [1, 3, 20])
def test_reports_keep_their_order_and_each_environment_is_told_of_whole(parallel):
    """Keep report order and reports whole, however many run at once.

    No two of them run in one place.
    """
    told, busy, lock = Told(), set(), threading.Lock()

    def connect(spec, place):
        with lock:
            assert place not in busy
            busy.add(place)
        assert place < min(parallel, 8)

        def clock():
            with lock:
                busy.discard(place)
            return 0.0

        return Ports(told, clock)

    reports = judge_all_environments(SPECS, replace(Settings(), parallel=parallel), connect, now)
    assert [report.name for report in reports] == [spec.name for spec in SPECS]
    pairs = list(zip(told.lines[::2], told.lines[1::2], strict=True))
    assert all((first, last) == ("begin", "end") and a == b for (first, a), (last, b) in pairs)
    assert {name for (_, name), _ in pairs} == {spec.name for spec in SPECS}


def test_a_judgement_that_fails_does_not_stop_the_others():
    """A bug in one is raised when all have ended."""
    seen = []

    def connect(spec, place):
        if spec.name == "b.txt":
            raise RuntimeError("a bug")
        return Ports(Told(), lambda: seen.append(spec.name) or 0.0)

    with pytest.raises(RuntimeError, match="a bug"):
        judge_all_environments(SPECS, replace(Settings(), parallel=2), connect, now)
    assert set(seen) == {spec.name for spec in SPECS} - {"b.txt"}
