"""Read what is installed in an environment from its dist-info folders.

Hostile code may have written them.
"""

import csv
import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.environments.start_hooks.installed_hooks import (
    find_shared_hooks,
    read_own_hooks,
)
from depcheck.core.model.installed import Distribution
from depcheck.core.start_hooks.added_hooks import HookOwner, StartHook
from depcheck.core.start_hooks.plugins import list_plugins
from depcheck.untrusted_files import read_untrusted_file

MOST_METADATA_BYTES, MOST_RECORD_BYTES = 16 << 20, 64 << 20  # what is longer is a failure of its release
_MODULE_FILE = re.compile(r"(?P<name>[^.]+)(?:\.py|(?:\.[\w-]+)*\.(?:so|pyd))")
# Scripts, data files and headers, relative to site-packages; and what `uv venv` itself puts there.
_OWN_OUTSIDE = re.compile(r"(?:\.\./)+(?:bin|share|etc|include|man)/.+")
_OF_ENVIRONMENT = re.compile(r"(?:\.\./)+bin/(?:python[\d.]*|activate[\w.]*|deactivate\.bat|pydoc\.bat)")
_NOT_IMPORTED = frozenset({"tests", "test", "conftest", "__main__", "__pycache__"})


@dataclass(frozen=True, slots=True)
class InstalledDistribution:
    """An installed distribution and the dotted names of all its modules.

    Tests and entry scripts are left out. `unreadable` says why it could not be read, empty if it could: then its name
    and version are its folder's. `hooks` are what of it runs without an import, `owned_files` its files relative to
    site-packages, metadata and compiled ones left out. `digest` is of what its metadata and RECORD say of its content.
    """

    distribution: Distribution
    modules: tuple[str, ...]
    unreadable: str = ""
    hooks: frozenset[StartHook] = frozenset()
    owned_files: frozenset[str] = frozenset()
    digest: str = ""


def read_installed_distributions(
    site_packages: Path, known: dict[str, InstalledDistribution]
) -> tuple[InstalledDistribution, ...]:
    """Read every distribution installed in `site_packages`, sorted by name.

    `known` caches what was read before, by folder.
    """
    found = []
    for folder in sorted(site_packages.glob("*.dist-info")):
        state = folder.lstat()
        key = f"{folder}:{state.st_ino}:{state.st_mtime_ns}"
        if key not in known:
            known[key] = _read_distribution(folder)
        found.append(known[key])
    return tuple(found)


def _read_distribution(folder: Path) -> InstalledDistribution:
    """Read one distribution, or its folder's name and the reason.

    The latter for what cannot be read.
    """
    name, _, version = folder.name.removesuffix(".dist-info").partition("-")
    try:
        named = Distribution(canonicalize_name(name), Version(version))
    except ValueError:
        nameless = Distribution(canonicalize_name(name), Version("0"))
        return InstalledDistribution(nameless, (), f"{folder.name} names no version")
    metadata = read_untrusted_file(folder / "METADATA", MOST_METADATA_BYTES)
    record = read_untrusted_file(folder / "RECORD", MOST_RECORD_BYTES)
    for content, file, most in ((metadata, "METADATA", MOST_METADATA_BYTES), (record, "RECORD", MOST_RECORD_BYTES)):
        if content is None:
            return InstalledDistribution(named, (), f"its {file} is missing, no plain file, or over {most >> 20} MiB")
    entry_points = read_untrusted_file(folder / "entry_points.txt", MOST_METADATA_BYTES)
    if entry_points is None and (folder / "entry_points.txt").exists():
        return InstalledDistribution(named, (), f"its entry_points.txt is over {MOST_METADATA_BYTES >> 20} MiB")
    found = _parse_distribution(named, metadata or b"", record or b"")
    plugins = list_plugins(entry_points or b"")
    hooks = frozenset(read_own_hooks(folder.parent, found.owned_files, plugins, named.name))
    return replace(found, hooks=hooks, digest=_digest_content(metadata or b"", record or b"", entry_points or b""))


