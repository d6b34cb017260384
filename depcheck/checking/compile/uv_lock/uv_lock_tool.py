"""`uv lock`, by the uv that depcheck is installed with."""

import re
from pathlib import Path

from uv import find_uv_bin

from depcheck.checking.compile.compile_tool import CompileRequest, ShownIndex
from depcheck.checking.compile.prepare_sources import MOST_SOURCE_BYTES, list_config_files, redirect_uv_indexes
from depcheck.checking.compile.uv_lock.git_mirrors import mirror_repositories
from depcheck.checking.compile.uv_lock.local_addresses import choose_default_index, map_addresses, restore_addresses
from depcheck.core.lockfiles.formats.uv_lock.remote_sources import list_git_sources
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.untrusted_files import read_beneath, write_beneath

_REQUIRED_UV = re.compile(r"^[ \t]*required-version[ \t]*=[^\n]*$", re.MULTILINE)


class UvLock:
    """The compiler of uv.lock."""

    @property
    def pins_commits(self) -> bool:
        """Return True: it writes the commit that it took."""
        return True

    def needs_only_fitting_files(self, _lock: LockfileSpec) -> bool:
        """Return False: it resolves for every machine."""
        return False

    def prepare_copy(self, root: Path, lock: LockfileSpec, index: ShownIndex) -> None:
        """Point lockfile and configuration at the local index.

        Each index at its own address there, because the lockfile tells them apart.
        """
        known = map_addresses(lock, index)
        paths = dict.fromkeys([*list_config_files(lock.folder), *lock.sources])
        redirect_uv_indexes(root, paths, known.choose_local)
        for path in paths:
            content = read_beneath(root, path, MOST_SOURCE_BYTES)
            if content:  # the uv that runs here is ours
                text = known.localize_archives(_REQUIRED_UV.sub("", content.decode("utf-8", "surrogateescape")))
                write_beneath(root, path, text.encode("utf-8", "surrogateescape"))
        write_beneath(root, lock.path, known.localize(lock.lockfile.text).encode())

    def restore_addresses(self, text: str, lock: LockfileSpec, index: ShownIndex) -> str:
        """Return the lockfile with the addresses of real indexes.

        Raises:
            LockfileError: It names a file that no index lists.
        """
        return restore_addresses(text, lock, index)

    def build_program(self, request: CompileRequest) -> list[str]:
        """Return program, options and interpreter."""
        words = [find_uv_bin(), "lock", "--quiet", *request.lock.options, "--cache-dir", str(request.cache / "uv")]
        return [*words, "--python", str(request.interpreter)]

    def list_no_upgrade_options(self, _request: CompileRequest) -> list[str]:
        """Return nothing: pins are kept where nothing else is asked."""
        return []

    def list_own_files(self, lock: LockfileSpec) -> tuple[str, ...]:
        """Return all: the lockfile tells where each package comes from."""
        return (lock.path, *lock.sources)

    def list_file_arguments(self, _lock: LockfileSpec) -> list[str]:
        """Return nothing: the project's folder tells both."""
        return []

    def build_environ(self, request: CompileRequest, index: ShownIndex) -> dict[str, str]:
        """Return the index, unless the configuration names a default one."""
        lock = request.lock
        local = map_addresses(lock, index).choose_local(choose_default_index(lock))
        default = {} if lock.indexes.default else {"UV_DEFAULT_INDEX": local}
        mirrors = mirror_repositories(list_git_sources(lock.lockfile), request.remotes, request.guest, request.cache)
        return {**default, **mirrors, "UV_NO_CONFIG": "0", "UV_PYTHON_DOWNLOADS": "never"}
