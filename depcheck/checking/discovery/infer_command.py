"""Infer a compile command for a lockfile without a usable header.

Uses its annotations, or its file name. The command is a guess until a compile without upgrade
reproduces the lockfile.
"""

import posixpath
import re
from collections.abc import Collection, Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import is_project_file
from depcheck.checking.discovery.files.tool_config import read_repo_toml
from depcheck.core.lockfiles.formats.known_formats import detect_format
from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.paths import require_relative_path
from depcheck.core.model.errors import LockfileError

_SOURCE_ANNOTATION = re.compile(
    r"^-r\s+(?P<file>\S.*)$"
    r"|\((?P<project>[^()]*?(?:pyproject\.toml|setup\.py|setup\.cfg))(?::(?P<group>[\w.-]+)|[^()]*)\)$"
)
_EXPORTING_TOOLS = (("poetry.lock", "Poetry"), ("pdm.lock", "PDM"), ("Pipfile.lock", "Pipenv"), ("uv.lock", "uv"))


def infer_compile_command(path: str, header: Header, lockfile: Lockfile, tree: RepoFiles) -> CompileCommand:
    """Infer the command that `path` may have been compiled with.

    Raises:
        LockfileError: Nothing tells the lockfile's source.
    """
    named = [_SOURCE_ANNOTATION.search(requirer) for entry in lockfile.entries for requirer in entry.pin.requirers]
    found = dict.fromkeys((match["file"] or match["project"]).replace("\\", "/") for match in named if match)
    groups = dict.fromkeys(match["group"] for match in named if match and match["group"])
    sources = _choose_sources(path, list(found), tree)
    if not sources:
        raise LockfileError(_explain_missing_source(path, header, tree))
    form = detect_format(header, lockfile)
    options = form.list_group_options(groups)
    if is_project_file(sources[0]):
        options += [
            f"--extra={extra}" for extra in _infer_extras(tree, path, sources[0], _find_project_requirements(lockfile))
        ]
    return CompileCommand(
        form.compiler,
        options=tuple(options),
        sources=tuple(require_relative_path(name, "A source") for name in sources),
    )


def _choose_sources(path: str, found: list[str], tree: RepoFiles) -> list[str]:
    """Choose the sources among those that annotations name.

    A source that another includes by -r is annotated too and must not be compiled twice.
    """
    beside = posixpath.splitext(path)[0] + ".in"
    own_name = posixpath.basename(beside)
    same = [source for source in found if posixpath.basename(source) in {own_name, f"{posixpath.basename(path)}-raw"}]
    if same or found:
        return same[:1] or found
    return [own_name] if tree.has_file(beside) else []


def _explain_missing_source(path: str, header: Header, tree: RepoFiles) -> str:
    near = (posixpath.dirname(path), "")
    exported = [
        tool for name, tool in _EXPORTING_TOOLS for folder in near if tree.has_file(posixpath.join(folder, name))
    ]
    own = f"has the maintainers' own command in its header, {header.command!r},"
    origin = f"is perhaps an export of {exported[0]}'s lockfile: it" if exported else ""
    source = posixpath.splitext(posixpath.basename(path))[0] + ".in"
    what = f"{origin} has no header" if origin else own if header.is_custom and header.compiler else "has no header"
    return (
        f"{path} {what} and nothing in it names its source; say how it is compiled with "
        f'--compile-command "{path}=pip-compile …", or compile it again with annotations and without '
        f"CUSTOM_COMPILE_COMMAND, or name its source {source}."
    )


def _find_project_requirements(lockfile: Lockfile) -> frozenset[NormalizedName]:
    """Return the packages that a project requires, according to the annotations."""
    return frozenset(
        entry.pin.name
        for entry in lockfile.entries
        if any((match := _SOURCE_ANNOTATION.search(requirer)) and match["project"] for requirer in entry.pin.requirers)
    )


def _infer_extras(tree: RepoFiles, path: str, project: str, asked: Collection[NormalizedName]) -> Iterator[str]:
    """Infer which extras of the project the lockfile was compiled with.

    An extra counts if the project asks for all packages it names, and it adds at least one to the
    dependencies.
    """
    folders = (posixpath.dirname(path), "")
    file = next((name for name in (posixpath.join(folder, project) for folder in folders) if tree.has_file(name)), "")
    if not file.endswith("pyproject.toml"):
        return
    stated = read_repo_toml(tree, file).get("project")
    table = stated if isinstance(stated, dict) else {}
    optional = table.get("optional-dependencies")
    base = _parse_names(table.get("dependencies"), table)
    for extra, lines in optional.items() if isinstance(optional, dict) else ():
        names = _parse_names(lines, table)
        if names <= {*asked, *base} and names - base:
            yield extra


def _parse_names(lines: object, project: dict[str, object]) -> frozenset[NormalizedName]:
    own = canonicalize_name(str(project.get("name", "")))
    found = (
        {_parse_unconditional_name(line) for line in lines if isinstance(line, str)}
        if isinstance(lines, list)
        else set()
    )
    return frozenset(name for name in found if name and name != own)


def _parse_unconditional_name(line: str) -> NormalizedName | None:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return None
    here = requirement.marker is None
    return canonicalize_name(requirement.name) if here else None
