"""What tests need that no lockfile pins.

A loose file, an extra, a dependency group, or what a job installs.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement

from depcheck.checking.discovery.files.project_files import read_project_requirements
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    follow_includes,
    is_project_file,
    parse_package_names,
    read_tolerant_lines,
)
from depcheck.checking.discovery.installs.recipes import Recipe
from depcheck.checking.discovery.installs.suite_requirements import (
    RUNNERS,
    SuiteRequirements,
    find_suite_requirements,
    list_group_lines,
)
from depcheck.core.lockfiles.spec import LockfileSpec, LooseNeeds

_TEST_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests|conftest)\.py$")
_PRODUCT = re.compile(r"(?:^|/)(?:requirements|base|main|common|core|prod|production|web|app|server)\.[\w.]+$")
_NOT_THE_PRODUCT = re.compile(r"(?:^|/)(?:docs?|examples?|samples?|tests?|tools?)/")
_WITH_VALUE = frozenset({"-r", "-c", "-e", "-f", "-i", "--requirement", "--constraint", "--editable", "--find-links",
                         "--index-url", "--extra-index-url", "--target"})  # fmt: skip
_PIP_INSTALL = re.compile(r"\bpip3? install ([^\n&|;#\"]+)")


def find_test_needs(
    tree: RepoFiles,
    files: Sequence[str],
    recipes: Iterable[Recipe],
    locks: Sequence[LockfileSpec],
    every: Iterable[LockfileSpec],
) -> LooseNeeds:
    """Find what runs tests whose product's lockfiles pin no runner.

    Where any of `every` lockfile of the repository pins one, tests run there.
    """
    pinned = {entry.pin.name for lock in every for entry in lock.lockfile.entries}
    if not RUNNERS.isdisjoint(pinned) or not any(map(_TEST_FILE.search, files)):
        return LooseNeeds()
    known = {lock.path for lock in locks}
    for lock in filter(_is_of_the_product, locks):
        for source in lock.sources:
            suite = find_suite_requirements(tree, source, files)
            lines = tuple(dict.fromkeys(filter(_is_plain_requirement, _list_lines(tree, source, suite, known))))
            if not RUNNERS.isdisjoint(parse_package_names("\n".join(lines))):
                return LooseNeeds(lines, suite.label)
        found = find_installed_runner(recipes)
        return LooseNeeds(found.lines, found.label)
    return LooseNeeds()


def find_installed_runner(recipes: Iterable[Recipe]) -> SuiteRequirements:
    """Find a job's `pip install pytest …`."""
    for recipe in recipes:
        for match in _PIP_INSTALL.finditer(recipe.text) if recipe.kind == "workflow" else ():
            lines = tuple(filter(_is_plain_requirement, _list_named(match[1])))
            if not RUNNERS.isdisjoint(parse_package_names("\n".join(lines))):
                return SuiteRequirements(label=f"what {recipe.path} installs", lines=lines)
    return SuiteRequirements()


def _list_named(words: str) -> Iterator[str]:
    """Yield what `pip install` is given by name, without options."""
    try:
        left = shlex.split(words)
    except ValueError:
        return
    while left:
        word = left.pop(0)
        if word in _WITH_VALUE and left:
            left.pop(0)
        elif not word.startswith("-"):
            yield word


def _is_of_the_product(lock: LockfileSpec) -> bool:
    stated = any(is_project_file(source) for source in lock.sources)
    return (stated or bool(_PRODUCT.search(lock.path))) and not _NOT_THE_PRODUCT.search(lock.path)


def _list_lines(tree: RepoFiles, source: str, suite: SuiteRequirements, known: set[str]) -> Iterator[str]:
    """Yield the requirements of a suite, less what lockfiles hold."""
    reached, _ = follow_includes(tree, suite.files)
    for path in (path for path in reached if path not in known and path != source):
        yield from (line.requirement for line in read_tolerant_lines(tree, path))
    yield from suite.lines
    extras = frozenset(suite.names)
    if extras and is_project_file(source):
        yield from read_project_requirements(tree, source, extras)
    yield from list_group_lines(tree, extras)


def _is_plain_requirement(line: str) -> bool:
    """Return True if a line names a release of an index."""
    try:
        return not Requirement(line).url
    except (InvalidRequirement, RecursionError):
        return False
