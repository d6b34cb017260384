"""Environments by uv: one for each spec, changed in place by difference, so that bytecode survives between trials."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version
from uv import find_uv_bin

from depcheck.checking import install_output, requirement_lines
from depcheck.checking.bytecode import forget
from depcheck.checking.installed import OnDisk, read_all
from depcheck.checking.interpreters import Interpreter, Interpreters
from depcheck.checking.process import Guest, Ran
from depcheck.checking.sandbox import OPEN, Network
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.checks import Failure
from depcheck.core.consistency import UNSAFE, Extras, inconsistencies, unsafe_demands
from depcheck.core.distributions import Distribution
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import IndexUnavailableError
from depcheck.core.pins import Pins
from depcheck.core.world import World
from depcheck.ports import PackageServer

# The copy of the repository has no .git to take a version from.
VERSIONS = {"SETUPTOOLS_SCM_PRETEND_VERSION": "0", "PBR_VERSION": "0.0.0", "PDM_BUILD_SCM_VERSION": "0"}
REMOTE = re.compile(r"(?:^|@\s*)(?:git\+|hg\+|svn\+|bzr\+|https?:)")
SETUPTOOLS = canonicalize_name("setuptools")
PROJECT_WHEELS = "project"
TURNS = 3


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment on disk: adapter of `ports.Installed`.

    `folder` is its own place, which holds `venv`, `home` and the copies of the repository. `package` and
    `version` name what could not be installed, None where that is the project itself or not known. `project` is the
    repository's own distribution, where it has one.
    """

    folder: Path
    interpreter: Interpreter
    on_disk: tuple[OnDisk, ...] = ()
    failure: Failure | None = None
    package: NormalizedName | None = None
    version: Version | None = None
    extras: Extras = field(default_factory=dict)
    project: NormalizedName | None = None

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def site_packages(self) -> tuple[Path, ...]:
        """Where its packages stand."""
        return tuple((self.folder / "venv").glob("lib/*/site-packages"))

    @property
    def distributions(self) -> Sequence[Distribution]:
        """What is installed."""
        return tuple(each.distribution for each in self.on_disk)

    @property
    def inconsistencies(self) -> Sequence[str]:
        """Requirements among the installed that the installed do not meet, one sentence each."""
        return inconsistencies(self.distributions, self.interpreter.markers, self.extras)


