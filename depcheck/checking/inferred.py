"""A command for a lockfile whose header has none that is the compiler's: from its annotations, or its name.

It is a guess until the faithful compile proves it.
"""

import posixpath
import re
from collections.abc import Collection, Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.checking.sources import is_project_file
from depcheck.checking.tool_config import read_toml
from depcheck.checking.tree import Tree
from depcheck.core.compile_command import CompileCommand
from depcheck.core.errors import LockfileError
from depcheck.core.header import Header
from depcheck.core.inference import written_by_uv
from depcheck.core.lockfile import Lockfile
from depcheck.core.paths import relative

_SOURCE = re.compile(
    r"^-r\s+(?P<file>\S.*)$"
    r"|\((?P<project>[^()]*?(?:pyproject\.toml|setup\.py|setup\.cfg))(?::(?P<group>[\w.-]+)|[^()]*)\)$"
)
_EXPORTED = (("poetry.lock", "Poetry"), ("pdm.lock", "PDM"), ("Pipfile.lock", "Pipenv"), ("uv.lock", "uv"))


def inferred(path: str, header: Header, lockfile: Lockfile, tree: Tree) -> CompileCommand:
    """The command that `path` may have been compiled with. Raises LockfileError where nothing tells its source."""
    named = [_SOURCE.search(requirer) for entry in lockfile.entries for requirer in entry.pin.via]
    found = dict.fromkeys((match["file"] or match["project"]).replace("\\", "/") for match in named if match)
    groups = dict.fromkeys(match["group"] for match in named if match and match["group"])
    sources = _chosen(path, list(found), tree)
    if not sources:
        raise LockfileError(_nothing(path, header, tree))
    compiler = "uv" if header.compiler == "uv" or (not header.compiler and written_by_uv(lockfile)) else "pip-tools"
    options = [f"--group={group}" for group in groups if compiler == "uv"]
    if is_project_file(sources[0]):
        options += [f"--extra={extra}" for extra in _extras(tree, path, sources[0], _asked(lockfile))]
    return CompileCommand(
        compiler, options=tuple(options), sources=tuple(relative(name, "A source") for name in sources)
    )


def _chosen(path: str, found: list[str], tree: Tree) -> list[str]:
    """The sources among those that annotations name: what one includes by -r is annotated too."""
    beside = posixpath.splitext(path)[0] + ".in"
    own_name = posixpath.basename(beside)
    same = [source for source in found if posixpath.basename(source) in {own_name, f"{posixpath.basename(path)}-raw"}]
    if same or found:
        return same[:1] or found
    return [own_name] if tree.has(beside) else []


def _nothing(path: str, header: Header, tree: Tree) -> str:
    near = (posixpath.dirname(path), "")
    exported = [tool for name, tool in _EXPORTED for folder in near if tree.has(posixpath.join(folder, name))]
    own = f"has the maintainers' own command in its header, {header.command!r},"
    origin = f"is perhaps an export of {exported[0]}'s lockfile: it" if exported else ""
    source = posixpath.splitext(posixpath.basename(path))[0] + ".in"
    what = f"{origin} has no header" if origin else own if header.custom and header.compiler else "has no header"
    return (
        f"{path} {what} and nothing in it names its source; say how it is compiled with "
        f'--compile-command "{path}=pip-compile …", or compile it again with annotations and without '
        f"CUSTOM_COMPILE_COMMAND, or name its source {source}."
    )


def _asked(lockfile: Lockfile) -> frozenset[NormalizedName]:
    """The packages that the annotations say a project asks for itself."""
    return frozenset(
        entry.pin.name
        for entry in lockfile.entries
        if any((match := _SOURCE.search(requirer)) and match["project"] for requirer in entry.pin.via)
    )


def _extras(tree: Tree, path: str, project: str, asked: Collection[NormalizedName]) -> Iterator[str]:
    """The project's extras that must have been asked for: all that they name is asked for, and something new is."""
    folders = (posixpath.dirname(path), "")
    file = next((name for name in (posixpath.join(folder, project) for folder in folders) if tree.has(name)), "")
    if not file.endswith("pyproject.toml"):
        return
    stated = read_toml(tree, file).get("project")
    table = stated if isinstance(stated, dict) else {}
    optional = table.get("optional-dependencies")
    base = _names(table.get("dependencies"), table)
    for extra, lines in optional.items() if isinstance(optional, dict) else ():
        names = _names(lines, table)
        if names <= {*asked, *base} and names - base:
            yield extra


def _names(lines: object, project: dict[str, object]) -> frozenset[NormalizedName]:
    own = canonicalize_name(str(project.get("name", "")))
    found = {_name(line) for line in lines if isinstance(line, str)} if isinstance(lines, list) else set()
    return frozenset(name for name in found if name and name != own)


def _name(line: str) -> NormalizedName | None:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return None
    here = requirement.marker is None
    return canonicalize_name(requirement.name) if here else None
