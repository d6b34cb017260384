"""pip-compile and uv as commands, run as the guest: building a source distribution executes it."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from uv import find_uv_bin

from depcheck.checking.lanes import Lane, Lanes, opened, waves
from depcheck.checking.process import Ran
from depcheck.checking.remotes import Remotes
from depcheck.checking.sandbox import Network
from depcheck.checking.staging import take_out_index_options, trust_remotes, turn_remotes, turn_uv_indexes
from depcheck.checking.targets import Targets
from depcheck.checking.toolbox import Toolbox
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.compilation import Compiled, NotCompiled
from depcheck.core.distributions import is_standard
from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.errors import IndexUnavailableError, LockfileError
from depcheck.core.local_references import as_written
from depcheck.core.merging import merged
from depcheck.core.obstacles import blocked_by_network, obstacle, refuses_a_pin, stumbled, without_match
from depcheck.core.outputs import exit_sentence, without_scratch
from depcheck.core.pip_compile_options import supported
from depcheck.core.world import World
from depcheck.ports import PackageServer

MOST_LOCKFILE_BYTES = 8 << 20
FETCHES = 8
_PYPI = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True)
class _Job:
    """What is compiled, in which world."""

    spec: EnvironmentSpec
    world: World
    upgrade: bool


@dataclass(frozen=True, slots=True)
class CommandCompiler:
    """Adapter of `ports.Compiler`.

    `copies` make fresh copies of the repository for the length of one compile; `caches` is a folder of this run for
    the tools' caches: they must not outlive the world that filled them. Up to `lanes` lockfiles that do not build on
    each other are compiled at the same time, each by a user of its own.
    """

    index: PackageServer
    toolbox: Toolbox
    targets: Targets
    copies: WorkspaceCopy
    remotes: Remotes
    caches: Path
    timeout_s: float
    lanes: int = 1
    _lenient: dict[str, bool] = field(default_factory=dict)

    def compile(self, spec: EnvironmentSpec, world: World, *, upgrade: bool) -> Compiled | NotCompiled:
        """Compile all lockfiles of `spec` in layer order, each seeing the new text of those below it.

        Raises:
            IndexUnavailableError: The index, the network or the clock stopped it.
            LockfileError: The compiler gave something that is no lockfile.
        """
        self.index.prefetch({entry.pin.name for lock in spec.lockfiles for entry in lock.lockfile.entries})
        if spec.name not in self._lenient:
            self._lenient[spec.name] = self._breaks_standards(spec)
        groups = list(waves(spec.lockfiles))
        paths = [path for lock in spec.lockfiles for path in (lock.path, *lock.sources, *lock.layers)]
        written = [*spec.below, *(each for lock in spec.lockfiles for each in lock.written)]
        with opened(self.copies, min(self.lanes, max(map(len, groups))), written, paths) as lanes:
            for lock in spec.lockfiles:
                self.remotes.hold(lock.lockfile.text if lock.compiler == "uv" else "")
            trust_remotes(lanes.lanes[0].root, paths, self.remotes)
            for lane in lanes.lanes:
                turn_remotes(lane.root, paths, self.remotes)
            return self._climbed(_Job(spec, world, upgrade), groups, lanes)

    def _climbed(self, job: _Job, groups: Sequence[Sequence[LockfileSpec]], lanes: Lanes) -> Compiled | NotCompiled:
        """Compile group after group; what one gives is put where the next ones read it."""
        files = dict(job.spec.below)
        for group in groups:
            results = lanes.each(group, lambda lock, lane: self._written(job, lock, lane))
            for lock, (ran, text) in zip(group, results, strict=True):
                if not ran.passed:
                    return self._obstacle(lock, self._again(job, lock, ran, lanes))
                files[lock.path] = merged(lock, text, files)
                if lock.included or len(lanes.lanes) > 1:  # else it stands where it was written
                    lanes.put(lock.path, self.remotes.turned(files[lock.path] if lock.included else text))
        return Compiled(tuple((lock.path, files[lock.path]) for lock in job.spec.lockfiles))

    def _written(self, job: _Job, lock: LockfileSpec, lane: Lane) -> tuple[Ran, str]:
        """The run, and what it wrote."""
        if lock.compiler == "uv":
            turn_uv_indexes(lane.root, lock.folder, self.index.url(job.world))
        ran = self._compiled(job, lock, lane)
        return ran, self._told(lock, lane.root, job.world) if ran.passed else ""

    def _again(self, job: _Job, lock: LockfileSpec, ran: Ran, lanes: Lanes) -> Ran:
        """A failure that was seen while others ran, alone: only then it is known which source was fetched last."""
        alone = self._compiled(job, lock, lanes.lanes[0]) if len(lanes.lanes) > 1 else ran
        return ran if alone.passed else alone

    def _told(self, lock: LockfileSpec, root: Path, world: World) -> str:
        """What the compiler wrote, with the user's index where it names ours (`# from ...`), and no path of a copy."""
        index = next(iter(lock.index_urls), _PYPI)
        text = self.remotes.back(_read(root / lock.path, lock), precise=lock.compiler == "uv")
        return as_written(text.replace(self.index.url(world), index), root.as_uri(), lock.root, lock.folder)

    def _breaks_standards(self, spec: EnvironmentSpec) -> bool:
        """Whether today's pip would refuse what is pinned. To ask costs little: the index keeps the answers for pip."""
        pins = [entry.pin for lock in spec.lockfiles for entry in lock.lockfile.entries]
        with ThreadPoolExecutor(FETCHES) as pool:
            found = pool.map(lambda pin: self.index.requires(pin.name, pin.version) if pin.version else (), pins)
            return not all(is_standard(line) for lines in found for line in lines or ())

    def _compiled(self, job: _Job, lock: LockfileSpec, lane: Lane) -> Ran:
        """Run the compile, and once more where it stops over something that the lockfile shows to be wanted."""
        name = job.spec.name
        ran = self._run(job, lock, lane)
        refused = stumbled(ran.output) or (not job.upgrade and refuses_a_pin(ran.output, lock.lockfile))
        if refused and not self._lenient[name]:
            self._lenient[name] = True
            _put_back(lock, lane.root, self.remotes)
            ran = self._run(job, lock, lane)
        if job.upgrade and not ran.passed and without_match(ran.output) and _keep_pre_releases(lock, lane.root):
            return self._run(replace(job, upgrade=False), lock, lane)
        return ran

    def _run(self, job: _Job, lock: LockfileSpec, lane: Lane) -> Ran:
        """Run the compile on pages without what cannot matter; what fails is run on whole ones: it is to say why."""
        target = self.targets.of(lock.python or job.spec.python) if _fits_alone(lock) else None
        ran = self._run_on(self.index.url(job.world, target), job, lock, lane)
        if ran.passed or target is None:
            return ran
        return self._run_on(self.index.url(job.world), job, lock, lane)

    def _run_on(self, url: str, job: _Job, lock: LockfileSpec, lane: Lane) -> Ran:
        python = lock.python or job.spec.python
        interpreter = self.targets.about(python).path
        # A source distribution that is built writes where it likes in there: no other environment or world may read it.
        key = "\0".join((job.spec.name, python, url, str(lane.number)))
        cache = self.caches / hashlib.sha256(key.encode()).hexdigest()[:12]
        cache.mkdir(parents=True, exist_ok=True)
        lane.guest.own(cache)
        make = _uv if lock.compiler == "uv" else self._pip_compile
        argv, env = make(job.spec, lock, interpreter, url, cache)
        words = [
            *argv,
            *(["--upgrade", *lock.upgrade_options] if job.upgrade else self._kept(job.spec, lock)),
            "--output-file",
            _relative(lock.path, lock.folder),
        ]
        words += [_relative(source, lock.folder) for source in lock.sources]
        return lane.guest.run(
            words,
            folder=lane.root / lock.folder,
            timeout_s=self.timeout_s,
            env=env,
            network=Network.only(self.index.port),
            readable=(self.toolbox.folder, interpreter.parent.parent, Path(find_uv_bin()).parent),
            writable=(lane.root, cache),
        )

    def _kept(self, spec: EnvironmentSpec, lock: LockfileSpec) -> list[str]:
        """What makes sure that nothing moves, whatever the tool's configuration says."""
        if lock.compiler == "uv":
            return ["--no-upgrade"]
        tool = self.toolbox.pip_tools(
            self.targets.about(spec.python).path, spec.python, lenient=self._lenient[spec.name]
        )
        return ["--no-upgrade"] if supported("--no-upgrade", tool.version) else []

    def _pip_compile(
        self, spec: EnvironmentSpec, lock: LockfileSpec, interpreter: Path, url: str, cache: Path
    ) -> tuple[list[str], Mapping[str, str]]:
        tool = self.toolbox.pip_tools(interpreter, lock.python or spec.python, lenient=self._lenient[spec.name])
        options = [option for option in lock.options if supported(option, tool.version)]
        words = [str(tool.python), "-m", "piptools", "compile", *options]
        words += ["--no-emit-index-url", "--cache-dir", str(cache / "pip-tools")]
        if tool.version.startswith("6.14") and not any(word.startswith("--resolver") for word in lock.options):
            words.append("--resolver=backtracking")  # the default of all later versions
        return words, {
            "PIP_INDEX_URL": url,
            "PIP_CACHE_DIR": str(cache / "pip"),
            "PIP_NO_INPUT": "1",
            "CUSTOM_COMPILE_COMMAND": lock.command,
        }

    def _obstacle(self, lock: LockfileSpec, ran: Ran) -> NotCompiled:
        troubles = self.index.troubles()
        if troubles:
            raise IndexUnavailableError(f"{lock.path} could not be compiled: {troubles[0]}")
        if ran.timed_out:
            limit = f"{self.timeout_s:.0f} s"
            raise IndexUnavailableError(
                f"Compiling {lock.path} was stopped after {limit}. Give it more with --timeout, or narrow its sources."
            )
        if ran.exceeded:
            raise IndexUnavailableError(
                f"Compiling {lock.path} was ended: {ran.exceeded}. Nothing was judged; try a machine with more of it."
            )
        if ran.exit_status is not None and ran.exit_status < 0:
            raise IndexUnavailableError(
                f"Compiling {lock.path} was ended from outside ({exit_sentence(ran.exit_status)}), perhaps for want of "
                "memory. No package is to blame; try again."
            )
        if blocked_by_network(ran.output):
            raise IndexUnavailableError(
                f"{lock.path} could not be compiled: the package index did not answer. Try again later."
            )
        return obstacle(without_scratch(ran.output), self.index.last_source())


