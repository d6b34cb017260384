"""The import check survives any module and counts only lone failures."""

import ast
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.checks.importing import ask_importer, importable_modules, imports, module_order
from depcheck.checking.checks.importing.import_progress import ImportProgress
from depcheck.checking.checks.importing.imports import ImportFindings, run_import_check
from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.read_installed import InstalledDistribution, to_module_name
from depcheck.checking.sandbox.policy import NO_NETWORK
from depcheck.core.model.checks import (
    DJANGO_SETUP,
    Check,
    CheckKind,
    CheckResult,
    Failure,
    KnownBefore,
    Outcome,
    find_new_failures,
)
from depcheck.core.model.installed import Distribution


@pytest.fixture
def room(guest, folder, tmp_path, this_environment) -> CheckContext:
    return CheckContext(guest, this_environment, folder, tmp_path / "log.txt", 60, NO_NETWORK)


def found(room: CheckContext, *ids: str) -> ImportFindings:
    return run_import_check(room, Check(CheckKind.IMPORT, ids=frozenset(ids)))


HOSTILE = {
    "good": "",
    "exits": "import sys; sys.exit('bye')",
    "ends": "import os; os._exit(0)",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "raises": "raise BaseException('deep\\n  down')",
    "interrupts": "raise KeyboardInterrupt",
    "asks": "input()",
    "prints": "import os, sys; print('x' * 100000); os.write(1, b'\\xff[1,2]\\n'); print('[\"pass\", \"exits\"]')",
    "forks": "import os; os.fork()",
    "threads": "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()",
    "misses": "import json\nfrom json.nothing import here",
    "zlast": "",
}


def test_every_module_is_reached_whatever_the_others_do(room) -> None:
    """Import every module despite exits, crashes, forks, threads and prompts."""
    for name, text in HOSTILE.items():
        (room.workspace / f"{name}.py").write_text(text)
    findings = found(room)
    assert findings.passed == {"good", "prints", "forks", "threads", "zlast"}
    assert {name: failure.headline for name, failure in findings.failed.items()} == {
        "exits": "SystemExit: bye",
        "ends": "the import ended its process: exit status 0",
        "crashes": "the import ended its process: exit status 139 (segmentation fault)",
        "raises": "BaseException: deep down",
        "interrupts": "KeyboardInterrupt",
        "asks": "EOFError: EOF when reading a line",
        "misses": "ModuleNotFoundError: No module named 'json.nothing'",
    }
    assert "depcheck_importer" not in findings.failed["misses"].evidence
    assert findings.to_outcome(narrowed=False) is Outcome.FAIL


def test_workers_share_many_modules(room, monkeypatch) -> None:
    """Keep workers' answers apart, and others running when one stops."""
    monkeypatch.setattr(module_order, "SHARED_FROM", 2)
    for name, text in HOSTILE.items():
        (room.workspace / f"{name}.py").write_text(text)
    for number in range(40):
        (room.workspace / f"many{number}.py").write_text("raise ValueError('x' * 9000)")
    findings = found(room)
    assert {"good", "prints", "forks", "threads", "zlast"} <= findings.passed
    assert len(findings.failed) == 47
    assert not findings.not_reached


def test_a_hang_is_timed_out_and_the_rest_goes_on(room, monkeypatch) -> None:
    """Time out one hanging module, with its stack as evidence."""
    for module in (ask_importer, imports):
        monkeypatch.setattr(module, "MODULE_TIMEOUT_S", 1.0)
    (room.workspace / "hangs.py").write_text("import time\ndef forever():\n    time.sleep(1000)\nforever()\n")
    (room.workspace / "later.py").write_text("")
    findings = found(room)
    assert findings.passed == {"later"}
    assert findings.failed["hangs"].headline == "import timed out after 1 s"
    assert "forever" in findings.failed["hangs"].evidence


def test_a_failure_that_another_module_caused_does_not_count(room) -> None:
    """What fails in company is asked again alone, in a fresh process."""
    (room.workspace / "breaks.py").write_text("import sys; sys.modules['json'] = None; sys.modules.pop('victim', None)")
    (room.workspace / "victim.py").write_text("import json")
    assert found(room).failed == {}


def test_what_was_not_reached_is_not_called_a_pass(room) -> None:
    """Leave the outcome open when time runs out, with a count."""
    (room.workspace / "one.py").write_text("")
    findings = found(replace(room, timeout_s=-1))
    assert findings.not_reached == ["one"]
    assert findings.to_outcome(narrowed=False) is Outcome.UNRESOLVED


def test_wanted_modules_alone_are_imported(room) -> None:
    """Import only the wanted modules, and leave missing ones open."""
    (room.workspace / "one.py").write_text("")
    (room.workspace / "two.py").write_text("raise ValueError")
    assert found(room, "one").passed == {"one"}
    assert found(room, "gone").to_outcome(narrowed=True) is Outcome.UNRESOLVED


def test_the_projects_modules_are_those_of_packages_and_src(room) -> None:
    """No tests, no build scripts, no folders that are no packages."""
    files = ["app.py", "setup.py", "conftest.py", "test_app.py", "pkg/__init__.py", "pkg/a.py", "pkg/tests/__init__.py",
             "loose/b.py", "src/lib/__init__.py", "src/lib/c.py", "docs/__init__.py", "pkg/__main__.py"]  # fmt: skip
    for file in files:
        (room.workspace / file).parent.mkdir(parents=True, exist_ok=True)
        (room.workspace / file).touch()
    assert importable_modules.list_project_modules(room) == ["app", "lib", "lib.c", "pkg", "pkg.a"]


