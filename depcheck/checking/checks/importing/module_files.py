"""Find and read module files of packages and of the project."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from depcheck.core.import_graph.import_statements import ModuleImports, read_imports
from depcheck.untrusted_files import read_untrusted_file

MOST_BYTES = 1 << 20  # of a module's source; longer ones are tables of data
MOST_PROJECT_FILES = 5000
_LEFT_OUT = frozenset({"node_modules", "build", "dist", "site-packages", "__pycache__"})
_COMPILED = (".so", ".pyd")
_NOTHING = ModuleImports()

KnownImports = dict[tuple[str, int, int, int], ModuleImports]
"""What was read before, by module, inode, time of change and size: a release's file is the same one in every set."""


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """The modules below import roots, for one interpreter's version.

    Nothing of them is run.
    """

    roots: tuple[Path, ...]
    python: tuple[int, ...]
    known: KnownImports
    _listed: dict[Path, frozenset[str]] = field(default_factory=dict)

    def is_module(self, name: str) -> bool:
        """Return True if `name` is a module, package or namespace package.

        Also one without __init__.py.
        """
        return any(self._has(root, name) for root in self.roots)

    def read_imports_of(self, name: str) -> ModuleImports:
        """Return the imports of module `name`.

        Nothing for what is compiled or unreadable.
        """
        for root in self.roots:
            base = root.joinpath(*name.split("."))
            for path, is_package in ((base / "__init__.py", True), (base.with_name(f"{base.name}.py"), False)):
                if path.name in self._list(path.parent):
                    return self._read(name, path, is_package=is_package)
        return _NOTHING

    def _read(self, name: str, path: Path, *, is_package: bool) -> ModuleImports:
        state = path.lstat()
        key = (name, state.st_ino, state.st_mtime_ns, state.st_size)
        if key not in self.known:
            text = (read_untrusted_file(path, MOST_BYTES) or b"").decode(errors="replace")
            found = read_imports(text, name, self.python, is_package=is_package)
            dotted = frozenset(each for each in found.strings if "." in each)
            self.known[key] = ModuleImports(found.strong, found.weak, dotted)
        return self.known[key]

    def _has(self, root: Path, name: str) -> bool:
        *packages, last = name.split(".")
        beside = self._list(root.joinpath(*packages))
        if f"{last}.py" in beside or last in beside:
            return True
        return any(each.startswith(f"{last}.") and each.endswith(_COMPILED) for each in beside)

    def _list(self, folder: Path) -> frozenset[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(each.name for each in folder.iterdir())
            except OSError:
                self._listed[folder] = frozenset()
        return self._listed[folder]


def read_project_files(copy: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of the project's Python files.

    Tests and scripts included.
    """
    number = 0
    for here, folders, files in os.walk(copy):
        folders[:] = sorted(name for name in folders if _is_own_folder(Path(here, name)))
        for name in sorted(files):
            if name.endswith(".py") and name != "setup.py":
                number += 1
                if number > MOST_PROJECT_FILES:
                    return
                path = Path(here, name)
                text = (read_untrusted_file(path, MOST_BYTES) or b"").decode(errors="replace")
                yield path.relative_to(copy).as_posix(), text


def _is_own_folder(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _LEFT_OUT
    return not hidden and not folder.is_symlink() and not (folder / "pyvenv.cfg").exists()
