"""The spec of an install without a lockfile."""

import posixpath
from dataclasses import replace

from depcheck.checking.discovery.files.requirement_files import (
    find_unpinned_requirements,
    follow_includes,
    parse_package_names,
    read_direct_names,
)
from depcheck.checking.discovery.files.tool_config import PipToolsConfig, read_pip_tools_config
from depcheck.checking.discovery.installs.suite_requirements import SuiteRequirements
from depcheck.checking.discovery.named_indexes import IndexOptions
from depcheck.checking.discovery.read_lockfile import DiscoveryContext
from depcheck.core.lockfiles.formats.known_formats import PIP_COMPILE, UV_PIP_COMPILE
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.treatments import CompileCommand
from depcheck.core.lockfiles.spec import LockfileSpec

TEST_SOURCE = "depcheck-tests.in"  # what tox, nox, hatch or Poetry state for the tests
_NO_SUITE = SuiteRequirements()


def build_unlocked_spec(
    source: str, path: str, reading: DiscoveryContext, suite: SuiteRequirements = _NO_SUITE
) -> LockfileSpec:
    """Build the spec of an unlocked install with its tests.

    `path` is where its lockfile would be written.
    """
    files, constraints = follow_includes(reading.tree, (source, *suite.files))
    named = dict.fromkeys(each for recipe in reading.recipes for each in recipe.find_constraints(source, reading.files))
    limits = [f"--constraint={path}" for path in named if path not in constraints]
    written = ((TEST_SOURCE, "".join(f"{line}\n" for line in suite.lines)),) if suite.lines else ()
    sources = (source, *suite.files, *(name for name, _ in written))
    config = read_pip_tools_config(reading.tree, posixpath.dirname(source))
    places = IndexOptions(
        reading.tree, CompileCommand(PIP_COMPILE.compiler), source, "", (), [*files, *constraints, *named]
    )
    options = [f"--{key}" for key in ("allow-unsafe", "strip-extras") if key not in config.keys]
    extras = _read_configured_extras(config) | suite.names
    times = [time for each in (*sources, *named) if (time := reading.find_commit_time(each))]
    spec = LockfileSpec(
        path=path,
        sources=sources,
        folder="",
        compiler=PIP_COMPILE.compiler,
        compiler_version=None,
        command="",
        options=(*options, *limits, *suite.options),
        lockfile=Lockfile(),
        committed_at=max(times, default=None),
        is_unlocked=True,
        indexes=places.choose_indexes(),
        find_links=places.find_link_folders(),
        remote_files=places.list_remote_files(),
        direct_names=read_direct_names(reading.tree, files, extras) | parse_package_names("\n".join(suite.lines)),
        inline_sources=written,
        unpinned_requirements=find_unpinned_requirements(reading.tree, files, extras),
    )
    return _compile_by_uv(spec, (*limits, *suite.options)) if suite.needs_uv else spec


def _compile_by_uv(spec: LockfileSpec, options: tuple[str, ...]) -> LockfileSpec:
    """Let uv compile what pip-compile cannot: dependency groups."""
    words = ["uv", "pip", "compile", *(option.replace("=", " ") for option in options), *spec.sources]
    command = " ".join([*words, "-o", spec.path])
    return replace(spec, compiler=UV_PIP_COMPILE.compiler, command=command, options=options)


def _read_configured_extras(config: PipToolsConfig) -> frozenset[str]:
    every = config.keys.get("all-extras") is True
    named = {extra.strip() for value in config.get_texts("extra", "extras") for extra in value.split(",")}
    return frozenset(named | ({"*"} if every else set()))
