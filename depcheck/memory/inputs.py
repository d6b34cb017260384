"""What a compile reads of the repository: every file by its content, and the requirements that they state."""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from depcheck.checking.sources import is_project_file
from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.errors import LockfileError
from depcheck.core.lines import logical_lines, refuse_controls
from depcheck.memory.ranges import Ranges, UncertainError

# Options that bring in nothing but what the index shows and what the files say that they name.
_KNOWN = frozenset(
    f"--{name}"
    for name in (
        "allow-unsafe", "no-allow-unsafe", "unsafe-package", "no-emit-package", "annotate", "no-annotate",
        "annotation-style", "emit-index-url", "no-emit-index-url", "emit-options", "no-emit-options",
        "emit-trusted-host", "no-emit-trusted-host", "emit-find-links", "no-emit-find-links", "emit-index-annotation",
        "no-emit-index-annotation", "emit-build-options", "no-emit-build-options", "emit-marker-expression",
        "no-emit-marker-expression", "header", "no-header", "newline", "strip-extras", "no-strip-extras",
        "strip-markers", "no-strip-markers", "generate-hashes", "no-generate-hashes", "reuse-hashes",
        "no-reuse-hashes", "resolver", "max-rounds", "build-isolation", "pre", "extra", "all-extras", "constraint",
        "constraints", "universal", "no-universal", "python-version", "python-platform", "resolution", "prerelease",
        "no-binary", "only-binary", "trusted-host", "custom-compile-command", "no-deps", "fork-strategy",
        "quiet", "verbose", "upgrade-package",
    )
)  # fmt: skip
_OF_FILES = frozenset({"--constraint", "--constraints"})
_CONFIGS = (".pip-tools.toml", "pyproject.toml", "uv.toml", "setup.cfg", "setup.py")
_INCLUDE = re.compile(r"^(-r|-c|--requirement|--constraint)(?:\s*=\s*|\s*)([^\s].*)$")
_IDLE = re.compile(
    r"^(?:-i|--index-url|--pypi-url|--extra-index-url|--trusted-host|--pre|--no-binary|--only-binary|--prefer-binary)"
    r"(?=$|[\s=])"
)
_HASH = re.compile(r"\s+--hash[=\s].*$")
_DECIDED_BY_A_BUILD = frozenset({"dependencies", "optional-dependencies"})
_MOST_FILES, _MOST_TREE_FILES = 500, 20_000


@dataclass(slots=True)
class Inputs:
    """`files` are digests of contents by path, empty for what is not there; `ranges` None where a build states them."""

    files: dict[str, str] = field(default_factory=dict)
    ranges: Ranges | None = field(default_factory=Ranges)


def inputs(tree: Tree, spec: EnvironmentSpec) -> Inputs:
    """All that the compile of `spec` reads of the repository.

    Raises UncertainError where it may depend on what neither the repository nor an index holds.
    """
    found = Inputs()
    for lock in spec.lockfiles:
        _plain(lock, spec)
        for folder in (lock.folder, *map(posixpath.dirname, lock.sources)):
            for path in _beside_and_above(folder):
                _take(tree, path, found)
                _refuse_foreign_tables(tree, path)
        for path in lock.sources:
            _source(tree, path, found)
        for option in (*lock.options, *lock.upgrade_options):
            name, _, value = option.partition("=")
            if name in _OF_FILES:
                _source(tree, posixpath.normpath(posixpath.join(lock.folder, value)), found)
    return found


def _plain(lock: LockfileSpec, spec: EnvironmentSpec) -> None:
    """Refuse what is not compiled from files of the repository, with known options, for the environment's Python."""
    if lock.written or lock.python not in {"", spec.python}:
        raise UncertainError(lock.path)
    unknown = {option.partition("=")[0] for option in (*lock.options, *lock.upgrade_options)} - _KNOWN
    if unknown:
        raise UncertainError(", ".join(sorted(unknown)))


def _beside_and_above(folder: str) -> Iterator[str]:
    """Where compilers look for their configuration."""
    while True:
        yield from (posixpath.join(folder, name) for name in _CONFIGS)
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _take(tree: Tree, path: str, found: Inputs) -> None:
    if path not in found.files:
        present = tree.has(path)
        found.files[path] = hashlib.sha256((tree.root / path).read_bytes()).hexdigest() if present else ""


def _refuse_foreign_tables(tree: Tree, path: str) -> None:
    """Refuse configuration of a compiler's own that could name other places to look."""
    if not path.endswith(".toml") or not tree.has(path):
        return
    try:
        content = read_toml(tree, path)
    except LockfileError:
        raise UncertainError(path) from None
    tool = _table(content.get("tool"))
    own = _table(tool.get("pip-tools"))
    keys = {key for key, value in {**own, **_table(own.get("compile"))}.items() if not isinstance(value, dict)}
    unknown = {f"--{key.replace('_', '-')}" for key in keys} - _KNOWN - {"--extras", "--src-files"}
    if unknown or "uv" in tool or path.endswith("uv.toml"):
        raise UncertainError(path)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _source(tree: Tree, path: str, found: Inputs) -> None:
    """A source or constraint file and all that it includes."""
    todo, seen = [path], set[str]()
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        if len(seen) > _MOST_FILES or not tree.has(here):
            raise UncertainError(here)
        _take(tree, here, found)
        if is_project_file(here):
            _project(tree, here, found)
        else:
            todo += _lines(tree, here, found)


def _lines(tree: Tree, path: str, found: Inputs) -> list[str]:
    """Take in what the lines of one file state; gives the files that it includes."""
    try:
        text = tree.read(path).removeprefix("\ufeff")
        refuse_controls(text)
    except LockfileError:
        raise UncertainError(path) from None
    included = []
    for line in (line.joined for line in logical_lines(text)):
        if not line or _IDLE.match(line):
            continue
        if "${" in line or "://" in line:
            raise UncertainError(line)
        if include := _INCLUDE.match(line):
            included.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), include[2].strip())))
        elif line.startswith(("-e", "--editable", ".", "/", "file:")):
            _whole_tree(tree, found)
        elif line.startswith("-"):
            raise UncertainError(line)
        elif found.ranges is not None:
            found.ranges.add(_HASH.sub("", line))
    return included


def _project(tree: Tree, path: str, found: Inputs) -> None:
    """A project: its own text where that states the requirements, else whatever its build may read."""
    content = read_toml(tree, path) if path.endswith("pyproject.toml") else {}
    project = _table(content.get("project"))
    if not project or not _DECIDED_BY_A_BUILD.isdisjoint(project.get("dynamic", ())):
        _whole_tree(tree, found)
        return
    groups = _table(project.get("optional-dependencies")).values()
    stated = [line for lines in (project.get("dependencies", ()), *groups) for line in lines]
    if found.ranges is not None:
        found.ranges.add_all(str(line) for line in stated)


def _whole_tree(tree: Tree, found: Inputs) -> None:
    """A build may read any file of the repository, and may ask for anything."""
    found.ranges = None
    for count, path in enumerate(tree.walk()):
        if count > _MOST_TREE_FILES:
            raise UncertainError(path)
        _take(tree, path, found)
