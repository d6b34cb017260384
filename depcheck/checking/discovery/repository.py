"""Find a repository's lockfiles and group them into environments."""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from depcheck.checking.discovery.files.project_files import find_project_name, has_project_table
from depcheck.checking.discovery.files.repo_files import RepoFiles, is_utf_8, list_parent_folders, scan_imported_modules
from depcheck.checking.discovery.files.requirement_files import (
    PROJECT_FILES,
    get_output_path,
    is_fully_pinned,
    is_project_file,
)
from depcheck.checking.discovery.files.tool_config import read_repo_toml
from depcheck.checking.discovery.grouping import (
    LayerCycleError,
    choose_environment_name,
    find_configured_environments,
    find_upper_lockfiles,
    group_lockfiles,
    select_environments,
    sort_by_layer,
)
from depcheck.checking.discovery.installs.edits import read_edited_words
from depcheck.checking.discovery.installs.exported_lockfiles import describe_exports, find_exports
from depcheck.checking.discovery.installs.hand_written import find_hand_written
from depcheck.checking.discovery.installs.python_evidence import PythonEvidence
from depcheck.checking.discovery.installs.recipes import read_recipes
from depcheck.checking.discovery.installs.relations import find_related
from depcheck.checking.discovery.installs.suite_requirements import find_suite_requirements
from depcheck.checking.discovery.installs.test_needs import find_installed_runner, find_test_needs
from depcheck.checking.discovery.python_version import add_guesses, find_python_in_path, guess_pythons
from depcheck.checking.discovery.read_lockfile import DiscoveryContext, read_lockfile_spec
from depcheck.checking.discovery.skipped_specs import NOTHING_TO_JUDGE, build_skipped_spec, build_unnameable_spec
from depcheck.checking.discovery.unlocked_spec import build_unlocked_spec
from depcheck.checking.discovery.unread_lockfiles import describe_unread_lockfiles, find_unread_lockfile
from depcheck.checking.discovery.version_tags import read_history
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_header
from depcheck.core.lockfiles.header import is_pylock_name
from depcheck.core.lockfiles.origin import find_other_platform
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.errors import LockfileError

