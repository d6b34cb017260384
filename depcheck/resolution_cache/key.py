"""The cache key of a resolution.

It is a digest of everything that the resolution depends on, except the index's pages and the moment.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

import msgspec
import uv

import depcheck
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.index_view import IndexView

CACHE_SCHEMA = 1
_HISTORY_FIELDS = frozenset({"committed_at"})
_CODE_FOLDERS = ("checking", "core", "index", "resolution_cache")


def build_cache_key(  # noqa: PLR0913  # one for each thing that a resolution depends on
    spec: EnvironmentSpec,
    world: IndexView,
    *,
    upgrade: bool,
    files: Mapping[str, str],
    indexes: Sequence[str],
    interpreter: tuple[str, Mapping[str, str]],
) -> str:
    """Build the cache key of a resolution.

    `files` are digests of the repository's files by path; `interpreter` is its path and markers. The view's
    upload date limit is not part of the key, because what it shows is compared in each run.
    """
    path, markers = interpreter
    parts = (
        CACHE_SCHEMA,
        _describe_system(),
        (spec.name, spec.python, spec.project),
        [_list_lockfile_values(lock) for lock in spec.lockfiles],
        sorted(files.items()),
        list(indexes),
        path,
        sorted(markers.items()),
        sorted(world.specifiers),
        sorted((name, str(version)) for name, version in world.pinned),
        upgrade,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _list_lockfile_values(lock: LockfileSpec) -> list[object]:
    """List every field of the lockfile, except those about its history.

    Fields that are added later are included as well.
    """
    found: list[object] = []
    for field in fields(lock):
        value = getattr(lock, field.name)
        if isinstance(value, Lockfile):
            found.append(value.text)
        elif field.name not in _HISTORY_FIELDS:
            found.append(sorted(value) if isinstance(value, frozenset) else value)
    return found


@cache
def _describe_system() -> tuple[str, ...]:
    """Describe depcheck's code, uv, and the system that builds run on."""
    try:
        release = Path("/etc/os-release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        release = ""
    return (depcheck.__version__, _digest_code(), _find_uv_version(), platform.platform(), release)


def _digest_code() -> str:
    """Digest the code that compiles and caches.

    It holds the versions of the compilers too.
    """
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(path for folder in _CODE_FOLDERS for path in (root / folder).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _find_uv_version() -> str:
    """Find the version of uv by the name of its metadata folder.

    Asking importlib.metadata takes longer than everything else here.
    """
    beside = Path(uv.__file__).parents[1] if uv.__file__ else Path()
    return " ".join(sorted(path.name for path in beside.glob("uv-*.dist-info")))
