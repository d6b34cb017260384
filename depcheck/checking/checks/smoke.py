"""Smoke checks: commands that must exit 0 in time."""

from depcheck.checking.checks.interface import CheckFindings, CheckJob
from depcheck.checking.checks.running.command_context import build_command_failure
from depcheck.core.model.checks import Check


class SmokeCheckRunner:
    """Runs smoke checks."""

    is_offline = False

    def complete_check(self, job: CheckJob) -> Check:
        """Return the check as it is."""
        return job.check

    def run_check(self, job: CheckJob) -> CheckFindings:
        """Run a command that must exit 0 in time."""
        ran = job.context.run_shell(job.check.command)
        return CheckFindings.from_failures(
            () if ran.is_success else (build_command_failure(ran, job.context.timeout_s),)
        )
