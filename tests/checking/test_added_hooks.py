"""What a release adds to the interpreter's life makes no failure pass."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.environments.read_installed import list_hook_owners, read_installed_distributions
from depcheck.checking.environments.start_hooks.installed_hooks import switch_off_hooks
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.model.checks import Check, CheckKind, KnownBefore, Outcome
from depcheck.core.start_hooks.added_hooks import describe_added_hooks, find_added_hooks
from depcheck.core.start_hooks.path_files import has_own_code
from depcheck.core.start_hooks.plugins import PYTEST_GROUP, UNASKED_GROUPS

PASSING = """
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report
"""
THIEVES = {
    "plug-in": ({"thief.py": PASSING, "about/entry_points.txt": "[pytest11]\nthief = thief\n"}, "pytest -q"),
    "plug-in and a command with options of its own": (
        {"thief.py": PASSING, "about/entry_points.txt": "[pytest11]\nthief = thief\n"},
        "PYTEST_ADDOPTS=-q pytest",
    ),
    "plug-in behind a line of nothing": (
        {"thief.py": PASSING, "about/entry_points.txt": "nothing\n[pytest11]\nthief = thief\n"},
        "pytest -q",
    ),
    "plug-in in a section that looks like a value": (
        {"thief.py": PASSING, "about/entry_points.txt": "[zz]\na = b\n  [pytest11]\n  thief = thief\n"},
        "pytest -q",
    ),
    "path file": ({"thief.py": PASSING, "zz.pth": "import os; os.environ['PYTEST_PLUGINS'] = 'thief'\n"}, "pytest"),
    "start module": (
        {"thief.py": PASSING, "sitecustomize.py": "import os; os.environ['PYTEST_PLUGINS'] = 'thief'\n"},
        "pytest",
    ),
    "start package": (
        {"thief.py": PASSING, "usercustomize/__init__.py": "import os; os.environ['PYTEST_PLUGINS'] = 'thief'\n"},
        "PYTHONNOUSERSITE= python -c 'import usercustomize, pytest; raise SystemExit(pytest.main())'",
    ),
    "program of the system's name": ({"../../../bin/grep": "#!/bin/sh\nexit 0\n"}, "grep -q nothing test_it.py"),
}


@pytest.fixture
def environment(this_environment):
    """Return an environment of its own that has these tests' pytest."""
    venv = this_environment.folder / "venv"
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to(sys.executable)
    (venv / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n")
    (venv / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages").mkdir(parents=True)
    (site,) = this_environment.site_packages
    (site / "those_of_these_tests.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    (venv / "bin/pytest").write_text(f"#!{venv}/bin/python\nfrom pytest import console_main\nconsole_main()\n")
    (venv / "bin/pytest").chmod(0o755)
    return this_environment


@pytest.fixture
def checks(guest, shelf, tmp_path):
    """Return what runs checks of a repository with one failing test."""
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "test_it.py").write_text("def test_broken(): assert False\n")
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    return GuestCheckExecutor(guest, shelf, copies, Settings(timeout_s=60), tmp_path / "logs")


def install(environment, name: str, files: dict[str, str]):
    """Return the environment with one more distribution."""
    (site,) = environment.site_packages
    about = site / f"{name}-1.0.dist-info"
    written = {path.replace("about", about.name): text for path, text in files.items()}
    written[f"{about.name}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    for path, text in written.items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_text(text)
        (site / path).chmod(0o755)
    (about / "RECORD").write_text("".join(f"{path},,\n" for path in written))
    found = read_installed_distributions(site, {})
    known = {each.distribution.name for each in found}
    before = (each for each in environment.installed_distributions if each.distribution.name not in known)
    return replace(environment, installed_distributions=(*before, *found))


@pytest.mark.parametrize(("files", "command"), THIEVES.values(), ids=THIEVES)
def test_what_passes_with_an_addition_alone_fails(checks, spec, environment, files, command) -> None:
    """Run again without it what passes only with what a release adds."""
    tests = [Check(CheckKind.TEST, command)]
    assert checks.run_checks(spec, environment, tests)[0].outcome is Outcome.FAIL
    attacked = install(environment, "thief", files)
    before = sorted((attacked.folder / "venv").rglob("*"))
    assert checks.run_checks(spec, attacked, tests)[0].outcome is Outcome.FAIL
    assert before == sorted((attacked.folder / "venv").rglob("*"))
    other = GuestCheckExecutor(checks.guest, checks.index, checks.copies, checks.settings, checks.log_folder)
    assert other.run_checks(spec, attacked, tests)[0].outcome is Outcome.PASS  # so it was with the committed set


def test_the_first_set_counts_also_where_nothing_of_it_was_run(checks, spec, environment) -> None:
    """Know what the first set ran unasked, though nothing was checked.

    The committed set imports nothing before something fails in the other one.
    """
    checks.run_checks(spec, environment, [])
    thief = {"thief.pth": "import sys; sys.modules.setdefault('gone', sys)\n", "thief.py": ""}
    victim = install(environment, "victim", {"victim.py": "import gone\n"})
    imports = Check(CheckKind.IMPORT, packages=frozenset({canonicalize_name("victim")}), before=KnownBefore(None, ()))
    attacked = install(victim, "thief", thief)
    (found,) = checks.run_checks(spec, attacked, [imports])
    assert "victim" in {each.id for each in (*found.failures, *found.optional)}


@pytest.mark.parametrize("group", sorted(UNASKED_GROUPS - {PYTEST_GROUP}))
def test_a_plugin_that_its_host_loads_by_itself_is_told_of(environment, group) -> None:
    """Name plug-ins that run wherever their host is imported."""
    files = {"thief.py": "", "about/entry_points.txt": f"[zz]\na = b\n[{group}]\nzz = thief\n"}
    (owner,) = find_added_hooks((), list_hook_owners(install(environment, "thief", files).installed_distributions[-1:]))
    assert "thief 1.0 runs wherever another package is imported" in describe_added_hooks([owner])[0]
    (site,) = environment.site_packages
    with switch_off_hooks([site], environment.python.parent, [owner]):
        assert (site / "thief-1.0.dist-info/entry_points.txt").read_text() == "[zz]\na = b\n"


def test_what_is_added_is_told_of_with_its_release(environment) -> None:
    """Say in a sentence what runs unasked, or belongs to others."""
    shared = install(environment, "victim", {"victim/__init__.py": "", "../../../bin/victim": ""})
    before = list_hook_owners(shared.installed_distributions)
    files = {"victim/__init__.py": "", "zz.pth": "import os\n", "../../../bin/victim": "", "tests/__init__.py": ""}
    after = list_hook_owners(install(shared, "thief", files).installed_distributions)
    assert [each.partition(". ")[0] for each in describe_added_hooks(find_added_hooks(before, after))] == [
        "Caution: thief 1.0 runs code at every start of Python (zz.pth)",
        "Caution: thief 1.0 installs a program of another's name (victim of victim)",
        "Caution: thief 1.0 holds files of another package too (victim/__init__.py of victim)",
    ]
    assert not find_added_hooks(after, after)


NAMESPACE = "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('{0}',));importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('{0}', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('{0}', [os.path.dirname(p)])));m = m or sys.modules.setdefault('{0}', types.ModuleType('{0}'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
SETUPTOOLS = "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; enabled and __import__('_distutils_hack').add_shim(); "


@pytest.mark.parametrize(
    ("text", "owner", "has_code"),
    [
        ("/some/folder\n# import os\n", "thief", False),
        (NAMESPACE.format("zope") + "\n", "thief", False),
        (NAMESPACE.format("zope").replace("importlib.util'", "thief'"), "thief", True),
        (NAMESPACE.format("zope") + ";import thief", "thief", True),
        (NAMESPACE.format("zope") + "\x0cimport thief", "thief", True),
        (SETUPTOOLS, "setuptools", False),
        (SETUPTOOLS, "thief", True),
        ("import\tthief", "thief", True),
    ],
)
def test_path_files_of_setuptools_add_nothing(text, owner, has_code) -> None:
    """Take for additions all lines of code but setuptools' own."""
    assert has_own_code(text, owner) is has_code
