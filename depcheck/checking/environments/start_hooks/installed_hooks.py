"""Find what runs without an import, and switch it off."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from depcheck.checking.sandbox.environ import SYSTEM_PATH
from depcheck.core.start_hooks.added_hooks import PLUGIN_KINDS, HookKind, HookOwner, StartHook
from depcheck.core.start_hooks.path_files import has_own_code
from depcheck.core.start_hooks.plugins import leave_out_plugins
from depcheck.untrusted_files import read_untrusted_file

MOST_PATH_FILE_BYTES, MOST_ENTRIES_BYTES = 1 << 20, 16 << 20
START_MODULES = frozenset({"sitecustomize", "usercustomize"})
PROGRAM = re.compile(r"(?:\.\./)+bin/(?P<name>[^/]+)")
IGNORED_FOLDERS = frozenset({"tests", "test", "docs", "doc", "examples", "example", "benchmarks", "scripts"})
OFF = ".switched-off"


def read_own_hooks(
    site_packages: Path, owned: Iterable[str], plugins: Iterable[StartHook], name: str
) -> Iterator[StartHook]:
    """Yield the hooks of one distribution that are its own alone."""
    yield from plugins
    for path in owned:
        top = PurePosixPath(path).parts[0]
        if path == top and path.endswith(".pth"):
            content = read_untrusted_file(site_packages / path, MOST_PATH_FILE_BYTES)
            if content is None or has_own_code(content.decode("utf-8-sig", "replace"), name):
                digest = hashlib.sha256(content or os.urandom(8)).hexdigest()[:16]
                yield StartHook(HookKind.PATH_FILE, path, digest)
        elif top.partition(".")[0] in START_MODULES:
            yield StartHook(HookKind.START_MODULE, top)


def find_shared_hooks(owned: Mapping[str, Iterable[str]]) -> dict[str, set[StartHook]]:
    """Find programs of others' names and modules with two owners.

    `owned` holds the files of each distribution by its name.
    """
    holders: dict[str, list[str]] = {}
    for owner, files in owned.items():
        for path in files:
            holders.setdefault(path, []).append(owner)
    found: dict[str, set[StartHook]] = {}
    for path, owners in holders.items():
        program = PROGRAM.fullmatch(path)
        for owner in owners:
            other = next((each for each in owners if each != owner), "")
            if program and (other or _has_foreign_name(program["name"], owner, owned)):
                found.setdefault(owner, set()).add(StartHook(HookKind.PROGRAM, program["name"], other=other))
            elif other and _is_module_file(path):
                found.setdefault(owner, set()).add(StartHook(HookKind.SHARED_FILE, path, other=other))
    return found


def _has_foreign_name(program: str, owner: str, owned: Mapping[str, Iterable[str]]) -> bool:
    """Return True for another distribution's name, or a system program's."""
    name = canonicalize_name(program)
    if name == owner:
        return False
    return name in owned or shutil.which(program, path=SYSTEM_PATH) is not None


def _is_module_file(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return path.endswith((".py", ".so")) and len(parts) > 1 and not IGNORED_FOLDERS.intersection(parts[:-1])


@contextmanager
def switch_off_hooks(site_packages: Sequence[Path], binaries: Path, owners: Sequence[HookOwner]) -> Iterator[None]:
    """Take hooks out of an environment for the length of the block.

    What other packages own too stays: nobody knows what stood there.
    """
    with ExitStack() as undone:
        for owner in owners:
            for hook in sorted(owner.hooks, key=lambda each: each.name):
                if hook.kind is HookKind.PROGRAM:
                    _move_away(undone, binaries / hook.name)
                elif hook.kind in {HookKind.PATH_FILE, HookKind.START_MODULE}:
                    for site in site_packages:
                        _move_away(undone, site / hook.name)
            if any(hook.kind in PLUGIN_KINDS for hook in owner.hooks):
                _take_plugins_out(undone, site_packages, owner)
        yield


def _move_away(undone: ExitStack, path: Path) -> None:
    hidden = path.with_name(path.name + OFF)
    with suppress(FileNotFoundError):
        path.rename(hidden)
        undone.callback(hidden.replace, path)


def _take_plugins_out(undone: ExitStack, site_packages: Sequence[Path], owner: HookOwner) -> None:
    """Put entry points without plug-ins in the place of a distribution's."""
    for site in site_packages:
        for folder in site.glob("*.dist-info"):
            if canonicalize_name(folder.name.partition("-")[0]) == owner.name:
                content = read_untrusted_file(folder / "entry_points.txt", MOST_ENTRIES_BYTES)
                text = leave_out_plugins((content or b"").decode(errors="replace"))
                _move_away(undone, folder / "entry_points.txt")
                (folder / "entry_points.txt").write_text(text)
