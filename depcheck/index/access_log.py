"""Log of the pages and files that package tools requested."""

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from packaging.utils import NormalizedName

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.index.pages import DistributionFile


@dataclass(frozen=True, slots=True)
class AccessSummary:
    """The pages and files requested so far.

    `wheels` are those whose metadata or content was served; `sdist_count` is the number of source distributions.
    Files are those of all index views, because their addresses name no view.
    """

    projects: frozenset[NormalizedName]
    wheels: tuple[DistributionFile, ...]
    sdist_count: int


class AccessLog:
    """Records requests, safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._projects: dict[str, dict[NormalizedName, None]] = defaultdict(dict)
        self._wheels: dict[str, DistributionFile] = {}
        self._sdist_keys: set[str] = set()

    def record_page(self, token: str, project: NormalizedName) -> None:
        """Record that the page or the hashes of `project` were requested.

        `token` names the index view.
        """
        with self._lock:
            self._projects[token][project] = None

    def record_file(self, file: DistributionFile) -> None:
        """Record that `file` or its metadata was requested."""
        with self._lock:
            if file.is_wheel:
                self._wheels[file.content_key] = file
            else:
                self._sdist_keys.add(file.content_key)

    def summarize_accesses(self, *tokens: str) -> AccessSummary:
        """Return what was requested under any of `tokens`."""
        with self._lock:
            projects = frozenset(project for token in tokens for project in self._projects[token])
            return AccessSummary(projects, tuple(self._wheels.values()), len(self._sdist_keys))


class FailureLog:
    """Sentences about failures, each once, in order of first occurrence.

    Safe for threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._sentences: dict[str, None] = {}

    def add_failure(self, sentence: str) -> None:
        """Record `sentence`."""
        with self._lock:
            self._sentences.setdefault(sentence)

    def list_failures(self) -> tuple[str, ...]:
        """Return all sentences so far."""
        with self._lock:
            return tuple(self._sentences)


K = TypeVar("K")
V = TypeVar("V")
FAILURE_TTL_S = 15.0
"""How long a failure is remembered: tools ask again at once, and each of our answers costs all retries."""


class SingleFlightCache(Generic[K, V]):
    """Caches the value of `compute` for each key, safe for threads.

    A failure is cached for `FAILURE_TTL_S` only.
    """

    def __init__(self, compute: Callable[[K], V], clock: Callable[[], float] = time.monotonic) -> None:
        self._compute = compute
        self._clock = clock
        self._lock = Lock()
        self._futures: dict[K, Future[V]] = {}
        self._failure_times: dict[K, float] = {}

    def __getitem__(self, key: K) -> V:
        with self._lock:
            if self._clock() - self._failure_times.get(key, self._clock()) > FAILURE_TTL_S:
                del self._futures[key], self._failure_times[key]
            future = self._futures.get(key)
            mine = future is None
            if future is None:
                future = self._futures[key] = Future()
        if mine:
            self._resolve_future(key, future)
        return future.result()

    def _resolve_future(self, key: K, future: Future[V]) -> None:
        try:
            future.set_result(self._compute(key))
        except BaseException as error:  # noqa: BLE001  # it is raised again, to all who wait
            with self._lock:
                self._failure_times[key] = self._clock() if isinstance(error, IndexUnavailableError) else float("-inf")
            future.set_exception(error)
