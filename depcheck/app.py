"""What the program does, connected: judge, publish, find the environments. `workshop` names the concrete adapters."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from depcheck import __version__
from depcheck.checking.process import run_own
from depcheck.checking.repository import Repository
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError
from depcheck.core.report import EnvironmentReport, Report, Status, Tool
from depcheck.core.settings import BisectSettings, PublishOptions, Settings
from depcheck.pipeline.night import night
from depcheck.ports import Reporter
from depcheck.reporting.earlier import earlier
from depcheck.reporting.folder import write
from depcheck.workshop import workshop

if TYPE_CHECKING:  # imported where it is used: a quiet night fetches nothing, and what judges publishes nothing
    from depcheck.publishing.publisher import Published

GIT_TIMEOUT_S = 30
_AS_YOU = "packages' code runs as this user, in a clean environment: see docs/security.md"


def check(settings: Settings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """Judge every environment of `settings.repo` and write the report folder.

    Raises:
        DepcheckError: Nothing could be judged at all; nothing was written.
    """
    started_at = _now()
    past = earlier(settings.history)
    specs = environments(settings, environ)
    with workshop(settings, reporter, environ, specs) as shop:
        if shop.guest.walls.uid is None:
            reporter.stage(_AS_YOU)
        reports = night(specs, settings, shop.connect, _now)
        report = _report(settings, environ, started_at, reports, shop.guest.walls.isolation())
    write(report, Path(settings.report), past)
    return report


def bisect(settings: BisectSettings, reporter: Reporter, environ: Mapping[str, str]) -> Report:
    """The same question between two dates: the baseline is the resolution as of `good`, nothing need be locked."""
    paths = tuple(str(path) for path in settings.requirements)
    return check(replace(settings.check, lockfiles=paths or settings.check.lockfiles), reporter, environ)


def publish(report: Path, options: PublishOptions, environ: Mapping[str, str]) -> "Published":
    """Settle what the report in the folder `report` wants, with the token GITHUB_TOKEN of `environ`.

    Raises:
        DepcheckError: The report or the forge cannot be used at all; what is refused singly is in `problems`.
    """
    from depcheck.publishing import publisher  # noqa: PLC0415  # GitHub's library takes half a second
    from depcheck.publishing.place import declined, place_of, require  # noqa: PLC0415

    place = place_of(environ)
    if options.dry_run:
        return publisher.preview(report, options, place)
    if why := declined(environ):
        return publisher.Published((why,))
    token = environ.get("GITHUB_TOKEN", "")
    require(place, token)
    return publisher.publish(report, options, token, place)


def environments(settings: Settings, environ: Mapping[str, str]) -> Sequence[EnvironmentSpec]:
    """The environments of the repository, found and not yet judged."""
    repo = Path(settings.repo).resolve()
    return Repository(settings, lambda words: _git(words, repo, environ)).environments()


def durations(folders: Sequence[PurePath]) -> dict[str, float]:
    """How long each environment took, in seconds, by the reports in `folders`; none for what cannot be read."""
    from depcheck.publishing.validation import read_report  # noqa: PLC0415  # what judges publishes nothing

    found: dict[str, float] = {}
    for folder in folders:
        with suppress(DepcheckError):
            for environment in read_report(Path(folder), "").environments:
                if environment.duration_s is not None:
                    found[environment.name] = max(0.0, environment.duration_s)
    return found


def write_failure(settings: Settings, error: DepcheckError, environ: Mapping[str, str]) -> None:
    """A report that says why nothing could be judged, so that no run is silent."""
    judged = EnvironmentReport(".", settings.python, Status.INFRA, str(error))
    write(_report(settings, environ, _now(), (judged,), {}), Path(settings.report))


def _report(
    settings: Settings,
    environ: Mapping[str, str],
    started_at: datetime,
    judged: tuple[EnvironmentReport, ...],
    isolation: dict[str, bool | int | str],
) -> Report:
    repo = Path(settings.repo).resolve()
    head = _git(["git", "-c", "safe.directory=*", "rev-parse", "HEAD"], repo, environ).strip()
    return Report(
        tool=Tool("depcheck", __version__),
        started_at=started_at,
        finished_at=_now(),
        as_of=settings.as_of,
        repository=environ.get("GITHUB_REPOSITORY"),
        commit=head or None,
        isolation=isolation,
        environments=judged,
    )


def _git(words: Sequence[str], repo: Path, environ: Mapping[str, str]) -> str:
    ran = run_own(words, folder=repo, timeout_s=GIT_TIMEOUT_S, outer=environ)
    return ran.answer.decode(errors="replace") if ran.passed else ""


def _now() -> datetime:
    return datetime.now(UTC)
