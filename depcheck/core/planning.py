"""How the environments of a repository are spread over the jobs of a workflow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from depcheck.core.environments import EnvironmentSpec

MOST_JOBS = 256
"""What a matrix of GitHub Actions may have."""


@dataclass(slots=True)
class _Job:
    specs: list[EnvironmentSpec] = field(default_factory=list)
    seconds: float = 0.0


def matrix(
    specs: Sequence[EnvironmentSpec], durations_s: Mapping[str, float], jobs: int = MOST_JOBS
) -> list[dict[str, str]]:
    """The rows of the matrix, the longest first, so that none begins when the others are done.

    `durations_s` are those of an earlier night by environment; one that is not known counts as the longest known.
    With more environments than `jobs`, the next longest goes to the job that has least to do: at most 4/3 of the
    best spread. Equal inputs give equal rows.
    """
    unknown_s = max(durations_s.values(), default=1.0)
    weighed = sorted(specs, key=lambda spec: (-durations_s.get(spec.name, unknown_s), spec.name))
    spread = [_Job() for _ in range(max(1, min(jobs, MOST_JOBS, len(specs))))]
    for spec in weighed:
        least = min(spread, key=lambda job: job.seconds)
        least.specs.append(spec)
        least.seconds += durations_s.get(spec.name, unknown_s)
    spread.sort(key=lambda job: -job.seconds)
    return [_row(job.specs) for job in spread if job.specs]


def _row(specs: Sequence[EnvironmentSpec]) -> dict[str, str]:
    """Names and paths stand one a line, as the inputs `only` and `lockfile` take them.

    There is no `python` where the lockfiles decide.
    """
    pythons = {spec.python for spec in specs}
    paths = dict.fromkeys(lockfile.path for spec in specs for lockfile in spec.lockfiles)
    return {
        "environment": "\n".join(spec.name for spec in specs),
        "python": pythons.pop() if len(pythons) == 1 else "",
        "lockfiles": "\n".join(paths),
    }
