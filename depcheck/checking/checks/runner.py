"""Run checks in environments, each in a fresh copy of the workspace."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from depcheck.checking.checks.interface import CheckJob, CheckRunner
from depcheck.checking.checks.kinds import make_check_runner
from depcheck.checking.checks.running.command_context import CheckContext, build_command_failure
from depcheck.checking.checks.running.compiled_code import compile_installed
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.start_hooks.installed_hooks import switch_off_hooks
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckResult, Outcome
from depcheck.core.model.errors import SetupFailedError
from depcheck.core.start_hooks.added_hooks import HookOwner, find_added_hooks
from depcheck.ports import InstalledEnvironment, PackageServer

_LOG_NUMBER_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class GuestCheckExecutor:
    """Adapter of `ports.CheckExecutor`.

    `log_folder` is the report's folder. Offline checks can connect to `index` alone. `report_progress` tells people how
    far a long check is.
    """

    guest: Guest
    index: PackageServer
    copies: WorkspaceCopier
    settings: Settings
    log_folder: Path
    report_progress: Callable[[str], None] | None = None
    _prepared_folders: set[Path] = field(default_factory=set)
    _known_hooks: dict[str, tuple[HookOwner, ...]] = field(default_factory=dict)
    _runners: dict[str, CheckRunner] = field(default_factory=dict)
    _compiled: dict[Path, VirtualEnvironment] = field(default_factory=dict)

    def run_checks(
        self, spec: EnvironmentSpec, installed: InstalledEnvironment, checks: Sequence[Check], *, closed: bool = False
    ) -> Sequence[CheckResult]:
        """Run `checks` in order, each in a fresh copy of the workspace.

        A failed check does not stop the next. A repository without tests has no test result. If `closed`, an open
        network is closed but for its ports, for --setup too.

        Raises:
            SetupFailedError: The setup command failed.
            DepcheckError: The sandbox could not be set up.
        """
        if not isinstance(installed, VirtualEnvironment):
            raise TypeError(f"{spec.name}: checks need an environment on disk, not {type(installed).__name__}.")
        if not (installed.folder / "venv").is_symlink():  # else not an environment of ours
            self._known_hooks.setdefault(spec.name, installed.hook_owners)
        if checks and self._compiled.get(installed.folder) is not installed:  # else nothing was placed since then
            compile_installed(self.guest, installed)
            self._compiled[installed.folder] = installed
        network = NetworkPolicy.from_option(self.settings.network, is_closed=closed)
        source = self._prepare_template(installed, network)
        results = (self._run_check(spec, installed, check, source, network) for check in checks)
        return [result for result in results if result is not None]

    def _run_check(
        self,
        spec: EnvironmentSpec,
        environment: VirtualEnvironment,
        check: Check,
        source: Path | None,
        network: NetworkPolicy,
    ) -> CheckResult | None:
        runner = self._get_runner(check.kind)
        home = self._copy_home(environment)
        reachable = NetworkPolicy.from_ports(self.index.port) if runner.is_offline else network
        room = self._build_context(environment, check.kind, environment.work, reachable, home)
        self.copies.copy_to(room.workspace, source)
        completed = runner.complete_check(CheckJob(spec, check, room, self.settings))
        if completed is None:
            room.log.unlink()
            return None
        if completed.why_not_run:
            room.log.unlink()
            return CheckResult(check.kind, "", Outcome.UNRESOLVED, 0.0, guessed=True, note=completed.why_not_run)
        began = time.monotonic()
        job = CheckJob(spec, completed, room, self.settings, self.report_progress)
        found = runner.run_check(job)
        if (added := self._find_added_hooks(job)) and found.outcome is Outcome.PASS:
            self.copies.copy_to(room.workspace, source)
            with switch_off_hooks(environment.site_packages, environment.python.parent, added):
                found = runner.run_check(job)
        return CheckResult(
            kind=completed.kind,
            command=completed.command,
            outcome=found.outcome,
            duration_s=time.monotonic() - began,
            failures=found.failures,
            passed_ids=found.passed,
            log=room.log.name,
            optional=found.optional,
            left_over=found.left_over,
            guessed=completed.guessed,
        )

    def _find_added_hooks(self, job: CheckJob) -> tuple[HookOwner, ...]:
        """Find what runs unasked and the lockfiles' first environment lacked.

        That which came first for these lockfiles, whether or not anything of it was run.

        What a release adds to the interpreter's life can make the failures of others pass, so what passes is run
        without it too: nothing of the repository can need what was not there before.
        """
        known = self._known_hooks.get(job.spec.name)
        return () if known is None else find_added_hooks(known, job.context.environment.hook_owners)

    def _get_runner(self, kind: str) -> CheckRunner:
        if kind not in self._runners:
            self._runners[kind] = make_check_runner(kind)
        return self._runners[kind]

    def _copy_home(self, environment: VirtualEnvironment) -> Path | None:
        """Copy what the setup command left in its home.

        Returns None without a setup command: then each run has a new home.
        """
        if environment.folder not in self._prepared_folders:
            return None
        home = environment.folder / "home"
        self.copies.copy_to(home, environment.folder / "home-after-setup")
        return home

    def _build_context(
        self, environment: VirtualEnvironment, kind: str, copy: Path, network: NetworkPolicy, home: Path | None
    ) -> CheckContext:
        log = _create_log(self.log_folder, kind)
        return CheckContext(self.guest, environment, copy, log, self.settings.timeout_s, network, home)

    def _prepare_template(self, environment: VirtualEnvironment, network: NetworkPolicy) -> Path | None:
        """Return the tree to copy for checks, None for the repository.

        With --setup, where that has run once.

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
            room = self._build_context(environment, "setup", environment.work, network, home)
            self.copies.copy_to(environment.work, built)
            ran = room.run_shell(self.settings.setup)
            if not ran.is_success:
                failure = build_command_failure(ran, room.timeout_s)
                raise SetupFailedError(
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
