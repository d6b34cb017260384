#!/usr/bin/env python3
"""Replay consecutive nights with one clock and with two: what differs?

    benchmarks/two_clocks.py SET [--from DATE] [--nights 200] [--cooldown 3] [--cache FOLDER] [--json FILE]
        [--keep FOLDER] [--bad-one-in 25]

Verdicts are made by the product, on the real index as of each night, compiled by uv; only installing and checking is
planned: one release in so many breaks the one test of its package, as its name and version decide. Each night's
proposal is merged at once. Counted are compiles and checked sets. Held against each other are the nights on which each
bad release is blamed first; held against the index is the age of each release that is proposed.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nights import PYTHON, SETS, Nights, opened
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.checking.environments.interpreters import Interpreter
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import OwnInstallation
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.report import EnvironmentReport
from depcheck.index.access_log import AccessLog
from depcheck.pipeline.judge import judge_environment
from depcheck.pipeline.run import BufferedReporter
from depcheck.ports import Ports


def is_planted(name: str, version: Version | None, one_in: int) -> bool:
    digest = hashlib.sha256(f"{name} {version}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % one_in == 0


@dataclass(frozen=True)
class PlannedEnvironment:
    """An environment that stands for its pins."""

    pins: Pins
    failure: Failure | None = None
    package: NormalizedName | None = None
    distributions: tuple[()] = ()
    hook_owners: tuple[()] = ()
    content_digest: str = ""
    inconsistencies: tuple[()] = ()
    own: OwnInstallation = field(default_factory=OwnInstallation)


@dataclass
class Planned:
    """What the product reaches outside of the index, planned and counted.

    What was there before `since` breaks nothing.
    """

    since: datetime
    bad_one_in: int
    interpreter: Interpreter
    compiler: Any
    index: Any
    counts: Counter[str] = field(default_factory=Counter)
    records: dict[str, bytes] = field(default_factory=dict)

    def ports(self) -> Ports:
        mine: Any = self
        return Ports(mine, self.index, mine, mine, mine, mine, mine, mine, BufferedReporter(), time.monotonic)

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        self.counts["compiles with upgrade" if upgrade else "compiles without"] += 1
        began = time.monotonic()
        found = self.compiler.compile_lockfiles(spec, world, upgrade=upgrade)
        self.counts["compile ms"] += round(1000 * (time.monotonic() - began))
        return found

    def get_markers(self, _spec: EnvironmentSpec) -> Mapping[str, str]:
        return {**self.interpreter.markers, "extra": ""}

    def install_pins(self, _spec: EnvironmentSpec, pins: Pins, _world: IndexView) -> PlannedEnvironment:
        self.counts["installed sets"] += 1
        return PlannedEnvironment(pins)

    def run_checks(
        self, _spec: EnvironmentSpec, installed: PlannedEnvironment, checks: Sequence[Check], *, closed: bool = False
    ) -> list[CheckResult]:
        self.counts["checked sets, network closed" if closed else "checked sets"] += 1
        return [self._run_test(check, installed.pins) for check in checks if check.kind is CheckKind.TEST]

    def _run_test(self, check: Check, pins: Pins) -> CheckResult:
        bad = {
            pin.name
            for pin in pins.values()
            if is_planted(pin.name, pin.version, self.bad_one_in) and self._is_new(pin)
        }
        ids = {f"tests/test_{name}.py::test_it": name for name in pins}
        asked = {each: name for each, name in ids.items() if not check.ids or each in check.ids}
        failures = tuple(Failure(each, f"AssertionError: {name} is bad") for each, name in asked.items() if name in bad)
        passed = frozenset(each for each, name in asked.items() if name not in bad)
        return CheckResult(
            CheckKind.TEST, check.command, Outcome.FAIL if failures else Outcome.PASS, 60.0, failures, passed
        )

    def _is_new(self, pin: Pin) -> bool:
        found = (each for each in self.index.list_releases(pin.name, IndexView()) if each.version == pin.version)
        return any(each.uploaded_at and each.uploaded_at >= self.since for each in found)

    def explain_failure(self, *_: object) -> str:
        return ""

    def get_last_green(self, _spec: EnvironmentSpec) -> None:
        return None

    def get_run_releases(self, _spec: EnvironmentSpec) -> dict[object, str]:
        return {}

    def save_run_releases(self, *_: object) -> None:
        return

    def save_last_green(self, *_: object) -> None:
        return

    def recall_record(self, _spec: EnvironmentSpec, key: str) -> bytes | None:
        return self.records.get(key)

    def remember_record(self, _spec: EnvironmentSpec, key: str, content: bytes) -> None:
        self.records[key] = content

    def close_records(self, _spec: EnvironmentSpec, *, keep: bool) -> None:
        if not keep:
            self.records.clear()


def judge_night(replay: Nights, planned: Planned, cooldown: float, until: datetime) -> EnvironmentReport:
    settings = Settings(
        repo=replay.repo, python=PYTHON, as_of=until, test="pytest", imports=False, advisories=False,
        cooldown_days=cooldown,
    )  # fmt: skip
    replay.index._routes.access_log = AccessLog()  # a night is a run of its own
    shutil.rmtree(replay.room / "compile", ignore_errors=True)
    (spec,) = RepositoryWorkspace(settings).find_environments()
    report = judge_environment(spec, planned.ports(), settings, lambda: until)
    if report.proposal:
        for path, text in report.proposal.files.items():
            (replay.repo / path).write_text(text)
    return report


def list_too_young(replay: Nights, report: EnvironmentReport, before: str, until: datetime, days: float) -> list[str]:
    """List proposed releases with a file within the cooldown."""
    known = {(entry.pin.name, entry.pin.version) for entry in parse_lockfile(before).entries}
    found = []
    for text in report.proposal.files.values() if report.proposal else ():
        for entry in parse_lockfile(text).entries:
            name, version = entry.pin.name, entry.pin.version
            if version is None or (name, version) in known:
                continue
            project = replay.index._projects[name]
            times = [
                file.upload_time for file, of in zip(project.files, project.versions, strict=True) if of == version
            ]
            seen = [each for each in times if each and each <= until]
            if not seen or max(seen) > until - timedelta(days=days):
                found.append(f"{name} {version}")
    return found


@dataclass
class Clock:
    """One way to judge, with what it has seen so far."""

    cooldown: float
    replay: Nights
    planned: Planned
    kept: Path | None = None
    blamed: dict[str, str] = field(default_factory=dict)
    young: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    proposals: int = 0
    reasons: list[str] = field(default_factory=list)

    def run_night(self, until: datetime) -> None:
        before = (self.replay.repo / "requirements.txt").read_text()
        if self.kept:
            self.kept.mkdir(parents=True, exist_ok=True)
            (self.kept / f"{until:%Y-%m-%d}-{self.cooldown:g}.txt").write_text(before)
        report = judge_night(self.replay, self.planned, self.cooldown, until)
        self.statuses[report.status] += 1
        self.proposals += bool(report.proposal and report.proposal.files)
        self.young += list_too_young(self.replay, report, before, until, self.cooldown)
        self.reasons.append(f"{until:%Y-%m-%d} {report.status}: {report.reason[:160]}")
        for culprit in report.culprits:
            for name, version in culprit.first_bad.items():
                self.blamed.setdefault(f"{name} {version}", f"{until:%Y-%m-%d}")

    def to_json(self) -> dict[str, object]:
        return {
            "cooldown": self.cooldown, "statuses": self.statuses, "proposals": self.proposals, "young": self.young,
            "counts": self.planned.counts, "blamed": self.blamed, "nights": self.reasons,
        }  # fmt: skip


def open_clock(stack: ExitStack, wanted: argparse.Namespace, cooldown: float, since: datetime) -> Clock:
    replay = stack.enter_context(opened(wanted.set, wanted.cache.absolute(), "uv", both=False))
    replay.index.fetch_release_facts = lambda _wanted: {}  # type: ignore[method-assign]  # links of no use here
    about = replay.interpreters.get_interpreter(PYTHON)
    planned = Planned(since, wanted.bad_one_in, about, replay.compiler, replay.index)
    return Clock(cooldown, replay, planned, wanted.keep)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("set", choices=[path.stem for path in sorted(SETS.glob("*.in"))])
    asked.add_argument("--from", dest="start", default="2026-04-15")
    asked.add_argument("--nights", type=int, default=200)
    asked.add_argument("--cooldown", type=float, default=3)
    asked.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "depcheck-nights"))
    asked.add_argument("--json", type=Path)
    asked.add_argument("--bad-one-in", type=int, default=25, help="how rare a bad release is")
    asked.add_argument("--keep", type=Path, help="a folder for each night's committed lockfiles")
    wanted = asked.parse_args()
    start = datetime.fromisoformat(wanted.start).replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)
    with ExitStack() as stack:
        clocks = [open_clock(stack, wanted, days, start) for days in (0, wanted.cooldown)]
        for clock in clocks:  # the first lockfile is old enough and has nothing bad in it
            clock.replay.night(start - timedelta(days=30))
        for number in range(wanted.nights):
            for clock in clocks:
                clock.run_night(start + timedelta(days=number))
                print(f"{clock.cooldown:g} {clock.reasons[-1]}", flush=True)
            if wanted.json:
                wanted.json.write_text(json.dumps([clock.to_json() for clock in clocks], indent=1))
    one, two = clocks
    late = {bad: (day, two.blamed.get(bad)) for bad, day in one.blamed.items() if two.blamed.get(bad, "9") > day}
    for clock in clocks:
        counts = dict(clock.planned.counts)
        print(f"{clock.cooldown:g} days: {dict(clock.statuses)}, {clock.proposals} proposals, {counts}")
    print(f"{len(one.blamed)} bad releases blamed; later with two clocks: {late}; proposed too young: {two.young}")
    return int(bool(late or two.young))


if __name__ == "__main__":
    sys.exit(main())