def _digest_content(metadata: bytes, record: bytes, entry_points: bytes) -> str:
    """Digest what is the same wherever a distribution is installed.

    Scripts outside of site-packages name their environment, and metadata of installers the file that they took.
    """
    digest = hashlib.sha256(repr((metadata, entry_points)).encode())
    for line in sorted(record.splitlines()):
        if not line.startswith(b"../") and b".dist-info/" not in line:
            digest.update(line + b"\n")
    return digest.hexdigest()


def _parse_distribution(named: Distribution, metadata: bytes, record: bytes) -> InstalledDistribution:
    headers = HeaderParser().parsestr(metadata.decode(errors="replace"))
    if canonicalize_name(headers.get("Name", "")) != named.name:
        return InstalledDistribution(named, (), "its METADATA has another name than its folder")
    try:
        version = Version(headers.get("Version", ""))
    except ValueError:  # no version, or numbers longer than Python reads
        return InstalledDistribution(named, (), "its METADATA has no version")
    modules = tuple(sorted(set(_list_modules(record))))
    found = Distribution(
        name=named.name,
        version=version,
        requires=tuple(" ".join(line.split()) for line in headers.get_all("Requires-Dist", [])),
        modules=frozenset(module.partition(".")[0] for module in modules),
        requires_python=headers.get("Requires-Python", "").strip(),
        all_modules=frozenset(modules),
    )
    return InstalledDistribution(found, modules, owned_files=frozenset(_list_owned_files(record)))


def list_hook_owners(installed: Iterable[InstalledDistribution]) -> tuple[HookOwner, ...]:
    """List what of each distribution of one environment runs without an import."""
    known = {each.distribution.name: each for each in installed}
    shared = find_shared_hooks({name: each.owned_files for name, each in known.items()})
    return tuple(
        HookOwner(name, str(each.distribution.version), each.hooks | shared.get(name, set()))
        for name, each in known.items()
    )


def has_entangled_files(installed: Iterable[InstalledDistribution]) -> bool:
    """Return True if a file has two owners or an odd place.

    To uninstall one owner takes the file from the other, and what stands outside of a package's own places may be a
    part of the environment itself: neither can be undone in place.
    """
    seen: set[str] = set()
    for files in (each.owned_files for each in installed):
        if not seen.isdisjoint(files) or any(map(_is_out_of_place, files)):
            return True
        seen |= files
    return False


def _is_out_of_place(path: str) -> bool:
    """Return True for a file of the environment itself, or beside it."""
    if path.startswith(("../", "/")):
        return bool(_OF_ENVIRONMENT.fullmatch(path)) or not _OWN_OUTSIDE.fullmatch(path)
    return path in {"_virtualenv.py", "_virtualenv.pth"}


def _list_owned_files(record: bytes) -> Iterator[str]:
    for path in map(posixpath.normpath, _list_record_paths(record)):
        if "__pycache__/" not in path and ".dist-info/" not in path and path != ".":
            yield path


def _list_modules(record: bytes) -> Iterator[str]:
    names = (to_module_name(PurePosixPath(path)) for path in _list_record_paths(record))
    return (name for name in names if name)


def _list_record_paths(record: bytes) -> Iterator[str]:
    return map(_parse_record_path, record.decode(errors="replace").replace("\0", "").splitlines())


def _parse_record_path(line: str) -> str:
    """Return the first field of a line of RECORD, or empty.

    Lines are independent, because no module name holds a line end.
    """
    try:
        return next(iter(next(csv.reader([line]), [])), "")
    except csv.Error:  # longer than any path
        return ""


def to_module_name(path: PurePosixPath) -> str | None:
    """Return the dotted name under which a file is imported.

    `path` is relative to an import root. None if the file is not an importable module.
    """
    match = _MODULE_FILE.fullmatch(path.name)
    if match is None:
        return None
    parts = path.parts[:-1] if match["name"] == "__init__" else (*path.parts[:-1], match["name"])
    if not parts or not all(part.isidentifier() for part in parts) or _NOT_IMPORTED.intersection(parts):
        return None
    return ".".join(parts)
