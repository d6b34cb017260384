"""A fresh set of which all layers agree: a package moves in every lockfile of an environment, or in none."""

from collections.abc import Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from depcheck.core.checks import Failure
from depcheck.core.compilation import NotCompiled, Obstacle
from depcheck.core.world import World
from depcheck.pipeline.case import Case, Disagreement, LayersDisagreeError, LockSet, lock_set

ROUNDS = 8  # each takes releases away from what the layers may choose; a real graph settles after one or two


def compile_afresh(case: Case, world: World) -> LockSet | NotCompiled:
    """A fresh resolution in `world`. Where its layers disagree, again without what only some of them can take.

    Layers that are constrained by each other agree by themselves; two that share a third one need not. Each such
    package is then shown up to the lowest release that a layer has chosen, through the index, so that no constraint
    is left behind in a file. Where no set can be found so, the obstacle names who wants what.
    """
    seen: tuple[Disagreement, ...] = ()
    for _ in range(ROUNDS):
        compiled = case.ports.compiler.compile(case.spec, world, upgrade=True)
        if isinstance(compiled, NotCompiled):
            return _no_set(seen, compiled.failure.headline) if seen else compiled
        try:
            return lock_set(compiled.files, case.markers)
        except LayersDisagreeError as disagreement:
            seen = disagreement.found
        caps = lowest(seen)
        if len(caps) < len(seen):
            break
        case.ports.reporter.stage(f"compile again, so that all lockfiles agree on {', '.join(map(str, dict(caps)))}")
        world = replace(world, allowed=(*world.allowed, *caps))
    return _no_set(seen, "")


def lowest(found: Sequence[Disagreement]) -> tuple[tuple[NormalizedName, str], ...]:
    """For each package, up to the lowest release that a layer has; none for what is not pinned by version."""
    caps = []
    for each in found:
        versions = [pin.version for _, pin in each.pins if pin.version is not None]
        if len(versions) == len(each.pins):
            caps.append((each.name, f"<={min(versions)}"))
    return tuple(caps)


def _no_set(seen: Sequence[Disagreement], why: str) -> NotCompiled:
    headline = (
        f"The lockfiles of this environment cannot agree: {LayersDisagreeError(tuple(seen))}"
        f"{f', and with one release for all: {why}' if why else ''}. Let one constrain the other with -c, or give each "
        "an [[environment]] of its own if they are never installed together."
    )
    return NotCompiled(Obstacle.DISAGREEING, Failure(headline, headline), seen[0].name)
