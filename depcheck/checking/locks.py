"""One committed lockfile: read, and understood as something that can be compiled again."""

import posixpath
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from depcheck.checking.sources import direct_names, reached
from depcheck.checking.tool_config import ToolConfig, read_config
from depcheck.checking.tree import Tree
from depcheck.checking.working_directory import sources_in, working_directory
from depcheck.core.compile_command import CompileCommand, parse_command
from depcheck.core.environments import LockfileSpec
from depcheck.core.errors import LockfileError
from depcheck.core.header import Header, decline_by_name, read_header
from depcheck.core.inference import infer_options, infer_uv_options
from depcheck.core.lockfile import Lockfile, parse_lockfile
from depcheck.core.paths import inside, relative

_SOURCE = re.compile(r"^-r\s+(?P<file>\S.*)$|\((?P<project>[^()]*(?:pyproject\.toml|setup\.py|setup\.cfg))[^()]*\)$")
_INDEX = re.compile(r"^(?:-i|--index-url|--extra-index-url)[\s=]+(\S+)")


@dataclass(frozen=True, slots=True)
class Reading:
    """What every lockfile is read with.

    `lockfiles` and `folders` are those of the repository; `git` runs git's arguments in it and gives its output.
    """

    tree: Tree
    lockfiles: frozenset[str]
    folders: frozenset[str]
    git: Callable[[Sequence[str]], str] | None = None

    def committed_at(self, path: str) -> datetime | None:
        """When the author of the last commit that touched `path` made it (aware UTC), or None where git cannot say."""
        if self.git is None:
            return None
        stated = self.git(("log", "-1", "--format=%aI", "--", path)).strip()
        try:
            return datetime.fromisoformat(stated).astimezone(UTC) if stated else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a lockfile's text and its surroundings say, put together."""

    path: str
    header: Header
    lockfile: Lockfile
    command: CompileCommand
    folder: str
    config: ToolConfig

    @property
    def options(self) -> tuple[str, ...]:
        """The command's options, and those that only the text shows."""
        if self.command.compiler == "uv":
            return (*self.command.options, *infer_uv_options(self.header, self.lockfile))
        inferred = infer_options(self.header, self.lockfile, self.command.options, self.config.keys)
        return (*self.command.options, *inferred)

    def sources(self, tree: Tree) -> tuple[str, ...]:
        """The sources, relative to the repository."""
        named = () if self.command.sources else self.config.texts("src-files")
        names = named or sources_in(tree, self.command, self.folder)
        return tuple(inside(self.folder, name, "A source") for name in names)

    def constraints(self) -> list[str]:
        """The files that the command, the configuration and the lockfile itself name, relative to the repository."""
        named = (*self.command.constraints, *self.config.texts("constraint", "constraints"))
        included = [name for name in self.lockfile.includes if "://" not in name]
        beside = posixpath.dirname(self.path)
        return [inside(self.folder, name) for name in named] + [inside(beside, name) for name in included]


def read_lock(path: str, reading: Reading) -> tuple[LockfileSpec, str]:
    """The lockfile at `path`, and the Python that its header tells ("3.10" or empty).

    Raises LockfileError with the reason why it cannot be compiled again.
    """
    declined = decline_by_name(path)
    if declined:
        raise LockfileError(declined)
    understood = _understood(path, reading)
    spec = _spec(understood, reading)
    return spec, understood.header.python or understood.command.python


def _understood(path: str, reading: Reading) -> Understood:
    tree = reading.tree
    text = tree.read(path)
    header = read_header(text)
    if header.declined:
        raise LockfileError(header.declined)
    lockfile = parse_lockfile(text)
    command = parse_command(header) if header.argv else _inferred(path, header, lockfile, tree)
    folder = working_directory(tree, path, command, reading.folders)
    return Understood(path, header, lockfile, command, folder, _config(tree, command, folder))


