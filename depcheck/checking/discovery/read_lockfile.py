"""Read one committed lockfile and work out how to compile it again."""

import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from depcheck.checking.discovery.added_constraints import add_annotated_constraints, add_layer_constraints
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    follow_includes,
    parse_package_names,
    read_direct_names,
)
from depcheck.checking.discovery.files.tool_config import PipToolsConfig, read_pip_tools_config
from depcheck.checking.discovery.infer_command import infer_compile_command
from depcheck.checking.discovery.installs.recipes import Recipe
from depcheck.checking.discovery.named_indexes import IndexOptions
from depcheck.checking.discovery.working_directory import find_working_directory, list_command_sources
from depcheck.core.lockfiles.formats.known_formats import (
    PIP_COMPILE,
    apply_tool_config,
    find_command_format,
    get_lockfile_format,
    parse_compile_command,
    parse_header,
    parse_lockfile,
)
from depcheck.core.lockfiles.formats.lockfile_format import InlineSource
from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.command import check_command_paths
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.paths import find_reference_root, resolve_repository_path, strip_foreign_root
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError


@dataclass(frozen=True, slots=True)
class DiscoveryContext:
    """What every lockfile is read with.

    `lockfiles` and `folders` are those of the repository; `git` runs git's arguments in it and gives its output;
    `commands` are the user's word for how a lockfile is compiled, by its path; `recipes` are what `files`, all of the
    repository's, say of images, workflows and test environments.
    """

    tree: RepoFiles
    lockfiles: frozenset[str]
    folders: frozenset[str]
    git: Callable[[Sequence[str]], str] | None = None
    compile_commands: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[str] = ()
    recipes: Sequence[Recipe] = ()

    def find_commit_time(self, path: str) -> datetime | None:
        """Return the author time of the last commit that touched `path`.

        Aware UTC. None if git cannot tell.
        """
        if self.git is None:
            return None
        stated = self.git(("log", "-1", "--format=%aI", "--", path)).strip()
        try:
            return datetime.fromisoformat(stated).astimezone(UTC) if stated else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class LockfileFacts:
    """Everything that a lockfile's text and its surroundings tell."""

    path: str
    header: Header
    lockfile: Lockfile
    command: CompileCommand
    folder: str
    config: PipToolsConfig
    header_sources: tuple[tuple[str, str], ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """Options of the command, the configuration, and the lockfile's text."""
        options = self.command.options
        told = ("--no-config",) if self.config.path else ()
        form = get_lockfile_format(self.command.compiler)
        return (*options, *told, *form.infer_options(self.header, self.lockfile, options))

    def list_sources(self, tree: RepoFiles) -> tuple[str, ...]:
        """List the sources, relative to the repository."""
        if self.header_sources:
            return tuple(path for path, _ in self.header_sources)
        named = () if self.command.sources else self.config.get_texts("src-files")
        names = [*(named or list_command_sources(tree, self.command, self.folder))]
        members = get_lockfile_format(self.command.compiler).list_members(self.lockfile)
        names += [posixpath.normpath(posixpath.join(member, name)) for member in members for name in names[:1]]
        return tuple(dict.fromkeys(resolve_repository_path(self.folder, name, "A source") for name in names))

    def list_constraints(self) -> list[str]:
        """List the constraint files, relative to the repository.

        They are named by the command, the configuration and the lockfile itself.
        """
        named = self.command.constraints
        included = [name for name in self.lockfile.includes if "://" not in name]
        beside = posixpath.dirname(self.path)
        return [resolve_repository_path(self.folder, name) for name in named] + [
            resolve_repository_path(beside, name) for name in included
        ]


def read_lockfile_spec(path: str, reading: DiscoveryContext) -> tuple[LockfileSpec, str]:
    """Read the lockfile at `path` as a spec that can be compiled.

    Returns the spec and the Python that its header tells ("3.10" or empty).

    Raises:
        LockfileError: It cannot be compiled again; the message gives the reason.
    """
    understood = _gather_facts(path, reading)
    spec = _build_spec(understood, reading)
    return spec, understood.header.python or understood.command.python


def _gather_facts(path: str, reading: DiscoveryContext) -> LockfileFacts:
    text = reading.tree.read_text(path)
    header = _apply_user_command(parse_header(text), reading.compile_commands.get(path, ""), path)
    if header.decline_reason:
        raise LockfileError(header.decline_reason)
    lockfile = parse_lockfile(text)
    if inline := get_lockfile_format(header.compiler).parse_inline_source(header, lockfile):
        return _gather_inline_facts(path, header, lockfile, inline, reading.tree)
    command, folder = _find_command(path, header, lockfile, reading)
    config = _read_command_config(reading.tree, command, folder)
    if config.keys:
        command = apply_tool_config(command, config.keys, config.path)
        check_command_paths(command, folder)
    return LockfileFacts(path, header, lockfile, command, folder, config)


def _apply_user_command(header: Header, command: str, path: str) -> Header:
    """Return the header, with the user's `command` if there is one.

    Absolute paths are made relative to this repository.
    """
    if command:
        form = find_command_format(command) or PIP_COMPILE
        line = command.strip().partition("\n")[0]
        argv = () if form.explain_decline(line) else form.extract_argv(line)
        header = replace(header, compiler=form.name, argv=argv, is_custom=False, decline_reason="")
    return replace(header, argv=strip_foreign_root(header.argv, path))


def _find_command(
    path: str, header: Header, lockfile: Lockfile, reading: DiscoveryContext
) -> tuple[CompileCommand, str]:
    """Return the compile command and the folder that it ran in.

    The header's command, or, if that is not the compiler's own, a command inferred from the text.
    """
    try:
        if header.argv:
            command = parse_compile_command(header)
            return command, find_working_directory(reading.tree, path, command, reading.folders)
    except LockfileError:
        if not header.is_custom:
            raise
    command = infer_compile_command(path, header, lockfile, reading.tree)
    folder = find_working_directory(reading.tree, path, command, reading.folders)
    if get_lockfile_format(header.compiler).needs_layer_constraints:
        command = add_layer_constraints(command, path, folder, lockfile, reading.tree)
        find_working_directory(reading.tree, path, replace(command, paths=command.constraints), [folder])
    return add_annotated_constraints(command, path, folder, lockfile, reading.tree), folder


def _gather_inline_facts(
    path: str, header: Header, lockfile: Lockfile, inline: InlineSource, tree: RepoFiles
) -> LockfileFacts:
    """Gather the facts of a lockfile whose header holds its source."""
    command = CompileCommand(
        get_lockfile_format(header.compiler).compiler,
        options=tuple(f"--constraint={name}" for name in inline.constraints),
        constraints=inline.constraints,
        paths=inline.constraints,
    )
    for name in inline.constraints:
        if not tree.has_file(name):
            raise LockfileError(f"{path} is constrained by {name!r}, which is not in the repository; commit it.")
    return LockfileFacts(path, header, lockfile, command, "", PipToolsConfig(), ((inline.name, inline.text),))


def _build_spec(understood: LockfileFacts, reading: DiscoveryContext) -> LockfileSpec:
    sources = understood.list_sources(reading.tree)
    files, constraints = follow_includes(reading.tree, sources)
    own = [path for path in files if path not in reading.lockfiles or path in sources]  # a lockfile below is a layer
    direct = read_direct_names(reading.tree, own, _parse_extra_options(understood.options))
    listed = (name for _, text in understood.header_sources for name in parse_package_names(text))
    places = IndexOptions(
        reading.tree,
        understood.command,
        understood.path,
        understood.folder,
        understood.lockfile.options,
        [*files, *constraints, *understood.list_constraints()],
    )
    return LockfileSpec(
        path=understood.path,
        sources=sources,
        folder=understood.folder,
        compiler=understood.command.compiler,
        compiler_version=None,
        command=understood.header.command,
        options=understood.options,
        lockfile=understood.lockfile,
        layers=_find_layers(understood.path, reading.lockfiles, (*understood.list_constraints(), *constraints, *files)),
        committed_at=reading.find_commit_time(understood.path),
        direct_names=direct.union(listed),
        upgrade_options=understood.command.upgrade_options,
        indexes=places.choose_indexes(),
        find_links=places.find_link_folders(),
        remote_files=places.list_remote_files(),
        inline_sources=understood.header_sources,
        omits_included_pins=bool(understood.lockfile.includes)
        and get_lockfile_format(understood.header.compiler).needs_layer_constraints,
        header_python=understood.header.python or understood.command.python,
        root=find_reference_root(
            (entry.pin.reference for entry in understood.lockfile.entries), reading.tree.is_project
        ),
    )


def _read_command_config(tree: RepoFiles, command: CompileCommand, folder: str) -> PipToolsConfig:
    if not get_lockfile_format(command.compiler).reads_tool_config or command.has_option("--no-config"):
        return PipToolsConfig()
    beside = [posixpath.dirname(source) for source in list_command_sources(tree, command, folder)] or [""]
    named = resolve_repository_path(folder, command.config) if command.config else ""
    return read_pip_tools_config(tree, *(resolve_repository_path(folder, name or ".") for name in beside), named=named)


def _find_layers(path: str, lockfiles: Collection[str], files: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file for file in files if file in lockfiles and file != path))


def _parse_extra_options(options: Sequence[str]) -> frozenset[str]:
    values = [
        value for name, _, value in (option.partition("=") for option in options) if name in {"--extra", "--group"}
    ]
    every = "--all-extras" in options
    named = {extra.strip() for value in values for extra in value.rpartition(":")[2].split(",")}
    return frozenset(named | ({"*"} if every else set()))
