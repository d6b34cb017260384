"""Conflicting requirements, parsed from output of pip, pip-tools or uv."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

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
