"""A module that is imported can speak of its own distribution alone."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from depcheck.checking.checks.importing import ask_importer, imports
from depcheck.checking.checks.importing.imports import ImportFindings, run_import_check
from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.checks.running.compiled_code import compile_installed
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NO_NETWORK
from depcheck.core.model.checks import Check, CheckKind, KnownBefore

FORGED = '["start", "victim"]\\n["pass", "victim"]\\n'
THIEVES = {
    "turns failures into passes": (
        "import sys\nmain = sys.modules['__main__']\nreal = main.send_import_event\n"
        "main.send_import_event = lambda *w: real('pass', w[1]) if w[0] == 'fail' else real(*w)"
    ),
    "puts a module in the place of another's": "import sys, types\nsys.modules['victim'] = types.ModuleType('victim')",
    "writes on every descriptor": (
        f"import os\nfor number in range(300):\n    try: os.write(number, b'{FORGED}')\n    except OSError: pass"
    ),
    "writes on the descriptors of its parent": (
        "import glob, os\nfor path in glob.glob('/proc/%d/fd/*' % os.getppid()):\n"
        f"    try: open(path, 'w').write('{FORGED}')\n    except OSError: pass"
    ),
    "hides answers behind a line end that only people see": (
        f"import sys\nsys.modules['__main__'].channel.write('x\\u2028' + '{FORGED}')\n"
        "import os; os._exit(1)"
    ),
    "ends the importer": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "floods the importer for ever": (
        "import sys\nwhile True: sys.modules['__main__'].channel.write('[1, 2]\\n' * 100000)"
    ),
    "starts what outlives it": "import os, time\nif not os.fork():\n    time.sleep(600)",
}  # fmt: skip
PLANTS_BYTECODE = (
    "import importlib.util, marshal, os, struct\n"
    "source = os.path.join(os.path.dirname(__file__), 'victim.py')\n"
    "at, path = os.stat(source), importlib.util.cache_from_source(source)\n"
    "code = marshal.dumps(compile('', source, 'exec'))\n"
    "header = importlib.util.MAGIC_NUMBER + struct.pack('<III', 0, int(at.st_mtime), at.st_size)\n"
    "try:\n"
    "    os.makedirs(os.path.dirname(path), exist_ok=True)\n"
    "    open(path + '.new', 'wb').write(header + code)\n"
    "    os.replace(path + '.new', path)\n"
    "except OSError: pass"
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    """Give each module few seconds, for those that never end."""
    for module in (ask_importer, imports):
        monkeypatch.setattr(module, "MODULE_TIMEOUT_S", 4.0)


@pytest.fixture
def room(guest, tmp_path, this_environment) -> CheckContext:
    """Return a room whose environment also holds two distributions."""
    return make_room(guest, tmp_path, this_environment)


def make_room(guest: Guest, place: Path, environment: VirtualEnvironment) -> CheckContext:
    site = place / "site"
    site.mkdir(mode=0o755)
    return CheckContext(guest, environment, site, place / "log.txt", 60, NO_NETWORK)


def import_beside(room: CheckContext, thief: str, victim: str, **wanted) -> ImportFindings:
    """Import two distributions that stand in the folder of the room."""
    for name, text in {"thief": thief, "victim": victim}.items():
        (room.workspace / f"{name}.py").write_text(text)
        about = room.workspace / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "RECORD").write_text(f"{name}.py,,\n")
    venv = room.environment.folder / "venv"
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to(sys.executable)
    (venv / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n")
    place = venv / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    place.parent.mkdir(parents=True)
    room.workspace.rename(place)
    room.workspace.mkdir()
    environment = replace(room.environment, installed_distributions=read_installed_distributions(place, {}))
    compile_installed(room.guest, environment)
    names = frozenset(map(canonicalize_name, ("thief", "victim")))
    check = Check(CheckKind.IMPORT, packages=names, before=KnownBefore(names), **wanted)
    return run_import_check(replace(room, environment=environment), check)


@pytest.mark.parametrize("thief", THIEVES.values(), ids=THIEVES)
def test_no_release_makes_the_failure_of_another_pass(room, thief) -> None:
    """Find the failure of one distribution whatever another does."""
    findings = import_beside(room, thief, "import json.gone")
    assert findings.failed["victim"].headline == "ModuleNotFoundError: No module named 'json.gone'"
    assert "victim" not in findings.passed


@pytest.mark.parametrize("thief", THIEVES.values(), ids=THIEVES)
def test_no_release_makes_another_fail(room, thief) -> None:
    """Find no failure of one distribution whatever another does."""
    findings = import_beside(room, thief.replace('"pass", "victim"', '"fail", "victim", "gone", ""'), "")
    assert "victim" in findings.passed
    assert "victim" not in findings.failed


def test_no_release_leaves_compiled_code_for_another(guest, this_environment, apart_folder) -> None:
    """Import each distribution from its own sources.

    Also where another one leaves compiled code in its place.
    """
    (apart_folder / "env").mkdir()
    (apart_folder / "env/venv").symlink_to(sys.prefix)
    room = make_room(guest, apart_folder, replace(this_environment, folder=apart_folder / "env"))
    findings = import_beside(room, PLANTS_BYTECODE, "import json.gone")
    assert "thief" in findings.passed
    assert findings.failed["victim"].headline == "ModuleNotFoundError: No module named 'json.gone'"


def test_no_release_leaves_a_module_among_the_projects(guest, this_environment, apart_folder) -> None:
    """Write no module to the project's copy, where others could find it."""
    (apart_folder / "env").mkdir()
    (apart_folder / "env/venv").symlink_to(sys.prefix)
    room = make_room(guest, apart_folder, replace(this_environment, folder=apart_folder / "env"))
    findings = import_beside(room, "try: open('gone.py', 'w')\nexcept OSError: pass", "import json.gone")
    assert "thief" in findings.passed
    assert not (room.workspace / "gone.py").exists()
