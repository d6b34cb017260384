"""Keep what a process imports as it was when the process began.

The action's process holds the token and imports for a long time; packages' code runs meanwhile, in other processes.
Nothing that was put on the import path since then may become a part of this one.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

_CLOCK_S = 0.02  # file systems stamp with the kernel's clock, which ticks up to 10 ms late


class _SourceOnlyLoader(SourceFileLoader):
    """A loader that compiles the source and reads no bytecode."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compile(self.get_data(path), path, "exec", dont_inherit=True)


class UnchangedFilesOnly:
    """A finder that refuses files changed since it was made.

    No user but root can forge that time.
    """

    def __init__(self, began: float) -> None:
        self._began = began

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as Python would, if its file is unchanged.

        Bytecode younger than this finder is not read: another run beside this one may have written it. Raises
        ImportError where the file itself is younger.
        """
        spec = PathFinder.find_spec(name, path, target)
        if spec is None:
            return None
        if self._is_younger(spec.origin):
            raise ImportError(f"{spec.origin} changed while this process ran, so it is not imported.", name=name)
        if self._is_younger(spec.cached) and spec.origin:
            spec.loader, spec.cached = _SourceOnlyLoader(name, spec.origin), None
        return spec

    def _is_younger(self, place: str | None) -> bool:
        return place is not None and Path(place).exists() and Path(place).stat().st_ctime > self._began


def import_all(names: Sequence[str]) -> None:
    """Import these modules now, so that none is looked for later."""
    for name in names:
        importlib.import_module(name)


def refuse_changed_files(now: float) -> None:
    """Refuse to import anything that changed after `now`.

    In seconds since the epoch.
    """
    sys.meta_path.insert(0, UnchangedFilesOnly(now + _CLOCK_S))
