"""Why a compile failed, read from what pip-compile or uv printed.

The wordings are pip's from 18 to 26, pip-tools' own (its legacy resolver), and uv's.
"""

import re

from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename
from packaging.version import Version

from depcheck.core.checks import Failure
from depcheck.core.compilation import NotCompiled, Obstacle
from depcheck.core.conflicts import clauses, told
from depcheck.core.lockfile import Lockfile
from depcheck.core.outputs import evidence, telling_line
from depcheck.core.plain import one_line

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
_NETWORK = re.compile(
    r"50[0-9] (Server Error|Bad Gateway)|ReadTimeoutError|NewConnectionError|Connection refused|ECONNREFUSED"
)
_IGNORED = re.compile(r"Ignoring version (?P<version>\S+) of (?P<name>\S+) since it has invalid metadata")
_STUMBLED = re.compile(r"^pip\._vendor\.packaging\.\w+\.Invalid\w+", re.MULTILINE)
_BLOCKS = (  # how a block begins, and how it ends
    (re.compile(r"\[\d+ lines? of output\]\n"), re.compile(r"\n[ \t]*\[end of output\]")),
    (re.compile(r"Complete output \(\d+ lines?\):\n"), re.compile(r"\n[ \t]*-{20,}")),
    (re.compile(r"\[stderr\]\n"), re.compile(r"\n[ \t]*\n[ \t]*hint|\Z")),
)
_NAMED = (
    re.compile(r"Failed to build '(?P<name>[^'\s]+)' when"),
    re.compile(r"Failed to (?:download and )?build `(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^`]+)`"),
    re.compile(r"Failed to build `(?P<name>[A-Za-z0-9._-]+)`"),
)


def blocked_by_network(output: str) -> bool:
    """Whether the tool failed because the index did not answer; then no package is to blame."""
    return bool(_NETWORK.search(output))


def stumbled(output: str) -> bool:
    """Whether pip ended with a traceback over metadata that breaks today's standards."""
    return bool(_STUMBLED.search(output))


def without_match(output: str) -> bool:
    """Whether pip found no release that a requirement allows."""
    return "No matching distribution found" in output or "Could not find a version that" in output


def refuses_a_pin(output: str, lockfile: Lockfile) -> bool:
    """Whether pip passed over a release that the lockfile pins, because its metadata breaks today's standards."""
    pinned = {(entry.pin.name, str(entry.pin.version)) for entry in lockfile.entries}
    return any((canonicalize_name(found["name"]), found["version"]) in pinned for found in _IGNORED.finditer(output))


def obstacle(output: str, last_source: str = "") -> NotCompiled:
    """What stopped the compile. `last_source` is the file name of the source distribution that was fetched last."""
    if _BUILD.search(output):
        return _unbuildable(output, last_source)
    if conflict := _CONFLICT.search(output):
        headline = told(clauses(output)) or _sentence(output, conflict.start())
        return NotCompiled(Obstacle.UNRESOLVABLE, Failure("", one_line(headline), evidence(output)))
    return NotCompiled(Obstacle.REFUSED, Failure("", telling_line(output), evidence(output)))


def _unbuildable(output: str, last_source: str) -> NotCompiled:
    block = next(filter(None, (_block(output, *ends) for ends in _BLOCKS)), output)
    name, version = _built(output, last_source)
    failure = Failure("", telling_line(block), evidence(block))
    return NotCompiled(Obstacle.UNBUILDABLE, failure, name, version)


def _block(output: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> str:
    """What stands between the first beginning and the next end; empty where one of them is missing."""
    start = begins.search(output)
    end = ends.search(output, start.end()) if start else None
    return output[start.end() : end.start()] if start and end else ""


def _built(output: str, last_source: str) -> tuple[NormalizedName | None, Version | None]:
    try:
        fetched = parse_sdist_filename(last_source)
    except ValueError:  # not a source distribution's name, or numbers longer than Python reads
        fetched = None
    for named in (found for found in (pattern.search(output) for pattern in _NAMED) if found):
        name = canonicalize_name(named["name"])
        version = _version(named.groupdict().get("version"))
        return name, version or (fetched[1] if fetched and fetched[0] == name else None)
    return fetched or (None, None)


def _version(text: str | None) -> Version | None:
    try:
        return Version(text) if text else None
    except ValueError:
        return None


def _sentence(output: str, start: int) -> str:
    """The line of the conflict and the lines that say what it is made of."""
    line_start = output.rfind("\n", 0, start) + 1
    lines = [line.strip() for line in output[line_start:].splitlines() if line.strip()]
    causes = [
        line for line in lines[1:8] if " depends on " in line or "requested" in line or line.startswith("Because")
    ]
    return evidence(" ".join([lines[0], *causes]) if lines else telling_line(output))[:300]
