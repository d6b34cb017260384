"""Which requirements conflict, read from what pip, pip-tools or uv printed, and reduced to as few as will do.

The wordings are pip's from 20.3 to 26 (what pip-compile shows of it is its exception), pip-tools' legacy resolver's,
and uv's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

MOST_CLAUSES, MOST_TOLD = 40, 6

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
class Clause:
    """One requirement of a conflict. `who` asks for it (`flask 2.2.2`); empty for the sources."""

    who: str
    wanted: Requirement

    @property
    def target(self) -> NormalizedName:
        """Whom it asks for."""
        return canonicalize_name(self.wanted.name)

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The packages that it speaks of."""
        asking = re.match(r"[\w.-]+", self.who)
        return frozenset({self.target, canonicalize_name(asking[0])} if asking else {self.target})


def clauses(output: str) -> tuple[Clause, ...]:
    """The requirements that the tool says conflict, each once, in its order; at most MOST_CLAUSES.

    Those that any release would satisfy are left out.
    """
    said = list(dict.fromkeys(clause for clause in _clauses(output) if clause.wanted.specifier))
    if not said and (missing := _NO_MATCH.search(output)):
        said = list(_clause("", missing["what"] or missing["other"] or missing["none"]))
    return tuple(said[:MOST_CLAUSES])


def minimal(found: Sequence[Clause], versions: Callable[[NormalizedName], Sequence[Version]]) -> tuple[Clause, ...]:
    """As few of the clauses as no release of `versions` satisfies; all of them where that cannot be shown of any.

    No clause of the answer can be left out: what remains has a release. There may be another, smaller answer.
    """
    cores = []
    for target in dict.fromkeys(clause.target for clause in found):
        about = [clause for clause in found if clause.target == target]
        there = versions(target)
        if there and not _meets(about, there):
            cores.append(_core(about, there))
    return min(cores, key=len) if cores else tuple(found)


def told(found: Sequence[Clause]) -> str:
    """`flask 2.2.2 depends on werkzeug>=2.2.2, and the sources ask for werkzeug<2`; empty for no clauses."""
    words = [
        f"{each.who} depends on {each.wanted}" if each.who else f"the sources ask for {each.wanted}" for each in found
    ]
    more = f", and {len(words) - MOST_TOLD} more" if len(words) > MOST_TOLD else ""
    return ", and ".join(words[:MOST_TOLD]) + more


def _core(about: list[Clause], there: Sequence[Version]) -> tuple[Clause, ...]:
    kept = list(about)
    for clause in about:
        rest = [each for each in kept if each is not clause]
        if not _meets(rest, there):
            kept = rest
    return tuple(kept)


def _meets(about: Iterable[Clause], there: Sequence[Version]) -> bool:
    together = SpecifierSet()
    for clause in about:
        together &= clause.wanted.specifier
    return any(together.contains(version, prereleases=True) for version in there)


def _clauses(output: str) -> Iterator[Clause]:
    for match in _BACKTRACK.finditer(output):
        if "Python" not in match["kind"]:
            yield from _clause(_of_file(match["link"] or ""), match["what"])
    for match in _CAUSED.finditer(output):
        yield from _clause(match["who"], match["what"])
    for match in _REQUESTED.finditer(output):
        yield from _clause("", match["what"])
    for match in _LEGACY.finditer(output):
        yield from _clause((match["who"] or "").replace("==", " "), match["what"])
    if "No solution found when resolving" in output:
        yield from _of_uv(" ".join(output.split()))


def _of_uv(text: str) -> Iterator[Clause]:
    """Premises only: what uv concludes on the way is no one's requirement."""
    premises = _UV_CONCLUDES.sub("", text.replace(" And because", "\n And because"))
    for match in _UV_NEEDS.finditer(premises):
        yield from _clause(match["who"].replace("==", " "), match["what"])
    for match in _UV_WANTS.finditer(premises):
        yield from _clause("", match["what"])


def _clause(who: str, what: str) -> Iterator[Clause]:
    try:
        wanted = Requirement(what.strip())
    except (ValueError, RecursionError):
        return
    wanted.marker = None
    yield Clause(who, wanted)


def _of_file(link: str) -> str:
    """`Flask 2.2.2` for the address of a release's file; the file's name where that says no release."""
    name = link.partition("#")[0].rpartition("/")[2]
    try:
        project, version = parse_wheel_filename(name)[:2] if name.endswith(".whl") else parse_sdist_filename(name)
    except ValueError:
        return name
    return f"{project} {version}"
