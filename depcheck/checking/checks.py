"""Runs checks in environments, each in a fresh copy of the workspace."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from depcheck.checking import commands, imports, suites
from depcheck.checking.commands import Room
from depcheck.checking.environment import Environment
from depcheck.checking.module_files import KnownImports
from depcheck.checking.needed_modules import NeededModules, ProjectImports, read_project_imports
from depcheck.checking.process import Guest
from depcheck.checking.sandbox import Network
from depcheck.checking.suites import Tested
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.checks import Check, CheckResult, Failure, Kind, Outcome
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError
from depcheck.core.settings import Settings
from depcheck.ports import Installed, PackageServer

_NUMBERING = Lock()


@dataclass(frozen=True, slots=True)
class GuestChecks:
    """Adapter of `ports.Checks`. `logs` is the report's folder; imports reach `index` alone."""

    guest: Guest
    index: PackageServer
    copies: WorkspaceCopy
    settings: Settings
    logs: Path
    _set_up: set[Path] = field(default_factory=set)
    _projects: dict[str, ProjectImports] = field(default_factory=dict)
    _known: KnownImports = field(default_factory=dict)

    def run(self, spec: EnvironmentSpec, installed: Installed, checks: Sequence[Check]) -> Sequence[CheckResult]:
        """Run `checks` in order; a failed check does not stop the next. A repository without tests has no test result.

        Raises:
            DepcheckError: The setup command failed, or the walls could not be raised.
        """
        if not isinstance(installed, Environment):
            raise TypeError(f"{spec.name}: checks need an environment on disk, not {type(installed).__name__}.")
        if not installed.bytecode.exists():
            installed.bytecode.mkdir(parents=True)
            self.guest.own(installed.bytecode)
        source = self._prepared(installed)
        results = (self._one(spec, installed, check, source) for check in checks)
        return [result for result in results if result is not None]

    def _one(
        self, spec: EnvironmentSpec, environment: Environment, check: Check, source: Path | None
    ) -> CheckResult | None:
        room = self._room(environment, check.kind, environment.work, self._home(environment))
        self.copies.to(room.copy, source)
        if check.kind is Kind.TEST and not check.command:
            command = suites.default_command(room.copy, {each.name for each in environment.distributions})
            if command is None:
                room.log.unlink()
                return None
            check = replace(check, command=command)
        began = time.monotonic()
        if check.kind is Kind.IMPORT:
            return _imported(self._import(spec, room, check), check, time.monotonic() - began, room.log.name)
        tested = self._tested(room, check)
        return CheckResult(
            kind=check.kind,
            command=check.command,
            outcome=tested.outcome,
            duration_s=time.monotonic() - began,
            failures=tested.failures,
            passed=tested.passed,
            log=room.log.name,
        )

    def _tested(self, room: Room, check: Check) -> Tested:
        if check.kind is Kind.TEST:
            return suites.test_check(room, check)
        if check.kind is Kind.BOOT:
            failures = commands.boot(room, check.command, self.settings.boot_seconds)
        else:
            failures = commands.smoke(room, check.command)
        return Tested(Outcome.FAIL if failures else Outcome.PASS, failures)

    def _import(self, spec: EnvironmentSpec, room: Room, check: Check) -> imports.Findings:
        """Import what the check asks for, in the project's Django site where it has one."""
        if spec.name not in self._projects:
            asked = (*self.settings.smoke, *self.settings.boot, self.settings.test or "")
            self._projects[spec.name] = read_project_imports(room.copy, asked)
        project = self._projects[spec.name]
        if check.before is None:
            return imports.import_check(room, check, django=project.django_settings)
        needed = NeededModules(room.environment, project, spec, check.before, self._known)
        return imports.import_check(room, check, needed.is_needed, project.django_settings)

    def _home(self, environment: Environment) -> Path | None:
        """A copy of what the setup command left in its home; None, a new one for each run, where there is none."""
        if environment.folder not in self._set_up:
            return None
        home = environment.folder / "home"
        self.copies.to(home, environment.folder / "home-after-setup")
        return home

    def _room(self, environment: Environment, kind: str, copy: Path, home: Path | None) -> Room:
        network = Network.only(self.index.port) if kind == Kind.IMPORT else Network.of(self.settings.network)
        return Room(self.guest, environment, copy, _new_log(self.logs, kind), self.settings.timeout_s, network, home)

    def _prepared(self, environment: Environment) -> Path | None:
        """The tree that checks are copies of, None for the repository: with --setup, where that has run once.

        It runs where the checks run, as editable installations point there.
        """
        built = environment.built if environment.built.exists() else None
        if not self.settings.setup:
            return built
        template = environment.folder / "template"
        if environment.folder not in self._set_up:
            home = environment.folder / "home"
            home.mkdir(exist_ok=True)
            self.guest.own(home)
            room = self._room(environment, "setup", environment.work, home)
            self.copies.to(environment.work, built)
            ran = room.shell(self.settings.setup)
            if not ran.passed:
                failure = commands.failure_of(ran, room.timeout_s)
                raise DepcheckError(
                    f"The setup command `{self.settings.setup}` failed, so nothing could be checked: "
                    f"{failure.headline}. See {room.log}; correct --setup."
                )
            environment.work.rename(template)
            home.rename(environment.folder / "home-after-setup")
            self._set_up.add(environment.folder)
        return template


def _new_log(folder: Path, kind: str) -> Path:
    """An empty file of a name that no other check has, numbered in the order of the checks."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1 + len(list(folder.iterdir()))):
        log = folder / f"{number:02d}-{kind}.txt"
        with _NUMBERING:  # several environments can be checked at the same time
            if not any(folder.glob(f"{number:02d}-*")):
                log.touch()
                return log
    raise AssertionError


def _imported(findings: imports.Findings, check: Check, duration_s: float, log: str) -> CheckResult:
    failures = tuple(failure for _, failure in sorted(findings.failed.items()))
    if check.ids and findings.not_reached:
        left = len(findings.not_reached)
        failures += (Failure("", f"{left} modules were not reached in time, {findings.not_reached[0]} the first"),)
    return CheckResult(
        kind=check.kind,
        command="",
        outcome=findings.outcome(narrowed=bool(check.ids)),
        duration_s=duration_s,
        failures=failures,
        passed=frozenset(findings.passed),
        log=log,
        optional=tuple(failure for _, failure in sorted(findings.optional.items())),
        left_over=0 if check.ids else len(findings.not_reached),
    )
