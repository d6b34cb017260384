"""The interface of a compiler that runs as a command."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec


@dataclass(frozen=True, slots=True)
class CompileRequest:
    """One run of a compiler: lockfile, interpreter and index.

    `cache` is a folder for this run's caches alone. `is_lenient` asks for a tool that takes metadata which breaks the
    standards.
    """

    spec: EnvironmentSpec
    lock: LockfileSpec
    interpreter: Path
    index_url: str
    cache: Path
    upgrade: bool
    is_lenient: bool = False

    @property
    def python(self) -> str:
        """Return the interpreter's version, such as "3.10"."""
        return self.lock.python or self.spec.python


class CompileTool(Protocol):
    """A compiler: its arguments, its environment, and what its output is like."""

    @property
    def pins_commits(self) -> bool:
        """True if its lockfiles name the commits of git repositories."""

    def redirect_indexes(self, root: Path, folder: str, url: str) -> None:
        """Point the copy's tool configuration at the index `url`.

        That for `folder`, in the copy at `root`.
        """

    def needs_only_fitting_files(self, lock: LockfileSpec) -> bool:
        """Return True if a compile reads only files that fit its interpreter."""

    def build_program(self, request: CompileRequest) -> list[str]:
        """Return the program's words and the lockfile's options.

        As far as this version has them.
        """

    def list_no_upgrade_options(self, request: CompileRequest) -> list[str]:
        """Return options that keep every pin, whatever the configuration says."""

    def build_environ(self, request: CompileRequest) -> dict[str, str]:
        """Return the variables that it needs."""


def build_compile_argv(tool: CompileTool, request: CompileRequest) -> list[str]:
    """Return the whole command line: program, options, output and sources."""
    lock = request.lock
    moving = ["--upgrade", *lock.upgrade_options] if request.upgrade else tool.list_no_upgrade_options(request)
    words = [*tool.build_program(request), *moving, "--output-file", _make_relative(lock.path, lock.folder)]
    return words + [_make_relative(source, lock.folder) for source in lock.sources]


def _make_relative(path: str, folder: str) -> str:
    return os.path.relpath(PurePosixPath(path), PurePosixPath(folder or "."))
