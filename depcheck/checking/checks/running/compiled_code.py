"""Compile what is installed, as a user that runs none of it.

Whoever imports can read it and not change it, so no release leaves code there for another one. Commands, which may
compile on their own, each get a folder that begins with this code and ends with them.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.launcher.tree_removal import open_guest_folder

GUEST_SCRIPTS = Path(__file__).parents[1] / "guest_scripts"
COMPILE_LIMIT_S = 120.0  # beyond the script's own
MOST_COMPILERS = 4
_CLEAN = b"clean\n"  # the compiler's word that nothing stale is left


def compile_installed(guest: Guest, environment: VirtualEnvironment) -> None:
    """Compile what is new in the environment, as its installer.

    Whatever goes wrong costs time alone: what is not compiled here is compiled by each who imports it. Interpreters
    before 3.8 look for compiled code beside the source only.
    """
    version = tuple(map(int, environment.interpreter.markers["python_version"].split(".")))
    if version < (3, 8) or (environment.folder / "venv").is_symlink():  # such a one is not of ours
        return
    installer = guest.derive_installer()
    place, store = environment.bytecode_folder.parent, environment.folder.parent / "bytecode"
    for folder in (place, store):
        if not folder.exists():
            folder.mkdir()
            installer.take_ownership(folder)
    order = {
        "folders": [str(folder) for folder in environment.site_packages],
        "tree": str(environment.bytecode_folder), "store": str(store), "state": str(place / "state.json"),
        "workers": min(MOST_COMPILERS, os.cpu_count() or 1),
    }  # fmt: skip
    script = str(GUEST_SCRIPTS / "depcheck_compiler.py")
    ran = installer.run(
        [str(environment.interpreter.path), "-I", "-S", "-B", script], folder=place, timeout_s=COMPILE_LIMIT_S,
        readable=(GUEST_SCRIPTS, environment.interpreter.prefix, environment.folder), writable=(store,),
        given=json.dumps(order).encode(),
    )  # fmt: skip
    if not ran.answer.startswith(_CLEAN):
        shutil.rmtree(place)


@contextmanager
def make_own_bytecode(guest: Guest, environment: VirtualEnvironment) -> Iterator[Path]:
    """Yield a folder of compiled code that one run may write to.

    In it are links to the folders of what is compiled already, which it cannot write to.
    """
    with open_guest_folder(environment.folder, "bytecode-of-run-") as place:
        _link_folders(environment.bytecode_folder, Path(place))
        guest.take_ownership(place)
        yield place


def _link_folders(tree: Path, place: Path) -> None:
    """Link each folder of `tree` that holds files, with all below it.

    A link to each file would be thousands for each command.
    """
    for each in tree.iterdir() if tree.is_dir() else ():
        if each.is_dir() and not any(below.is_file() for below in each.iterdir()):
            (place / each.name).mkdir()
            _link_folders(each, place / each.name)
        else:
            (place / each.name).symlink_to(each)
