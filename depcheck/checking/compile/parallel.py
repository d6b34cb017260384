"""Compile lockfiles that do not build on each other in parallel.

Each worker is a user with its own copy of the repository.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from depcheck.checking.compile.prepare_sources import remove_index_options
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError
from depcheck.untrusted_files import write_beneath

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CompileWorker:
    """A worker that runs one compile at a time.

    `root` is a copy of the repository that belongs to `guest`.
    """

    guest: Guest
    root: Path
    number: int

    def write_file(self, path: str, text: str) -> None:
        """Write a lower layer's new text into the copy.

        Never through a link that a build left there.

        Raises:
            LockfileError: A build moved the file's folder out of the copy.
        """
        try:
            write_beneath(self.root, path, text.encode())
        except OSError as error:
            raise LockfileError(
                f"{path} cannot be written into the copy of the repository any more ({error.strerror}): a build "
                "replaced it or its folder. Nothing is checked; look at what was built."
            ) from None


def group_by_layer(locks: Sequence[LockfileSpec]) -> Iterator[tuple[LockfileSpec, ...]]:
    """Group lockfiles so that each group needs only earlier groups.

    `locks` must be in layer order.
    """
    rest, paths = list(locks), {lock.path for lock in locks}
    while rest:
        waiting = {lock.path for lock in rest}
        ready = tuple(lock for lock in rest if not waiting & paths & (set(lock.layers) - {lock.path}))
        ready = ready or (rest[0],)
        yield ready
        rest = [lock for lock in rest if lock not in ready]


def keep_pre_releases(lock: LockfileSpec, lane: CompileWorker) -> bool:
    """Reduce the committed lockfile to its pre-releases.

    Then everything else is resolved afresh beside them. pip takes a pre-release for `black<22`, if there is
    nothing else, only when it is pinned already. Returns True if there is a pre-release.
    """
    pins = [entry.pin for entry in lock.lockfile.entries if entry.pin.version and entry.pin.version.is_prerelease]
    lane.write_file(lock.path, "".join(f"{pin}\n" for pin in pins))
    return bool(pins)


@dataclass(slots=True)
class CompileWorkerPool:
    """A pool that limits parallel compiles to its number of workers."""

    workers: Sequence[CompileWorker]
    _idle_workers: SimpleQueue[CompileWorker] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        """Mark all workers as idle."""
        for lane in self.workers:
            self._idle_workers.put(lane)

    def write_file_to_all(self, path: str, text: str) -> None:
        """Write a lower layer's new text into every worker's copy."""
        for lane in self.workers:
            lane.write_file(path, text)

    def map_lockfiles(self, locks: Sequence[LockfileSpec], work: Callable[[LockfileSpec, CompileWorker], T]) -> list[T]:
        """Call `work` for each lockfile and return the results in order.

        The first error is raised after all calls have ended.
        """

        def in_a_lane(lock: LockfileSpec) -> T:
            lane = self._idle_workers.get()
            try:
                return work(lock, lane)
            finally:
                self._idle_workers.put(lane)

        if len(locks) == 1:
            return [in_a_lane(locks[0])]
        with ThreadPoolExecutor(len(self.workers)) as pool:
            return list(pool.map(in_a_lane, locks))


@contextmanager
def open_worker_pool(
    copies: WorkspaceCopier, number: int, written: Sequence[tuple[str, str]], paths: Sequence[str]
) -> Iterator[CompileWorkerPool]:
    """Open a pool of `number` workers with fresh copies of the repository.

    The copies hold `written` (path, text), and the index options of `paths` are removed.
    """
    with ExitStack() as stack:
        lanes = []
        for each in range(number):
            guest = copies.guest.derive_parallel_guest(each) if each else copies.guest
            root = stack.enter_context(replace(copies, guest=guest).open_copy())
            for name, text in written:
                write_beneath(root, name, text.encode())
            remove_index_options(root, paths)
            lanes.append(CompileWorker(guest, root, each))
        yield CompileWorkerPool(lanes)
