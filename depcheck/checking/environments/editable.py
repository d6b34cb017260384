"""Editable installations of repository folders, as `pip install -e` makes (PEP 660)."""

import ast
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from depcheck.checking.environments.version_history import write_history
from depcheck.checking.environments.wheel_builder import WheelBuilder
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier, copy_tree
from depcheck.core.text.version_history_stream import History
from depcheck.untrusted_files import read_untrusted_file

EDITABLE = "-e "
_MAPPING = re.compile(r"^MAPPING(?:: [^=\n]*)? = (\{[^\n]*\})$", re.MULTILINE)
_MOST_BYTES, _MOST_FILES = 1 << 20, 20


@dataclass(frozen=True, slots=True)
class EditableBuilds:
    """Builds editable wheels that point into `work`.

    There the checks have their copy of the repository.

    What a build leaves in the tree (a version file, compiled modules) is kept in `built`, which the checks' copies
    are made of: an editable installation finds its files there.
    """

    house: WheelBuilder
    copies: WorkspaceCopier
    work: Path
    built: Path
    history: History | None = None
    _copied: set[str] = field(default_factory=set)

    def build(self, line: str, network: NetworkPolicy) -> Path | ProcessResult | None:
        """Build `-e FOLDER` once, or a plain wheel.

        Gives the build's run where both failed, None where there was no wheel.
        """
        folder, _, extras = line.removeprefix(EDITABLE).partition("[")
        if line not in self._copied:
            built = self._built(f"{EDITABLE}{folder}", network)
            if isinstance(built, Path):
                return built
            self._copied.add(line)
        plain = folder.replace(str(self.work), str(self.house.source), 1)
        return self.house.build_wheel(f"{plain}[{extras}" if extras else plain, network, own=True)

    def _built(self, line: str, network: NetworkPolicy) -> Path | ProcessResult | None:
        if self.house.has(line):
            return self.house.build_wheel(line, network, own=True)
        self.copies.copy_to(self.work, self.built if self.built.exists() else None)
        write_history(self.copies.guest, self.work, self.history)
        built = self.house.build_wheel(line, network, own=True, folder=self.work)
        if isinstance(built, Path):
            shutil.rmtree(self.built, ignore_errors=True)
            copy_tree(self.work, self.built)
        return built


def is_editable(line: str) -> bool:
    """Whether a line of a requirements file asks for an editable installation."""
    return line.startswith(EDITABLE)


def import_roots(site_packages: Sequence[Path], work: Path) -> dict[Path, frozenset[str]]:
    """Find import roots below `work`, each with its top-level names.

    Empty for all.
    """
    found: dict[Path, frozenset[str]] = {}
    for folder in site_packages:
        for file in sorted(folder.glob("*.pth"))[:_MOST_FILES]:
            found |= {root: frozenset() for root in _listed(file, work)}
        for file in sorted(folder.glob("__editable__*_finder.py"))[:_MOST_FILES]:
            for name, place in _mapped(file):
                if place.is_relative_to(work):
                    found[place.parent] = found.get(place.parent, frozenset()) | {name}
    return found


def _listed(file: Path, work: Path) -> Iterator[Path]:
    text = (read_untrusted_file(file, _MOST_BYTES) or b"").decode(errors="replace")
    paths = (Path(line.strip()) for line in text.splitlines() if line.startswith("/") and "\0" not in line)
    return (path for path in paths if path.is_relative_to(work))


def _mapped(file: Path) -> Iterator[tuple[str, Path]]:
    """Read where setuptools' finder imports from."""
    match = _MAPPING.search((read_untrusted_file(file, _MOST_BYTES) or b"").decode(errors="replace"))
    try:
        mapping = ast.literal_eval(match[1]) if match else {}
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        mapping = {}
    pairs = mapping.items() if isinstance(mapping, dict) else ()
    for name, place in pairs:
        if isinstance(name, str) and isinstance(place, str) and "\0" not in place and "." not in name:
            yield name, Path(place)
