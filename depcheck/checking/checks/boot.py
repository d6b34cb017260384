"""Boot checks: programs that must stay up."""

from depcheck.checking.checks.interface import CheckFindings, CheckJob
from depcheck.checking.checks.running.command_context import build_command_failure
from depcheck.core.model.checks import Check


class BootCheckRunner:
    """Runs boot checks."""

    is_offline = False

    def complete_check(self, job: CheckJob) -> Check:
        """Return the check as it is."""
        return job.check

    def run_check(self, job: CheckJob) -> CheckFindings:
        """Run a program that must still run after `boot_seconds` of the settings.

        An earlier exit with status 0 passes too.
        """
        ran = job.context.run_shell(job.check.command, stay_up_s=job.settings.boot_seconds)
        return CheckFindings.from_failures(
            () if ran.stayed_up or ran.is_success else (build_command_failure(ran, job.context.timeout_s),)
        )
