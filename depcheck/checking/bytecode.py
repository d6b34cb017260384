"""Bytecode of packages that changed in place.

Python takes compiled code for current when the source has the same size and the same second of change. Two releases
that were unpacked within one second and differ in a digit have both.
"""

from collections.abc import Iterable
from pathlib import Path

from depcheck.checking.installed import OnDisk


def forget(site_packages: Path, changed: Iterable[OnDisk]) -> None:
    """Remove the compiled code of these distributions; that of all others stays, which is what makes trials cheap."""
    root = site_packages.resolve()
    for module in (module for each in changed for module in each.modules):
        path = site_packages.joinpath(*module.split("."))
        for folder, stem in ((path.parent, path.name), (path, "__init__")):
            cache = folder / "__pycache__"
            if cache.is_dir() and cache.resolve() == root / cache.relative_to(site_packages):  # no links of strangers
                for compiled in cache.glob(f"{stem}.*.pyc"):
                    compiled.unlink(missing_ok=True)
