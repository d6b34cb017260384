"""The reason of a failed compile, parsed from the compiler's output.

Supported are pip 18 to 26, pip-tools' own messages (its legacy resolver), and uv.
"""

import re

from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename
from packaging.version import Version

from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.model.checks import Failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.text.process_output import extract_evidence, find_error_line
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.core.tool_output.conflict_clauses import describe_conflict, parse_conflict_clauses

_BUILD = re.compile(
    r"subprocess-exited-with-error|metadata-generation-failed|Command errored out with exit status"
    r"|Failed to build|did not run successfully|Preparing metadata \([^\n]{0,200}\) did not run"
    r"|The build backend returned an error"
    r"|Failed to download and build|Call to `[^\n]{0,200}` failed",
)
_CONFLICT = re.compile(
    r"ResolutionImpossible|conflicting dependencies|No matching distribution found|Could not find a version"
    r"|There are incompatible versions|No solution found when resolving|No versions found"
    r"|package versions have conflicting"
    r"|ResolutionTooDeep|we can conclude",
)
_UNMATCHED = re.compile(
    r"No matching distribution found for ([A-Za-z0-9][\w.-]*\w)"
    r"|Could not find a version that (?:satisfies the requirement|matches) ([A-Za-z0-9][\w.-]*\w)"
    r"|(?:Because|because) (?:there are no versions of )?([A-Za-z0-9][\w.-]*\w) was not found in the"
    r"|([A-Za-z0-9][\w.-]*\w) was not found in the package registry"
)
# Words of resolvers that have not tried every set: pip-tools' legacy one, and pip's after its last round.
_GIVEN_UP = re.compile(
    r"There are incompatible versions in the resolved|Could not find a version that matches|ResolutionTooDeep"
    r"|resolution-too-deep"
)
_NETWORK = re.compile(
    r"50[0-9] (Server Error|Bad Gateway)|ReadTimeoutError|NewConnectionError|Connection refused|ECONNREFUSED"
)
_IGNORED_VERSION = re.compile(r"Ignoring version (?P<version>\S+) of (?P<name>\S+) since it has invalid metadata")
_METADATA_TRACEBACK = re.compile(r"^pip\._vendor\.packaging\.\w+\.Invalid\w+", re.MULTILINE)
_BLOCKS = (  # how a block begins, and how it ends
    (re.compile(r"\[\d+ lines? of output\]\n"), re.compile(r"\n[ \t]*\[end of output\]")),
    (re.compile(r"Complete output \(\d+ lines?\):\n"), re.compile(r"\n[ \t]*-{20,}")),
    (re.compile(r"\[stderr\]\n"), re.compile(r"\n[ \t]*\n[ \t]*hint|\Z")),
)
_NAMED_PACKAGE = (
    re.compile(r"Failed to build '(?P<name>[^'\s]+)' when"),
    re.compile(r"Failed to (?:download and )?build `(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^`]+)`"),
    re.compile(r"Failed to build `(?P<name>[A-Za-z0-9._-]+)`"),
)


def is_network_failure(output: str) -> bool:
    """Return True if the index did not answer.

    Then no package is to blame.
    """
    return bool(_NETWORK.search(output))


def has_given_up(output: str) -> bool:
    """Return True if the resolver found no set without trying them all."""
    return bool(_GIVEN_UP.search(output))


def has_metadata_traceback(output: str) -> bool:
    """Return True if pip crashed on metadata that breaks today's standards."""
    return bool(_METADATA_TRACEBACK.search(output))


def has_no_matching_release(output: str) -> bool:
    """Return True if pip found no release that a requirement allows."""
    return "No matching distribution found" in output or "Could not find a version that" in output


def has_ignored_pin(output: str, lockfile: Lockfile) -> bool:
    """Return True if pip ignored a pinned release because of invalid metadata."""
    pinned = {(entry.pin.name, str(entry.pin.version)) for entry in lockfile.entries}
    return any(
        (canonicalize_name(found["name"]), found["version"]) in pinned for found in _IGNORED_VERSION.finditer(output)
    )


def find_unmatched_names(output: str) -> tuple[NormalizedName, ...]:
    """Return packages of which the tool found no release.

    Each once, in its order.
    """
    found = (next(filter(None, match.groups())) for match in _UNMATCHED.finditer(output))
    return tuple(dict.fromkeys(map(canonicalize_name, found)))


def parse_compile_failure(output: str, last_source: str = "") -> CompileFailure:
    """Parse the failure from the output of a compile.

    `last_source` is the file name of the source distribution that was fetched last.
    """
    if _BUILD.search(output):
        return _parse_build_failure(output, last_source)
    if conflict := _CONFLICT.search(output):
        headline = describe_conflict(parse_conflict_clauses(output)) or _extract_conflict_text(output, conflict.start())
        return CompileFailure(
            CompileFailureKind.UNRESOLVABLE, Failure("", to_one_line(headline), extract_evidence(output))
        )
    return CompileFailure(CompileFailureKind.REFUSED, Failure("", find_error_line(output), extract_evidence(output)))


def _parse_build_failure(output: str, last_source: str) -> CompileFailure:
    """Parse the failure of a package's build."""
    block = next(filter(None, (_extract_block(output, *ends) for ends in _BLOCKS)), output)
    name, version = _find_failed_package(output, last_source)
    failure = Failure("", find_error_line(block), extract_evidence(block))
    return CompileFailure(CompileFailureKind.UNBUILDABLE, failure, name, version)


def _extract_block(output: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> str:
    """Extract the text between two patterns, or return an empty string."""
    start = begins.search(output)
    end = ends.search(output, start.end()) if start else None
    return output[start.end() : end.start()] if start and end else ""


def _find_failed_package(output: str, last_source: str) -> tuple[NormalizedName | None, Version | None]:
    """Find the package, and if known the version, whose build failed."""
    try:
        fetched = parse_sdist_filename(last_source)
    except ValueError:  # not a source distribution's name, or numbers longer than Python reads
        fetched = None
    for named in (found for found in (pattern.search(output) for pattern in _NAMED_PACKAGE) if found):
        name = canonicalize_name(named["name"])
        version = _parse_version(named.groupdict().get("version"))
        return name, version or (fetched[1] if fetched and fetched[0] == name else None)
    return fetched or (None, None)


def _parse_version(text: str | None) -> Version | None:
    """Parse a version, or return None."""
    try:
        return Version(text) if text else None
    except ValueError:
        return None


def _extract_conflict_text(output: str, start: int) -> str:
    """Extract the line of the conflict and the lines with its causes."""
    line_start = output.rfind("\n", 0, start) + 1
    lines = [line.strip() for line in output[line_start:].splitlines() if line.strip()]
    causes = [
        line for line in lines[1:8] if " depends on " in line or "requested" in line or line.startswith("Because")
    ]
    return extract_evidence(" ".join([lines[0], *causes]) if lines else find_error_line(output))[:300]
