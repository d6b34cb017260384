"""Smoke, boot and setup commands, and what all checks share."""

from pathlib import Path

import pytest

from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.model.checks import Check, CheckKind, Outcome
from depcheck.core.model.errors import DepcheckError


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    return root


@pytest.fixture
def checks(guest, shelf, repo, tmp_path):
    def with_settings(**settings) -> GuestCheckExecutor:
        copies = WorkspaceCopier(repo, guest, guest.scratch)
        return GuestCheckExecutor(guest, shelf, copies, Settings(timeout_s=60, **settings), tmp_path / "logs")

    return with_settings


@pytest.fixture
def run(checks, spec, this_environment):
    def once(kind: CheckKind, command: str, **settings):
        return checks(**settings).run_checks(spec, this_environment, [Check(kind, command)])[0]

    return once


def test_a_smoke_command_passes_when_it_exits_well(run) -> None:
    """With the environment's own programs first and active."""
    result = run(CheckKind.SMOKE, 'python -c "import pytest" && test -n "$VIRTUAL_ENV" && command -v python')
    assert (result.outcome, result.failures) == (Outcome.PASS, ())


@pytest.mark.parametrize(
    ("command", "headline"),
    [
        ("python -c 'import no_such'", "ModuleNotFoundError: No module named 'no_such'"),
        ("kill -SEGV $$", "exit status 139 (segmentation fault)"),
        ("sh -c 'kill -SEGV $$'; exit $?", "exit status 139 (segmentation fault)"),
        ("exit 3", "exit status 3"),
        ("echo 'fatal: no way'; echo bye; exit 1", "fatal: no way"),
        ("no-such-program", "no-such-program: not found"),
    ],
)
def test_a_failing_command_has_the_errors_own_sentence(run, command, headline) -> None:
    """Headline the exception, signal, complaint, or exit status, in this order."""
    failure = run(CheckKind.SMOKE, command).failures[0]
    assert (failure.id, headline in failure.headline) == ("", True), failure.headline


def test_a_hanging_command_is_a_failure_that_says_so(checks, spec, this_environment) -> None:
    """The words are those that people search for."""
    quick = checks(boot_seconds=1)
    object.__setattr__(quick, "settings", Settings(timeout_s=0.5))
    result = quick.run_checks(spec, this_environment, [Check(CheckKind.SMOKE, "echo here; sleep 100")])[0]
    assert result.headline == "timed out after 0.5 s"
    assert "here" in result.failures[0].evidence


def test_a_program_that_stays_up_boots(run) -> None:
    """Pass programs that stay up or finish, and fail those that die."""
    assert run(CheckKind.BOOT, "sleep 100", boot_seconds=0.3).outcome is Outcome.PASS
    assert run(CheckKind.BOOT, "true", boot_seconds=30).outcome is Outcome.PASS
    died = run(CheckKind.BOOT, "python -c 'raise ValueError(5)'", boot_seconds=30)
    assert (died.outcome, died.headline) == (Outcome.FAIL, "ValueError: 5")


def test_each_check_has_a_fresh_copy_and_its_own_log(checks, spec, this_environment, repo, tmp_path) -> None:
    """Give each check a fresh copy, its own log, no earlier leftovers.

    The repository is never touched.
    """
    (repo / "state").write_text("clean")
    dirty = Check(CheckKind.SMOKE, "cat state; echo dirty > state")
    first, second = checks().run_checks(spec, this_environment, [dirty, dirty])
    logs = [(tmp_path / "logs" / result.log).read_text() for result in (first, second)]
    assert logs == ["clean", "clean"]
    assert (repo / "state").read_text() == "clean"


def test_setup_runs_once_and_its_products_stay(checks, spec, this_environment, repo) -> None:
    """Every check starts from what the setup command has made."""
    prepared = checks(setup="echo x >> made; echo y >> ~/home-made")
    look = Check(CheckKind.SMOKE, 'test "$(cat made)" = x && test "$(cat ~/home-made)" = y')
    for _ in range(2):
        assert prepared.run_checks(spec, this_environment, [look])[0].outcome is Outcome.PASS
    assert not (repo / "made").exists()


def test_a_failing_setup_stops_in_words(checks, spec, this_environment) -> None:
    """Nothing was checked, so nothing is judged."""
    with pytest.raises(DepcheckError, match=r"setup command `exit 7` failed.*exit status 7"):
        checks(setup="exit 7").run_checks(spec, this_environment, [Check(CheckKind.SMOKE, "true")])
