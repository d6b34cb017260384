"""Where to publish, from the variables of the GitHub runner."""

from collections.abc import Mapping

from depcheck.core.messages.hidden_state import WorkflowRun
from depcheck.core.model.errors import UsageError
from depcheck.publishing.forge import PublishContext

_EVENTS_OFF_BRANCH = frozenset({"pull_request", "pull_request_target", "merge_group"})


def read_publish_context(environ: Mapping[str, str]) -> PublishContext:
    """Read the publish context from the runner's variables.

    They are GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_REF_NAME, GITHUB_REF_TYPE, GITHUB_RUN_ID and
    GITHUB_RUN_ATTEMPT.
    """
    on_branch = environ.get("GITHUB_REF_TYPE", "branch") == "branch"
    number, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    return PublishContext(
        api_url=environ.get("GITHUB_API_URL", "").rstrip("/"),
        repository=environ.get("GITHUB_REPOSITORY", ""),
        base_branch=environ.get("GITHUB_REF_NAME", "") if on_branch else "",
        run=WorkflowRun(int(number) if number.isdecimal() else 0, int(attempt) if attempt.isdecimal() else 1),
    )


def find_decline_reason(environ: Mapping[str, str]) -> str:
    """Return why a run for this event publishes nothing, or empty."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    if event not in _EVENTS_OFF_BRANCH:
        return ""
    return f"Nothing is published from a run for `{event}`: what it checked is not what is on the branch."


def check_publish_context(place: PublishContext, token: str) -> None:
    """Refuse to start without a repository or a token.

    Raises:
        UsageError: A variable is missing; the message says which, and where it comes from.
    """
    if place.repository.count("/") != 1:
        message = f"GITHUB_REPOSITORY is {place.repository!r}, so it is not known where to publish"
        raise UsageError(f"{message}; set it to owner/name, or use --dry-run to see what would be published.")
    if not token:
        raise UsageError(
            "There is no token, so nothing can be published; pass `token: ${{ github.token }}` to the action, set "
            "GITHUB_TOKEN, or use --dry-run to see what would be published."
        )