def _uv(
    spec: EnvironmentSpec, lock: LockfileSpec, interpreter: Path, url: str, cache: Path
) -> tuple[list[str], Mapping[str, str]]:
    words = [find_uv_bin(), "pip", "compile", "--quiet", *lock.options, "--cache-dir", str(cache / "uv")]
    if not any(word.startswith(("--python-version", "--python=", "-p")) for word in lock.options):
        words += ["--python", str(interpreter)]
    return words, {
        "UV_DEFAULT_INDEX": url,
        "UV_NO_CONFIG": "0",  # what the repository sets for uv is a part of the command
        "UV_CUSTOM_COMPILE_COMMAND": lock.command or f"uv pip compile for {spec.name}",
    }


def _fits_alone(lock: LockfileSpec) -> bool:
    """Whether the compile looks at no file but those that fit its own interpreter.

    Hashes are of all files of a release. uv resolves for other machines, and reads pages in no time.
    """
    return lock.compiler != "uv" and not any(
        option.partition("=")[0] in {"--generate-hashes", "--pip-args"} for option in lock.options
    )


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(PurePosixPath(path), PurePosixPath(folder or "."))


def _read(path: Path, lock: LockfileSpec) -> str:
    """The compiled text; the guest owns the folder, so nothing but a plain file of a sane size is read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise LockfileError(f"{lock.path} was not written by its compile ({error.strerror}).") from None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_LOCKFILE_BYTES + 1)
    if len(content) > MOST_LOCKFILE_BYTES:
        raise LockfileError(
            f"{lock.path} was compiled to more than {MOST_LOCKFILE_BYTES >> 20} MiB; that is no lockfile."
        )
    return content.decode("utf-8", "replace")


def _put_back(lock: LockfileSpec, root: Path, remotes: Remotes) -> None:
    if not lock.loose:
        (root / lock.path).write_bytes(lock.lockfile.text.encode())
        take_out_index_options(root, [lock.path])
        turn_remotes(root, [lock.path], remotes)


def _keep_pre_releases(lock: LockfileSpec, root: Path) -> bool:
    """Leave nothing but the pre-releases in the committed lockfile: then all else is resolved afresh beside them.

    pip takes a pre-release for `black<22`, where there is nothing else, only if it is pinned already.
    """
    pins = [entry.pin for entry in lock.lockfile.entries if entry.pin.version and entry.pin.version.is_prerelease]
    (root / lock.path).write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
    return bool(pins)
