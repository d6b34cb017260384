"""Follow the includes of source files and list the packages they name."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.discovery.files.project_files import read_project_requirements
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.lockfiles.requirement_line import RequirementLine, parse_requirement_line, parse_requirement_lines
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError

_EGG_FRAGMENT = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]*)")
PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_MOST_INCLUDED = 200


def is_project_file(path: str) -> bool:
    """Return True if a source describes a project instead of listing requirements."""
    return posixpath.basename(path) in PROJECT_FILES


def follow_includes(tree: RepoFiles, sources: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return all files that `sources` include by `-r`, and those by `-c`.

    The sources themselves come first. Each file once, in the order met. Missing or unreadable files lead
    nowhere: the compiler will report them.
    """
    included, constraints = dict.fromkeys(sources), dict[str, None]()
    todo = list(included)
    while todo and len(included) < _MOST_INCLUDED:
        path = todo.pop(0)
        for line in _list_includes(tree, path):
            target = line.get_included_path(path)
            if line.is_constraint:
                constraints[target] = None
            elif target not in included:
                included[target] = None
                todo.append(target)
    return tuple(included), tuple(constraints)


def list_remote_includes(tree: RepoFiles, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the URLs of `-r` and `-c` lines in these files.

    And in all files that they include.
    """
    found: dict[str, None] = {}
    todo, seen = list(paths), set[str]()
    while todo and len(seen) < _MOST_INCLUDED:
        path = todo.pop()
        if path in seen or is_project_file(path):
            continue
        seen.add(path)
        for line in read_tolerant_lines(tree, path):
            if line.included_url:
                found[line.included_url] = None
            elif line.included_file:
                todo.append(line.get_included_path(path))
    return tuple(found)


def read_direct_names(tree: RepoFiles, files: Iterable[str], extras: Iterable[str] = ()) -> frozenset[NormalizedName]:
    """Return the packages that source files name themselves.

    `extras` are those requested of a project (`*` for all).
    """
    asked = frozenset(extras)
    found: set[NormalizedName] = set()
    for path in files:
        found.update(name for name in map(_parse_line_name, _list_requirements(tree, path, asked)) if name)
    return frozenset(found)


def parse_package_names(text: str) -> frozenset[NormalizedName]:
    """Parse the package names out of a requirements text."""
    names = (_parse_line_name(line.content) for line in parse_requirement_lines(text))
    return frozenset(name for name in names if name)


def find_unpinned_requirements(tree: RepoFiles, files: Iterable[str], extras: Iterable[str] = ()) -> tuple[str, ...]:
    """List the requirements that name no single release, such as `celery>=4`.

    Each once, sorted by name. `~=4.1` and `==4.*` are unpinned too: a package's next release may fall
    inside them.
    """
    asked = frozenset(extras)
    lines = (line for path in files for line in _list_requirements(tree, path, asked))
    return tuple(sorted({found for found in map(_format_if_unpinned, lines) if found}))


def _list_requirements(tree: RepoFiles, path: str, extras: frozenset[str]) -> list[str]:
    if is_project_file(path):
        return read_project_requirements(tree, path, extras)
    return [line.content for line in read_tolerant_lines(tree, path)]


def _format_if_unpinned(line: str) -> str:
    try:
        wanted = Requirement(parse_requirement_line(line).requirement)
    except (ValueError, RecursionError):
        return ""
    exact = any(each.operator in {"==", "==="} and not each.version.endswith("*") for each in wanted.specifier)
    return "" if wanted.url or exact else f"{canonicalize_name(wanted.name)}{wanted.specifier}"


def is_fully_pinned(tree: RepoFiles, path: str) -> bool:
    """Return True if a file's requirements are all pinned with `==`.

    False for a file without requirements.
    """
    stated = [line.requirement for line in read_tolerant_lines(tree, path) if line.requirement]
    return bool(stated) and all(re.search(r"={2,3}|\s@\s", line) for line in stated)


def read_tolerant_lines(tree: RepoFiles, path: str) -> list[RequirementLine]:
    """Return the non-empty lines, or none of an unreadable file."""
    try:
        return parse_requirement_lines(tree.read_text(path))
    except LockfileError:
        return []


def _list_includes(tree: RepoFiles, path: str) -> list[RequirementLine]:
    return [] if is_project_file(path) else [line for line in read_tolerant_lines(tree, path) if line.included_file]


def _parse_line_name(line: str) -> NormalizedName | None:
    egg = _EGG_FRAGMENT.search(line)
    if egg:
        return canonicalize_name(egg[1])
    try:
        return canonicalize_name(Requirement(parse_requirement_line(line).requirement).name)
    except (ValueError, RecursionError):
        return None


_CONSTRAINT_PREFIX = "--constraint="
_MOST_SOURCE_FILES = 200


class UncertainError(Exception):
    """A question that only the compiler can decide."""


@dataclass(frozen=True, slots=True)
class SourceRequirement:
    """One requirement of a source or constraint file.

    `is_constraint` is True if it only limits what other lines ask for. `file` is relative to the repository.
    """

    requirement: Requirement
    file: str
    is_constraint: bool

    def to_annotation(self, folder: str) -> str:
        """Return how annotations of a compile in `folder` name the file."""
        return f"{'-c' if self.is_constraint else '-r'} {posixpath.relpath(self.file, folder or '.')}"


def read_source_requirements(lock: LockfileSpec, tree: RepoFiles, below: Mapping[str, str]) -> list[SourceRequirement]:
    """Read the requirements that a compile of `lock` reads.

    `below` holds new texts of lower layers, by path.

    Raises:
        UncertainError: A line or a file is of another kind.
        LockfileError: A file cannot be read.
    """
    named = [
        option.removeprefix(_CONSTRAINT_PREFIX) for option in lock.options if option.startswith(_CONSTRAINT_PREFIX)
    ]
    paths = [posixpath.normpath(posixpath.join(lock.folder, path)) for path in named]
    todo = [(path, False) for path in lock.sources] + [(path, True) for path in paths]
    found: list[SourceRequirement] = []
    seen: set[tuple[str, bool]] = set()
    while todo:
        path, only_constrains = todo.pop()
        if (path, only_constrains) in seen:
            continue
        if is_project_file(path) or len(seen) > _MOST_SOURCE_FILES:
            raise UncertainError(path)
        seen.add((path, only_constrains))
        for line in _read_strict_lines(tree, path, below):
            if line.included_file:
                todo.append((line.get_included_path(path), only_constrains or line.is_constraint))
            else:
                stated = line.requirement if only_constrains and line.has_only_hashes else line.content
                found.append(SourceRequirement(_parse_requirement(stated), path, only_constrains))
    return found


def _read_strict_lines(tree: RepoFiles, path: str, below: Mapping[str, str]) -> list[RequirementLine]:
    lines = parse_requirement_lines(below[path] if path in below else tree.read_text(path))
    return [line for line in lines if not line.is_index_option]


def _parse_requirement(line: str) -> Requirement:
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        raise UncertainError(line) from None


def get_output_path(source: str) -> str:
    """Return the path that a compile of `source` writes.

    An unlocked requirements.txt is itself a source and is not overwritten.
    """
    folder, name = posixpath.split(source)
    if is_project_file(name):
        return posixpath.join(folder, "requirements.txt")
    stem, suffix = posixpath.splitext(name)
    return posixpath.join(folder, f"{stem}.txt" if suffix == ".in" else f"{stem}.lock.txt")
