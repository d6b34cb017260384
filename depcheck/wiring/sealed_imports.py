"""Keep what a process imports as it was when the process began.

The action's process holds the token and imports for a long time; packages' code runs meanwhile, in other processes.
Nothing that was put on the import path since then may become a part of this one.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_CLOCK_S = 0.02  # file systems stamp with the kernel's clock, which ticks up to 10 ms late


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

        Raises ImportError where its file is younger than this finder.
        """
        spec = PathFinder.find_spec(name, path, target)
        if spec is None:
            return None
        for place in (spec.origin, spec.cached):
            if place and Path(place).exists() and Path(place).stat().st_ctime > self._began:
                raise ImportError(f"{place} changed while this process ran, so it is not imported.", name=name)
        return spec


def import_all(names: Sequence[str]) -> None:
    """Import these modules now, so that none is looked for later."""
    for name in names:
        importlib.import_module(name)


def refuse_changed_files(now: float) -> None:
    """Refuse to import anything that changed after `now`.

    In seconds since the epoch.
    """
    sys.meta_path.insert(0, UnchangedFilesOnly(now + _CLOCK_S))
