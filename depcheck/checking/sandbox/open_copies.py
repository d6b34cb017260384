"""Copies of what guests must read below closed folders.

As /root is.

Root always gives up its rights for packages' code, and then those users must be able to read the interpreter, uv and
this package's own scripts. Copies are linked where that is possible; they stay, for root alone can change them.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from depcheck.checking.sandbox.policy import is_readable_by_others

SYSTEM_CACHE = Path("/var/cache/depcheck")
EXCLUDED_PATTERNS = ("site-packages", "config-*", "*.a", "test", "idlelib", "__pycache__")
OWN_LIBRARIES = b"$ORIGIN/../lib"


def prepare_open_folder() -> Path | None:
    """Return root's folder that others can read, None for other users.

    They cannot change it.
    """
    if os.geteuid() != 0:
        return None
    try:
        SYSTEM_CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError:
        return None
    state = SYSTEM_CACHE.lstat()
    trusted = state.st_uid == 0 and not state.st_mode & 0o022
    return SYSTEM_CACHE if trusted and is_readable_by_others(SYSTEM_CACHE) else None


def copy_openly(source: Path, folder: Path) -> Path:
    """Return `source`, or a copy below `folder` that others can read.

    A file or a folder.

    Raises:
        OSError: It cannot be copied, for want of room or rights.
    """
    if is_readable_by_others(source):
        return source
    return _copy_once(source, folder, lambda target: _copy_any(source, target))


def copy_interpreter_openly(program: Path, prefix: Path, folder: Path) -> Path:
    """Copy the interpreter of `prefix` below `folder`, and return its place.

    It finds its library beside itself, wherever that was when it was built.

    Raises:
        OSError: It cannot be copied, for want of room or rights.
    """

    def copy(target: Path) -> None:
        shutil.copytree(
            prefix,
            target,
            symlinks=True,
            ignore=shutil.ignore_patterns(*EXCLUDED_PATTERNS),
            copy_function=_link_or_copy,
        )
        for libraries in (target / "lib").glob("python3*"):
            (libraries / "site-packages").mkdir(exist_ok=True)
        copied = target / program.relative_to(prefix)
        content = program.read_bytes()
        own = os.fsencode(prefix / "lib")
        if own + b"\0" in content and len(OWN_LIBRARIES) <= len(own):
            content = content.replace(own + b"\0", OWN_LIBRARIES.ljust(len(own) + 1, b"\0"))
        copied.unlink()
        copied.write_bytes(content)
        copied.chmod(0o755)

    return _copy_once(prefix, folder, copy)


def _copy_once(source: Path, folder: Path, copy: Callable[[Path], None]) -> Path:
    state = source.stat()
    key = f"{source.resolve()}\0{state.st_mtime_ns}\0{_newest_change(source)}"
    place = folder / "open" / hashlib.sha256(key.encode()).hexdigest()[:16]
    done = place / source.name
    if not done.exists():
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        half = place / f".{os.getpid()}"
        shutil.rmtree(half, ignore_errors=True)
        copy(half)
        _open_modes(half)
        try:
            half.rename(done)
        except OSError:  # another run was faster
            shutil.rmtree(half, ignore_errors=True)
    return done


def _newest_change(source: Path) -> int:
    """Return when entries or their programs last changed, in nanoseconds.

    The folder's own entries.
    """
    entries: Iterable[Path] = [*source.iterdir(), *(source / "bin").glob("python*")] if source.is_dir() else [source]
    return max((path.lstat().st_mtime_ns for path in entries), default=0)


def _copy_any(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), copy_function=_link_or_copy)
    else:
        _link_or_copy(str(source), str(target))


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _open_modes(place: Path) -> None:
    """Make copied folders and files readable for other users."""
    for here, _, files, folder in os.fwalk(place, follow_symlinks=False):
        os.fchmod(folder, 0o755)
        for name in files:
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not os.path.islink(os.path.join(here, name)) and not state.st_mode & 0o004:  # noqa: PTH114, PTH118
                os.chmod(name, state.st_mode | 0o044 | (0o011 if state.st_mode & 0o100 else 0), dir_fd=folder)
