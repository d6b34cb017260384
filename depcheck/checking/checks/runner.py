"""Run checks in environments, each in a fresh copy of the workspace."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from depcheck.checking.checks import commands, imports, tests
from depcheck.checking.checks.commands import CheckContext
from depcheck.checking.checks.tests import CheckFindings
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.module_files import KnownImports
from depcheck.checking.needed_modules import NeededModules, ProjectImports, read_project_imports
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckKind, CheckResult, Failure, Outcome
from depcheck.core.model.errors import DepcheckError
from depcheck.ports import InstalledEnvironment, PackageServer

_LOG_NUMBER_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class GuestCheckExecutor:
    """Adapter of `ports.CheckExecutor`.

    `log_folder` is the report's folder. Import checks can connect to `index` alone.
    """

    guest: Guest
    index: PackageServer
    copies: WorkspaceCopier
    settings: Settings
    log_folder: Path
    _prepared_folders: set[Path] = field(default_factory=set)
    _projects: dict[str, ProjectImports] = field(default_factory=dict)
    _known: KnownImports = field(default_factory=dict)

    def run_checks(
        self, spec: EnvironmentSpec, installed: InstalledEnvironment, checks: Sequence[Check]
    ) -> Sequence[CheckResult]:
        """Run `checks` in order, each in a fresh copy of the workspace.

        A failed check does not stop the next. A repository without tests has no test result.

        Raises:
            DepcheckError: The setup command failed, or the sandbox could not be set up.
        """
        if not isinstance(installed, VirtualEnvironment):
            raise TypeError(f"{spec.name}: checks need an environment on disk, not {type(installed).__name__}.")
        if not installed.bytecode_folder.exists():
            installed.bytecode_folder.mkdir(parents=True)
            self.guest.take_ownership(installed.bytecode_folder)
        source = self._prepare_template(installed)
        results = (self._run_check(spec, installed, check, source) for check in checks)
        return [result for result in results if result is not None]

    def _run_check(
        self, spec: EnvironmentSpec, environment: VirtualEnvironment, check: Check, source: Path | None
    ) -> CheckResult | None:
        room = self._build_context(environment, check.kind, environment.work, self._copy_home(environment))
        self.copies.copy_to(room.workspace, source)
        if check.kind is CheckKind.TEST and not check.command:
            command = tests.choose_test_command(room.workspace, {each.name for each in environment.distributions})
            if command is None:
                room.log.unlink()
                return None
            check = replace(check, command=command)
        began = time.monotonic()
        if check.kind is CheckKind.IMPORT:
            return _to_check_findings(self._import(spec, room, check), check, time.monotonic() - began, room.log.name)
        tested = self._run_by_kind(room, check)
        return CheckResult(
            kind=check.kind,
            command=check.command,
            outcome=tested.outcome,
            duration_s=time.monotonic() - began,
            failures=tested.failures,
            passed_ids=tested.passed,
            log=room.log.name,
        )

    def _run_by_kind(self, room: CheckContext, check: Check) -> CheckFindings:
        if check.kind is CheckKind.TEST:
            return tests.run_test_check(room, check)
        if check.kind is CheckKind.BOOT:
            failures = commands.run_boot_check(room, check.command, self.settings.boot_seconds)
        else:
            failures = commands.run_smoke_check(room, check.command)
        return CheckFindings(Outcome.FAIL if failures else Outcome.PASS, failures)

    def _import(self, spec: EnvironmentSpec, room: CheckContext, check: Check) -> imports.ImportFindings:
        """Import what the check asks for, in the project's Django site where it has one."""
        if spec.name not in self._projects:
            asked = (*self.settings.smoke, *self.settings.boot, self.settings.test or "")
            self._projects[spec.name] = read_project_imports(room.workspace, asked)
        project = self._projects[spec.name]
        if check.before is None:
            return imports.run_import_check(room, check, django=project.django_settings)
        needed = NeededModules(room.environment, project, spec, check.before, self._known)
        return imports.run_import_check(room, check, needed.is_needed, project.django_settings)

    def _copy_home(self, environment: VirtualEnvironment) -> Path | None:
        """Copy what the setup command left in its home.

        Returns None without a setup command: then each run has a new home.
        """
        if environment.folder not in self._prepared_folders:
            return None
        home = environment.folder / "home"
        self.copies.copy_to(home, environment.folder / "home-after-setup")
        return home

    def _build_context(self, environment: VirtualEnvironment, kind: str, copy: Path, home: Path | None) -> CheckContext:
        network = (
            NetworkPolicy.from_ports(self.index.port)
            if kind == CheckKind.IMPORT
            else NetworkPolicy.from_option(self.settings.network)
        )
        return CheckContext(
            self.guest, environment, copy, _create_log(self.log_folder, kind), self.settings.timeout_s, network, home
        )

    def _prepare_template(self, environment: VirtualEnvironment) -> Path | None:
        """The tree that checks are copies of, None for the repository: with --setup, where that has run once.

        It runs where the checks run, as editable installations point there.
        """
        built = environment.built if environment.built.exists() else None
        if not self.settings.setup:
            return built
        template = environment.folder / "template"
        if environment.folder not in self._prepared_folders:
            home = environment.folder / "home"
            home.mkdir(exist_ok=True)
            self.guest.take_ownership(home)
            room = self._build_context(environment, "setup", environment.work, home)
            self.copies.copy_to(environment.work, built)
            ran = room.run_shell(self.settings.setup)
            if not ran.is_success:
                failure = commands.build_command_failure(ran, room.timeout_s)
                raise DepcheckError(
                    f"The setup command `{self.settings.setup}` failed, so nothing could be checked: "
                    f"{failure.headline}. See {room.log}; correct --setup."
                )
            environment.work.rename(template)
            home.rename(environment.folder / "home-after-setup")
            self._prepared_folders.add(environment.folder)
        return template


def _create_log(folder: Path, kind: str) -> Path:
    """Create an empty log file with an unused name.

    Logs are numbered in the order of the checks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1 + len(list(folder.iterdir()))):
        log = folder / f"{number:02d}-{kind}.txt"
        with _LOG_NUMBER_LOCK:  # several environments can be checked at the same time
            if not any(folder.glob(f"{number:02d}-*")):
                log.touch()
                return log
    raise AssertionError


def _to_check_findings(findings: imports.ImportFindings, check: Check, duration_s: float, log: str) -> CheckResult:
    failures = tuple(failure for _, failure in sorted(findings.failed.items()))
    if check.ids and findings.not_reached:
        left = len(findings.not_reached)
        failures += (Failure("", f"{left} modules were not reached in time, {findings.not_reached[0]} the first"),)
    return CheckResult(
        kind=check.kind,
        command="",
        outcome=findings.to_outcome(narrowed=bool(check.ids)),
        duration_s=duration_s,
        failures=failures,
        passed_ids=frozenset(findings.passed),
        log=log,
        optional=tuple(failure for _, failure in sorted(findings.optional.items())),
        left_over=0 if check.ids else len(findings.not_reached),
    )
