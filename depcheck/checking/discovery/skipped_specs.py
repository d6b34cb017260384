"""Environments that cannot be judged, with the reason."""

from depcheck.core.lockfiles.spec import EnvironmentSpec

NOTHING_TO_JUDGE = (
    "No lockfile of pip-tools or uv and no requirements were found; "
    "lock the project with uv or pip-compile, or name one with --lockfile."
)


def build_skipped_spec(path: str, reason: str) -> EnvironmentSpec:
    """Build an environment that is skipped for `reason`, a sentence."""
    return EnvironmentSpec(path, "", (), skip_reason=reason)


def build_unnameable_spec(path: str) -> EnvironmentSpec:
    """Build a skipped environment for a path that is not UTF-8."""
    shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return build_skipped_spec(shown, "Its path is not UTF-8, so no report can name it; rename the folder or the file.")
