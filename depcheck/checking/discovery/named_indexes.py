"""Indexes and distribution folders that a lockfile names."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    is_project_file,
    list_remote_includes,
    read_tolerant_lines,
)
from depcheck.checking.discovery.files.tool_config import read_uv_index_choice
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format
from depcheck.core.lockfiles.index_choice import IndexChoice
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.requirement_line import RequirementLine, parse_requirement_line

_DEFAULT_OPTIONS = frozenset({"--index-url", "--pypi-url"})
_UNION = re.compile(r"^--index-strategy=unsafe-")


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Texts in which options about indexes may be.

    `lines` are the lockfile's own, `files` its sources and constraints.
    """

    tree: RepoFiles
    command: CompileCommand
    path: str
    folder: str
    lines: Sequence[str]
    files: Sequence[str]

    def choose_indexes(self) -> IndexChoice:
        """Return the indexes of configuration, command, lockfile and sources.

        The later of these wins, as in the tools: a line in a source goes before the command line.
        """
        found = IndexChoice()
        if get_lockfile_format(self.command.compiler).reads_uv_config:
            found = read_uv_index_choice(self.tree, self.folder)
        if any(map(_UNION.match, self.command.options)):
            found = replace(found, is_union=True)
        is_union = found.is_union
        found = found.override(IndexChoice(self.command.index_url, self.command.extra_index_urls))
        for _, lines in self._list_lines():
            found = found.override(_parse_lines(lines))
        return replace(found, is_union=is_union)

    def find_link_folders(self) -> tuple[str, ...]:
        """Return the repository's folders that `--find-links` names.

        pip looks beside the file that names it first, then in the working directory.
        """
        named = [(self.folder, link) for link in self.command.find_links]
        for path, lines in self._list_lines():
            named += [(posixpath.dirname(path), line.value) for line in lines if line.option == "--find-links"]
        places = (_find_folder(self.tree, (near, self.folder), link) for near, link in named if "://" not in link)
        return tuple(dict.fromkeys(place for place in places if place))

    def list_remote_files(self) -> tuple[str, ...]:
        """Return the requirements files that the sources and constraints name by URL."""
        return list_remote_includes(self.tree, self.files)

    def _list_lines(self) -> Iterator[tuple[str, Sequence[RequirementLine]]]:
        yield self.path, [parse_requirement_line(line) for line in self.lines]
        for path in (each for each in self.files if not is_project_file(each)):
            yield path, read_tolerant_lines(self.tree, path)


def _parse_lines(lines: Iterable[RequirementLine]) -> IndexChoice:
    default, extras = "", list[str]()
    for line in (line for line in lines if line.value):
        if line.option in _DEFAULT_OPTIONS:
            default = line.value
        elif line.option == "--extra-index-url":
            extras.append(line.value)
    return IndexChoice(default, tuple(dict.fromkeys(extras)))


def _find_folder(tree: RepoFiles, beside: Sequence[str], link: str) -> str:
    """Return the folder that `link` means, from one of `beside`.

    Empty where none is in the repository.
    """
    for folder in beside:
        place = posixpath.normpath(posixpath.join(folder, link.removeprefix("./")))
        if not place.startswith("../") and not posixpath.isabs(place) and tree.has_path(place):
            return place
    return ""
