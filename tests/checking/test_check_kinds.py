"""A check kind is one file and one row.

It needs no other change to be run.
"""

from enum import StrEnum

import pytest

from depcheck.checking.checks import kinds
from depcheck.checking.checks.interface import CheckFindings
from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.model.checks import Check, CheckKind, Failure, Outcome


class ToyKind(StrEnum):
    """A kind that depcheck does not have."""

    LINT = "lint"


class LintCheckRunner:
    """What the file of a new kind would hold."""

    is_offline = True

    def complete_check(self, job):
        return job.check

    def run_check(self, job):
        ran = job.context.run_shell(job.check.command)
        return CheckFindings.from_failures(() if ran.is_success else (Failure("", "lint"),))


@pytest.fixture
def executor(guest, shelf, tmp_path):
    (tmp_path / "repo").mkdir()
    copies = WorkspaceCopier(tmp_path / "repo", guest, guest.scratch)
    return GuestCheckExecutor(guest, shelf, copies, Settings(timeout_s=60), tmp_path / "logs")


def test_a_row_is_all_that_a_new_kind_needs(executor, spec, this_environment, monkeypatch) -> None:
    """Its own runner is called, and its results bear its own name."""
    monkeypatch.setitem(kinds.CHECK_RUNNERS, ToyKind.LINT, LintCheckRunner)
    (result,) = executor.run_checks(spec, this_environment, [Check(ToyKind.LINT, "exit 3")])
    assert (result.kind, result.outcome, result.headline) == ("lint", Outcome.FAIL, "lint")
    assert result.log.endswith("-lint.txt")


def test_a_kind_without_a_row_is_never_run_as_another(executor, spec, this_environment) -> None:
    """It is refused, and not run as a smoke test."""
    with pytest.raises(TypeError, match="`lint` have no row"):
        executor.run_checks(spec, this_environment, [Check(ToyKind.LINT, "true")])


def test_every_kind_has_its_row() -> None:
    """Only installing is done by the environments."""
    assert {*kinds.CHECK_RUNNERS, CheckKind.INSTALL} == {*CheckKind}
