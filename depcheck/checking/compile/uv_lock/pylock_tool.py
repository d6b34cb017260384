"""`uv pip compile` of a pylock.toml, with mapped addresses."""

from pathlib import Path

from depcheck.checking.compile.compile_tool import CompileRequest, ShownIndex
from depcheck.checking.compile.prepare_sources import list_config_files, redirect_uv_indexes
from depcheck.checking.compile.uv_compile_tool import UvPipCompile
from depcheck.checking.compile.uv_lock.local_addresses import choose_default_index, map_addresses, restore_addresses
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.untrusted_files import write_beneath


class PylockCompile(UvPipCompile):
    """The compiler of pylock.toml."""

    def prepare_copy(self, root: Path, lock: LockfileSpec, index: ShownIndex) -> None:
        """Point lockfile and configuration at the local index."""
        known = map_addresses(lock, index)
        redirect_uv_indexes(root, list_config_files(lock.folder), known.choose_local)
        write_beneath(root, lock.path, known.localize(lock.lockfile.text).encode())

    def restore_addresses(self, text: str, lock: LockfileSpec, index: ShownIndex) -> str:
        """Return the lockfile with the addresses of real indexes.

        Raises LockfileError if it names a file that no index lists.
        """
        return restore_addresses(text, lock, index)

    def build_environ(self, request: CompileRequest, index: ShownIndex) -> dict[str, str]:
        """Return the default index, and the command that the header shows."""
        lock = request.lock
        local = map_addresses(lock, index).choose_local(choose_default_index(lock))
        return {**super().build_environ(request, index), "UV_DEFAULT_INDEX": local}
