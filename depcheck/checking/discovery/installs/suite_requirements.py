"""What the tests of an unlocked repository need.

An extra, a dependency group, or a file written by hand.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.discovery.files.project_files import read_extra_names
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    follow_includes,
    is_project_file,
    parse_package_names,
    read_direct_names,
)
from depcheck.checking.discovery.files.tool_config import read_repo_toml
from depcheck.checking.suites.stated_commands import find_stated_recipe
from depcheck.core.lockfiles.poetry_ranges import format_poetry_requirements
from depcheck.core.lockfiles.requirement_line import parse_requirement_line
from depcheck.core.model.errors import LockfileError

TEST_NAMES, DEVELOPMENT_NAMES = ("test", "tests", "testing"), ("dev", "develop", "development", "ci")
RUNNERS = frozenset(
    map(canonicalize_name, ("pytest", "nose2", "django-nose", "trial", "ward", "zope.testrunner", "stestr"))
)
_MOST_GROUPS = 50
_FILE = re.compile(
    r"(?:requirements[-_./])(?P<after>\w+?)(?:[-_]requirements)?\.(?:txt|in|pip)"
    r"|(?P<before>\w+?)[-_]requirements\.(?:txt|in|pip)|(?P<folder>tests?)/requirements\.(?:txt|in|pip)"
)


@dataclass(frozen=True, slots=True)
class SuiteRequirements:
    """What is compiled beside the source: compiler options, files and lines.

    `label` names it for people.
    """

    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    label: str = ""
    lines: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of its extras and groups."""
        return frozenset(option.partition("=")[2] for option in self.options)

    @property
    def needs_uv(self) -> bool:
        """Whether only uv compiles it: pip-compile knows no dependency groups."""
        return any(option.startswith("--group=") for option in self.options)


def find_suite_requirements(tree: RepoFiles, source: str, files: Sequence[str]) -> SuiteRequirements:
    """Find what the tests need beside the unlocked `source`.

    Nothing where it names a test runner itself.
    """
    extras = read_extra_names(tree, source) if is_project_file(source) else []
    reached, _ = follow_includes(tree, (source,))
    if not RUNNERS.isdisjoint(read_direct_names(tree, reached)):
        return SuiteRequirements()
    groups = _read_groups(tree)
    found = (
        _find_named(tree, source, name, extras, groups)
        or _find_file(tree, source, name, files)
        or _find_of_poetry(tree, name)
        for name in (*TEST_NAMES, *DEVELOPMENT_NAMES)
    )
    stated, leads_to_runner = _find_stated(tree, source, extras, groups)
    if leads_to_runner:
        return stated
    named = next(filter(None, found), SuiteRequirements())
    return _join(named, stated) if named.label else named


def _find_stated(
    tree: RepoFiles, source: str, extras: Sequence[str], groups: Mapping[str, Any]
) -> tuple[SuiteRequirements, bool]:
    """Find what tox, nox or hatch install, and if it tests.

    Without one it is a part of what they install: what a program computes cannot be read.
    """
    recipe = find_stated_recipe(tree.root)
    if recipe is None:
        return SuiteRequirements(), False
    lines = list(map(parse_requirement_line, recipe.requirements))
    named = [line.get_included_path("") for line in lines if line.included_file and not line.is_constraint]
    files = tuple(path for path in dict.fromkeys(named) if path != source and tree.has_file(path))
    plain = tuple(line.requirement for line in lines if line.requirement)
    asked = {name for name in recipe.extras if name in extras}
    grouped = {name for name in recipe.groups if name in groups}
    reached, _ = follow_includes(tree, files)
    names = read_direct_names(tree, (*reached, source), asked) | parse_package_names("\n".join(plain))
    names |= {name for group in grouped for name in _expand_group(groups, group)}
    options = (*(f"--extra={name}" for name in sorted(asked)), *(f"--group={name}" for name in sorted(grouped)))
    return SuiteRequirements(options, files, recipe.label, plain), not RUNNERS.isdisjoint(names)


