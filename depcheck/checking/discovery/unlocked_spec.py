"""The spec of an install without a lockfile."""

import posixpath

from depcheck.checking.discovery.files.requirement_files import (
    find_unpinned_requirements,
    follow_includes,
    read_direct_names,
)
from depcheck.checking.discovery.files.tool_config import PipToolsConfig, read_pip_tools_config
from depcheck.checking.discovery.named_indexes import IndexOptions
from depcheck.checking.discovery.read_lockfile import DiscoveryContext
from depcheck.core.lockfiles.formats.known_formats import PIP_COMPILE
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.spec import LockfileSpec


def build_unlocked_spec(source: str, path: str, reading: DiscoveryContext) -> LockfileSpec:
    """Build the spec of a fresh, unlocked install of `source`.

    `path` is where its lockfile would be written.
    """
    files, constraints = follow_includes(reading.tree, (source,))
    config = read_pip_tools_config(reading.tree, posixpath.dirname(source))
    places = IndexOptions(reading.tree, CompileCommand(PIP_COMPILE.compiler), source, "", (), [*files, *constraints])
    options = [f"--{key}" for key in ("allow-unsafe", "strip-extras") if key not in config.keys]
    return LockfileSpec(
        path=path,
        sources=(source,),
        folder="",
        compiler=PIP_COMPILE.compiler,
        compiler_version=None,
        command="",
        options=tuple(options),
        lockfile=Lockfile(),
        committed_at=reading.find_commit_time(source),
        is_unlocked=True,
        indexes=places.choose_indexes(),
        find_links=places.find_link_folders(),
        remote_files=places.list_remote_files(),
        direct_names=read_direct_names(reading.tree, files, _read_configured_extras(config)),
        unpinned_requirements=find_unpinned_requirements(reading.tree, files, _read_configured_extras(config)),
    )


def _read_configured_extras(config: PipToolsConfig) -> frozenset[str]:
    every = config.keys.get("all-extras") is True
    named = {extra.strip() for value in config.get_texts("extra", "extras") for extra in value.split(",")}
    return frozenset(named | ({"*"} if every else set()))
