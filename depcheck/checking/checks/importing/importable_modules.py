"""List the modules to import: those of packages and the project's."""

import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.environments.editable import import_roots
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.read_installed import to_module_name
from depcheck.checking.suites.suite_command import find_service_folder
from depcheck.core.model.checks import Check

MOST_PROJECT_MODULES = 2000
SKIPPED_MODULES = frozenset({"setup", "conftest", "noxfile", "fabfile", "toxfile"})
SKIPPED_FOLDERS = frozenset({"tests", "test", "docs", "doc", "examples", "build", "dist", "node_modules"})


def list_requested_modules(environment: VirtualEnvironment, check: Check) -> list[str]:
    """List the modules of the packages that the check is about.

    A check of certain modules need not name their packages: then all packages count.
    """
    everyone = frozenset(each.name for each in environment.distributions)
    return list_distribution_modules(environment, everyone if check.ids and not check.packages else check.packages)


def list_distribution_modules(environment: VirtualEnvironment, packages: frozenset[str]) -> list[str]:
    """List the modules of these installed distributions."""
    return sorted(
        {m for each in environment.installed_distributions if each.distribution.name in packages for m in each.modules}
    )


def list_project_modules(room: CheckContext) -> list[str]:
    """List the project's own modules.

    Those of its installed distribution, or else those in the workspace; at most MOST_PROJECT_MODULES.
    """
    environment = room.environment
    if environment.project and not environment.own.editable:
        return list_distribution_modules(environment, frozenset({environment.project}))
    shown = import_roots(environment.site_packages, room.workspace) if environment.own.editable else {}
    shown = shown or {root: frozenset() for root in find_import_roots(room)}
    found = {
        name
        for root, tops in shown.items()
        for name in _walk_modules(root)
        if not tops or name.partition(".")[0] in tops
    }
    return sorted(found)[:MOST_PROJECT_MODULES]


def find_import_roots(room: CheckContext) -> list[Path]:
    """Return the workspace copy's folders from which its modules are imported."""
    below = (room.workspace / each for each in ("src", *room.folders))
    return [room.workspace, *(each for each in below if each.is_dir() and not (each / "__init__.py").exists())]


def list_product_folders(lockfiles: Iterable[str], project: Iterable[str]) -> tuple[str, ...]:
    """List the folders of lockfiles, and of files that start a site.

    Such as `api` and `backend`. Not the top, nor what only documents or tests it.
    """
    own = (find_service_folder(path) for path in lockfiles)
    sites = (posixpath.dirname(path) for path in project if posixpath.basename(path) == "manage.py")
    return tuple(each for each in dict.fromkeys((*own, *sites)) if each and SKIPPED_FOLDERS.isdisjoint(each.split("/")))


def _walk_modules(root: Path) -> Iterator[str]:
    """Yield the modules at `root` and in packages below it.

    No tests, no build scripts, no folders that are not packages.
    """
    for here, folders, files in os.walk(root):
        folders[:] = [
            name for name in folders if name not in SKIPPED_FOLDERS and Path(here, name, "__init__.py").exists()
        ]
        for name in files:
            module = to_module_name(PurePosixPath(Path(here, name).relative_to(root)))
            last = module.rpartition(".")[2] if module else ""
            if module and last not in SKIPPED_MODULES and not last.startswith("test_") and not last.endswith("_test"):
                yield module
