"""What the tests of an unlocked repository need.

An extra, a dependency group, or a file written by hand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from depcheck.checking.discovery.files.project_files import read_extra_names
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import follow_includes, is_project_file, read_direct_names
from depcheck.checking.discovery.files.tool_config import read_repo_toml
from depcheck.core.model.errors import LockfileError

TEST_NAMES, DEVELOPMENT_NAMES = ("test", "tests", "testing"), ("dev", "develop", "development", "ci")
RUNNERS = frozenset(map(canonicalize_name, ("pytest", "nose2", "django-nose", "trial", "ward", "zope.testrunner")))
_MOST_GROUPS = 50
_FILE = re.compile(
    r"(?:requirements[-_./])(?P<after>\w+?)(?:[-_]requirements)?\.(?:txt|in|pip)"
    r"|(?P<before>\w+?)[-_]requirements\.(?:txt|in|pip)|(?P<folder>tests?)/requirements\.(?:txt|in|pip)"
)


@dataclass(frozen=True, slots=True)
class SuiteRequirements:
    """What is compiled beside the source: compiler options and files.

    `label` names it for people.
    """

    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    label: str = ""

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
    for names in (TEST_NAMES, DEVELOPMENT_NAMES):
        for name in names:
            found = _find_named(tree, source, name, extras, groups) or _find_file(tree, source, name, files)
            if found:
                return found
    return SuiteRequirements()


def _find_named(
    tree: RepoFiles, source: str, name: str, extras: Sequence[str], groups: Mapping[str, Any]
) -> SuiteRequirements | None:
    """Find a named group or extra that leads to a test runner.

    A dependency group.
    """
    for group in (each for each in groups if canonicalize_name(each) == name):
        if name in TEST_NAMES or not RUNNERS.isdisjoint(_expand_group(groups, group)):
            label = f"the dependency group {group} of pyproject.toml"
            return SuiteRequirements((f"--group={group}",), label=label)
    for extra in (each for each in extras if canonicalize_name(each) == name):
        named = read_direct_names(tree, (source,), {extra})
        if name in TEST_NAMES or not RUNNERS.isdisjoint(named):
            return SuiteRequirements((f"--extra={extra}",), label=f"the extra {extra} of {source}")
    return None


def _find_file(tree: RepoFiles, source: str, name: str, files: Sequence[str]) -> SuiteRequirements | None:
    """Find a named requirements file that leads to a test runner."""
    for path in files:
        match = _FILE.fullmatch(path)
        if match is None or path == source or name not in match.groups():
            continue
        reached, _ = follow_includes(tree, (path,))
        if not RUNNERS.isdisjoint(read_direct_names(tree, reached)):
            return SuiteRequirements(files=(path,), label=path)
    return None


def _read_groups(tree: RepoFiles) -> dict[str, Any]:
    try:
        content = read_repo_toml(tree, "pyproject.toml") if tree.has_file("pyproject.toml") else {}
    except LockfileError:
        return {}
    groups = content.get("dependency-groups")
    return groups if isinstance(groups, dict) else {}


def _expand_group(groups: Mapping[str, Any], group: str) -> frozenset[str]:
    """List the packages that a dependency group and its included ones name."""
    seen: set[str] = set()
    return frozenset(_walk_group(groups, group, seen))


def _walk_group(groups: Mapping[str, Any], group: str, seen: set[str]) -> Iterator[str]:
    if group in seen or len(seen) > _MOST_GROUPS:
        return
    seen.add(group)
    lines = groups.get(group)
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and isinstance(line.get("include-group"), str):
            yield from _walk_group(groups, line["include-group"], seen)
        elif isinstance(line, str):
            try:
                yield canonicalize_name(Requirement(line).name)
            except (InvalidRequirement, RecursionError):
                continue
