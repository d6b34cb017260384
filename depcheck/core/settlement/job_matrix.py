"""Distribute the environments of a repository over a workflow's jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from depcheck.core.lockfiles.spec import EnvironmentSpec

MAX_JOBS = 256
"""What a matrix of GitHub Actions may have."""


@dataclass(slots=True)
class _Job:
    specs: list[EnvironmentSpec] = field(default_factory=list)
    seconds: float = 0.0


def plan_job_matrix(
    specs: Sequence[EnvironmentSpec], durations_s: Mapping[str, float], jobs: int = MAX_JOBS
) -> list[dict[str, str]]:
    """Build the rows of the job matrix, the longest job first.

    `durations_s` are those of an earlier run by environment; an unknown one counts as the longest known. If
    there are more environments than `jobs`, the next longest goes to the job with the least work so far, which
    takes at most 4/3 of the time of the best distribution. Equal inputs give equal rows.
    """
    unknown_s = max(durations_s.values(), default=1.0)
    weighed = sorted(specs, key=lambda spec: (-durations_s.get(spec.name, unknown_s), spec.name))
    spread = [_Job() for _ in range(max(1, min(jobs, MAX_JOBS, len(specs))))]
    for spec in weighed:
        least = min(spread, key=lambda job: job.seconds)
        least.specs.append(spec)
        least.seconds += durations_s.get(spec.name, unknown_s)
    spread.sort(key=lambda job: -job.seconds)
    return [_to_matrix_row(job.specs) for job in spread if job.specs]


def _to_matrix_row(specs: Sequence[EnvironmentSpec]) -> dict[str, str]:
    """Convert environments to one row of the matrix.

    Names and paths are separated by newlines, as the inputs `only` and `lockfile` take them. `python` is empty
    if the environments have different ones; then the lockfiles decide.
    """
    pythons = {spec.python for spec in specs}
    paths = dict.fromkeys(lockfile.path for spec in specs for lockfile in spec.lockfiles)
    return {
        "environment": "\n".join(spec.name for spec in specs),
        "python": pythons.pop() if len(pythons) == 1 else "",
        "lockfiles": "\n".join(paths),
    }
