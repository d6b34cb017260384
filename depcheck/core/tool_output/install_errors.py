"""Find out from uv's output why an install failed."""

import re
from dataclasses import replace

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.text.process_output import extract_evidence
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.core.tool_output.compile_errors import is_network_failure, parse_compile_failure

_BLOCKED_MESSAGE = re.compile(
    r"error sending request|[Cc]onnection (?:refused|reset)|HTTP status server error|status code 5\d\d"
    r"|[Nn]o space left|os error 28\b"
    r"|Disk quota exceeded|Read-only file system|dns error|operation timed out|Temporary failure in name resolution"
)
_BUILD_OUTPUT = re.compile(r"^[ \t]*\[std(?:err|out)\]$", re.MULTILINE)
_PACKAGE_PATTERNS = (
    re.compile(r"`(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^`\s]+)`"),
    re.compile(r"you require (?P<name>[A-Za-z0-9][\w.-]*)(?:==(?P<version>[\w.!+]+\w))?"),
)
_LABEL = re.compile(r"^\s*(?:error|cause|warning): |^\s{2,}")


def extract_uv_message(output: str) -> str:
    """Extract uv's own sentences from its output, joined into one line."""
    lines = [_LABEL.sub("", line).strip() for line in _cut_build_output(output).splitlines()]
    return to_one_line(
        "; ".join(line.rstrip(".:") for line in lines if line and not line.startswith(("hint:", "Using Python")))
    )


def _cut_build_output(output: str) -> str:
    """Cut off build output that uv quotes, and keep uv's own."""
    return _BUILD_OUTPUT.split(output, maxsplit=1)[0]


def describe_blocked_install(output: str) -> str:
    """Describe a failure that the network, index or disk caused.

    Then no package is to blame. Empty for any other cause.
    """
    own = _cut_build_output(output)
    blocked = _BLOCKED_MESSAGE.search(own)
    if not blocked and not is_network_failure(own):
        return ""
    message = extract_uv_message(own)
    cause = blocked.group() if blocked else ""  # it may stand at the end of a message that was cut
    return message if cause in message else f"{cause} ({message})"


def parse_install_failure(output: str) -> CompileFailure:
    """Parse which package could not be installed, and why.

    The reason is uv's or the build's own sentence.
    """
    found = parse_compile_failure(output)
    if found.kind is not CompileFailureKind.UNBUILDABLE or _LABEL.match(found.failure.headline):
        found = replace(found, failure=Failure("", extract_uv_message(output), extract_evidence(output)))
    if found.package is not None:
        return found
    named = next((match for pattern in _PACKAGE_PATTERNS if (match := pattern.search(_cut_build_output(output)))), None)
    if named is None:
        return found
    try:
        version = Version(named["version"]) if named["version"] else None
    except ValueError:
        version = None
    return replace(found, package=canonicalize_name(named["name"]), version=version)
