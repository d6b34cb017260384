"""Editable installations of repository folders, as `pip install -e` makes (PEP 660)."""

import ast
import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from depcheck.checking.environments.version_history import write_history
from depcheck.checking.environments.wheel_builder import WheelBuilder
from depcheck.checking.sandbox.launcher.tree_removal import remove_tree
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier, copy_tree
from depcheck.core.text.version_history_stream import History
from depcheck.untrusted_files import read_beneath, read_untrusted_file

EDITABLE = "-e "
_MAPPING = re.compile(r"^MAPPING(?:: [^=\n]*)? = (\{[^\n]*\})$", re.MULTILINE)
_MOST_BYTES, _MOST_FILES = 1 << 20, 20
_LEGACY_ROOTS = ("", "src", "lib", "python")
_MOST_MODULES, _MOST_MODULE_BYTES = 20_000, 8 << 20


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

    @property
    def legacy_folder(self) -> Path:
        """Where editable wheels are that no backend has built."""
        return self.house.folder.with_name(f"{self.house.folder.name}-legacy")

    def build(self, line: str, network: NetworkPolicy) -> Path | ProcessResult | None:
        """Build `-e FOLDER` once, or a plain wheel.

        From a backend without editable wheels a plain one, made to point into the folder where that holds all of it.

        Gives the build's run where both failed, None where there was no wheel.
        """
        folder, _, extras = line.removeprefix(EDITABLE).partition("[")
        if line in self._copied and self.house.has(line):
            return self.house.build_wheel(line, network, own=True)
        if line not in self._copied:
            built = self._built(f"{EDITABLE}{folder}", network)
            if isinstance(built, Path):
                return built
            self._copied.add(line)
        plain = folder.replace(str(self.work), str(self.house.source), 1)
        built = self.house.build_wheel(f"{plain}[{extras}" if extras else plain, network, own=True)
        legacy = write_legacy_editable(built, Path(folder), self.legacy_folder) if isinstance(built, Path) else None
        return self.house.keep_wheel(line, legacy) if legacy else built

    def _built(self, line: str, network: NetworkPolicy) -> Path | ProcessResult | None:
        if self.house.has(line):
            return self.house.build_wheel(line, network, own=True)
        self.copies.copy_to(self.work, self.built if self.built.exists() else None)
        write_history(self.copies.guest, self.work, self.history)
        built = self.house.build_wheel(line, network, own=True, folder=self.work)
        if isinstance(built, Path):
            if self.built.exists():
                remove_tree(self.built)
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


def write_legacy_editable(wheel: Path, folder: Path, target: Path) -> Path | None:
    """Write an editable wheel into `target` that points into `folder`.

    As `setup.py develop` did, for backends that build none.

    `wheel` is the plain one of the project in `folder`. None where the folder lacks a file of the wheel: what a build
    generates or compiles is only in a copy.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            kept = [name for name in names if PurePosixPath(name).parts[0].endswith(".dist-info")]
            root = _find_root(folder, sorted(set(names) - set(kept)))
            if root is None or sum(archive.getinfo(name).file_size for name in kept) > _MOST_MODULE_BYTES:
                return None
            files = {name: archive.read(name) for name in kept if not name.endswith("/RECORD")}
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError, IndexError):
        return None
    info = next((name.partition("/")[0] for name in files), "")
    files[f"__editable__{info.removesuffix('.dist-info')}.pth"] = f"{root}\n".encode()
    files[f"{info}/RECORD"] = "".join(_list_record(files, f"{info}/RECORD")).encode()
    target.mkdir(exist_ok=True)
    with zipfile.ZipFile(target / wheel.name, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target / wheel.name


def _find_root(folder: Path, modules: Sequence[str]) -> Path | None:
    """Find the folder that holds all modules of a wheel as files."""
    if not modules or len(modules) > _MOST_MODULES or any(".data/" in name for name in modules):
        return None
    for place in _LEGACY_ROOTS:
        if all(
            read_beneath(folder, PurePosixPath(place, name).as_posix(), _MOST_MODULE_BYTES) is not None
            for name in modules
        ):
            return folder / place if place else folder
    return None


def _list_record(files: dict[str, bytes], own: str) -> Iterator[str]:
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        yield f"{name},sha256={digest},{len(content)}\n"
    yield f"{own},,\n"
