"""Where to publish, as the runner's variables say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from depcheck.core.errors import UsageError
from depcheck.core.markers import Run

_API = "https://api.github.com"
_NOT_THE_BRANCH_ITSELF = frozenset({"pull_request", "pull_request_target", "merge_group"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where to publish, and as which run: the API's address, `owner/name`, the base branch (empty: the default one)."""

    base_url: str = _API
    repository: str = ""
    base: str = ""
    run: Run = field(default_factory=Run)


def place_of(environ: Mapping[str, str]) -> Place:
    """The place that GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_REF_NAME and GITHUB_RUN_ID name."""
    on_branch = environ.get("GITHUB_REF_TYPE", "branch") == "branch"
    number, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    return Place(
        base_url=(environ.get("GITHUB_API_URL") or _API).rstrip("/"),
        repository=environ.get("GITHUB_REPOSITORY", ""),
        base=environ.get("GITHUB_REF_NAME", "") if on_branch else "",
        run=Run(int(number) if number.isdecimal() else 0, int(attempt) if attempt.isdecimal() else 1),
    )


def declined(environ: Mapping[str, str]) -> str:
    """Why a run for this event publishes nothing, or empty."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    if event not in _NOT_THE_BRANCH_ITSELF:
        return ""
    return f"Nothing is published from a run for `{event}`: what it judged is not what stands on the branch."


def require(place: Place, token: str) -> None:
    """Refuse to begin without a repository or a token.

    Raises:
        UsageError: Which variable is missing, and where it comes from.
    """
    if place.repository.count("/") != 1:
        message = f"GITHUB_REPOSITORY is {place.repository!r}, so it is not known where to publish"
        raise UsageError(f"{message}; set it to owner/name, or use --dry-run to see what would be published.")
    if not token:
        raise UsageError(
            "There is no token, so nothing can be published; pass `token: ${{ github.token }}` to the action, set "
            "GITHUB_TOKEN, or use --dry-run to see what would be published."
        )
