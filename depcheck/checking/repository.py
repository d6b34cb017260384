"""The repository under judgement: its lockfiles, grouped into environments."""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from depcheck.checking.configured import chosen, configured
from depcheck.checking.grouping import CycleError, above, groups, in_layer_order, name_of
from depcheck.checking.imported import imported
from depcheck.checking.locks import Reading, loose, read_lock
from depcheck.checking.projects import project_name
from depcheck.checking.sources import PROJECT_FILES, is_pinned, is_project_file
from depcheck.checking.target_python import python_in_name, target_python
from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.elsewhere import told_platform
from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.errors import LockfileError
from depcheck.core.header import read_header
from depcheck.core.settings import Settings
from depcheck.core.writers import declined_by_name

MOST_LOCKFILES = 500
_GIT = ("git", "-c", "safe.directory=*", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
_TOO_OLD = frozenset({"2.6", "2.7", "3.3", "3.4", "3.5"})
_SUFFIXES = (".txt", ".lock", ".pip", ".pinned", ".frozen", ".compiled")
_ANNOTATION = re.compile(r"^\s+# via(?: \S|$)|\S  # via \S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Repository:
    """Adapter of the port Workspace.

    `git` runs a whole command line (`git -c ... log ...`) in the repository's folder and gives what it prints,
    empty where it fails; without it nothing is known of when files were committed.
    """

    settings: Settings
    git: Callable[[Sequence[str]], str] | None = None
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        root = Path(self.settings.repo).resolve()
        object.__setattr__(self, "tree", Tree(root, frozenset({Path(self.settings.report).resolve()})))

    def environments(self) -> Sequence[EnvironmentSpec]:
        """All environments by name; what cannot be judged has the reason in `skipped`."""
        if not self.settings.environments:
            return chosen(self.found(), self.settings.only)
        found = configured(self.settings, lambda settings: replace(self, settings=settings).found())
        return chosen(found, self.settings.only)

    def found(self) -> Sequence[EnvironmentSpec]:
        """The environments that the repository itself shows, by name."""
        try:
            files = tuple(self.tree.walk())
        except LockfileError as error:
            return (EnvironmentSpec(".", "", (), skipped=str(error)),)
        wanted = [_normal(path, self.tree) for path in self.settings.lockfiles]
        paths = wanted or self._discovered(files)
        reading = Reading(
            self.tree,
            frozenset(self._discovered(files)) | frozenset(paths),
            frozenset(above for path in files for above in _above(path)),
            self._git,
            dict(self.settings.compile_commands),
        )
        found = self._judged(paths[:MOST_LOCKFILES], reading) if paths else self._loose(files, reading)
        crowd = [_skipped(path, "There are more lockfiles than are judged in one run; name it with --lockfile.")
                 for path in paths[MOST_LOCKFILES:]]  # fmt: skip
        names = imported(self.tree, files)
        specs = (replace(environment, imports=names) for environment in (*found, *crowd))
        return tuple(sorted(specs, key=lambda environment: environment.name))

    def _git(self, words: Sequence[str]) -> str:
        return self.git((*_GIT, *words)) if self.git else ""

    def _discovered(self, files: Iterable[str]) -> list[str]:
        return [path for path in files if declined_by_name(path) or self._is_lockfile(path)]

    def _is_lockfile(self, path: str) -> bool:
        """A known writer's header, annotations, or requirements.txt fully pinned beside its requirements.in."""
        if not path.endswith(_SUFFIXES):
            return False
        try:
            head = self.tree.head(path)
        except LockfileError:
            return True  # whatever it is, that it cannot be read is to be told
        source = posixpath.splitext(path)[0] + ".in"
        pinned = path.endswith(".txt") and "==" in head and self.tree.has(source)
        return pinned or bool(read_header(head).compiler) or ("==" in head and bool(_ANNOTATION.search(head)))

    def _judged(self, paths: Sequence[str], reading: Reading) -> list[EnvironmentSpec]:
        locks: dict[str, LockfileSpec] = {}
        pythons: dict[str, str] = {}
        skipped = []
        for path in paths:
            try:
                lock, python = self._read(path, reading)
                locks[lock.path], pythons[lock.path] = lock, python
            except LockfileError as error:
                skipped.append(_skipped(path, str(error)))
        skipped += self._cyclic(locks) + self._unknown_together(locks)
        grouped = groups(tuple(locks.values()), self.settings.together)
        return skipped + [self._environment(group, pythons) for group in grouped]

    def _read(self, path: str, reading: Reading) -> tuple[LockfileSpec, str]:
        """A lockfile; or, named by the user, a source of which nothing is locked."""
        unlocked = is_project_file(path) or path.endswith(".in")
        if unlocked or (self.settings.lockfiles and not self._is_lockfile(path) and not is_pinned(self.tree, path)):
            self.tree.read(path)
            return loose(path, self._locked_name(path), reading), ""
        return read_lock(path, reading)

    def _cyclic(self, locks: dict[str, LockfileSpec]) -> list[EnvironmentSpec]:
        """Take lockfiles that constrain each other in a circle, and what depends on them, out of `locks`."""
        skipped = []
        while True:
            try:
                in_layer_order(tuple(locks.values()))
            except CycleError as cycle:
                names = " -> ".join((*cycle.args, cycle.args[0]))
                circle = f"{names} constrain each other in a circle, so none can be compiled first; remove a -c or -r."
                upper = above(locks.values(), cycle.args)
                skipped += [_skipped(locks.pop(path).path, circle) for path in cycle.args]
                skipped += [
                    _skipped(locks.pop(path).path, f"It is constrained by a circle: {circle}") for path in upper
                ]
            else:
                return skipped

    def _unknown_together(self, locks: dict[str, LockfileSpec]) -> list[EnvironmentSpec]:
        named = sorted({path for group in self.settings.together for path in group} - locks.keys())
        reason = "`together` names it, but it is no lockfile that can be judged; correct the name or the lockfile."
        return [_skipped(path, reason) for path in named if not self.settings.lockfiles]

    def _environment(self, group: tuple[LockfileSpec, ...], pythons: dict[str, str]) -> EnvironmentSpec:
        name = name_of(group)
        told = {pythons[lock.path] for lock in group if pythons[lock.path]}
        chosen = self.settings.python or pythons[name]
        chosen = chosen or min(told, default="") or python_in_name(name)
        python = chosen or target_python(self.tree, posixpath.dirname(name), group)
        notes = [
            f"{lock.path} was compiled with Python {pythons[lock.path]} and is judged with {python}."
            for lock in group
            if pythons[lock.path] not in {"", python}
        ]
        notes += [
            f"{lock.path} is compiled for {platform} and is judged on Linux, where some of it may have no wheel."
            for lock in group
            if (platform := told_platform(lock.options))
        ]
        if python in _TOO_OLD:
            return _skipped(name, f"It was compiled with Python {python}, which no compiler that runs here serves; "
                            "compile it with a Python >= 3.6, or name one with --python.")  # fmt: skip
        return EnvironmentSpec(name, python, group, self._is_project(), project_name(self.tree), notes=tuple(notes))

    def _is_project(self) -> bool:
        """Whether the repository itself can be installed: a build system, and a package to build."""
        if self.settings.project == "none":
            return False
        if self.tree.has("setup.py"):
            return True
        try:
            content = read_toml(self.tree, "pyproject.toml") if self.tree.has("pyproject.toml") else {}
        except LockfileError:
            return False
        tool = content.get("tool")
        poetry = isinstance(tool, dict) and isinstance(tool.get("poetry"), dict) and "name" in tool["poetry"]
        package = "project" in content or poetry or self.tree.has("setup.cfg")
        return "build-system" in content and package

    def _loose(self, files: Sequence[str], reading: Reading) -> list[EnvironmentSpec]:
        """Environments of a repository that locks nothing; one that says so where it asks for nothing either."""
        sources = self._loose_sources(files)
        if not sources:
            reason = (
                "No lockfile of pip-tools or uv and no requirements were found; "
                "compile one with pip-compile, or name one with --lockfile."
            )
            return [EnvironmentSpec(".", self.settings.python, (), skipped=reason)]
        specs = [loose(source, self._locked_name(source), reading) for source in sources]
        return [self._environment((spec,), {spec.path: ""}) for spec in specs]

    def _locked_name(self, source: str) -> str:
        """What a compile of `source` would write; nothing that stands there already is to be written over."""
        path = _beside(source)
        return f"{posixpath.splitext(path)[0]}.lock.txt" if self.tree.has(path) else path

    def _loose_sources(self, files: Sequence[str]) -> list[str]:
        """The `.in` files, else requirements.txt, else the project itself; at the top or in `requirements/`."""
        near = [path for path in files if posixpath.dirname(path) in {"", "requirements"}]
        inputs = [path for path in near if path.endswith(".in") and "require" in path]
        listed = [path for path in near if path == "requirements.txt"]
        project = [path for path in near if path in PROJECT_FILES and self._states_project(path)]
        return inputs or listed or sorted(project, key=PROJECT_FILES.index)[:1]

    def _states_project(self, name: str) -> bool:
        if name != "pyproject.toml":
            return True
        try:
            return bool({"project", "build-system"} & read_toml(self.tree, name).keys())
        except LockfileError:
            return True


def _skipped(path: str, reason: str) -> EnvironmentSpec:
    return EnvironmentSpec(path, "", (), skipped=reason)


def _normal(path: str, tree: Tree) -> str:
    """A path that the user gave, relative to the repository where it can be."""
    given = Path(path)
    if given.is_absolute() and given.is_relative_to(tree.root):
        return given.relative_to(tree.root).as_posix()
    return posixpath.normpath(path)


def _above(path: str) -> list[str]:
    found = []
    while path:
        path = posixpath.dirname(path)
        found.append(path)
    return found


def _beside(source: str) -> str:
    """What a compile of `source` writes; a loose requirements.txt is a source itself and is left alone."""
    folder, name = posixpath.split(source)
    if is_project_file(name):
        return posixpath.join(folder, "requirements.txt")
    stem, suffix = posixpath.splitext(name)
    return posixpath.join(folder, f"{stem}.txt" if suffix == ".in" else f"{stem}.lock.txt")
