"""All requirements that a compile of pip-tools reads from sources and constraints, each with its file."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from depcheck.checking.sources import is_project_file
from depcheck.checking.tree import Tree
from depcheck.core.environments import LockfileSpec
from depcheck.core.lines import logical_lines, refuse_controls

_CONSTRAINT = "--constraint="
_INDEX = re.compile(r"^(?:-i|--index-url|--pypi-url|--extra-index-url|--trusted-host)(?=$|[\s=])")
_INCLUDE = re.compile(r"^(-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+)(\S+)$")
_MOST_FILES = 200


class UncertainError(Exception):
    """Something that only the compiler can decide."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One requirement; `constrains` where it only bounds what others ask for. `file` is relative to the repository."""

    wanted: Requirement
    file: str
    constrains: bool

    def label(self, folder: str) -> str:
        """What annotations of a compile in `folder` call the file."""
        return f"{'-c' if self.constrains else '-r'} {posixpath.relpath(self.file, folder or '.')}"


def source_lines(lock: LockfileSpec, tree: Tree, below: Mapping[str, str]) -> list[SourceLine]:
    """What a compile of `lock` reads; `below` are new texts of lower layers, by path.

    Raises UncertainError where a line or file is of another kind, LockfileError where a file cannot be read.
    """
    named = [option.removeprefix(_CONSTRAINT) for option in lock.options if option.startswith(_CONSTRAINT)]
    paths = [posixpath.normpath(posixpath.join(lock.folder, path)) for path in named]
    todo = [(path, False) for path in lock.sources] + [(path, True) for path in paths]
    found: list[SourceLine] = []
    seen: set[tuple[str, bool]] = set()
    while todo:
        path, only_constrains = todo.pop()
        if (path, only_constrains) in seen:
            continue
        if is_project_file(path) or len(seen) > _MOST_FILES:
            raise UncertainError(path)
        seen.add((path, only_constrains))
        for line in _lines(tree, path, below):
            if include := _INCLUDE.match(line):
                beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[2]))
                todo.append((beside, only_constrains or include[1] in {"-c", "--constraint"}))
            else:
                bare = re.split(r"\s+--hash[=\s]", line, maxsplit=1)[0] if only_constrains else line
                found.append(SourceLine(_requirement(bare), path, only_constrains))
    return found


def _lines(tree: Tree, path: str, below: Mapping[str, str]) -> Iterator[str]:
    text = (below[path] if path in below else tree.read(path)).removeprefix("\ufeff")
    refuse_controls(text)
    lines = (line.joined for line in logical_lines(text))
    return (line for line in lines if line and not _INDEX.match(line))


def _requirement(line: str) -> Requirement:
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        raise UncertainError(line) from None
