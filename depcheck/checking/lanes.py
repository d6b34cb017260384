"""Lockfiles that do not build on each other, compiled at the same time: each lane is a user with a copy of its own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from depcheck.checking.process import Guest
from depcheck.checking.staging import take_out_index_options
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.environments import LockfileSpec
from depcheck.core.errors import LockfileError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lane:
    """Where one compile at a time runs: `root` is a copy of the repository that belongs to `guest`."""

    guest: Guest
    root: Path
    number: int

    def put(self, path: str, text: str) -> None:
        """Write a lower layer's new text into the copy, never through a link that a build left there."""
        place = self.root / path
        if not place.parent.resolve().is_relative_to(self.root.resolve()):
            raise LockfileError(f"{path} does not stand in the repository any more: a build replaced its folder.")
        place.unlink(missing_ok=True)
        with place.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        self.guest.own(place)


def waves(locks: Sequence[LockfileSpec]) -> Iterator[tuple[LockfileSpec, ...]]:
    """`locks`, which stand in layer order, in groups of those that need nothing but earlier groups."""
    rest, paths = list(locks), {lock.path for lock in locks}
    while rest:
        waiting = {lock.path for lock in rest}
        ready = tuple(lock for lock in rest if not waiting & paths & (set(lock.layers) - {lock.path}))
        ready = ready or (rest[0],)
        yield ready
        rest = [lock for lock in rest if lock not in ready]


@dataclass(slots=True)
class Lanes:
    """Hands out free lanes; no more work at once than there are."""

    lanes: Sequence[Lane]
    _free: SimpleQueue[Lane] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        """All are free."""
        for lane in self.lanes:
            self._free.put(lane)

    def put(self, path: str, text: str) -> None:
        """Let every lane read a lower layer's new text."""
        for lane in self.lanes:
            lane.put(path, text)

    def each(self, locks: Sequence[LockfileSpec], work: Callable[[LockfileSpec, Lane], T]) -> list[T]:
        """What `work` gives for each lockfile, in their order; the first error is raised when all have ended."""

        def in_a_lane(lock: LockfileSpec) -> T:
            lane = self._free.get()
            try:
                return work(lock, lane)
            finally:
                self._free.put(lane)

        if len(locks) == 1:
            return [in_a_lane(locks[0])]
        with ThreadPoolExecutor(len(self.lanes)) as pool:
            return list(pool.map(in_a_lane, locks))


@contextmanager
def opened(
    copies: WorkspaceCopy, number: int, written: Sequence[tuple[str, str]], paths: Sequence[str]
) -> Iterator[Lanes]:
    """`number` lanes with fresh copies, `written` (path, text) in them and the index options of `paths` taken out."""
    with ExitStack() as stack:
        lanes = []
        for each in range(number):
            guest = copies.guest.beside(each) if each else copies.guest
            root = stack.enter_context(replace(copies, guest=guest).fresh())
            for name, text in written:
                (root / name).write_text(text, encoding="utf-8")
            take_out_index_options(root, paths)
            lanes.append(Lane(guest, root, each))
        yield Lanes(lanes)