def _join(named: SuiteRequirements, stated: SuiteRequirements) -> SuiteRequirements:
    """Add what a recipe installs to what leads to a runner."""
    more = bool(stated.options or stated.files or stated.lines)
    return SuiteRequirements(
        tuple(dict.fromkeys((*named.options, *stated.options))),
        tuple(dict.fromkeys((*named.files, *stated.files))),
        f"{named.label}, and what {stated.label} installs" if more else named.label,
        tuple(dict.fromkeys((*named.lines, *stated.lines))),
    )


def _find_named(
    tree: RepoFiles, source: str, name: str, extras: Sequence[str], groups: Mapping[str, Any]
) -> SuiteRequirements | None:
    """Find a named group or extra that leads to a test runner."""
    for group in (each for each in groups if canonicalize_name(each) == name):
        if name in TEST_NAMES or not RUNNERS.isdisjoint(_expand_group(groups, group)):
            label = f"the dependency group {group} of pyproject.toml"
            return SuiteRequirements((f"--group={group}",), label=label)
    for extra in (each for each in extras if canonicalize_name(each) == name):
        named = read_direct_names(tree, (source,), {extra})
        if name in TEST_NAMES or not RUNNERS.isdisjoint(named):
            return SuiteRequirements((f"--extra={extra}",), label=f"the extra {extra} of {source}")
    return None


def _find_of_poetry(tree: RepoFiles, name: str) -> SuiteRequirements | None:
    """Find a named group of Poetry's that leads to a test runner."""
    tool = _read_pyproject(tree).get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    stated = poetry.get("group") if isinstance(poetry, dict) else None
    groups = {key: each.get("dependencies") for key, each in stated.items()} if isinstance(stated, dict) else {}
    if isinstance(poetry, dict):
        groups.setdefault("dev", poetry.get("dev-dependencies"))
    for group, table in groups.items():
        lines = tuple(format_poetry_requirements(table)) if isinstance(table, dict) else ()
        if canonicalize_name(group) == name and not RUNNERS.isdisjoint(parse_package_names("\n".join(lines))):
            return SuiteRequirements(label=f"Poetry's group {group} of pyproject.toml", lines=lines)
    return None


def _find_file(tree: RepoFiles, source: str, name: str, files: Sequence[str]) -> SuiteRequirements | None:
    """Find a named requirements file that leads to a test runner."""
    folder = f"{posixpath.dirname(source)}/"
    for path in files:
        match = _FILE.fullmatch(path) or _FILE.fullmatch(path.removeprefix(folder))
        if match is None or path == source or name not in match.groups():
            continue
        reached, _ = follow_includes(tree, (path,))
        if not RUNNERS.isdisjoint(read_direct_names(tree, reached)):
            return SuiteRequirements(files=(path,), label=path)
    return None


def _read_groups(tree: RepoFiles) -> dict[str, Any]:
    groups = _read_pyproject(tree).get("dependency-groups")
    return groups if isinstance(groups, dict) else {}


def _read_pyproject(tree: RepoFiles) -> dict[str, Any]:
    try:
        return read_repo_toml(tree, "pyproject.toml") if tree.has_file("pyproject.toml") else {}
    except LockfileError:
        return {}


def list_group_lines(tree: RepoFiles, names: Iterable[str]) -> Iterator[str]:
    """Yield the requirements of dependency groups and what they include."""
    groups = _read_groups(tree)
    for name in names:
        yield from _walk_group(groups, name, set())


def _expand_group(groups: Mapping[str, Any], group: str) -> frozenset[NormalizedName]:
    """List the packages that a dependency group and its included ones name."""
    return parse_package_names("\n".join(_walk_group(groups, group, set())))


def _walk_group(groups: Mapping[str, Any], group: str, seen: set[str]) -> Iterator[str]:
    if group in seen or len(seen) > _MOST_GROUPS:
        return
    seen.add(group)
    lines = groups.get(group)
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and isinstance(line.get("include-group"), str):
            yield from _walk_group(groups, line["include-group"], seen)
        elif isinstance(line, str) and "\n" not in line:
            yield line
