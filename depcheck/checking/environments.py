"""Environments by uv: one for each spec, changed in place by difference.

Whoever puts packages in place runs none of their code, and is another user than the guest, who runs it: so one trial's
packages can change neither the files of another's nor the caches that they come from.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name
from uv import find_uv_bin

from depcheck.checking import install_output, requirement_lines
from depcheck.checking.editable import EDITABLE, EditableBuilds, is_editable
from depcheck.checking.environment import Environment
from depcheck.checking.installed import OnDisk, read_all
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest, Ran
from depcheck.checking.project_installer import ProjectInstaller, Target, with_own_project
from depcheck.checking.remotes import Remotes
from depcheck.checking.sandbox import Network
from depcheck.checking.wheelhouse import UV, Wheelhouse
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.checks import Failure
from depcheck.core.consistency import UNSAFE, unsafe_demands
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError, IndexUnavailableError
from depcheck.core.own_installation import OwnInstallation
from depcheck.core.pins import Pins
from depcheck.core.world import World
from depcheck.ports import PackageServer

SETUPTOOLS = canonicalize_name("setuptools")
WHEEL = re.compile(r"\.whl(?:$|[\s#?;])")
WANTS_BUILD = re.compile(r"Wheels are required for `([^`]+)` because building from source is disabled")
TURNS, MOST_BUILDS = 3, 500
NO_WHEEL = "building it gave no wheel"


@dataclass(frozen=True, slots=True)
class UvEnvironments:
    """Adapter of `ports.Environments`. What needs a build is built by the guest (`wheelhouse`), for that executes it.

    `scratch` is a folder of this run. uv's cache lives there and so never outlives the run or crosses worlds:
    it keeps what each index URL served apart.
    """

    guest: Guest
    index: PackageServer
    interpreters: Interpreters
    copies: WorkspaceCopy
    scratch: Path
    timeout_s: float
    project: str = "editable"
    placer: Guest = field(init=False)
    projects: ProjectInstaller = field(init=False)
    remotes: Remotes = field(init=False)
    _ahead: list[Future[None]] = field(default_factory=list)
    _known: dict[str, OnDisk] = field(default_factory=dict)
    _houses: dict[Path, Wheelhouse] = field(default_factory=dict)
    _builds: dict[Path, EditableBuilds] = field(default_factory=dict)
    _added: dict[str, dict[str, NormalizedName]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The placer puts packages in place, and never runs them."""
        object.__setattr__(self, "placer", self.guest.apart())
        object.__setattr__(self, "projects", ProjectInstaller(self.guest, self.project, self.timeout_s))
        object.__setattr__(self, "remotes", Remotes(self.guest, self.index, self.scratch, self.timeout_s))

    def markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        """The marker environment of the spec's interpreter, `extra` included."""
        return {**self.interpreters.about(spec.python).markers, "extra": ""}

    def install(self, spec: EnvironmentSpec, pins: Pins, world: World) -> Environment:
        """An environment with exactly `pins`; it stays valid until the next call for the same spec.

        Raises:
            IndexUnavailableError: The index, the network or the disk failed.
            InterpreterMissingError: There is no interpreter for `spec`.
        """
        self._wait()
        extras = {name: pin.extras for name, pin in pins.items() if pin.extras}
        environment = replace(self._made(spec, world), extras=extras, unsafe=UNSAFE | spec.left_out)
        copy = environment.folder / "source"
        self.remotes.trust("\n".join(lock.lockfile.text for lock in spec.lockfiles))
        lines = self._lines(environment, spec, pins)
        if spec.project and not any(requirement_lines.is_repository(pin, spec, copy) for pin in pins.values()):
            network, builds = Network.only(self.index.port), self._editables(environment)
            own = self.projects.install(spec, Target(environment, pins, builds, network))
            if not isinstance(own, OwnInstallation):
                return self._unbuilt(environment, own)
            lines, environment = with_own_project(lines, own), replace(environment, own=own)
        return self._settled(environment, lines, pins, world)

    def _lines(self, environment: Environment, spec: EnvironmentSpec, pins: Pins) -> dict[str, NormalizedName | None]:
        """The pins as lines for the installer, with the name of each that an index has."""
        copy, lines = environment.folder / "source", dict[str, NormalizedName | None]()
        for line, pin in requirement_lines.lines(spec, pins, copy):
            inside = line.startswith(f"{copy}") and ";" not in line
            if inside and self.project != "copy" and requirement_lines.is_editable_pin(pin):
                lines[f"{EDITABLE}{environment.work}{line.removeprefix(str(copy))}"] = None
            else:
                lines[self.remotes.brought(line)] = None if pin.reference else pin.name
        return lines

    def prepare(self, spec: EnvironmentSpec, pins: Pins, world: World, pool: Executor) -> None:
        """Begin to put in place what of `pins` is a wheel, so that `install` has little to do; it tells what failed.

        The guest is not needed: it may compile meanwhile.
        """
        if not spec.project and not any(pin.reference for pin in pins.values()):
            self._ahead.append(pool.submit(self._prepare, spec, pins, world))

    def _prepare(self, spec: EnvironmentSpec, pins: Pins, world: World) -> None:
        environment = self._made(spec, world)
        lines = requirement_lines.lines(spec, pins, environment.folder / "source")
        self._place(environment, [line for line, _ in lines], world)

    def _wait(self) -> None:
        """Until nothing is being prepared any more."""
        while self._ahead:
            with suppress(DepcheckError):
                self._ahead.pop().result()

    def unpack(self, spec: EnvironmentSpec, world: World, requirement: str, folder: Path) -> bool:
        """Put the files of one release into `folder`, without what it requires; False where that would need a build.

        What was built for a trial in the same world is kept and serves here too.
        """
        self._wait()
        environment = self._made(spec, world)
        words = ["pip", "install", "--quiet", "--no-deps", "--no-build", "--python", str(environment.interpreter.path)]
        words += ["--index-url", self.index.url(world), *self._house(environment).options]
        self.placer.own(folder)
        ran = self._uv(
            environment, [*words, "--target", str(folder), requirement], Network.only(self.index.port), folder
        )
        return ran.passed

    def _settled(
        self, environment: Environment, lines: Mapping[str, NormalizedName | None], pins: Pins, world: World
    ) -> Environment:
        """Install `lines` and the unsafe packages that a lockfile leaves out and `pip install` would bring."""
        # Whether the pins hold setuptools themselves differs between the sets of one environment.
        key = " ".join([environment.folder.name, *sorted(environment.unsafe & pins.keys())])
        added = self._added.get(key) or self._unsafe(environment, pins)
        done = environment
        for _ in range(TURNS):  # what is installed tells what it asks for
            ran = self._sync(environment, {**lines, **added}, world)
            if ran is None or not ran.passed:
                return self._unbuilt(environment, ran)
            done = replace(environment, on_disk=self._read(environment))
            self._added[key], before = self._unsafe(done, pins), added
            added = self._added[key]
            if added == before:
                break
        return done

    def _unsafe(self, environment: Environment, pins: Pins) -> dict[str, NormalizedName]:
        """Lines for setuptools and its like: the interpreter's own wheel, as `python -m venv` gives, or the newest."""
        about = environment.interpreter.markers
        asked = unsafe_demands(environment.distributions, about, environment.extras, environment.unsafe)
        lines = {name: f"{name}{specifier}" for name, specifier in sorted(asked.items()) if name not in pins}
        bundled = environment.interpreter.setuptools
        if bundled and SETUPTOOLS not in pins:
            version = bundled.name.split("-")[1]
            if SETUPTOOLS not in asked or asked[SETUPTOOLS].contains(version, prereleases=True):
                lines[SETUPTOOLS] = str(bundled)
        return {line: name for name, line in sorted(lines.items())}

    def _made(self, spec: EnvironmentSpec, world: World) -> Environment:
        """The environment's place, its empty venv and the copy of the repository, made the first time.

        Each world has its own: what one world built must not pass for what another can build.
        """
        interpreter = self.interpreters.about(spec.python)
        key = "\0".join((spec.name, spec.python, self.index.url(world)))
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        folder = self.scratch / f"env-{digest}"
        environment = Environment(folder, interpreter)
        if folder not in self._houses:
            places = (folder / "wheels", folder / "source")
            house = Wheelhouse(self.guest, *places, interpreter, self.index.url(world), self.timeout_s)
            self._houses[folder] = house
            self._builds[folder] = EditableBuilds(house, self.copies, environment.work, environment.built)
        if environment.python.exists():
            return environment
        self._cache.mkdir(exist_ok=True)
        (folder / "venv").mkdir(parents=True, exist_ok=True)
        for place in (self._cache, folder / "venv"):
            self.placer.own(place)
        self.copies.to(folder / "source")
        ran = self._uv(environment, ["venv", "--python", str(interpreter.path), str(folder / "venv")], Network.only())
        if not ran.passed:
            raise IndexUnavailableError(
                f"No environment could be made with {interpreter.path}: {install_output.said(ran.output)}"
            )
        return environment

    @property
    def _cache(self) -> Path:
        return self.scratch / "uv-cache"

    def _editables(self, environment: Environment) -> EditableBuilds:
        return replace(self._builds[environment.folder], house=self._house(environment))

    def _house(self, environment: Environment) -> Wheelhouse:
        return replace(self._houses[environment.folder], timeout_s=self.timeout_s)

    def _uv(self, environment: Environment, words: Sequence[str], network: Network, *places: Path) -> Ran:
        """Run uv as the placer, who writes to the cache, the environment and `places`; it must execute no package."""
        uv = find_uv_bin()
        return self.placer.run(
            [uv, *words],
            folder=environment.folder / "venv",
            timeout_s=self.timeout_s,
            env={**UV, "UV_CACHE_DIR": str(self._cache)},
            network=network,
            readable=(Path(uv).parent, environment.interpreter.prefix, environment.folder),
            writable=(self._cache, *places),
        )

    def _sync(self, environment: Environment, lines: Mapping[str, NormalizedName | None], world: World) -> Ran | None:
        """Install exactly `lines`, with builds for what has no wheel.

        Gives the run that failed, or the last one; None where a build gave no wheel.
        """
        house, only_index = self._house(environment), Network.only(self.index.port)
        ready: list[str] = []
        for line, name in lines.items():
            if name is None and not WHEEL.search(line):
                own = str(environment.folder / "source") in line
                editable = is_editable(line)
                built = (
                    self._editables(environment).build(line, only_index)
                    if editable
                    else house.build(line, only_index, own=own)
                )
                if isinstance(built, Ran):
                    return built
                ready += [str(built)] if built else []  # none: a marker that is false here
        for _ in range(MOST_BUILDS):
            whole = [house.hashes(name, line) for line, name in lines.items() if name is not None]
            whole += [line for line, name in lines.items() if name is None and WHEEL.search(line)] + ready
            ran = self._place(environment, whole, world)
            wanted = {canonicalize_name(name) for name in WANTS_BUILD.findall(ran.output)}
            todo = {line: name for line, name in lines.items() if name in wanted}
            if ran.passed or not todo:
                return ran
            for line, name in todo.items():
                built = house.build(line, only_index, name)
                if not isinstance(built, Path):
                    return built
        return None

    def _place(self, environment: Environment, lines: Sequence[str], world: World) -> Ran:
        file = environment.folder / "requirements.txt"
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        words = ["pip", "sync", "--quiet", "--no-build", "--allow-empty-requirements", "--python"]
        words += [str(environment.python), "--index-url", self.index.url(world), *self._house(environment).options]
        return self._uv(environment, [*words, str(file)], Network.only(self.index.port))

    def _read(self, environment: Environment) -> tuple[OnDisk, ...]:
        return tuple(found for folder in environment.site_packages for found in read_all(folder, self._known))

    def _unbuilt(self, environment: Environment, ran: Ran | None) -> Environment:
        return self._failed(environment, ran) if ran else replace(environment, failure=Failure("", NO_WHEEL))

    def _failed(self, environment: Environment, ran: Ran) -> Environment:
        """What stopped uv, as a finding; raises where it is no package's fault."""
        stopped = f"was ended: {ran.exceeded}" if ran.exceeded else f"timed out after {self.timeout_s:g} s"
        if ran.exceeded or ran.timed_out:
            return replace(environment, failure=Failure("", f"installing {stopped}"))
        blocked = install_output.blocked(ran.output)
        if blocked:
            troubles = self.index.troubles()
            raise IndexUnavailableError(
                f"Packages could not be installed: {troubles[0] if troubles else blocked}. "
                "No package is to blame; try again later."
            )
        found = install_output.refused(ran.output)
        return replace(environment, failure=found.failure, package=found.package, version=found.version)
