"""Packages that no index has: told with the indexes that were asked."""

from depcheck.core.tool_output.compile_errors import find_unmatched_names
from depcheck.ports import PackageServer


def describe_absent(index: PackageServer, output: str) -> str:
    """Describe the first package that no index has, or return ""."""
    for name in find_unmatched_names(output):
        origins = index.get_origins(name)
        if origins.asked and not origins.having:
            return origins.describe_absence(name)
    return ""