def _spec(understood: Understood, reading: Reading) -> LockfileSpec:
    sources = understood.sources(reading.tree)
    files, constraints = reached(reading.tree, sources)
    extras = _extras(understood.options, understood.config)
    return LockfileSpec(
        path=understood.path,
        sources=sources,
        folder=understood.folder,
        compiler=understood.command.compiler,
        compiler_version=None,
        command=understood.header.command,
        options=understood.options,
        lockfile=understood.lockfile,
        layers=_layers(understood.path, reading.lockfiles, (*understood.constraints(), *constraints, *files)),
        committed_at=reading.committed_at(understood.path),
        direct=direct_names(reading.tree, files, extras),
        upgrade_options=understood.command.upgrade_options,
        index_urls=_indexes(understood.command, understood.config, understood.lockfile),
    )


def _inferred(path: str, header: Header, lockfile: Lockfile, tree: Tree) -> CompileCommand:
    """A command for a lockfile whose header has none of the compiler's: from its annotations, or its name."""
    named = [_SOURCE.search(requirer) for entry in lockfile.entries for requirer in entry.pin.via]
    found = dict.fromkeys(match["file"] or match["project"] for match in named if match)
    beside = posixpath.splitext(path)[0] + ".in"
    if not found and not tree.has(beside):
        own = f"has the maintainers' own command in its header, {header.command!r},"
        raise LockfileError(
            f"{path} {own if header.custom else 'has no header'} and nothing in it names its source; compile it again "
            f"with annotations and without CUSTOM_COMPILE_COMMAND, or name its source {posixpath.basename(beside)}."
        )
    own_name = posixpath.basename(beside)
    # What the source includes by -r is annotated too: the source of the same name stands for all.
    same = [source for source in found if posixpath.basename(source) == own_name]
    sources = same[:1] or list(found) or [own_name]
    return CompileCommand(header.compiler or "pip-tools", sources=tuple(relative(name, "A source") for name in sources))


def _config(tree: Tree, command: CompileCommand, folder: str) -> ToolConfig:
    if command.compiler == "uv" or command.has("--no-config"):
        return ToolConfig()
    sources = sources_in(tree, command, folder)
    beside = posixpath.dirname(sources[0]) if sources else ""
    named = inside(folder, command.config) if command.config else ""
    return read_config(tree, inside(folder, beside or "."), named)


def _layers(path: str, lockfiles: Collection[str], files: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file for file in files if file in lockfiles and file != path))


def _extras(options: Sequence[str], config: ToolConfig) -> frozenset[str]:
    values = [
        value for name, _, value in (option.partition("=") for option in options) if name in {"--extra", "--group"}
    ]
    every = "--all-extras" in options or config.keys.get("all-extras") is True
    named = {extra.strip() for value in (*values, *config.texts("extra", "extras")) for extra in value.split(",")}
    return frozenset(named | ({"*"} if every else set()))


def _indexes(command: CompileCommand, config: ToolConfig, lockfile: Lockfile) -> tuple[str, ...]:
    """All indexes that the command, the configuration and the lockfile name, the main one first."""
    stated = [match[1] for match in map(_INDEX.match, lockfile.options) if match]
    main = (command.index_url, *config.texts("index-url"))
    more = (*command.extra_index_urls, *config.texts("extra-index-url", "extra-index-urls"), *stated)
    return tuple(dict.fromkeys(url for url in (*main, *more) if url))


def loose(source: str, path: str, reading: Reading) -> LockfileSpec:
    """What a fresh install of an unlocked `source` gives; `path` is where its lockfile would stand."""
    files, _ = reached(reading.tree, (source,))
    config = read_config(reading.tree, posixpath.dirname(source))
    options = [f"--{key}" for key in ("allow-unsafe", "strip-extras") if key not in config.keys]
    return LockfileSpec(
        path=path,
        sources=(source,),
        folder="",
        compiler="pip-tools",
        compiler_version=None,
        command="",
        options=tuple(options),
        lockfile=Lockfile(),
        committed_at=reading.committed_at(source),
        loose=True,
        direct=direct_names(reading.tree, files, _extras((), config)),
    )
