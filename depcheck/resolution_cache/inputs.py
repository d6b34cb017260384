"""The repository's part of a compile's inputs: file digests and requirements.

They are all that the texts which were read state. Pure.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.discovery.files.repo_files import RepoFiles, list_parent_folders
from depcheck.checking.discovery.files.requirement_files import is_project_file
from depcheck.checking.discovery.files.tool_config import read_repo_toml
from depcheck.core.lockfiles.formats.known_formats import PIP_COMPILE, get_lockfile_format
from depcheck.core.lockfiles.options.compiler_options import OptionEffect, has_effect
from depcheck.core.lockfiles.requirement_line import parse_requirement_lines
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.errors import LockfileError

_PROJECT_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


class UncacheableError(Exception):
    """The result depends on something that no index page shows."""


@dataclass(slots=True)
class RequestedRanges:
    """Specifiers by project.

    Each request of a resolver for a project is under one of them, or several at once. So a release outside
    every single one was never considered. Markers and extras are ignored, which only adds specifiers. A
    range that cannot be parsed is stored as "", which matches anything.
    """

    specifiers_by_name: dict[NormalizedName, set[str]] = field(default_factory=dict)

    def add_line(self, line: str) -> None:
        """Add one requirement.

        Raises:
            UncacheableError: The line is a URL or a path, or names no project.
        """
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, RecursionError):
            found = _PROJECT_NAME.match(line)
            if found is None or {"@", "/"} & set(line):
                raise UncacheableError(line) from None
            self.add_specifier(canonicalize_name(found[1]), "")
            return
        if requirement.url:
            raise UncacheableError(line)
        self.add_specifier(canonicalize_name(requirement.name), str(requirement.specifier))

    def add_specifier(self, name: NormalizedName, specifier: str) -> None:
        """Add a specifier under which `name` can have been requested."""
        self.specifiers_by_name.setdefault(name, set()).add(specifier)

    def add_lines(self, lines: Iterable[str]) -> None:
        """Add several requirements.

        Raises:
            UncacheableError: As for one line.
        """
        for line in lines:
            self.add_line(line)

    def list_specifiers(self, name: NormalizedName) -> tuple[str, ...]:
        """List all specifiers of one project, sorted."""
        return tuple(sorted(self.specifiers_by_name.get(name, ())))


_FILE_OPTIONS = frozenset({"--constraint", "--constraints"})
_CONFIG_NAMES = (".pip-tools.toml", "pyproject.toml", "uv.toml", "setup.cfg", "setup.py")
_IGNORED_OPTIONS = frozenset({"--pre", "--no-binary", "--only-binary", "--prefer-binary"})
_DYNAMIC_FIELDS = frozenset({"dependencies", "optional-dependencies"})
_UNREAD_TABLES = frozenset({"uv"})  # of pyproject.toml's `tool`: they can name indexes
_MAX_SOURCE_FILES, _MAX_TREE_FILES = 500, 20_000


@dataclass(slots=True)
class CompileInputs:
    """The files and requirements that a compile reads from the repository.

    `files` are digests of contents by path, empty for a missing file. `ranges` is None if a build states
    the requirements.
    """

    files: dict[str, str] = field(default_factory=dict)
    ranges: RequestedRanges | None = field(default_factory=RequestedRanges)


def read_compile_inputs(tree: RepoFiles, spec: EnvironmentSpec) -> CompileInputs:
    """Read all that the compile of `spec` reads from the repository.

    Raises:
        UncacheableError: The compile may depend on something that is neither in the repository nor in an
            index.
    """
    found = CompileInputs()
    for lock in spec.lockfiles:
        _refuse_unsupported_lockfile(lock, spec)
        for folder in (lock.folder, *map(posixpath.dirname, lock.sources)):
            for path in _list_config_paths(folder):
                _add_file(tree, path, found)
                _refuse_unknown_config(tree, path)
        for path in lock.sources:
            _add_source(tree, path, found)
        for option in (*lock.options, *lock.upgrade_options):
            name, _, value = option.partition("=")
            if name in _FILE_OPTIONS:
                _add_source(tree, posixpath.normpath(posixpath.join(lock.folder, value)), found)
    return found


def _refuse_unsupported_lockfile(lock: LockfileSpec, spec: EnvironmentSpec) -> None:
    """Raise UncacheableError for a lockfile whose inputs are not all known.

    It must be compiled from files of the repository, with known options, for the environment's Python.
    """
    if lock.inline_sources or lock.python not in {"", spec.python}:
        raise UncacheableError(lock.path)
    form = get_lockfile_format(lock.compiler)
    if form.is_exact:  # groups, members and sources count there, which are not read here
        raise UncacheableError(lock.path)
    known = form.options
    for option in (*lock.options, *lock.upgrade_options):
        if not has_effect(option, known, OptionEffect.INDEXED):
            raise UncacheableError(option)


def _list_config_paths(folder: str) -> list[str]:
    """List the paths where compilers look for their configuration."""
    return [posixpath.join(place, name) for place in list_parent_folders(folder) for name in _CONFIG_NAMES]


def _add_file(tree: RepoFiles, path: str, found: CompileInputs) -> None:
    if path not in found.files:
        present = tree.has_file(path)
        found.files[path] = hashlib.sha256((tree.root / path).read_bytes()).hexdigest() if present else ""


def _refuse_unknown_config(tree: RepoFiles, path: str) -> None:
    """Raise UncacheableError for compiler configuration with unknown options.

    They could name other indexes.
    """
    if not path.endswith(".toml") or not tree.has_file(path):
        return
    try:
        content = read_repo_toml(tree, path)
    except LockfileError:
        raise UncacheableError(path) from None
    tool = _to_table(content.get("tool"))
    own = _to_table(tool.get("pip-tools"))
    keys = {key for key, value in {**own, **_to_table(own.get("compile"))}.items() if not isinstance(value, dict)}
    named = {f"--{key.replace('_', '-')}" for key in keys} - {"--extras", "--src-files"}
    unknown = [name for name in named if not has_effect(name, PIP_COMPILE.options, OptionEffect.INDEXED)]
    if unknown or not _UNREAD_TABLES.isdisjoint(tool) or path.endswith("uv.toml"):
        raise UncacheableError(path)


def _to_table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _add_source(tree: RepoFiles, path: str, found: CompileInputs) -> None:
    """Add a source or constraint file and all files that it includes."""
    todo, seen = [path], set[str]()
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        if len(seen) > _MAX_SOURCE_FILES or not tree.has_file(here):
            raise UncacheableError(here)
        _add_file(tree, here, found)
        if is_project_file(here):
            _add_project(tree, here, found)
        else:
            todo += _add_requirement_lines(tree, here, found)


def _add_requirement_lines(tree: RepoFiles, path: str, found: CompileInputs) -> list[str]:
    """Add the requirements of one file and return its included files."""
    try:
        lines = parse_requirement_lines(tree.read_text(path))
    except LockfileError:
        raise UncacheableError(path) from None
    included = []
    for line in lines:
        if line.is_index_option or line.option in _IGNORED_OPTIONS:
            continue
        if "${" in line.content or "://" in line.content:
            raise UncacheableError(line.content)
        if line.included_file:
            included.append(line.get_included_path(path))
        elif line.option == "--editable" or line.content.startswith((".", "/", "file:")):
            _add_whole_tree(tree, found)
        elif line.content.startswith("-"):
            raise UncacheableError(line.content)
        elif found.ranges is not None:
            found.ranges.add_line(line.requirement if line.has_only_hashes else line.content)
    return included


def _add_project(tree: RepoFiles, path: str, found: CompileInputs) -> None:
    """Add a project file.

    If its requirements are dynamic, add every file that its build may read.
    """
    content = read_repo_toml(tree, path) if path.endswith("pyproject.toml") else {}
    project = _to_table(content.get("project"))
    if not project or not _DYNAMIC_FIELDS.isdisjoint(project.get("dynamic", ())):
        _add_whole_tree(tree, found)
        return
    groups = _to_table(project.get("optional-dependencies")).values()
    stated = [line for lines in (project.get("dependencies", ()), *groups) for line in lines]
    if found.ranges is not None:
        found.ranges.add_lines(str(line) for line in stated)


def _add_whole_tree(tree: RepoFiles, found: CompileInputs) -> None:
    """Add every file of the repository.

    A build may read any of them, and may ask for any requirement.
    """
    found.ranges = None
    for count, path in enumerate(tree.list_files()):
        if count > _MAX_TREE_FILES:
            raise UncacheableError(path)
        _add_file(tree, path, found)
