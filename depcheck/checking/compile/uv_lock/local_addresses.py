"""Which local addresses stand for the indexes and files of a lockfile."""

from depcheck.checking.compile.compile_tool import PYPI_URL, ShownIndex
from depcheck.core.lockfiles.formats.uv_lock.remote_sources import get_file_name, list_archives
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_addresses import AddressMap, find_local_address, list_registries
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError


def restore_addresses(text: str, lock: LockfileSpec, index: ShownIndex) -> str:
    """Return a locked text with the addresses of real indexes.

    Raises:
        LockfileError: It names a file that no index lists.
    """
    known = map_addresses(lock, index)
    restored = known.restore(text, lock.lockfile.text, index.server.find_origin)
    if strange := known.find_foreign(text) or find_local_address(restored, known.base):
        raise LockfileError(
            f"{lock.path} as it was locked names {strange!r}, which no index lists: a build may have written it. "
            "Nothing is checked; look at what was built."
        )
    return restored


def map_addresses(lock: LockfileSpec, index: ShownIndex) -> AddressMap:
    """Map the indexes that the lockfile and its configuration name.

    A single one is shown as all are together: so the user's own mirror of it serves as well.
    """
    stated = [choose_default_index(lock), *list_registries(lock.lockfile.text), *_list_configured(lock)]
    every = dict.fromkeys(address.rstrip("/") for address in stated)
    base = index.url.rsplit("/", 3)[0]
    archives = {url: index.server.serve_file(url, get_file_name(url)) for url in list_archives(lock.lockfile)}
    only = index.url.rstrip("/") if len(every) == 1 else ""
    return AddressMap({each: only or index.get_url_of(each).rstrip("/") for each in every}, base, archives)


def choose_default_index(lock: LockfileSpec) -> str:
    """Return the default index.

    The configured one, or that of the lockfile which is not configured.
    """
    known = {address.rstrip("/") for address in _list_configured(lock)}
    others = (each for each in list_registries(lock.lockfile.text) if each.rstrip("/") not in known)
    return lock.indexes.default or next(others, PYPI_URL)


def _list_configured(lock: LockfileSpec) -> list[str]:
    return [*lock.indexes.addresses, *(address for address, _ in lock.indexes.names)]
