"""Import checks: each module of packages and project must be importable."""

from dataclasses import dataclass, field, replace

from depcheck.checking.checks.importing.ask_importer import ModuleRating
from depcheck.checking.checks.importing.import_progress import ImportProgress
from depcheck.checking.checks.importing.imports import ImportFindings, run_import_check
from depcheck.checking.checks.importing.module_files import KnownImports
from depcheck.checking.checks.importing.needed_modules import NeededModules, ProjectImports, read_project_imports
from depcheck.checking.checks.interface import CheckFindings, CheckJob
from depcheck.core.model.checks import Check, Failure


@dataclass(slots=True)
class ImportCheckRunner:
    """Runs import checks, in the project's Django site where it has one.

    What the project itself imports is read once for each environment.
    """

    is_offline: bool = True
    _projects: dict[str, ProjectImports] = field(default_factory=dict)
    _known: KnownImports = field(default_factory=dict)

    def complete_check(self, job: CheckJob) -> Check:
        """Return the check as it is."""
        return job.check

    def run_check(self, job: CheckJob) -> CheckFindings:
        """Import the modules that the check asks for."""
        project = self._load_project(job)
        progress = ImportProgress(job.report_progress) if job.report_progress else None
        rating = None
        if job.check.before is not None:
            needed = NeededModules(job.context.environment, project, job.spec, job.check.before, self._known)
            rating = ModuleRating(needed.rate, needed.is_needed)
        context = replace(job.context, folders=project.folders)
        found = run_import_check(context, job.check, rating, project.django_settings, progress)
        return _to_check_findings(found, job.check)

    def _load_project(self, job: CheckJob) -> ProjectImports:
        if job.spec.name not in self._projects:
            commands = (*job.settings.smoke, *job.settings.boot, job.settings.test or "")
            lockfiles = [lock.path for lock in job.spec.lockfiles]
            self._projects[job.spec.name] = read_project_imports(job.context.workspace, commands, lockfiles)
        return self._projects[job.spec.name]


def _to_check_findings(found: ImportFindings, check: Check) -> CheckFindings:
    failures = tuple(failure for _, failure in sorted(found.failed.items()))
    if check.ids and found.not_reached:
        left = len(found.not_reached)
        failures += (Failure("", f"{left} modules were not reached in time, {found.not_reached[0]} the first"),)
    return CheckFindings(
        found.to_outcome(narrowed=bool(check.ids)),
        failures,
        frozenset(found.passed),
        tuple(found.optional.values()),  # what the project reaches first comes first
        0 if check.ids else len(found.not_reached),
    )
