"""The interface of a compiler that runs as a command."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.sandbox.guest import Guest
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.index_view import IndexView
from depcheck.ports import PackageServer

PYPI_URL = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True)
class CompileRequest:
    """One run of a compiler: lockfile, interpreter and index.

    `guest` runs it, and `cache` is a folder for this run's caches alone. `remotes` fetches what is not in an index.
    `is_lenient` asks for a tool that takes metadata which breaks the standards.
    """

    spec: EnvironmentSpec
    lock: LockfileSpec
    interpreter: Path
    index_url: str
    cache: Path
    guest: Guest
    remotes: RemoteRequirements
    upgrade: bool
    is_lenient: bool = False

    @property
    def python(self) -> str:
        """Return the interpreter's version, such as "3.10"."""
        return self.lock.python or self.spec.python


@dataclass(frozen=True, slots=True)
class ShownIndex:
    """The local index as a compile sees it, in one world."""

    server: PackageServer
    world: IndexView

    @property
    def url(self) -> str:
        """The address that shows all indexes together."""
        return self.server.get_index_url(self.world)

    def get_url_of(self, address: str) -> str:
        """Return the address that shows what one index has."""
        return self.server.get_index_url(self.world, only=address)

    def restore_address(self, text: str, lock: LockfileSpec) -> str:
        """Return a compiled text with the user's index for the local one."""
        return text.replace(self.url, next(iter(lock.index_urls), PYPI_URL))


class CompileTool(Protocol):
    """A compiler: its arguments, its environment, and what its output is like."""

    @property
    def pins_commits(self) -> bool:
        """True if its lockfiles name the commits of git repositories."""

    def prepare_copy(self, root: Path, lock: LockfileSpec, index: ShownIndex) -> None:
        """Let the copy at `root` name the local index alone."""

    def restore_addresses(self, text: str, lock: LockfileSpec, index: ShownIndex) -> str:
        """Return a compiled text with the addresses of real indexes.

        Raises:
            LockfileError: It names a file that no index lists.
        """

    def needs_only_fitting_files(self, lock: LockfileSpec) -> bool:
        """Return True if a compile reads only files that fit its interpreter."""

    def build_program(self, request: CompileRequest) -> list[str]:
        """Return the program's words and the lockfile's options.

        As far as this version has them.
        """

    def list_no_upgrade_options(self, request: CompileRequest) -> list[str]:
        """Return options that keep every pin, whatever the configuration says."""

    def list_own_files(self, lock: LockfileSpec) -> tuple[str, ...]:
        """Return files whose requirements by address it fetches itself."""

    def list_file_arguments(self, lock: LockfileSpec) -> list[str]:
        """Return the words that name output and sources."""

    def build_environ(self, request: CompileRequest, index: ShownIndex) -> dict[str, str]:
        """Return the variables that it needs."""


def build_compile_argv(tool: CompileTool, request: CompileRequest) -> list[str]:
    """Return the whole command line: program, options, output and sources."""
    lock = request.lock
    moving = ["--upgrade", *lock.upgrade_options] if request.upgrade else tool.list_no_upgrade_options(request)
    return [*tool.build_program(request), *moving, *tool.list_file_arguments(lock)]


def list_output_and_sources(lock: LockfileSpec) -> list[str]:
    """Return the words of compilers that write one file from others."""
    sources = [_make_relative(source, lock.folder) for source in lock.sources]
    return ["--output-file", _make_relative(lock.path, lock.folder), *sources]


def _make_relative(path: str, folder: str) -> str:
    return os.path.relpath(PurePosixPath(path), PurePosixPath(folder or "."))


class RequirementsWriter:
    """What tools share that write a requirements file."""

    __slots__ = ()

    def restore_addresses(self, text: str, lock: LockfileSpec, index: ShownIndex) -> str:
        """Return the text with the user's index (`# from ...` too)."""
        return index.restore_address(text, lock)

    def list_own_files(self, _lock: LockfileSpec) -> tuple[str, ...]:
        """Return nothing: requirements by address are brought first."""
        return ()

    def list_file_arguments(self, lock: LockfileSpec) -> list[str]:
        """Return output and sources."""
        return list_output_and_sources(lock)
