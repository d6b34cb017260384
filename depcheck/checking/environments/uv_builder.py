"""Build environments with uv: one per spec, changed in place by difference.

The installer user puts packages in place and runs none of their code. The guest, another user, runs it.
So one trial's packages can change neither another trial's files nor the caches that they come from.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.environments import requirement_lines
from depcheck.checking.environments.editable import EditableBuilds, is_editable
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.environments.project_installer import (
    ProjectInstaller,
    Target,
    add_own_project,
    format_pin_lines,
)
from depcheck.checking.environments.read_installed import (
    InstalledDistribution,
    has_entangled_files,
    read_installed_distributions,
)
from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.environments.run_uv import UvCommand, find_unreadable, list_unsafe_lines, mark_unbuilt
from depcheck.checking.environments.version_history import write_history
from depcheck.checking.environments.wheel_builder import WheelBuilder, read_wheel_requirements
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import DepcheckError, IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import OwnInstallation
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.requirements import UNSAFE_PACKAGES
from depcheck.core.tool_output import install_errors
from depcheck.ports import PackageServer

WHEEL_REFERENCE = re.compile(r"\.whl(?:$|[\s#?;])")
BUILD_NEEDED = re.compile(r"Wheels are required for `([^`]+)` because building from source is disabled")
MOST_TURNS, MOST_BUILDS = 3, 500


@dataclass(frozen=True, slots=True)
class UvEnvironmentBuilder:
    """Adapter of `ports.EnvironmentBuilder`.

    A build executes its package, so the guest runs it. `scratch` is a folder of this run, with uv's cache in it.
    """

    guest: Guest
    index: PackageServer
    interpreters: InterpreterFinder
    copies: WorkspaceCopier
    scratch: Path
    timeout_s: float
    project: str = "editable"
    installer: Guest = field(init=False)
    projects: ProjectInstaller = field(init=False)
    remotes: RemoteRequirements = field(init=False)
    _background_installs: list[Future[None]] = field(default_factory=list)
    _known_distributions: dict[str, InstalledDistribution] = field(default_factory=dict)
    _wheel_builders: dict[Path, WheelBuilder] = field(default_factory=dict)
    _builds: dict[Path, EditableBuilds] = field(default_factory=dict)
    _unsafe_lines: dict[str, dict[str, NormalizedName]] = field(default_factory=dict)
    _filled: set[Path] = field(default_factory=set)
    _entangled: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Create the installer user, which never runs packages, and the remotes."""
        object.__setattr__(self, "installer", self.guest.derive_installer())
        object.__setattr__(self, "projects", ProjectInstaller(self.guest, self.project, self.timeout_s))
        object.__setattr__(self, "remotes", RemoteRequirements(self.guest, self.index, self.scratch, self.timeout_s))

    def get_markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        """Return the marker environment of the spec's interpreter, with `extra`."""
        return {**self.interpreters.get_interpreter(spec.python).markers, "extra": ""}

    def install_pins(self, spec: EnvironmentSpec, pins: Pins, world: IndexView) -> VirtualEnvironment:
        """Install exactly `pins` into an environment.

        The environment stays valid until the next call for the same spec.

        Raises:
            IndexUnavailableError: The index, the network or the disk failed.
            InterpreterMissingError: There is no interpreter for `spec`.
        """
        self._wait_for_installs()
        if (folder := self._make_environment(spec, world).folder) in self._entangled:
            self._empty_environment(folder)
        is_fresh = folder not in self._filled
        done = self._install_in_place(spec, pins, world)
        if has_entangled_files(done.installed_distributions):
            if not is_fresh:
                self._empty_environment(folder)
                done = self._install_in_place(spec, pins, world)
            self._entangled.add(folder)
        self._filled.add(folder)
        return done

    def _empty_environment(self, folder: Path) -> None:
        """Remove all that is installed, for files may have two owners."""
        shutil.rmtree(folder / "venv")
        self._entangled.discard(folder)
        self._filled.discard(folder)

    def _install_in_place(self, spec: EnvironmentSpec, pins: Pins, world: IndexView) -> VirtualEnvironment:
        extras = {name: pin.extras for name, pin in pins.items() if pin.extras}
        environment = replace(
            self._make_environment(spec, world), extras=extras, unsafe_packages=UNSAFE_PACKAGES | spec.omitted_packages
        )
        copy = environment.folder / "source"
        self.remotes.trust_urls("\n".join(lock.lockfile.references for lock in spec.lockfiles))
        lines = format_pin_lines(environment, spec, pins, self.remotes, form=self.project)
        whole = spec.project and not any(requirement_lines.is_repository_pin(pin, spec, copy) for pin in pins.values())
        target = Target(environment, pins, self._editables(environment), self._only_index)
        own = self.projects.install(spec if whole else replace(spec, project=False), target)
        if not isinstance(own, OwnInstallation):
            return self._mark_unbuilt(environment, own)
        lines, environment = add_own_project(lines, own), replace(environment, own=own)
        return self._install_until_stable(environment, lines, pins)

    def start_install(self, spec: EnvironmentSpec, pins: Pins, world: IndexView, pool: Executor) -> None:
        """Install the wheels among `pins` in the background, without failures."""
        if not spec.project and not any(pin.reference for pin in pins.values()):
            self._background_installs.append(pool.submit(self._install_wheels, spec, pins, world))

    def _install_wheels(self, spec: EnvironmentSpec, pins: Pins, world: IndexView) -> None:
        environment = self._make_environment(spec, world)
        lines = requirement_lines.format_install_lines(spec, pins, environment.folder / "source")
        self._sync_wheels(environment, [line for line, _ in lines])

    def _wait_for_installs(self) -> None:
        """Wait until no background installation is running."""
        while self._background_installs:
            with suppress(DepcheckError):
                self._background_installs.pop().result()

    def unpack_release(self, spec: EnvironmentSpec, world: IndexView, requirement: str, folder: Path) -> bool:
        """Unpack the files of one release into `folder`, without its dependencies.

        Returns False if that would need a build. What was built for a trial in the same world is used here too.
        """
        self._wait_for_installs()
        environment = self._make_environment(spec, world)
        words = ["pip", "install", "--quiet", "--no-deps", "--no-build", "--python", str(environment.interpreter.path)]
        words += [*self._get_wheel_builder(environment).list_index_options(), "--target", str(folder), requirement]
        self.installer.take_ownership(folder)
        return self._run_uv(environment, words, self._only_index, folder).is_success

    def read_built_requirements(self, spec: EnvironmentSpec, pin: Pin, world: IndexView) -> tuple[str, ...] | None:
        """Build one release alone and return its Requires-Dist, or None."""
        self._wait_for_installs()
        house, network = self._get_wheel_builder(self._make_environment(spec, world)), self._only_index
        built = house.build_wheel(requirement_lines.format_pin(pin), network, pin.name)
        return read_wheel_requirements(built) if isinstance(built, Path) else None

    def _install_until_stable(
        self, environment: VirtualEnvironment, lines: Mapping[str, NormalizedName | None], pins: Pins
    ) -> VirtualEnvironment:
        """Install `lines` and their unsafe packages until nothing changes."""
        # Whether the pins hold setuptools themselves differs between the sets of one environment.
        key = " ".join([environment.folder.name, *sorted(environment.unsafe_packages & pins.keys())])
        added = self._unsafe_lines.get(key) or list_unsafe_lines(environment, pins)
        done = environment
        for _ in range(MOST_TURNS):  # what is installed tells what it asks for
            ran = self._sync_with_builds(environment, {**lines, **added})
            if ran is None or not ran.is_success:
                return self._mark_unbuilt(environment, ran)
            done = replace(environment, installed_distributions=self._read_installed(environment))
            if failed := find_unreadable(done):
                return failed
            self._unsafe_lines[key], before = list_unsafe_lines(done, pins), added
            added = self._unsafe_lines[key]
            if added == before:
                break
        return done

    def _make_environment(self, spec: EnvironmentSpec, world: IndexView) -> VirtualEnvironment:
        """Make the environment's folder, venv and copy on first use.

        Each world has its own: what one world built must not pass for what another can
        build.

        Raises:
            IndexUnavailableError: uv could not create the venv.
        """
        interpreter = self.interpreters.get_interpreter(spec.python)
        key = "\0".join((spec.name, spec.python, self.index.get_index_url(world)))
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        folder = self.scratch / f"env-{digest}"
        environment = VirtualEnvironment(folder, interpreter)
        if folder not in self._wheel_builders:
            places = (folder / "wheels", folder / "source")
            links = dict.fromkeys(places[1] / link for lock in spec.lockfiles for link in lock.find_links)
            url, versioned = self.index.get_index_url(world), spec.history is not None
            house = WheelBuilder(self.guest, *places, interpreter, url, self.timeout_s, tuple(links), versioned)
            self._wheel_builders[folder] = house
            places = (environment.work, environment.built)
            self._builds[folder] = EditableBuilds(house, self.copies, *places, spec.history)
        if environment.python.exists():
            return environment
        self._cache_folder.mkdir(exist_ok=True)
        (folder / "venv").mkdir(parents=True, exist_ok=True)
        for place in (self._cache_folder, folder / "venv"):
            self.installer.take_ownership(place)
        self.copies.copy_to(folder / "source")
        write_history(self.guest, folder / "source", spec.history)
        ran = self._run_uv(
            environment, ["venv", "--python", str(interpreter.path), str(folder / "venv")], NetworkPolicy.from_ports()
        )
        if not ran.is_success:
            raise IndexUnavailableError(
                f"No environment could be made with {interpreter.path}: {install_errors.extract_uv_message(ran.output)}"
            )
        return environment

    @property
    def _only_index(self) -> NetworkPolicy:
        return NetworkPolicy.from_ports(self.index.port)

    @property
    def _cache_folder(self) -> Path:
        return self.scratch / "uv-cache"

    def _editables(self, environment: VirtualEnvironment) -> EditableBuilds:
        return replace(self._builds[environment.folder], house=self._get_wheel_builder(environment))

    def _get_wheel_builder(self, environment: VirtualEnvironment) -> WheelBuilder:
        return replace(self._wheel_builders[environment.folder], timeout_s=self.timeout_s)

    def _run_uv(
        self, environment: VirtualEnvironment, words: Sequence[str], network: NetworkPolicy, *places: Path
    ) -> ProcessResult:
        command = UvCommand(self.installer, environment, self._cache_folder, self.timeout_s)
        return command.run(words, network, *places)

    def _sync_with_builds(
        self, environment: VirtualEnvironment, lines: Mapping[str, NormalizedName | None]
    ) -> ProcessResult | None:
        """Install exactly `lines`, and build what has no wheel.

        Returns the process that failed, or the last one. None if a build gave no wheel.
        """
        house, only_index = self._get_wheel_builder(environment), self._only_index
        ready: list[str] = []
        for line, name in lines.items():
            if name is None and not WHEEL_REFERENCE.search(line):
                own = str(environment.folder / "source") in line
                editable = is_editable(line)
                built = (
                    self._editables(environment).build(line, only_index)
                    if editable
                    else house.build_wheel(line, only_index, own=own)
                )
                if isinstance(built, ProcessResult):
                    return built
                ready += [str(built)] if built else []  # none: a marker that is false here
        for _ in range(MOST_BUILDS):
            whole = [house.add_wheel_hash(name, line) for line, name in lines.items() if name is not None]
            whole += [line for line, name in lines.items() if name is None and WHEEL_REFERENCE.search(line)] + ready
            ran = self._sync_wheels(environment, whole, built_for=lines)
            wanted = {canonicalize_name(name) for name in BUILD_NEEDED.findall(ran.output)}
            todo = {line: name for line, name in lines.items() if name in wanted}
            if ran.is_success or not todo:
                return ran
            for line, name in todo.items():
                built = house.build_wheel(line, only_index, name)
                if not isinstance(built, Path):
                    return built
        return None

    def _sync_wheels(
        self, environment: VirtualEnvironment, lines: Sequence[str], built_for: Iterable[str] = ()
    ) -> ProcessResult:
        file = environment.folder / "requirements.txt"
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        words = ["pip", "sync", "--quiet", "--no-build", "--allow-empty-requirements"]
        words += self._get_wheel_builder(environment).list_index_options(built_for)
        return self._run_uv(environment, [*words, "--python", str(environment.python), str(file)], self._only_index)

    def _read_installed(self, environment: VirtualEnvironment) -> tuple[InstalledDistribution, ...]:
        found = (read_installed_distributions(each, self._known_distributions) for each in environment.site_packages)
        return tuple(chain.from_iterable(found))

    def _mark_unbuilt(self, environment: VirtualEnvironment, ran: ProcessResult | None) -> VirtualEnvironment:
        return mark_unbuilt(environment, ran, self.index, self.timeout_s)
