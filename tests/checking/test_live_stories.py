"""The founding stories, from the live index, checked as the guest."""

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Check, CheckKind, CheckResult, KnownBefore, Outcome, find_new_failures
from depcheck.core.model.errors import InterpreterMissingError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    with LocalIndex([Upstream("https://pypi.org/simple/")], tmp_path_factory.mktemp("index")) as found:
        yield found


@pytest.fixture
def checked(guest, interpreters, index, tmp_path):
    repo = tmp_path / "repo"
    repo.mkdir()
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    environments = UvEnvironmentBuilder(guest, index, interpreters, copies, guest.scratch, 300)
    checks = GuestCheckExecutor(guest, index, copies, Settings(timeout_s=300, boot_seconds=5), tmp_path / "logs")

    def run(python: str, lines: str, files: dict[str, str], *wanted: Check):
        try:
            interpreters.find_path(python)
        except InterpreterMissingError as error:
            pytest.skip(str(error))
        for name, text in files.items():
            Path(repo, name).write_text(text)
        spec = EnvironmentSpec("requirements.txt", python, ())
        pairs = [line.split("==") for line in lines.split()]
        pins = {canonicalize_name(name): Pin(canonicalize_name(name), Version(version)) for name, version in pairs}
        installed = environments.install_pins(spec, pins, IndexView())
        return installed, (checks.run_checks(spec, installed, wanted) if installed.failure is None else [])

    return run


def see_before(installed, result: CheckResult) -> KnownBefore:
    """Return what a set showed of modules, as the pipeline keeps it."""
    owners = [(module, each.name) for each in installed.distributions for module in sorted(each.modules)]
    return KnownBefore(result.passed_ids, tuple(owners))


CELERY = "celery==4.1.0 billiard==3.5.0.3 pytz==2018.4 vine==1.1.4 amqp==2.3.2 "
WORKER = "celery -A tasks worker -P solo --without-mingle --without-gossip --without-heartbeat"
TASKS = {"tasks.py": "import celery\napp = celery.Celery('tasks', broker='memory://')\n"}


@pytest.mark.slow
def test_kombu_is_caught_by_imports_alone_and_by_the_boot_alone(checked) -> None:
    """Catch kombu 4.2.0 by imports alone and by booting alone.

    Against celery 4.1.0: no test needed, and `celery report` stays fine.
    """
    packages = frozenset({"kombu", "celery"})
    wanted = (
        Check(CheckKind.IMPORT, packages=packages),
        Check(CheckKind.SMOKE, "celery report"),
        Check(CheckKind.BOOT, WORKER),
    )
    committed, before = checked("3.6", CELERY + "kombu==4.1.0", TASKS, *wanted)
    known = replace(wanted[0], before=see_before(committed, before[0]))
    _, after = checked("3.6", CELERY + "kombu==4.2.0", TASKS, known, *wanted[1:])
    new = {failure.id: failure.headline for failure in find_new_failures(before[0], after[0])}
    assert new["celery.concurrency.asynpool"].startswith("ModuleNotFoundError: No module named 'kombu.async'")
    assert not [name for name in new if name.startswith("kombu")]
    assert [result.outcome for result in (*before[1:], *after[1:])] == [*[Outcome.PASS] * 3, Outcome.FAIL]
    assert "kombu.async.timer" in after[2].headline


def test_werkzeug_3_breaks_the_import_of_flask_2_2(checked) -> None:
    """Every module that fails is flask's, or imports it."""
    lines = "flask==2.2.2 jinja2==3.1.2 itsdangerous==2.1.2 click==8.1.7 markupsafe==2.1.3 werkzeug=="
    check = Check(CheckKind.IMPORT, packages=frozenset({"flask", "werkzeug"}))
    shop = {"shop.py": "import flask\n"}
    committed, before = checked("3.11", lines + "2.3.7", shop, check)
    _, after = checked("3.11", lines + "3.0.0", shop, replace(check, before=see_before(committed, before[0])))
    new = {failure.id: failure.headline for failure in find_new_failures(before[0], after[0])}
    assert after[0].headline in new.values()
    assert "cannot import name 'url_quote' from 'werkzeug.urls'" in new["flask"]
    assert {name.partition(".")[0] for name in new} == {"flask", "shop"}


def test_scarface_cannot_be_built(checked) -> None:
    """The sdist lacks the file that its setup.py reads."""
    installed, _ = checked("3.11", "django-scarface==3.2", {})
    assert "django_scarface/__init__.py" in installed.failure.headline
    assert (installed.package, installed.version) == ("django-scarface", Version("3.2"))


def test_a_build_requirement_breaks_pyyaml(checked) -> None:
    """Name PyYAML 5.4.1, which Cython 3 breaks, with the build's error."""
    installed, _ = checked("3.10", "pyyaml==5.4.1", {})
    assert "cython_sources" in installed.failure.headline
    assert installed.package == "pyyaml"
