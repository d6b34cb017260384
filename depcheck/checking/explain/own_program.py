"""Run a module of this program as a guest.

A guest may not read below /root, for example; it then gets copies.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.sandbox.open_copies import copy_openly

_START = "import runpy, sys; sys.path[:0] = sys.argv[2:]; runpy.run_module(sys.argv[1], run_name='__main__')"


@dataclass(frozen=True, slots=True)
class OwnProgram:
    """The command that runs a module, and the folders that it reads."""

    argv: tuple[str, ...]
    readable: tuple[Path, ...]


def build_own_program(interpreters: InterpreterFinder, module: str, packages: tuple[str, ...]) -> OwnProgram:
    """Return the command that runs `module` with these packages at hand.

    Raises:
        OSError: What guests cannot read could not be copied.
    """
    interpreter = interpreters.get_own_interpreter()
    specs = [spec for spec in map(find_spec, packages) if spec and spec.origin]
    places = [
        Path(spec.origin or "").parent if spec.submodule_search_locations else Path(spec.origin or "") for spec in specs
    ]
    opened = [copy_openly(place, interpreters.open_folder) if interpreters.open_folder else place for place in places]
    roots = tuple(dict.fromkeys(place.parent for place in opened))
    words = (str(interpreter.path), "-I", "-c", _START, module, *map(str, roots))
    return OwnProgram(words, (interpreter.prefix, *roots))