def test_distributions_do_not_see_the_repositorys_own_modules(room) -> None:
    """Hide the project's own modules from distributions.

    A file named like a dependency's dependency must not hide the real one.
    """
    (room.workspace / "packaging.py").write_text("raise ValueError('mine')")
    findings = run_import_check(room, Check(CheckKind.IMPORT, packages=frozenset({"pytest"})))
    assert "_pytest.python" in findings.passed
    assert set(findings.failed) <= {"packaging", *(name for name in findings.failed if name.startswith("_pytest"))}
    assert "mine" not in str([f for name, f in findings.failed.items() if name != "packaging"])


def test_the_modules_of_a_distribution_are_chosen_by_name(this_environment: VirtualEnvironment) -> None:
    """Only those asked for, each once."""
    name = canonicalize_name("demo")
    known = InstalledDistribution(Distribution(name, Version("1")), ("demo", "demo.part"))
    environment = replace(this_environment, installed_distributions=(known,))
    assert importable_modules.list_distribution_modules(environment, frozenset({"demo"})) == ["demo", "demo.part"]
    assert importable_modules.list_distribution_modules(environment, frozenset({"other"})) == []


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("six.py", "six"),
        ("a/__init__.py", "a"),
        ("a/b.cpython-311-x86_64-linux-gnu.so", "a.b"),
        ("a/b.abi3.so", "a.b"),
        ("a/b.so", "a.b"),
        ("google/cloud/storage/client.py", "google.cloud.storage.client"),
        ("a/__main__.py", None),
        ("a/tests/test_b.py", None),
        ("a/py.typed", None),
        ("a/not-a-name.py", None),
        ("../../bin/tool.py", None),
        ("__init__.py", None),
        ("a-1.dist-info/x.py", None),
        ("a/b.pyi", None),
    ],
)
def test_module_names(path: str, module: str | None) -> None:
    """What a RECORD lists becomes the name to import, or nothing."""
    assert to_module_name(PurePosixPath(path)) == module


def test_old_interpreters_can_run_the_importer() -> None:
    """Its text must stay within the grammar of Python 3.6."""
    for script in Path(ask_importer.GUEST_SCRIPTS).glob("*.py"):
        ast.parse(script.read_text(), feature_version=(3, 6))


def test_a_long_check_says_how_far_it_is(room) -> None:
    """With numbers that people read, and not for each module."""
    heard, times = [], iter(range(0, 1000, 10))
    progress = ImportProgress(heard.append, clock=lambda: next(times))
    progress.start_count(4529)
    for _ in range(4):
        progress.count_answers(b'["start", "a"]\n["pass", "a"]\n["fail", "b", "E", ""]\n')
    assert heard == ["imports: 4 of 4,529", "imports: 8 of 4,529"]


SITE = {
    "django.py": "import os, sys\ndef setup():\n    __import__(os.environ['DJANGO_SETTINGS_MODULE'])\n    sys.ready = True\n",
    "site_settings.py": "",
    "models.py": "import sys\nassert sys.ready, 'apps are not loaded yet'\n",
}


def import_site(
    room: CheckContext, files: dict[str, str], *ids: str, before: KnownBefore | None = None
) -> ImportFindings:
    for name, text in {**SITE, **files}.items():
        (room.workspace / name).write_text(text)
    django = InstalledDistribution(Distribution(canonicalize_name("django"), Version("5")), ())
    room = replace(room, environment=replace(room.environment, installed_distributions=(django,)))
    check = Check(CheckKind.IMPORT, ids=frozenset(ids), before=before)
    return run_import_check(room, check, django="site_settings")


def test_modules_are_imported_in_the_projects_django_site(room) -> None:
    """Also each alone, when it is asked for by name."""
    assert {"models", DJANGO_SETUP} <= import_site(room, {}).passed
    assert import_site(room, {}, "models").passed == {"models"}


def test_a_django_site_that_cannot_be_set_up_is_one_finding(room) -> None:
    """Report a broken Django site once, comparing no module of it."""
    before = KnownBefore(frozenset({"models", "site_settings", DJANGO_SETUP}))
    findings = import_site(room, {"site_settings.py": "raise ImportError('gone')"}, before=before)
    assert findings.failed[DJANGO_SETUP].headline == "ImportError: gone"
    old = CheckResult(CheckKind.IMPORT, "", Outcome.PASS, 1, passed_ids=before.passed)
    new = CheckResult(CheckKind.IMPORT, "", Outcome.FAIL, 1, tuple(findings.failed.values()))
    assert [failure.id for failure in find_new_failures(old, new)] == [DJANGO_SETUP]


def test_what_plainly_fails_alone_too_is_not_tried_alone(room, monkeypatch) -> None:
    """Skip the second try of modules that plainly fail alone.

    Company could only have helped a module that misses what is not installed, or a Django site.
    """
    asked: list[str] = []
    headlines = [
        "ModuleNotFoundError: No module named 'zzz'",
        "AppRegistryNotReady: Apps aren't loaded yet.",
        "OSError: x",
    ]
    failed = {name: Failure(name, headline) for name, headline in zip("abc", headlines, strict=True)}
    monkeypatch.setattr(imports, "_import_alone", lambda _work, modules, *_: asked.extend(modules))
    monkeypatch.setattr(imports, "_import_together", lambda _work, modules, *_: failed if modules else {})
    run_import_check(room, Check(CheckKind.IMPORT, packages=frozenset({"pytest"})))
    assert asked == ["c"]


def test_what_the_committed_set_cannot_import_is_not_tried_alone(room) -> None:
    """Nothing of it could be a finding."""
    (room.workspace / "known.py").write_text("raise ValueError")
    (room.workspace / "fresh.py").write_text("raise ValueError")
    findings = run_import_check(room, Check(CheckKind.IMPORT, before=KnownBefore(frozenset({"fresh"}))))
    assert set(findings.failed) == {"fresh"}
