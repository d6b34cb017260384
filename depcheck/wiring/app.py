"""The use cases of the program: check, publish, find environments.

`run_context` names the concrete adapters.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from depcheck import __version__
from depcheck.checking.discovery.grouping import select_environments
from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.checking.discovery.skipped_specs import NOTHING_TO_JUDGE
from depcheck.checking.sandbox.guest import run_trusted_command
from depcheck.checking.sandbox.workspace_copy import refuse_large_tree
from depcheck.core.config.settings import BisectSettings, PublishOptions, Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import EnvironmentReport, Report, Tool
from depcheck.core.model.report_json import mask_report
from depcheck.core.model.status import Status
from depcheck.core.text.secret_values import find_secret_values
from depcheck.pipeline.run import judge_all_environments
from depcheck.ports import Reporter
from depcheck.reporting.folder import (
    read_earlier_reports,
    refuse_linked_folder,
    refuse_unwritable_folder,
    write_report_folder,
)
from depcheck.wiring.run_context import open_run_context

if TYPE_CHECKING:  # imported where it is used: a quiet night fetches nothing, and what judges publishes nothing
    from depcheck.publishing.publish import PublishResult

GIT_TIMEOUT_S = 30
_NO_SANDBOX_NOTICE = "packages' code runs as this user, in a clean environment: see docs/security.md"


def check_repository(settings: Settings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """Check every environment of `settings.repo` and write the report folder.

    Raises:
        DepcheckError: Nothing could be checked at all and nothing was written.
    """
    refuse_linked_folder(Path(settings.report))
    refuse_unwritable_folder(Path(settings.report))
    started_at = _get_now()
    past = read_earlier_reports(settings.history)
    every = find_environments(replace(settings, only=()), environ)
    specs = select_environments(every, settings.only)
    with open_run_context(settings, reporter, environ, specs) as shop:
        if shop.guest.policy.uid is None:
            reporter.start_stage(_NO_SANDBOX_NOTICE)
        reports = judge_all_environments(specs, settings, shop.connect_ports, _get_now)
        report = _build_report(settings, environ, started_at, reports, shop.guest.policy.to_report())
    report = replace(report, known_environments={} if settings.lockfiles else _list_lockfiles(every))
    report = mask_report(report, find_secret_values(environ, settings.env))
    write_report_folder(report, Path(settings.report), past)
    return report


def _list_lockfiles(specs: Sequence[EnvironmentSpec]) -> dict[str, tuple[str, ...]]:
    """List the lockfiles of each environment, if all are known."""
    if any(spec.name == "." and spec.skip_reason != NOTHING_TO_JUDGE for spec in specs):
        return {}
    return {spec.name: tuple(lockfile.path for lockfile in spec.lockfiles) for spec in specs}


def bisect_repository(settings: BisectSettings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """Check the repository between two dates and write the report folder.

    The baseline is the resolution as of `good`, so no lockfile is needed.
    """
    refuse_large_tree(Path(settings.check.repo), (Path(settings.check.report),))
    paths = tuple(str(path) for path in settings.requirements)
    return check_repository(replace(settings.check, lockfiles=paths or settings.check.lockfiles), reporter, environ)


def publish_report_folder(report: Path, options: PublishOptions, environ: Mapping[str, str]) -> "PublishResult":
    """Publish what the report in the folder `report` proposes.

    The token is GITHUB_TOKEN of `environ`.

    Raises:
        DepcheckError: The report or the forge cannot be used at all. Single refusals are in `problems`
            instead.
    """
    from depcheck.publishing import publish  # noqa: PLC0415  # GitHub's library takes half a second
    from depcheck.publishing.github.api import open_github_forge  # noqa: PLC0415
    from depcheck.publishing.github.event_context import (  # noqa: PLC0415
        check_publish_context,
        find_decline_reason,
        read_publish_context,
    )

    place = replace(read_publish_context(environ), secrets=find_secret_values(environ, ("GITHUB_TOKEN",)))
    if options.dry_run:
        return publish.preview_report(report, options, place)
    if why := find_decline_reason(environ):
        return publish.PublishResult((why,))
    token = environ.get("GITHUB_TOKEN", "")
    check_publish_context(place, token)
    return publish.publish_report(report, options, open_github_forge(token, place), place)


def find_environments(settings: Settings, environ: Mapping[str, str]) -> Sequence[EnvironmentSpec]:
    """Find the environments of the repository, without checking them."""
    repo = Path(settings.repo).resolve()
    return RepositoryWorkspace(settings, lambda words: _run_git(words, repo, environ)).find_environments()


def read_durations(folders: Sequence[PurePath]) -> dict[str, float]:
    """Read from reports how many seconds each environment took.

    Reports in `folders` that cannot be read are left out.
    """
    from depcheck.publishing.validate_report import read_untrusted_report  # noqa: PLC0415  # what judges publishes nothing

    found: dict[str, float] = {}
    for folder in folders:
        with suppress(DepcheckError):
            for environment in read_untrusted_report(Path(folder), "").environments:
                if environment.duration_s is not None:
                    found[environment.name] = max(0.0, environment.duration_s)
    return found


def write_failure_report(settings: Settings, error: DepcheckError, environ: Mapping[str, str]) -> None:
    """Write a report that says why nothing could be checked."""
    judged = EnvironmentReport(".", settings.python, Status.INFRA, str(error))
    report = _build_report(settings, environ, _get_now(), (judged,), {})
    write_report_folder(mask_report(report, find_secret_values(environ, settings.env)), Path(settings.report))


def _build_report(
    settings: Settings,
    environ: Mapping[str, str],
    started_at: datetime,
    judged: tuple[EnvironmentReport, ...],
    isolation: dict[str, bool | int | str],
) -> Report:
    repo = Path(settings.repo).resolve()
    head = _run_git(["git", "-c", "safe.directory=*", "rev-parse", "HEAD"], repo, environ).strip()
    return Report(
        tool=Tool("depcheck", __version__),
        started_at=started_at,
        finished_at=_get_now(),
        as_of=settings.as_of,
        repository=environ.get("GITHUB_REPOSITORY"),
        commit=head or None,
        isolation=isolation,
        environments=judged,
    )


def _run_git(words: Sequence[str], repo: Path, environ: Mapping[str, str]) -> str:
    ran = run_trusted_command(words, folder=repo, timeout_s=GIT_TIMEOUT_S, outer=environ)
    return ran.answer.decode(errors="replace") if ran.is_success else ""


def _get_now() -> datetime:
    return datetime.now(UTC)
