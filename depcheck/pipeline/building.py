"""Causes that stand in no lockfile: a build requirement that moved.

The same search as for pins, one floor below: the changes are the projects that builds asked for, a trial shows
some of them as of today and the others as they stood when the lockfile could still be installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName

from depcheck.core.comparison import Finding
from depcheck.core.compilation import NotCompiled
from depcheck.core.distributions import Distribution
from depcheck.core.eras import TOOLS
from depcheck.core.failures import same_failure
from depcheck.core.search.coupling import Coupling
from depcheck.core.search.diagnose import Oracles, diagnose
from depcheck.core.search.placement import Place
from depcheck.core.search.suspicion import Scene, suspects
from depcheck.core.search.values import Budget, Mixture, Observation
from depcheck.core.world import World
from depcheck.pipeline import breaking
from depcheck.pipeline.case import Case
from depcheck.pipeline.holding import hold
from depcheck.pipeline.measuring import Measured
from depcheck.pipeline.trying import Trying, choosable, targets, versions

Side = Mapping[NormalizedName, Distribution]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Trials that leave the pins alone and move what the index shows of build requirements."""

    trying: Trying
    today: World
    past: datetime
    names: frozenset[NormalizedName]

    def __call__(self, mixture: Mixture) -> Observation:
        fixed = dict(mixture.at)
        then = tuple((name, self.past) for name in sorted(self.names - mixture.moved - fixed.keys()))
        allowed = tuple((name, f"<={version}") for name, version in fixed.items())
        kept = tuple(pair for pair in self.today.until_for if pair[0] not in dict(then))
        world = replace(self.today, until_for=(*kept, *then), allowed=(*self.today.allowed, *allowed))
        return self.trying.observe(self.trying.before.pins, world)


def blame(case: Case, before: Measured, finding: Finding, obstacle: NotCompiled, answer: breaking.Answer) -> None:
    """Search the build requirement whose releases since `before`'s world stop `obstacle.package` from being built."""
    if before.world.until is None:
        return
    today = case.today
    old, new = _moved(case, before, today)
    if not new:
        return
    names = frozenset(new)
    coupling = Coupling(names, {name: frozenset({name}) for name in names}, {}, {})
    place = Place(
        old,
        new,
        coupling,
        case.markers,
        lambda name: versions(choosable(case, today, {}, name)),
        case.ports.index.requires,
    )
    trying = Trying(case, before, before.pins, today, (finding,), answer.trials)
    scene = Scene(old, new, coupling, case.markers)
    oracles = Oracles(
        _Shown(trying, today, before.world.until, names),
        same_failure,
        lambda failures: suspects(scene, failures),
    )
    budget = Budget(breaking.MOST_TRIALS, lambda: case.ports.clock() > answer.deadline_s)
    found = diagnose(targets((finding,), obstacle.package), place, oracles, budget, case.settings.confirmations)
    answer.trials += found.trials
    answer.log += found.log
    answer.confidence = found.confidence
    for cause in found.causes:
        good, bad = dict(cause.last_good), dict(cause.first_bad)
        holds = tuple(hold(name, good.get(name), bad[name], build=True) for name in cause.heads if name in bad)
        answer.holds += holds
        answer.culprits.append(breaking.culprit(case, cause, holds))


def _moved(case: Case, before: Measured, today: World) -> tuple[Side, Side]:
    """The projects that builds asked for and that have new releases since: as they stood, and as they stand."""
    asked = case.ports.index.asked_for(before.world) | case.ports.index.asked_for(today)
    old, new = {}, {}
    pinned = before.pins.keys() - frozenset(TOOLS)  # isolated builds take their tools from the index, pinned or not
    for name in sorted(asked - pinned):
        then = choosable(case, before.world, {}, name)
        now = choosable(case, today, {}, name)
        if then and now and then[-1].version != now[-1].version:
            old[name] = Distribution(name, then[-1].version)
            new[name] = Distribution(name, now[-1].version)
    return old, new
