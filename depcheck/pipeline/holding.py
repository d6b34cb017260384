"""Holding releases back: through what the index shows, so that a compiled file bears no trace but the pins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.compilation import NotCompiled
from depcheck.core.world import World
from depcheck.pipeline.case import Case, LockSet
from depcheck.pipeline.layers import compile_afresh


@dataclass(frozen=True, slots=True)
class Hold:
    """One project kept on the good side of a release. `build` says that it is a build requirement."""

    name: NormalizedName
    specifier: str
    line: str
    build: bool = False


def hold(name: NormalizedName, last_good: Version | None, first_bad: Version, *, build: bool = False) -> Hold:
    """Hold `name` before `first_bad`, or after it where the change went down.

    The index shows nothing between the two either: those are releases that could not be tried.
    """
    if last_good is None:
        return Hold(name, f"!={first_bad}", f"{name}!={first_bad}", build)
    sign, edge = ("<=", "<") if last_good < first_bad else (">=", ">")
    return Hold(name, f"{sign}{last_good}", f"{name}{edge}{first_bad}", build)


def held(world: World, holds: Sequence[Hold]) -> World:
    """`world` without what the holds keep away."""
    return replace(world, allowed=(*world.allowed, *((each.name, each.specifier) for each in holds)))


def installed_from(world: World, holds: Sequence[Hold]) -> World:
    """`world` for installing what was compiled under the holds: pins need no holding, build requirements do."""
    return held(world, [each for each in holds if each.build])


def compile_held(case: Case, committed: LockSet, holds: Sequence[Hold]) -> LockSet | NotCompiled:
    """A fresh resolution under the holds."""
    names = ", ".join(each.name for each in holds)
    case.ports.reporter.stage(f"compile afresh, holding {names}")
    world = held(case.upgraded(committed.pins), holds)
    return compile_afresh(case, world)
