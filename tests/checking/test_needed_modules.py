"""Which failing modules matter, on disk and beside project files."""

from dataclasses import replace

import pytest
from packaging.utils import canonicalize_name

from depcheck.checking.checks.importing.needed_modules import NeededModules, read_project_imports
from depcheck.checking.environments.read_installed import read_installed_distributions
from depcheck.core.model.checks import Failure, KnownBefore

ABSENT = "ModuleNotFoundError: No module named 'gevent'"
GONE = "ModuleNotFoundError: No module named 'queue_base.async'"


@pytest.fixture
def is_needed(tmp_path, spec, this_environment):
    """Ask about one failing module of a made-up environment.

    For a project of these files and commands.
    """

    def install(name: str, files: dict[str, str], *requires: str, entries: str = "") -> None:
        site = tmp_path / "environment-x" / "venv" / "lib" / "python3" / "site-packages"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            + "".join(f"Requires-Dist: {each}\n" for each in requires)
        )
        (info / "entry_points.txt").write_text(entries)
        (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))
        for path, text in files.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text)

    def ask(module: str, headline: str, project: dict[str, str], command: str = "", direct: str = "worker") -> bool:
        install("queue_base", {"queue_base/__init__.py": ""})
        install(
            "worker",
            {
                "worker/__init__.py": "ALIASES = {'timer': 'worker.timer:Timer'}",
                "worker/timer.py": "from queue_base.async import x",
                "worker/unused.py": "from queue_base.async import x",
                "worker/main.py": "import worker.pool",
                "worker/pool.py": "import gevent",
            },
            "queue_base",
            "gevent; extra == 'gevent'",
            entries="[console_scripts]\nwork = worker.main:run\n",
        )
        site = tmp_path / "environment-x" / "venv" / "lib" / "python3" / "site-packages"
        folder = tmp_path / "environment-x"
        environment = replace(
            this_environment, folder=folder, installed_distributions=tuple(read_installed_distributions(site, {}))
        )
        copy = tmp_path / "copy"
        copy.mkdir()
        for name, text in project.items():
            (copy / name).write_text(text)
        lock = type("Lock", (), {"direct_names": frozenset({canonicalize_name(direct)})})()
        asked = replace(spec, lockfiles=(lock,))
        imports = read_project_imports(copy, (command,))
        return NeededModules(environment, imports, asked, KnownBefore(frozenset()), {}).is_needed(
            Failure(module, headline)
        )

    return ask


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        (("worker.timer", GONE, {"main.py": "import worker"}, ""), True),  # by name, and a broken contract
        (("worker.timer", GONE, {}, ""), True),  # requirements alone
        (("worker.timer", GONE, {"main.py": "import json"}, ""), True),  # a direct requirement that nobody imports
        (("worker.timer", "OSError: no libevent", {"main.py": "import worker"}, ""), False),
        (("worker.timer", "OSError: no libevent", {"main.py": "from worker import timer"}, ""), True),
        (("worker.timer", "OSError: no libevent", {"test_main.py": "from worker.timer import Timer"}, ""), True),
        (("worker.unused", GONE, {"main.py": "import worker"}, ""), False),
        (("worker.pool", ABSENT, {"main.py": "import worker"}, ""), False),
        (("worker.pool", ABSENT, {"main.py": "import worker"}, "work -c 4"), True),
        (("worker.pool", ABSENT, {"main.py": ""}, "python -m worker.main"), True),
    ],
)
def test_what_matters_is_told_by_who_imports_it(is_needed, asked, needed) -> None:
    """Rate modules by files, commands, direct requirements and error."""
    assert is_needed(*asked) is needed