@dataclass(frozen=True, slots=True)
class UvEnvironments:
    """Adapter of `ports.Environments`. All of uv runs as the guest: building a source distribution executes it.

    `scratch` is a folder of this run. uv's cache lives there and so never outlives the run or crosses worlds:
    it keeps what each index URL served apart.
    """

    guest: Guest
    index: PackageServer
    interpreters: Interpreters
    copies: WorkspaceCopy
    scratch: Path
    timeout_s: float
    _known: dict[str, OnDisk] = field(default_factory=dict)
    _added: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def markers(self, spec: EnvironmentSpec) -> Mapping[str, str]:
        """The marker environment of the spec's interpreter, `extra` included."""
        return {**self.interpreters.about(spec.python).markers, "extra": ""}

    def install(self, spec: EnvironmentSpec, pins: Pins, world: World) -> Environment:
        """An environment with exactly `pins`; it stays valid until the next call for the same spec.

        Raises:
            IndexUnavailableError: The index, the network or the disk failed.
            InterpreterMissingError: There is no interpreter for `spec`.
        """
        environment = self._made(spec, world)
        environment = replace(environment, extras={name: pin.extras for name, pin in pins.items() if pin.extras})
        copy = environment.folder / "source"
        lines = list(requirement_lines.lines(spec, pins, copy))
        if spec.project and not any(requirement_lines.is_repository(pin, spec, copy) for pin in pins.values()):
            built = self._project_wheel(environment, world)
            if isinstance(built, Failure):
                return replace(environment, failure=built)
            lines.append(str(built))
            environment = replace(environment, project=canonicalize_name(built.name.split("-")[0]))
        return self._settled(environment, lines, pins, world)

    def unpack(self, spec: EnvironmentSpec, world: World, requirement: str, folder: Path) -> bool:
        """Put the files of one release into `folder`, without what it requires; False where that would need a build.

        What was built for a trial in the same world is kept and serves here too.
        """
        environment = self._made(spec, world)
        words = ["pip", "install", "--quiet", "--no-deps", "--no-build", "--python", str(environment.python)]
        words += ["--index-url", self.index.url(world), "--target", str(folder), requirement]
        return self._uv(environment, words, Network.only(self.index.port)).passed

    def _settled(self, environment: Environment, lines: list[str], pins: Pins, world: World) -> Environment:
        """Install `lines` and the unsafe packages that a lockfile leaves out and `pip install` would bring."""
        # Whether the pins hold setuptools themselves differs between the sets of one environment.
        key = " ".join([environment.folder.name, *sorted(UNSAFE & pins.keys())])
        added = self._added.get(key) or self._unsafe(environment, pins)
        done = environment
        known = frozenset(map(id, self._read(environment)))
        for _ in range(TURNS):  # what is installed tells what it asks for
            ran = self._sync(environment, [*lines, *added], world)
            if not ran.passed:
                return self._failed(environment, ran)
            done = replace(environment, on_disk=self._read(environment))
            for folder in environment.site_packages:
                forget(folder, (each for each in done.on_disk if id(each) not in known))
            self._added[key], before = self._unsafe(done, pins), added
            added = self._added[key]
            if added == before:
                break
        return done

    def _unsafe(self, environment: Environment, pins: Pins) -> tuple[str, ...]:
        """Lines for setuptools and its like: the interpreter's own wheel, as `python -m venv` gives, or the newest."""
        asked = unsafe_demands(environment.distributions, environment.interpreter.markers, environment.extras)
        lines = {name: f"{name}{specifier}" for name, specifier in asked.items() if name not in pins}
        bundled = environment.interpreter.setuptools
        if bundled and SETUPTOOLS not in pins:
            version = bundled.name.split("-")[1]
            if SETUPTOOLS not in asked or asked[SETUPTOOLS].contains(version, prereleases=True):
                lines[SETUPTOOLS] = str(bundled)
        return tuple(line for _, line in sorted(lines.items()))

    def _made(self, spec: EnvironmentSpec, world: World) -> Environment:
        """The environment's place, its empty venv and the copy of the repository, made the first time.

        Each world has its own: what one world built must not pass for what another can build.
        """
        interpreter = self.interpreters.about(spec.python)
        key = "\0".join((spec.name, spec.python, self.index.url(world)))
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        folder = self.scratch / f"env-{digest}"
        environment = Environment(folder, interpreter)
        if environment.python.exists():
            return environment
        folder.mkdir(parents=True, exist_ok=True)
        self._cache.mkdir(exist_ok=True)
        (folder / "home").mkdir(exist_ok=True)
        self.guest.own(self._cache)
        self.guest.own(folder)
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

    def _uv(self, environment: Environment, words: Sequence[str], network: Network, *, own: bool = False) -> Ran:
        """`own`: the repository itself is built, which needs versions; a release brings its own and must keep it."""
        uv = find_uv_bin()
        env = {
            "UV_CACHE_DIR": str(self._cache), "UV_LINK_MODE": "hardlink", "UV_PYTHON_DOWNLOADS": "never",
            "UV_HTTP_RETRIES": "1", "UV_NO_PROGRESS": "1", **(VERSIONS if own else {}),
        }  # fmt: skip
        return self.guest.run(
            [uv, *words],
            folder=environment.folder / "source",
            timeout_s=self.timeout_s,
            env=env,
            network=network,
            readable=(Path(uv).parent, environment.interpreter.prefix),
            writable=(self._cache, environment.folder),
        )

    def _sync(self, environment: Environment, lines: Sequence[str], world: World) -> Ran:
        file = environment.folder / "requirements.txt"
        file.unlink(missing_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        network = OPEN if any(REMOTE.search(line) for line in lines) else Network.only(self.index.port)
        words = ["pip", "sync", "--quiet", "--allow-empty-requirements", "--python", str(environment.python)]
        own = any(str(environment.folder / "source") in line for line in lines)
        return self._uv(environment, [*words, "--index-url", self.index.url(world), str(file)], network, own=own)

    def _read(self, environment: Environment) -> tuple[OnDisk, ...]:
        return tuple(found for folder in environment.site_packages for found in read_all(folder, self._known))

    def _project_wheel(self, environment: Environment, world: World) -> Path | Failure:
        """The repository's own wheel, built once for each world: build requirements differ between worlds."""
        url = self.index.url(world)
        folder = environment.folder / PROJECT_WHEELS / hashlib.sha256(url.encode()).hexdigest()[:8]
        built = list(folder.glob("*.whl"))
        if not built:
            words = [
                "build",
                "--wheel",
                "--python",
                str(environment.interpreter.path),
                "--out-dir",
                str(folder),
            ]
            ran = self._uv(environment, [*words, "--index-url", url], Network.only(self.index.port), own=True)
            if not ran.passed:
                return self._failed(environment, ran).failure or Failure("", "the project could not be built")
            built = list(folder.glob("*.whl"))
        return built[0] if built else Failure("", "building the project gave no wheel")

    def _failed(self, environment: Environment, ran: Ran) -> Environment:
        """What stopped uv, as a finding; raises where it is no package's fault."""
        if ran.timed_out:
            return replace(environment, failure=Failure("", f"installing timed out after {self.timeout_s:g} s"))
        blocked = install_output.blocked(ran.output)
        if blocked:
            troubles = self.index.troubles()
            raise IndexUnavailableError(
                f"Packages could not be installed: {troubles[0] if troubles else blocked}. "
                "No package is to blame; try again later."
            )
        found = install_output.refused(ran.output)
        return replace(environment, failure=found.failure, package=found.package, version=found.version)
