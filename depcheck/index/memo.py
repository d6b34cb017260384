"""Work that is done once, however many ask for it at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from depcheck.core.errors import IndexUnavailableError

K = TypeVar("K")
V = TypeVar("V")
FAILURE_S = 15.0
"""How long a failure is remembered: tools ask again at once, and each of our answers costs all retries."""


class Memo(Generic[K, V]):
    """Remembers what `compute` gave for each key; a failure only for `FAILURE_S`. Safe for threads."""

    def __init__(self, compute: Callable[[K], V], clock: Callable[[], float] = time.monotonic) -> None:
        self._compute = compute
        self._clock = clock
        self._lock = Lock()
        self._found: dict[K, Future[V]] = {}
        self._failed: dict[K, float] = {}

    def __getitem__(self, key: K) -> V:
        with self._lock:
            if self._clock() - self._failed.get(key, self._clock()) > FAILURE_S:
                del self._found[key], self._failed[key]
            future = self._found.get(key)
            mine = future is None
            if future is None:
                future = self._found[key] = Future()
        if mine:
            self._settle(key, future)
        return future.result()

    def _settle(self, key: K, future: Future[V]) -> None:
        try:
            future.set_result(self._compute(key))
        except BaseException as error:  # noqa: BLE001  # it is raised again, to all who wait
            with self._lock:
                self._failed[key] = self._clock() if isinstance(error, IndexUnavailableError) else float("-inf")
            future.set_exception(error)
