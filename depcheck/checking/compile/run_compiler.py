"""Run pip-compile and uv as the guest.

Building a source distribution executes its code.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from uv import find_uv_bin

from depcheck.checking.compile.compile_tool import CompileRequest, CompileTool, ShownIndex, build_compile_argv
from depcheck.checking.compile.failed_compile import explain_compile_failure
from depcheck.checking.compile.known_tools import make_compile_tool
from depcheck.checking.compile.parallel import (
    CompileWorker,
    CompileWorkerPool,
    group_by_layer,
    keep_pre_releases,
    open_worker_pool,
)
from depcheck.checking.compile.prepare_sources import (
    localize_remote_includes,
    localize_remote_urls,
    remove_index_options,
    trust_remote_urls,
)
from depcheck.checking.compile.remote_files import RemoteFiles
from depcheck.checking.compile.second_resolver import (
    SecondOpinions,
    build_second_lockfile,
    describe_accepted,
    describe_refused,
    is_resolver_chosen,
    needs_second_opinion,
)
from depcheck.checking.compile.tool_envs import TargetFinder, ToolEnvironments
from depcheck.checking.discovery.files.requirement_files import is_project_file
from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.environments.version_history import write_history
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.lockfiles.formats.known_formats import merge_compiled_text
from depcheck.core.lockfiles.paths import restore_local_references
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import is_valid_requires_dist
from depcheck.core.tool_output.compile_errors import (
    has_ignored_pin,
    has_metadata_traceback,
    has_no_matching_release,
)
from depcheck.ports import PackageServer
from depcheck.untrusted_files import is_folder_beneath, read_beneath

MOST_LOCKFILE_BYTES = 8 << 20
FETCH_THREADS = 8


@dataclass(frozen=True, slots=True)
class _CompileJob:
    """One compile: of which spec, in which world, with or without upgrade."""

    spec: EnvironmentSpec
    world: IndexView
    upgrade: bool
    opinions: SecondOpinions = field(default_factory=SecondOpinions)


@dataclass(frozen=True, slots=True)
class CommandCompiler:
    """Adapter of `ports.Compiler`.

    `copies` makes fresh copies of the repository for the length of one compile. `cache_folder` is a folder
    of this run for the tools' caches: they must not outlive the world that filled them. Up to
    `worker_count` lockfiles that do not build on each other are compiled in parallel, each by its own user.
    """

    index: PackageServer
    toolbox: ToolEnvironments
    targets: TargetFinder
    copies: WorkspaceCopier
    remotes: RemoteRequirements
    cache_folder: Path
    timeout_s: float
    worker_count: int = 1
    remote_files: RemoteFiles = field(init=False)
    _leniency: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "remote_files", RemoteFiles(self.index))

    def compile_lockfiles(
        self, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool
    ) -> CompiledLockfiles | CompileFailure:
        """Compile all lockfiles of `spec` in layer order.

        Each compile sees the new text of the layers below it.

        Raises:
            IndexUnavailableError: The index, the network or the time limit stopped it.
            LockfileError: The compiler wrote something that is not a lockfile.
        """
        self.index.prefetch_pages({entry.pin.name for lock in spec.lockfiles for entry in lock.lockfile.entries})
        if spec.name not in self._leniency:
            self._leniency[spec.name] = self._has_nonstandard_pins(spec)
        groups = list(group_by_layer(spec.lockfiles))
        paths = [path for lock in spec.lockfiles for path in (lock.path, *lock.sources, *lock.layers)]
        written = [*spec.lower_layer_texts, *(each for lock in spec.lockfiles for each in lock.inline_sources)]
        with open_worker_pool(self.copies, min(self.worker_count, max(map(len, groups))), written, paths) as lanes:
            for lock in spec.lockfiles:
                self.remotes.pin_commits(lock.lockfile.text if self._get_tool(lock).pins_commits else "")
            own = {path for lock in spec.lockfiles for path in self._get_tool(lock).list_own_files(lock)}
            brought = [path for path in paths if path not in own]
            trust_remote_urls(lanes.workers[0].root, brought, self.remotes)
            for lane in lanes.workers:
                localize_remote_urls(lane.root, brought, self.remotes)
                localize_remote_includes(lane.root, paths, self.remote_files)
                write_history(lane.guest, lane.root, spec.history if is_building_own(spec) else None)
            return self._compile_groups(_CompileJob(spec, world, upgrade), groups, lanes)

    def _compile_groups(
        self, job: _CompileJob, groups: Sequence[Sequence[LockfileSpec]], lanes: CompileWorkerPool
    ) -> CompiledLockfiles | CompileFailure:
        """Compile group after group, from the lowest layer upwards.

        Each result is written where the next groups read it.
        """
        files = dict(job.spec.lower_layer_texts)
        for group in groups:
            results = lanes.map_lockfiles(group, lambda lock, lane: self._compile_lockfile(job, lock, lane))
            for lock, (ran, text) in zip(group, results, strict=True):
                if not ran.is_success:
                    alone = self._retry_alone(job, lock, ran, lanes)
                    failure = explain_compile_failure(self.index, lock, alone, self.timeout_s)
                    return replace(failure, found_elsewhere=job.opinions.sets.get(lock.path, ""))
                files[lock.path] = merge_compiled_text(lock, text, files)
                if lock.omits_included_pins or len(lanes.workers) > 1:  # else it stands where it was written
                    lanes.write_file_to_all(
                        lock.path, self.remotes.localize_urls(files[lock.path] if lock.omits_included_pins else text)
                    )
        texts = tuple((lock.path, files[lock.path]) for lock in job.spec.lockfiles)
        return CompiledLockfiles(texts, tuple(dict.fromkeys(job.opinions.notes)))

    def _compile_lockfile(self, job: _CompileJob, lock: LockfileSpec, lane: CompileWorker) -> tuple[ProcessResult, str]:
        """Compile one lockfile and return its process result and text, if any."""
        self._get_tool(lock).prepare_copy(lane.root, lock, ShownIndex(self.index, job.world))
        ran = self._run_with_fallbacks(job, lock, lane)
        return ran, self._read_result(lock, lane.root, job.world) if ran.is_success else ""

    def _retry_alone(
        self, job: _CompileJob, lock: LockfileSpec, ran: ProcessResult, lanes: CompileWorkerPool
    ) -> ProcessResult:
        """Repeat a failed compile alone if it ran in parallel with others.

        Only then it is known which source distribution was fetched last.
        """
        alone = self._run_with_fallbacks(job, lock, lanes.workers[0]) if len(lanes.workers) > 1 else ran
        return ran if alone.is_success else alone

    def _read_result(self, lock: LockfileSpec, root: Path, world: IndexView) -> str:
        """Read what the compiler wrote, with the user's addresses and paths.

        The local index becomes the user's (`# from ...`), and paths of a copy become the written ones.
        """
        tool = self._get_tool(lock)
        text = self.remotes.restore_urls(_read_compiled_text(root, lock), precise=tool.pins_commits)
        text = self.remote_files.restore_includes(text)
        text = tool.restore_addresses(text, lock, ShownIndex(self.index, world))
        return restore_local_references(text, root.as_uri(), lock.root, lock.folder)

    def _has_nonstandard_pins(self, spec: EnvironmentSpec) -> bool:
        """Return True if today's pip would refuse a pinned release's metadata.

        Cheap: the index caches the metadata that pip will read.
        """
        pins = [entry.pin for lock in spec.lockfiles for entry in lock.lockfile.entries]
        with ThreadPoolExecutor(FETCH_THREADS) as pool:
            found = pool.map(
                lambda pin: self.index.get_requires_dist(pin.name, pin.version) if pin.version else (), pins
            )
            return not all(is_valid_requires_dist(line) for lines in found for line in lines or ())

    def _run_with_fallbacks(self, job: _CompileJob, lock: LockfileSpec, lane: CompileWorker) -> ProcessResult:
        """Run the compile, and repeat it if pip refuses a pin.

        First with a lenient pip, then (with upgrade) beside the committed pre-releases.
        """
        name = job.spec.name
        ran = self._run_filtered_first(job, lock, lane)
        refused = has_metadata_traceback(ran.output) or (not job.upgrade and has_ignored_pin(ran.output, lock.lockfile))
        if refused and not self._leniency[name]:
            self._leniency[name] = True
            _restore_lockfile(lock, lane, self.remotes)
            ran = self._run_filtered_first(job, lock, lane)
        if job.upgrade and not ran.is_success and has_no_matching_release(ran.output) and keep_pre_releases(lock, lane):
            return self._run_filtered_first(replace(job, upgrade=False), lock, lane)
        is_doubtful = job.upgrade and not ran.is_success and needs_second_opinion(lock, ran.output)
        return self._ask_other_resolver(job, lock, lane, ran) if is_doubtful else ran

    def _ask_other_resolver(
        self, job: _CompileJob, lock: LockfileSpec, lane: CompileWorker, ran: ProcessResult
    ) -> ProcessResult:
        """Compile from the pins that uv finds, where `ran` found no set.

        Where the lockfile's command names its resolver, that uv found a set is only noted.
        """
        second, shown = build_second_lockfile(lock), ShownIndex(self.index, job.world)
        self._get_tool(second).prepare_copy(lane.root, second, shown)
        is_found = self._run_with_index(shown.url, job, second, lane).is_success
        content = read_beneath(lane.root, second.path, MOST_LOCKFILE_BYTES) if is_found else None
        if content is None:
            return ran
        python, text = lock.python or job.spec.python, content.decode("utf-8", "replace")
        interpreter = self.targets.get_interpreter(python).path
        own = self.toolbox.get_pip_tools(interpreter, python, lenient=self._leniency[job.spec.name])
        tool = f"pip-tools {own.version}"
        if not is_resolver_chosen(lock):
            lane.write_file(lock.path, text)
            again = self._run_filtered_first(replace(job, upgrade=False), lock, lane)
            if again.is_success:
                job.opinions.notes.append(describe_accepted(lock, tool, text, ran.output))
                return again
        job.opinions.sets[lock.path] = describe_refused(tool, text, ran.output)
        return ran

    def _run_filtered_first(self, job: _CompileJob, lock: LockfileSpec, lane: CompileWorker) -> ProcessResult:
        """Run the compile on filtered index pages first.

        If that fails, on whole pages. Filtered pages leave out files that cannot matter. The failure on whole
        pages gives the real reason.
        """
        is_filtered = self._get_tool(lock).needs_only_fitting_files(lock)
        target = self.targets.find_target(lock.python or job.spec.python) if is_filtered else None
        ran = self._run_with_index(self.index.get_index_url(job.world, target), job, lock, lane)
        if ran.is_success or target is None:
            return ran
        return self._run_with_index(self.index.get_index_url(job.world), job, lock, lane)

    def _run_with_index(self, url: str, job: _CompileJob, lock: LockfileSpec, lane: CompileWorker) -> ProcessResult:
        python = lock.python or job.spec.python
        interpreter = self.targets.get_interpreter(python).path
        # A source distribution that is built writes where it likes in there: no other environment or world may read it.
        key = "\0".join((job.spec.name, python, url, str(lane.number)))
        cache = self.cache_folder / hashlib.sha256(key.encode()).hexdigest()[:12]
        cache.mkdir(parents=True, exist_ok=True)
        lane.guest.take_ownership(cache)
        if not is_folder_beneath(lane.root, lock.folder or "."):
            raise LockfileError(f"The folder of {lock.path} is a link or gone: a build replaced it. Nothing ran.")
        lenient = self._leniency[job.spec.name]
        places = (cache, lane.guest, self.remotes)
        request = CompileRequest(job.spec, lock, interpreter, url, *places, job.upgrade, lenient)
        tool = self._get_tool(lock)
        return lane.guest.run(
            build_compile_argv(tool, request),
            folder=lane.root / lock.folder,
            timeout_s=self.timeout_s,
            env=tool.build_environ(request, ShownIndex(self.index, job.world)),
            network=NetworkPolicy.from_ports(self.index.port),
            readable=(self.toolbox.folder, interpreter.parent.parent, Path(find_uv_bin()).parent),
            writable=(lane.root, cache),
        )

    def _get_tool(self, lock: LockfileSpec) -> CompileTool:
        return make_compile_tool(lock.compiler, self.toolbox)


def is_building_own(spec: EnvironmentSpec) -> bool:
    """Return True if a compile may build a package of the repository."""
    sources = [source for lock in spec.lockfiles for source in lock.sources]
    references = [entry.pin.reference for lock in spec.lockfiles for entry in lock.lockfile.entries]
    return any(map(is_project_file, sources)) or any(references)


def _read_compiled_text(root: Path, lock: LockfileSpec) -> str:
    """Read the compiled text from the copy `root`, which the guest owns.

    Raises:
        LockfileError: It is missing, no regular file of at most MOST_LOCKFILE_BYTES, or behind a link.
    """
    content = read_beneath(root, lock.path, MOST_LOCKFILE_BYTES)
    if content is None:
        raise LockfileError(
            f"{lock.path} was not written by its compile as a plain file of at most {MOST_LOCKFILE_BYTES >> 20} MiB: "
            "a build may have replaced it. Nothing is checked; look at what was built."
        )
    return content.decode("utf-8", "replace")


def _restore_lockfile(lock: LockfileSpec, lane: CompileWorker, remotes: RemoteRequirements) -> None:
    if not lock.is_unlocked:
        lane.write_file(lock.path, lock.lockfile.text)
        remove_index_options(lane.root, [lock.path])
        localize_remote_urls(lane.root, [lock.path], remotes)
