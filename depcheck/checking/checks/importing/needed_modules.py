"""Tell which modules that cannot be imported matter to the project."""

import configparser
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.checks.importing.importable_modules import list_product_folders
from depcheck.checking.checks.importing.module_files import KnownImports, ModuleFiles, read_project_files
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.suites.stated_commands import find_django_test_words
from depcheck.core.import_graph.broken_contract import is_broken_contract
from depcheck.core.import_graph.import_statements import read_imports
from depcheck.core.import_graph.project_roots import (
    find_command_roots,
    find_django_settings,
    join_roots,
    read_django_roots,
    to_roots,
)
from depcheck.core.import_graph.reachable import Reach, Reached, Roots, find_reached
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Failure, KnownBefore
from depcheck.untrusted_files import read_untrusted_file

ENTRY_POINTS_BYTES = 1 << 20
_CONFIGURATION = ("pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini")
_TEST_SETTINGS = re.compile(r"--settings[= ]([A-Za-z_][\w.]*)")
_SCRIPTS = ("console_scripts", "gui_scripts")

Entries = Mapping[NormalizedName, Mapping[str, Mapping[str, str]]]
"""Entry points by distribution, group and name, each with its module."""


@dataclass(frozen=True, slots=True)
class ProjectImports:
    """Imports that one project's files and commands need.

    Read once, and the same for every set of pins. `folders` hold its modules, beside the top.
    """

    roots: Roots
    has_python: bool
    django_settings: str
    commands: tuple[str, ...]
    folders: tuple[str, ...] = ()


@dataclass(slots=True)
class NeededModules:
    """Rates the failing modules of one environment.

    The import graph is built when the first one asks for it.
    """

    environment: VirtualEnvironment
    project: ProjectImports
    spec: EnvironmentSpec
    before: KnownBefore
    known: KnownImports
    _reached: Reached | None = field(default=None)
    _owners: dict[str, frozenset[NormalizedName]] = field(default_factory=dict)

    def rate(self, module: str) -> Reach:
        """Return how the project reaches `module`."""
        return self._find_reached().rate(module)

    def is_needed(self, failure: Failure) -> bool:
        """Return True if the module `failure.id` must be importable.

        That is what the project always imports, and what it may import where the error is a broken contract.
        """
        reach = self.rate(failure.id)
        return reach is Reach.STRONG or (reach is Reach.WEAK and self._is_broken_contract(failure))

    def _find_reached(self) -> Reached:
        if self._reached is None:
            python = _to_numbers(self.environment.interpreter.markers.get("python_full_version", ""))
            files = ModuleFiles(self.environment.site_packages, python, self.known)
            self._reached = find_reached(self._find_roots(), files.read_imports_of, files.is_module)
        return self._reached

    def _find_roots(self) -> Roots:
        entries = read_entry_points(self.environment)
        scripts = {name: module for groups in entries.values() for name, module in _find_scripts(groups)}
        direct = frozenset(name for lock in self.spec.lockfiles for name in lock.direct_names)
        asked = (find_command_roots(command, scripts) for command in self.project.commands)
        required = frozenset(self._find_modules_of(direct))
        started = frozenset(m for name in direct for _, m in _find_scripts(entries.get(name, {})))
        plugins = {m for groups in entries.values() for m in groups.get("pytest11", {}).values()}
        used = Roots(weak=required | started | plugins) if self.project.has_python else Roots(required | started)
        return join_roots(self.project.roots, used, *asked)

    def _find_modules_of(self, names: frozenset[NormalizedName]) -> Iterator[str]:
        """Yield the public top-level modules of distributions."""
        for each in self.environment.installed_distributions:
            if each.distribution.name in names:
                yield from (module for module in each.distribution.modules if not module.startswith("_"))

    def _is_broken_contract(self, failure: Failure) -> bool:
        installed = self.environment.distributions
        markers = {**self.environment.interpreter.markers, "extra": ""}
        return is_broken_contract(failure, failure.id, self._find_owners, installed, markers)

    def _find_owners(self, module: str) -> frozenset[NormalizedName]:
        if not self._owners:
            for top, name in self.before.owners:
                self._owners[top] = self._owners.get(top, frozenset()) | {name}
            for each in self.environment.installed_distributions:
                for one in each.modules:
                    self._owners[one] = self._owners.get(one, frozenset()) | {each.distribution.name}
        nearest = module
        while nearest and nearest not in self._owners:
            nearest = nearest.rpartition(".")[0]
        found = self._owners.get(nearest, frozenset())
        return found if nearest == module or len(found) == 1 else frozenset()  # a namespace belongs to many


def read_project_imports(copy: Path, commands: tuple[str, ...], lockfiles: Iterable[str] = ()) -> ProjectImports:
    """Read what the files of the workspace copy import."""
    roots, texts = [], {}
    for path, text in read_project_files(copy):
        texts[path] = text
        module = ".".join(PurePosixPath(path).with_suffix("").parts)
        is_package = path.endswith("__init__.py")
        name = module.removesuffix(".__init__") if is_package else module
        roots += [to_roots(read_imports(text, name, (3, 11), is_package=is_package)), read_django_roots(text)]
    configured = {name: _read_text(copy / name) for name in _CONFIGURATION}
    told = " ".join((*commands, *find_django_test_words(copy)))  # a site's tests have settings of their own
    settings = match[1] if (match := _TEST_SETTINGS.search(told)) else find_django_settings({**texts, **configured})
    folders = list_product_folders(lockfiles, texts)
    return ProjectImports(join_roots(*roots), bool(texts), settings, commands, folders)


def read_entry_points(environment: VirtualEnvironment) -> Entries:
    """Return the entry points of everything installed."""
    found = {}
    for folder in environment.site_packages:
        for file in sorted(folder.glob("*.dist-info/entry_points.txt")):
            found[canonicalize_name(file.parent.name.split("-")[0])] = _read_entries(_read_text(file))
    return found


def _read_entries(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(text)
    except (configparser.Error, AttributeError, TypeError, ValueError):  # whatever a release ships
        return {}
    return {
        group: {name: value.partition(":")[0].partition("[")[0].strip() for name, value in parser.items(group)}
        for group in parser.sections()
    }


def _find_scripts(groups: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    return (pair for group in _SCRIPTS for pair in groups.get(group, {}).items())


def _read_text(path: Path) -> str:
    return (read_untrusted_file(path, ENTRY_POINTS_BYTES) or b"").decode(errors="replace")


def _to_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) or (3, 11)
