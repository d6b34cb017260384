"""Rank the changes by how suspicious they are, given the failures.

The evidence mostly names the culprit: the missing module is its own, its file is in the traceback, or the
failing package depends on it. If the missing module belongs to a package that was removed, all packages
that stopped requiring it are suspected together. The weights were tuned on the evidence of real incidents
(tests/core/search/cases); only their order has a meaning.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import NormalizedName

from depcheck.core.model.checks import Failure
from depcheck.core.model.requirements import InstalledSet, get_required_name, select_active_requirements
from depcheck.core.search.bisect import measure_leap
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.model import PackageNames, SuspectRanking
from depcheck.core.search.module_owners import ModuleOwners

_MISSING_MODULE = re.compile(r"No module named ['\"]?([\w.]+)")
_NAMED_MODULES = (
    re.compile(r"cannot import name ['\"]?\w+['\"]? from (?:partially initialized module )?['\"]?([\w.]+)"),
    re.compile(r"module ['\"]([\w.]+)['\"] has no attribute"),
    re.compile(r"(?<![\w.])([a-z_]\w*(?:\.\w+)+) size changed, may indicate binary incompatibility"),
    re.compile(r"(?<![\w.])([a-z_]\w*(?:\.\w+)+) module is now"),
    re.compile(r"^(?:E[ \t]+)?([a-z_]\w*(?:\.\w+)*)\.[A-Z]\w*(?:Error|Exception|Warning)\b", re.MULTILINE),
)
_MISSING_NAME = re.compile(
    r"cannot import name ['\"]?(\w+)['\"]? from (?:partially initialized module )?['\"]?([\w.]+\w)"
)
_IMPORT_STATEMENT = re.compile(r"^[>E \t\d|]*(?:from\s+([\w.]+)\s+import|import\s+([\w.]+))", re.MULTILINE)
_FRAME_MODULE = re.compile(r"(?:site|dist)-packages[/\\]([A-Za-z_]\w*(?:[/\\]\w+){0,12})")
_FRAME_FILE_AND_LINE = re.compile(r"(?:site|dist)-packages[/\\]([\w/\\.-]{1,300})\.py\b[^\n]*\n?([^\n]*)")
_FAILED_LINE = re.compile(r"^>(.*)$", re.MULTILINE)  # pytest's mark of the line that failed
_NAME_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class FailureClues:
    """Dotted module names in failures, by how they appear there.

    Each in order of appearance; `frame_modules` the outermost first, `missing_names` with their module. `all_words` and
    `headline_words` are all words that could be the name of a package or a module, in lower case. `innermost_words` are
    those of the innermost frame: its file inside site-packages, and the line that failed.
    """

    missing_modules: tuple[str, ...]
    missing_names: tuple[str, ...]
    named_modules: tuple[str, ...]
    imported_modules: tuple[str, ...]
    frame_modules: tuple[str, ...]
    headline_words: frozenset[str]
    innermost_words: frozenset[str]
    all_words: frozenset[str]


def extract_clues(failures: Sequence[Failure]) -> FailureClues:
    """Extract the clues of all failures together."""
    headlines = "\n".join(failure.headline for failure in failures)
    text = "\n".join((headlines, *(failure.evidence for failure in failures)))
    return FailureClues(
        missing_modules=_deduplicate_modules(_MISSING_MODULE.findall(text)),
        missing_names=_deduplicate_modules(f"{owner}.{name}" for name, owner in _MISSING_NAME.findall(text)),
        named_modules=_deduplicate_modules(name for pattern in _NAMED_MODULES for name in pattern.findall(text)),
        imported_modules=_deduplicate_modules(one or other for one, other in _IMPORT_STATEMENT.findall(text)),
        frame_modules=tuple(re.sub(r"[/\\]", ".", path) for path in _FRAME_MODULE.findall(text)),
        headline_words=_extract_words(headlines),
        innermost_words=frozenset().union(
            *(_extract_words(_extract_innermost_frame(failure.evidence)) for failure in failures)
        ),
        all_words=_extract_words(text),
    )


def _extract_innermost_frame(evidence: str) -> str:
    places = _FRAME_FILE_AND_LINE.findall(evidence)
    if not places:
        return ""
    path, line = places[-1]
    pointed = _FAILED_LINE.findall(evidence)
    return f"{path.replace('/', ' ')} {pointed[-1] if pointed else line}"


def _deduplicate_modules(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip(".") for name in names))


def _extract_words(text: str) -> frozenset[str]:
    whole = {word.lower() for word in _NAME_WORD.findall(text)}
    return frozenset(whole | {part for word in whole for part in re.split(r"[._]", word)})


_MISSING_WEIGHT, _NAMED_WEIGHT, _IMPORTED_WEIGHT = 100.0, 70.0, 12.0
_FRAME_WEIGHT, _FRAME_DECAY = 40.0, 0.7
_DEPENDENCY_WEIGHTS = (24.0, 8.0)  # what the failing package depends on, at distance 1 and 2
_HEADLINE_WEIGHT, _INNERMOST_WEIGHT, _TEXT_WEIGHT, _COMMAND_WEIGHT, _PROJECT_IMPORT_WEIGHT = 14.0, 22.0, 5.0, 8.0, 6.0
_REMOVED_WEIGHT = 90.0  # of a missing module, for who had it and has it no more
_STEP_WEIGHTS = (0.0, 1.0, 5.0, 12.0, 12.0)  # none, less, minor, major, epoch
_DOWNGRADE_FACTOR = 0.4  # of a downgrade's evidence
_DROPPED_REQUIREMENT_WEIGHT = 6.0  # no longer brings a package that is gone

Scores: TypeAlias = defaultdict[NormalizedName, float]


@dataclass(frozen=True, slots=True)
class FailureContext:
    """The context of the failures: both sides, the failing command, the sources.

    `markers` is the target's marker environment. `direct_packages` are those that the sources require
    themselves. `failed_package` is the package that could not be built or installed, if that is the failure.
    `imported_modules` are the top-level modules that the program's own files import, if known.
    """

    before: InstalledSet
    after: InstalledSet
    coupling: Coupling
    markers: Mapping[str, str]
    command: str = ""
    direct_packages: PackageNames = frozenset()
    failed_package: NormalizedName | None = None
    imported_modules: frozenset[str] = frozenset()


def rank_suspects(scene: FailureContext, failures: Sequence[Failure]) -> SuspectRanking:
    """Rank all chosen changes by suspicion.

    The same input always gives the same order.
    """
    clues = extract_clues(failures)
    scores = _compute_scores(scene, clues)
    order = tuple(sorted(scene.coupling.choices, key=lambda name: (-scores[name], -_measure_step(scene, name), name)))
    vanished = _find_removed_owners(scene, clues) if _is_missing_told(failures) else []
    prime = [scene.coupling.keepers_of_removed[name] for name in vanished if name in scene.coupling.keepers_of_removed]
    singly = (frozenset({name}) for name in order)
    return SuspectRanking((*prime, *singly), order, frozenset().union(*prime))


def _is_missing_told(failures: Sequence[Failure]) -> bool:
    """Return False if all headlines name a module that exists.

    So that a missing one is beside the point.
    """
    headlines = [failure.headline for failure in failures]
    named = [any(pattern.search(text) for pattern in _NAMED_MODULES[:2]) for text in headlines]
    return not named or not all(named)


def _compute_scores(scene: FailureContext, clues: FailureClues) -> Scores:
    owners = ModuleOwners(scene.before, scene.after)
    scores: Scores = defaultdict(float)
    for module, weight in _list_mentions(scene, clues, owners.by_module.keys()):
        for owner in owners.find_owners(module):
            scores[owner] += weight
    innermost_first = dict.fromkeys(owners.find_owners(module) or module for module in reversed(clues.frame_modules))
    for depth, found in enumerate(innermost_first):
        for owner in found if isinstance(found, frozenset) else ():
            scores[owner] += _FRAME_WEIGHT * _FRAME_DECAY**depth
    for name in _find_removers(scene, clues):
        scores[name] += _REMOVED_WEIGHT
    _add_dependency_scores(scene, clues, owners, scores)
    _add_change_scores(scene, scores)
    return scores


def _find_removers(scene: FailureContext, clues: FailureClues) -> list[NormalizedName]:
    """Find the changes that removed a missing module.

    By the files of both: whoever else has the module's top-level name.
    """
    missing = {*clues.missing_modules, *clues.missing_names}
    return [
        name
        for name in sorted(scene.coupling.choices)
        if name in scene.before and name in scene.after
        if missing & (scene.before[name].all_modules - scene.after[name].all_modules)
        if scene.after[name].all_modules
    ]


def _list_mentions(scene: FailureContext, clues: FailureClues, known: Collection[str]) -> Iterator[tuple[str, float]]:
    """List every mentioned module or word with its weight."""
    yield from ((module, _MISSING_WEIGHT) for module in clues.missing_modules)
    yield from ((module, _NAMED_WEIGHT) for module in clues.named_modules)
    yield from ((module, _IMPORTED_WEIGHT) for module in clues.imported_modules[-4:])
    command = frozenset(scene.command.lower().replace("/", " ").split())
    heard = (
        (clues.headline_words, _HEADLINE_WEIGHT),
        (clues.innermost_words, _INNERMOST_WEIGHT),
        (clues.all_words, _TEXT_WEIGHT),
        (command, _COMMAND_WEIGHT),
        (scene.imported_modules, _PROJECT_IMPORT_WEIGHT),
    )
    for words, weight in heard:
        yield from ((word, weight) for word in sorted(words) if word.lower() in known)


def _add_dependency_scores(scene: FailureContext, clues: FailureClues, owners: ModuleOwners, scores: Scores) -> None:
    """Add score to the failing package's dependencies, direct ones most.

    The failing package itself is mostly not to blame.
    """
    failing = [owner for module in reversed(clues.frame_modules) for owner in sorted(owners.find_owners(module))]
    ring, seen = set(failing[:1]), set(failing[:1])
    for weight in _DEPENDENCY_WEIGHTS:
        ring = {other for name in sorted(ring) for other in _list_dependencies(scene.after, name, scene)} - seen
        seen |= ring
        for name in ring:
            scores[name] += weight


def _add_change_scores(scene: FailureContext, scores: Scores) -> None:
    """Add score for what makes a change more likely to break anything.

    That is the size of its step, a direct requirement, a dropped requirement, and a failed build.
    """
    stopped = [name for keepers in scene.coupling.keepers_of_removed.values() for name in keepers]
    for name in scene.coupling.choices:
        scores[name] += _STEP_WEIGHTS[_measure_step(scene, name)] + (2.0 if name in scene.direct_packages else 0.0)
        scores[name] += _DROPPED_REQUIREMENT_WEIGHT * (name in stopped)
        scores[name] += 200.0 * (name == scene.failed_package)
        if _is_downgrade(scene, name):
            scores[name] *= _DOWNGRADE_FACTOR


def _is_downgrade(scene: FailureContext, name: NormalizedName) -> bool:
    """Return True if the package was downgraded.

    A downgrade is caused by another package, so it is suspected less.
    """
    before, after = scene.before.get(name), scene.after.get(name)
    return before is not None and after is not None and after.version < before.version


def _measure_step(scene: FailureContext, name: NormalizedName) -> int:
    """Measure the version jump.

    One-sided changes have none.
    """
    if name not in scene.before or name not in scene.after:
        return 0
    return measure_leap(scene.before[name].version, scene.after[name].version)


def _find_removed_owners(scene: FailureContext, clues: FailureClues) -> list[NormalizedName]:
    """Find the removed packages whose modules are missing."""
    gone = scene.before.keys() - scene.after.keys()
    owners = ModuleOwners(scene.before, scene.after)
    found = [name for module in clues.missing_modules for name in sorted(owners.find_owners(module, sure=True) & gone)]
    return list(dict.fromkeys(found))


def _list_dependencies(side: InstalledSet, name: NormalizedName, scene: FailureContext) -> list[NormalizedName]:
    if name not in side:
        return []
    return [get_required_name(wanted) for wanted in select_active_requirements(side[name].requires, scene.markers)]
