"""Read the files of dependents, each once, within bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from depcheck.checking.explain.api_diff.unpack import MOST_SOURCE_BYTES
from depcheck.checking.explain.api_diff.usage import SourceFile

MOST_READ_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class DependentFile:
    """A file that may use the releases.

    `display_path` is the path for people. `traceback_line` is the line that the traceback names, or 0. `is_own` says
    that it is of the repository, and no test.
    """

    path: Path
    display_path: str
    traceback_line: int = 0
    is_own: bool = False


@dataclass(slots=True)
class DependentFileReader:
    """Reads and parses `dependent_files`."""

    dependent_files: Sequence[DependentFile]
    _bytes_read: int = 0
    _parsed_files: dict[Path, SourceFile] = field(default_factory=dict)

    def iterate_files(self, word: str) -> Iterator[tuple[DependentFile, SourceFile]]:
        """Yield the parsed files whose text holds `word`.

        Stops after MOST_READ_BYTES bytes.
        """
        for place in self.dependent_files:
            if (file := self.parse_file(place, word)) is not None:
                yield place, file

    def parse_file(self, place: DependentFile, word: str = "") -> SourceFile | None:
        """Parse a file whose text holds `word`, or return None."""
        path = place.path
        if path in self._parsed_files:
            return self._parsed_files[path] if word in self._parsed_files[path].text else None
        if not path.is_file() or path.is_symlink() or path.stat().st_size > MOST_SOURCE_BYTES:
            return None
        self._bytes_read += path.stat().st_size
        if self._bytes_read > MOST_READ_BYTES:
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        if word not in text:
            return None
        self._parsed_files[path] = SourceFile(text)
        return self._parsed_files[path]