_TOO_MANY = "There are more lockfiles than are checked in one run; name it with --lockfile."
MOST_LOCKFILES = 500
_GIT_COMMAND = ("git", "-c", "safe.directory=*", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
_UNSERVED_PYTHONS = frozenset({"2.6", "2.7", "3.3", "3.4", "3.5"})
_LOCKFILE_SUFFIXES = (".txt", ".lock", ".pip", ".pinned", ".frozen", ".compiled")
_ANNOTATION = re.compile(r"^\s+# via(?: \S|$)|\S  # via \S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RepositoryWorkspace:
    """Finds the environments of a repository.

    `git` runs a whole command line (`git -c ... log ...`) in the repository's folder and returns what it
    prints, empty when it fails. Without `git`, commit times are unknown.
    """

    settings: Settings
    git: Callable[[Sequence[str]], str] | None = None
    tree: RepoFiles = field(init=False)

    def __post_init__(self) -> None:
        root = Path(self.settings.repo).resolve()
        object.__setattr__(self, "tree", RepoFiles(root, frozenset({Path(self.settings.report).resolve()})))

    def find_environments(self) -> Sequence[EnvironmentSpec]:
        """Find all environments, sorted by name.

        An environment that cannot be judged carries the reason in `skipped`.
        """
        self.tree.refuse_missing_lockfiles(_normalize_path(path, self.tree) for path in self.settings.lockfiles)
        if not self.settings.environments:
            return select_environments(self.discover_environments(), self.settings.only)
        found = find_configured_environments(
            self.settings, lambda settings: replace(self, settings=settings).discover_environments()
        )
        return select_environments(found, self.settings.only)

    def discover_environments(self) -> Sequence[EnvironmentSpec]:
        """Discover environments without the settings `environments` and `only`, by name."""
        try:
            scan = self.tree.scan_files()
        except LockfileError as error:
            return (EnvironmentSpec(".", "", (), skip_reason=str(error)),)
        files = tuple(filter(is_utf_8, scan.paths))
        wanted = [_normalize_path(path, self.tree) for path in self.settings.lockfiles]
        known = self._find_lockfiles(files)
        exports = {} if wanted else find_exports(self.tree, known)
        paths = wanted or [path for path in known if path not in exports]
        reading = DiscoveryContext(
            self.tree,
            frozenset(known) | frozenset(paths),
            frozenset(
                above for folder in {posixpath.dirname(path) for path in files} for above in list_parent_folders(folder)
            ),
            self._run_git,
            dict(self.settings.compile_commands),
            files,
            read_recipes(self.tree, files),
        )
        found = (
            self._build_environments(paths[:MOST_LOCKFILES], reading)
            if paths
            else self._build_unlocked_environments(files, reading)
        )
        crowd = [build_skipped_spec(path, _TOO_MANY) for path in paths[MOST_LOCKFILES:]]
        unnamed = self._find_lockfiles(each for each in scan.paths if not is_utf_8(each))
        crowd += map(build_unnameable_spec, unnamed)
        unread = scan.describe_unreadable()
        noted = (
            replace(each, notes=(*each.notes, *describe_exports(each, exports), *unread)) for each in (*found, *crowd)
        )
        return tuple(sorted(self._add_surroundings(noted, files), key=lambda environment: environment.name))

    def _add_surroundings(self, found: Iterable[EnvironmentSpec], files: Sequence[str]) -> Iterable[EnvironmentSpec]:
        """Add what all environments of the repository share."""
        names, history = scan_imported_modules(self.tree, files), read_history(self.tree, self._run_git)
        edited = read_edited_words(self.tree, files)
        return (replace(each, imports=names, history=history, edited_words=edited) for each in found)

    def _run_git(self, words: Sequence[str]) -> str:
        return self.git((*_GIT_COMMAND, *words)) if self.git else ""

    def _find_lockfiles(self, files: Iterable[str]) -> list[str]:
        read = self.tree.read_scanned_head
        return [path for path in files if self._is_lockfile(path, read)]

    def _is_lockfile(self, path: str, read_head: Callable[[str], str]) -> bool:
        """Return True if the file's content looks like a compiled lockfile.

        Signs: a known writer's header, annotations, or a fully pinned requirements.txt beside its
        requirements.in. An unreadable file counts too, so that the user hears of it.
        """
        if not path.endswith(_LOCKFILE_SUFFIXES) and not is_pylock_name(path):
            return False
        try:
            head = read_head(path)
        except LockfileError:
            return True  # whatever it is, that it cannot be read is to be told
        source = posixpath.splitext(path)[0] + ".in"
        pinned = path.endswith(".txt") and "==" in head and self.tree.has_file(source)
        return pinned or bool(parse_header(head).compiler) or ("==" in head and bool(_ANNOTATION.search(head)))

    def _build_environments(self, paths: Sequence[str], reading: DiscoveryContext) -> list[EnvironmentSpec]:
        locks: dict[str, LockfileSpec] = {}
        pythons: dict[str, str] = {}
        skipped = []
        for path in paths:
            try:
                lock, python = self._read_spec(path, reading)
                locks[lock.path], pythons[lock.path] = lock, python
            except LockfileError as error:
                skipped.append(build_skipped_spec(path, str(error)))
        skipped += self._remove_cycles(locks) + self._skip_unknown_together(locks)
        related = find_related(self.tree, reading.files, locks, reading.recipes)
        found = []
        for group in group_lockfiles(tuple(locks.values()), self.settings.together, related):
            needs = find_test_needs(self.tree, reading.files, reading.recipes, group, locks.values())
            found.append(replace(self._build_environment(group, pythons, reading), test_needs=needs))
        return skipped + found

    def _read_spec(self, path: str, reading: DiscoveryContext) -> tuple[LockfileSpec, str]:
        """Read a lockfile, or an unlocked source that the user named.

        Returns the spec, and the Python that the header tells ("3.10" or empty).
        """
        unlocked = is_project_file(path) or path.endswith(".in")
        if unlocked or (
            self.settings.lockfiles
            and not self._is_lockfile(path, self.tree.read_head)
            and not is_fully_pinned(self.tree, path)
        ):
            self.tree.read_text(path)
            return build_unlocked_spec(path, self._choose_lockfile_path(path), reading), ""
        return read_lockfile_spec(path, reading)

    def _remove_cycles(self, locks: dict[str, LockfileSpec]) -> list[EnvironmentSpec]:
        """Remove lockfiles that constrain each other in a circle from `locks`.

        Lockfiles that depend on the circle are removed too. Returns one skipped environment per removed lockfile.
        """
        skipped = []
        while True:
            try:
                sort_by_layer(tuple(locks.values()))
            except LayerCycleError as cycle:
                names = " -> ".join((*cycle.args, cycle.args[0]))
                circle = f"{names} constrain each other in a circle, so none can be compiled first; remove a -c or -r."
                upper = find_upper_lockfiles(locks.values(), cycle.args)
                skipped += [build_skipped_spec(locks.pop(path).path, circle) for path in cycle.args]
                skipped += [
                    build_skipped_spec(locks.pop(path).path, f"It is constrained by a circle: {circle}")
                    for path in upper
                ]
            else:
                return skipped

    def _skip_unknown_together(self, locks: dict[str, LockfileSpec]) -> list[EnvironmentSpec]:
        named = sorted({path for group in self.settings.together for path in group} - locks.keys())
        reason = "`together` names it, but it is no lockfile that can be checked; correct the name or the lockfile."
        return [build_skipped_spec(path, reason) for path in named if not self.settings.lockfiles]

    def _build_environment(
        self, group: tuple[LockfileSpec, ...], pythons: dict[str, str], reading: DiscoveryContext
    ) -> EnvironmentSpec:
        name = choose_environment_name(group)
        told = {pythons[lock.path] for lock in group if pythons[lock.path]}
        chosen = self.settings.python or pythons[name]
        chosen = chosen or min(told, default="") or find_python_in_path(name)
        evidence = PythonEvidence(self.tree, reading.recipes, reading.lockfiles)
        guesses = [] if chosen else guess_pythons(self.tree, evidence, name, group)
        python = chosen or guesses[0].python
        notes = [
            f"{lock.path} was compiled with Python {pythons[lock.path]} and is checked with {python}."
            for lock in group
            if pythons[lock.path] not in {"", python}
        ]
        notes += [
            f"{lock.path} is compiled for {platform} and is checked on Linux, where some of it may have no wheel."
            for lock in group
            if (platform := find_other_platform(lock.options))
        ]
        if python in _UNSERVED_PYTHONS:
            why = f"It was compiled with Python {python}, which no compiler that runs here serves; "
            return build_skipped_spec(name, why + "compile it with a Python >= 3.6, or name one with --python.")
        spec = EnvironmentSpec(
            name, python, group, self._is_installable(), find_project_name(self.tree), notes=tuple(notes)
        )
        return add_guesses(spec, guesses) if guesses else spec

    def _is_installable(self) -> bool:
        """Return True if the repository has a build system and a package."""
        if self.settings.project == "none":
            return False
        if self.tree.has_file("setup.py"):
            return True
        try:
            content = read_repo_toml(self.tree, "pyproject.toml") if self.tree.has_file("pyproject.toml") else {}
        except LockfileError:
            return False
        tool = content.get("tool")
        poetry = isinstance(tool, dict) and isinstance(tool.get("poetry"), dict) and "name" in tool["poetry"]
        package = "project" in content or poetry or self.tree.has_file("setup.cfg")
        return "build-system" in content and package

    def _build_unlocked_environments(self, files: Sequence[str], reading: DiscoveryContext) -> list[EnvironmentSpec]:
        """Build the environments of a repository that locks nothing.

        Without any requirements either, returns one skipped environment that says so.
        """
        sources = self._find_unlocked_sources(files)
        if not sources:
            path, reason = find_unread_lockfile(files)
            return [EnvironmentSpec(path or ".", self.settings.python, (), skip_reason=reason or NOTHING_TO_JUDGE)]
        found = []
        for source in sources:
            try:
                self.tree.read_text(source)
            except LockfileError as error:
                found.append(build_skipped_spec(source, str(error)))
                continue
            suite = find_suite_requirements(self.tree, source, files)
            suite = suite if suite.label else find_installed_runner(reading.recipes)
            spec = build_unlocked_spec(source, self._choose_lockfile_path(source), reading, suite)
            environment = self._build_environment((spec,), {spec.path: ""}, reading)
            notes = [f"What the tests need belongs to it: {suite.label}."] if suite.label else []
            notes += describe_unread_lockfiles(source, files)
            found.append(replace(environment, notes=(*environment.notes, *notes)))
        return found

    def _choose_lockfile_path(self, source: str) -> str:
        """Choose the path that a compile of `source` would write.

        Never the path of an existing file.
        """
        path = get_output_path(source)
        return f"{posixpath.splitext(path)[0]}.lock.txt" if self.tree.has_file(path) else path

    def _find_unlocked_sources(self, files: Sequence[str]) -> list[str]:
        """Find the sources of an unlocked repository, near its top."""
        near = [path for path in files if posixpath.dirname(path) in {"", "requirements"}]
        inputs = [path for path in near if path.endswith(".in") and "require" in path]
        listed = [path for path in near if path == "requirements.txt"]
        project = [path for path in near if path in PROJECT_FILES and has_project_table(self.tree, path)]
        own = sorted(project, key=PROJECT_FILES.index)[:1]
        return inputs or listed or own or find_hand_written(self.tree, files)


def _normalize_path(path: str, tree: RepoFiles) -> str:
    """Make a path from the user relative to the repository, if possible."""
    given = Path(path)
    if given.is_absolute() and given.is_relative_to(tree.root):
        return given.relative_to(tree.root).as_posix()
    return posixpath.normpath(path)
