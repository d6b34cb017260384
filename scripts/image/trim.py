"""Leave in the image what depcheck uses, and compile what it imports.

    python trim.py FOLDER

It runs in the environment of the image. Packages that a dependency pulls in and nothing of ours imports go, and so do
packages' tests and commands. What is left is proven by importing every module of ours; that writes the bytecode of what
is imported and no other. The base has none of the standard library's: FOLDER gets that, at its place below it.
"""

import compileall
import importlib
import pkgutil
import shutil
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

UNUSED = ("cffi", "cryptography", "pycparser", "pygments")  # docs/dependencies.md says why
NEEDED_FILES = "_cffi_backend"  # PyNaCl's, which PyGithub imports
COMMANDS = {"python", "python3", f"python3.{sys.version_info.minor}", "depcheck", "uv"}
# Imported when they are needed only: HTML pages, and other folders' modules of a run.
LATE = ("simple_repository.model", "simple_repository.parser", "simple_repository.serializer")


def remove_unused() -> None:
    """Remove packages, tests and commands that no run uses."""
    for name in UNUSED:
        for file in distribution(name).files or ():
            if not file.name.startswith(NEEDED_FILES):
                Path(str(file.locate())).unlink(missing_ok=True)
    packages = Path(sysconfig.get_path("purelib"))
    for folder in [*packages.glob("*/tests"), *packages.rglob("__pycache__")]:
        shutil.rmtree(folder)
    for command in Path(sysconfig.get_path("scripts")).iterdir():
        if command.name not in COMMANDS:
            command.unlink()
    for folder in sorted(packages.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def import_all() -> None:
    """Import every module of ours, and what is imported late."""
    import depcheck  # noqa: PLC0415  # after what is unused has gone

    ours = (module.name for module in pkgutil.walk_packages(depcheck.__path__, "depcheck."))
    for name in (*ours, *LATE):
        if ".launcher." not in name and not name.endswith("__main__"):  # started as programs
            importlib.import_module(name)
    compileall.compile_dir(depcheck.__path__[0], quiet=1)


def copy_bytecode(folder: Path) -> None:
    """Copy the bytecode of imported modules of the standard library into `folder`."""
    library = Path(sysconfig.get_path("stdlib"))
    for module in tuple(sys.modules.values()):
        file = Path(getattr(module, "__cached__", None) or "/")
        if file.is_relative_to(library) and file.is_file():
            place = folder / file.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)


if __name__ == "__main__":
    remove_unused()
    import_all()
    copy_bytecode(Path(sys.argv[1]))
