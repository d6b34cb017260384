"""The reason of a failed compile, parsed from the compiler's output.

Supported are pip 18 to 26, pip-tools' own messages (its legacy resolver), and uv.

Supported are pip 20.3 to 26 (pip-compile shows its exception), pip-tools' legacy resolver, and uv.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.model.checks import Failure
from depcheck.core.model.compile_result import CompileFailure, CompileFailureKind
from depcheck.core.text.process_output import extract_evidence, find_error_line
from depcheck.core.text.terminal_safe import to_one_line

MOST_CLAUSES, MOST_SHOWN = 40, 6

_BACKTRACK = re.compile(
    r"RequirementInformation\(requirement=(?P<kind>\w+)\('(?P<what>[^']+)'\), "
    r"parent=(?:None|[\w(=]*'(?P<link>[^' ]+))"
)
# The text is a stranger's: every repetition has an end that comes soon, or one place to begin.
_CAUSED = re.compile(r"^[ \t]*(?P<who>[\w.-]+(?:\[[^\]\n]*\])? [\w.+!-]+) depends on (?P<what>\S.*)$", re.MULTILINE)
_REQUESTED = re.compile(r"^[ \t]*The user requested (?:\(constraint\) )?(?P<what>\S.*)$", re.MULTILINE)
_LEGACY = re.compile(
    r"^[ \t]+(?P<what>[\w.-][^(\n]*) \(from (?:(?P<who>[\w.-]+==[^\s)]+?)->)?-[rc] [^)\n]*\)+$", re.MULTILINE
)
_RANGE = (
    r"[\w.-]{1,100}(?:\[[\w,.-]{1,100}\])?"
    r"(?:[<>=!~]=?=?[\w.*+!-]{1,60}(?:,[<>=!~]=?=?[\w.*+!-]{1,60}){0,20})?"
)
_UV_NEEDS = re.compile(rf"(?<![\w.-])(?P<who>{_RANGE}) depends? on (?P<what>{_RANGE})")
_UV_WANTS = re.compile(rf"you require (?P<what>{_RANGE})")
_UV_CONCLUDES = re.compile(r"we can conclude that .*?(?=\.\s|\.?$|\n\s*And because)", re.DOTALL)
_NO_MATCH = re.compile(
    r"No matching distribution found for (?P<what>\S+)|Could not find a version that (?:matches|satisfies the "
    r"requirement) (?P<other>\S+)|No versions found for (?P<none>\S+)"
)


@dataclass(frozen=True, slots=True)
class ConflictClause:
    """One requirement of a conflict.

    `requirer` is the release that has the requirement (`flask 2.2.2`), or empty for the sources.
    """

    requirer: str
    requirement: Requirement

    @property
    def required_name(self) -> NormalizedName:
        """Return the name of the required package."""
        return canonicalize_name(self.requirement.name)

    @property
    def package_names(self) -> frozenset[NormalizedName]:
        """Return the names of the required package and of the requirer."""
        asking = re.match(r"[\w.-]+", self.requirer)
        return frozenset({self.required_name, canonicalize_name(asking[0])} if asking else {self.required_name})


def parse_conflict_clauses(output: str) -> tuple[ConflictClause, ...]:
    """Parse the conflicting requirements from a compiler's output.

    Each appears once, in the order of the output, at most MOST_CLAUSES. Requirements that any release
    satisfies are left out.
    """
    said = list(dict.fromkeys(clause for clause in _find_clauses(output) if clause.requirement.specifier))
    if not said and (missing := _NO_MATCH.search(output)):
        said = list(_parse_clause("", missing["what"] or missing["other"] or missing["none"]))
    return tuple(said[:MOST_CLAUSES])


def minimize_conflict(
    found: Sequence[ConflictClause], versions: Callable[[NormalizedName], Sequence[Version]]
) -> tuple[ConflictClause, ...]:
    """Reduce the clauses to a smallest set that no release satisfies.

    `versions` lists the releases of a package. No clause of the result can be left out, or a release would
    satisfy the rest. Another, smaller set may exist. If no conflict can be shown, all clauses are returned.
    """
    cores = []
    for target in dict.fromkeys(clause.required_name for clause in found):
        about = [clause for clause in found if clause.required_name == target]
        there = versions(target)
        if there and not _is_satisfiable(about, there):
            cores.append(_minimize_clauses(about, there))
    return min(cores, key=len) if cores else tuple(found)


def describe_conflict(found: Sequence[ConflictClause]) -> str:
    """Describe the conflict in one phrase, empty for no clauses.

    Example: `flask 2.2.2 depends on werkzeug>=2.2.2, and the sources ask for werkzeug<2`.
    """
    words = [
        f"{each.requirer} depends on {each.requirement}" if each.requirer else f"the sources ask for {each.requirement}"
        for each in found
    ]
    more = f", and {len(words) - MOST_SHOWN} more" if len(words) > MOST_SHOWN else ""
    return ", and ".join(words[:MOST_SHOWN]) + more


def _minimize_clauses(about: list[ConflictClause], there: Sequence[Version]) -> tuple[ConflictClause, ...]:
    """Drop each clause without which the rest still conflicts."""
    kept = list(about)
    for clause in about:
        rest = [each for each in kept if each is not clause]
        if not _is_satisfiable(rest, there):
            kept = rest
    return tuple(kept)


def _is_satisfiable(about: Iterable[ConflictClause], there: Sequence[Version]) -> bool:
    """Return True if some version satisfies all clauses."""
    together = SpecifierSet()
    for clause in about:
        together &= clause.requirement.specifier
    return any(together.contains(version, prereleases=True) for version in there)


def _find_clauses(output: str) -> Iterator[ConflictClause]:
    """Yield all requirements in the output of pip, pip-tools or uv."""
    for match in _BACKTRACK.finditer(output):
        if "Python" not in match["kind"]:
            yield from _parse_clause(_format_file_release(match["link"] or ""), match["what"])
    for match in _CAUSED.finditer(output):
        yield from _parse_clause(match["who"], match["what"])
    for match in _REQUESTED.finditer(output):
        yield from _parse_clause("", match["what"])
    for match in _LEGACY.finditer(output):
        yield from _parse_clause((match["who"] or "").replace("==", " "), match["what"])
    if "No solution found when resolving" in output:
        yield from _find_uv_clauses(" ".join(output.split()))


def _find_uv_clauses(text: str) -> Iterator[ConflictClause]:
    """Yield the premises in uv's output.

    Conclusions that uv draws on the way are skipped, because no package requires them.
    """
    premises = _UV_CONCLUDES.sub("", text.replace(" And because", "\n And because"))
    for match in _UV_NEEDS.finditer(premises):
        yield from _parse_clause(match["who"].replace("==", " "), match["what"])
    for match in _UV_WANTS.finditer(premises):
        yield from _parse_clause("", match["what"])


def _parse_clause(who: str, what: str) -> Iterator[ConflictClause]:
    """Yield the parsed clause without its marker, or nothing if invalid."""
    try:
        wanted = Requirement(what.strip())
    except (ValueError, RecursionError):
        return
    wanted.marker = None
    yield ConflictClause(who, wanted)


def _format_file_release(link: str) -> str:
    """Format the release of a file's link as `Flask 2.2.2`.

    Returns the file name if it names no release.
    """
    name = link.partition("#")[0].rpartition("/")[2]
    try:
        project, version = parse_wheel_filename(name)[:2] if name.endswith(".whl") else parse_sdist_filename(name)
    except ValueError:
        return name
    return f"{project} {version}"


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
    """Return the packages of which the tool found no release at all, each once, in its order."""
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
