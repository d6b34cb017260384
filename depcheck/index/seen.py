"""What package tools looked at: the pages of each world, and the files, since the index was made."""

from collections import defaultdict
from dataclasses import dataclass
from threading import Lock

from packaging.utils import NormalizedName

from depcheck.index.page import File


@dataclass(frozen=True, slots=True)
class Looked:
    """What was asked for so far.

    `wheels` are those of which the metadata or the whole was given; `sources` counts source distributions.
    Files are those of all worlds: their addresses hold none.
    """

    projects: frozenset[NormalizedName]
    wheels: tuple[File, ...]
    sources: int


class Seen:
    """Keeps account; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._projects: dict[str, dict[NormalizedName, None]] = defaultdict(dict)
        self._wheels: dict[str, File] = {}
        self._sources: set[str] = set()

    def page(self, token: str, project: NormalizedName) -> None:
        """The page of `project`, or its hashes, were asked for under `token`."""
        with self._lock:
            self._projects[token][project] = None

    def file(self, file: File) -> None:
        """`file` or its metadata was asked for."""
        with self._lock:
            if file.is_wheel:
                self._wheels[file.key] = file
            else:
                self._sources.add(file.key)

    def under(self, *tokens: str) -> Looked:
        """What was looked at under any of `tokens`."""
        with self._lock:
            projects = frozenset(project for token in tokens for project in self._projects[token])
            return Looked(projects, tuple(self._wheels.values()), len(self._sources))
