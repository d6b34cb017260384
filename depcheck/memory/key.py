"""The name of a resolution: a digest of everything that it depends on but the index's pages and the moment."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

import msgspec
import uv

import depcheck
from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.lockfile import Lockfile
from depcheck.core.world import World

SCHEMA = 1
_OF_THE_PAST = frozenset({"committed_at"})
_OURS = ("checking", "core", "index", "memory")


def key(  # noqa: PLR0913  # one for each thing that a resolution depends on
    spec: EnvironmentSpec,
    world: World,
    *,
    upgrade: bool,
    files: Mapping[str, str],
    indexes: Sequence[str],
    interpreter: tuple[str, Mapping[str, str]],
) -> str:
    """`files` are digests of the repository's files by path, `interpreter` its path and markers.

    The world's horizon is left out: what it shows is looked at each night.
    """
    path, markers = interpreter
    parts = (
        SCHEMA,
        _system(),
        (spec.name, spec.python, spec.project),
        [_lock(lock) for lock in spec.lockfiles],
        sorted(files.items()),
        list(indexes),
        path,
        sorted(markers.items()),
        sorted(world.allowed),
        sorted((name, str(version)) for name, version in world.keep),
        upgrade,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _lock(lock: LockfileSpec) -> list[object]:
    """Every field, whatever a later one may mean, but those that tell of the past alone."""
    found: list[object] = []
    for field in fields(lock):
        value = getattr(lock, field.name)
        if isinstance(value, Lockfile):
            found.append(value.text)
        elif field.name not in _OF_THE_PAST:
            found.append(sorted(value) if isinstance(value, frozenset) else value)
    return found


@cache
def _system() -> tuple[str, ...]:
    """Our own code, uv, and the system that source distributions are built on."""
    try:
        release = Path("/etc/os-release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        release = ""
    return (depcheck.__version__, _code(), _uv(), platform.platform(), release)


def _code() -> str:
    """A digest of the code that compiles and remembers, which holds the compilers' versions too."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(path for folder in _OURS for path in (root / folder).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _uv() -> str:
    """The version of uv, by the name of its metadata's folder: asking importlib takes longer than all the rest."""
    beside = Path(uv.__file__).parents[1] if uv.__file__ else Path()
    return " ".join(sorted(path.name for path in beside.glob("uv-*.dist-info")))
