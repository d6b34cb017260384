"""Environments that cannot be judged, with the reason."""

from depcheck.core.lockfiles.spec import EnvironmentSpec


def build_skipped_spec(path: str, reason: str) -> EnvironmentSpec:
    """Build an environment that is skipped for `reason`, a sentence."""
    return EnvironmentSpec(path, "", (), skip_reason=reason)


def build_unnameable_spec(path: str) -> EnvironmentSpec:
    """Build a skipped environment for a path that is not UTF-8."""
    shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return build_skipped_spec(shown, "Its path is not UTF-8, so no report can name it; rename the folder or the file.")
