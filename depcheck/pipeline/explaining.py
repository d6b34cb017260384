"""What a culprit took away, asked once for each cause when the search is over."""

from dataclasses import replace

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.explanation import Missed, Step, sought
from depcheck.core.search.requirements import active, target
from depcheck.core.search.values import Cause
from depcheck.pipeline.case import Case
from depcheck.pipeline.measuring import Measured
from depcheck.pipeline.sides import Sides


def explained(case: Case, sides: Sides, cause: Cause) -> str:
    """What the releases of `cause` removed or changed, and where the fresh set uses it; empty where nothing shows.

    Cost: the fresh set is put in place again, and each culprit's two releases are unpacked and compared.
    """
    good, bad = dict(cause.last_good), dict(cause.first_bad)
    heads = [name for name in cause.heads if name in good and name in bad]
    if not heads or not sides.after.installed:
        return ""
    installed = case.ports.environments.install(case.spec, sides.after.pins, sides.after.world)
    said = []
    for name in heads:
        step = Step(name, good[name], bad[name])
        step = replace(step, dropped=_dropped(case, sides.before, cause, step))
        said.append(case.ports.explainer.explain(case.spec, installed, sides.after.world, step, cause.failures[0]))
    return " ".join(dict.fromkeys(sentence for sentence in said if sentence))


def _dropped(
    case: Case, before: Measured, cause: Cause, step: Step
) -> tuple[tuple[NormalizedName, frozenset[str]], ...]:
    """The requirements that the second release no longer has, with those of their modules that the failure misses."""
    missing = {each.name.partition(".")[0] for each in sought(cause.failures[0]) if each.kind is Missed.MODULE}
    modules = {each.name: each.modules & missing for each in before.distributions}
    gone = _required(case, step.name, step.last_good) - _required(case, step.name, step.first_bad)
    return tuple((each, modules[each]) for each in sorted(gone) if modules.get(each))


def _required(case: Case, name: NormalizedName, version: Version) -> frozenset[NormalizedName]:
    lines = case.ports.index.requires(name, version) or ()
    return frozenset(target(wanted) for wanted in active(lines, case.markers))
