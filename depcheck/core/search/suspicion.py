"""Who is suspected: the changes, ranked by what the failures say.

Evidence mostly names the culprit: the missing module is its own, its file stands in the traceback, the
package that fails depends on it. Where what is missing belongs to a package that was removed, whoever
stopped bringing it is suspected, all of them together. The weights were set on the evidence of real
incidents (tests/core/search/cases) and mean nothing but their order.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import NormalizedName

from depcheck.core.checks import Failure
from depcheck.core.search.clues import Clues, read
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.first_bad import jump
from depcheck.core.search.requirements import Side, active, target
from depcheck.core.search.subset import Suspects
from depcheck.core.search.values import Names

_MISSING, _NAMED, _IMPORTED = 100.0, 70.0, 12.0
_FRAME, _FADE = 40.0, 0.7
_BENEATH = (24.0, 8.0)  # what the failing package depends on, at distance 1 and 2
_HEADLINE, _BESIDE, _TEXT, _COMMAND, _USED = 14.0, 22.0, 5.0, 8.0, 6.0
_JUMP = (0.0, 1.0, 5.0, 12.0, 12.0)  # none, less, minor, major, epoch
_FORCED = 0.4  # of a downgrade's evidence
_STOPPED = 6.0  # no longer brings a package that is gone

Scores: TypeAlias = defaultdict[NormalizedName, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around the failures: both sides, the failing command, the sources' own requirements.

    `accused` is the package that could not be built or installed, where that is what failed; `imported` the
    top-level modules that the program's own files import, where that is known.
    """

    before: Side
    after: Side
    coupling: Coupling
    environment: Mapping[str, str]
    command: str = ""
    direct: Names = frozenset()
    accused: NormalizedName | None = None
    imported: frozenset[str] = frozenset()


def suspects(scene: Scene, failures: Sequence[Failure]) -> Suspects:
    """Rank all chosen changes; the same input gives the same order always."""
    clues = read(failures)
    scores = _scores(scene, clues)
    order = tuple(sorted(scene.coupling.chosen, key=lambda name: (-scores[name], -_leap(scene, name), name)))
    vanished = _vanished(scene, clues)
    prime = [scene.coupling.removed[name] for name in vanished if name in scene.coupling.removed]
    singly = (frozenset({name}) for name in order)
    return Suspects((*prime, *singly), order, frozenset().union(*prime))


def _scores(scene: Scene, clues: Clues) -> Scores:
    owners = _owners(scene)
    scores: Scores = defaultdict(float)
    for module, weight in _mentions(scene, clues, owners.keys()):
        for owner in owners.get(module.partition(".")[0].lower(), ()):
            scores[owner] += weight
    _add_beneath(scene, clues, owners, scores)
    _add_nature(scene, scores)
    return scores


def _mentions(scene: Scene, clues: Clues, known: Collection[str]) -> Iterator[tuple[str, float]]:
    """Every module or word that is mentioned somewhere, with what that weighs."""
    yield from ((module, _MISSING) for module in clues.missing)
    yield from ((module, _NAMED) for module in clues.named)
    yield from ((module, _IMPORTED) for module in clues.imports[-4:])
    innermost_first = dict.fromkeys(reversed(clues.frames))
    yield from ((module, _FRAME * _FADE**depth) for depth, module in enumerate(innermost_first))
    command = frozenset(scene.command.lower().replace("/", " ").split())
    heard = (
        (clues.headline_words, _HEADLINE),
        (clues.near, _BESIDE),
        (clues.words, _TEXT),
        (command, _COMMAND),
        (scene.imported, _USED),
    )
    for words, weight in heard:
        yield from ((word, weight) for word in sorted(words) if word.lower() in known)


def _add_beneath(scene: Scene, clues: Clues, owners: Mapping[str, Names], scores: Scores) -> None:
    """Who fails is mostly not to blame but what it stands on: the nearer, the more."""
    failing = [owner for module in reversed(clues.frames) for owner in sorted(owners.get(module.lower(), ()))]
    ring, seen = set(failing[:1]), set(failing[:1])
    for weight in _BENEATH:
        ring = {other for name in sorted(ring) for other in _requires(scene.after, name, scene)} - seen
        seen |= ring
        for name in ring:
            scores[name] += weight


def _add_nature(scene: Scene, scores: Scores) -> None:
    """What makes a change more likely to break anything at all."""
    stopped = [name for keepers in scene.coupling.removed.values() for name in keepers]
    for name in scene.coupling.chosen:
        scores[name] += _JUMP[_leap(scene, name)] + (2.0 if name in scene.direct else 0.0)
        scores[name] += _STOPPED * (name in stopped)
        scores[name] += 200.0 * (name == scene.accused)
        if _went_down(scene, name):
            scores[name] *= _FORCED


def _went_down(scene: Scene, name: NormalizedName) -> bool:
    """A downgrade is somebody else's doing."""
    before, after = scene.before.get(name), scene.after.get(name)
    return before is not None and after is not None and after.version < before.version


def _leap(scene: Scene, name: NormalizedName) -> int:
    """The size of the version jump; a minor one counts as major before 1.0. One-sided ones have none."""
    if name not in scene.before or name not in scene.after:
        return 0
    one, other = scene.before[name].version, scene.after[name].version
    size = jump(one, other)
    return size + 1 if size in {1, 2} and one.major == 0 and other.major == 0 else size


def _vanished(scene: Scene, clues: Clues) -> list[NormalizedName]:
    """Removed packages whose modules are missing."""
    gone = scene.before.keys() - scene.after.keys()
    found = []
    for module in clues.missing:
        top = module.split(".")[0]
        found += [name for name in sorted(gone) if top in _modules(scene.before, name)]
    return list(dict.fromkeys(found))


def _owners(scene: Scene) -> dict[str, Names]:
    """Which packages a module, or a package's own name, belongs to."""
    found: dict[str, set[NormalizedName]] = {}
    for side in (scene.before, scene.after):
        for name in side:
            for module in {*_modules(side, name), name, name.replace("-", "_"), name.replace("-", ".")}:
                found.setdefault(module.lower(), set()).add(name)
    return {module: frozenset(names) for module, names in found.items()}


def _modules(side: Side, name: NormalizedName) -> frozenset[str]:
    return side[name].modules or frozenset({name.replace("-", "_")})


def _requires(side: Side, name: NormalizedName, scene: Scene) -> list[NormalizedName]:
    if name not in side:
        return []
    return [target(wanted) for wanted in active(side[name].requires, scene.environment)]
