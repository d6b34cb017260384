"""What a lockfile must hold, where every version is already decided: proof instead of resolution.

Compiling without upgrade gives the compiler each committed pin as a constraint, so that it has one candidate for each
name. All that is left to find out is which names are reached, and whether every requirement on the way is met.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from depcheck.core.distributions import is_standard
from depcheck.core.pins import Pin, Pins
from depcheck.core.search.requirements import accepts, active, target

Stated = Callable[[Pin], tuple[str, ...] | None]
"""The Requires-Dist lines of the file that an installer would take for a pin; None where that is not certain."""
Edge = tuple[NormalizedName, NormalizedName, frozenset[str]]
"""Who asks, for whom, with which extras."""


@dataclass(frozen=True, slots=True)
class Closure:
    """What is reached: the extras that are asked of each name, and who asks for whom."""

    extras: Mapping[NormalizedName, frozenset[str]]
    edges: frozenset[Edge]

    def parents(self, name: NormalizedName) -> frozenset[NormalizedName]:
        """Who else asks for `name`."""
        return frozenset(parent for parent, child, _ in self.edges if child == name != parent)


@dataclass(slots=True)
class _Walk:
    pins: Pins
    stated: Stated
    markers: Mapping[str, str]
    asked: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    waiting: deque[NormalizedName] = field(default_factory=deque)

    def ask(self, wanted: Requirement) -> bool:
        """Reach what `wanted` names; False where it is not pinned, not by version, or not to a version it accepts."""
        pin = self.pins.get(target(wanted))
        if pin is None or pin.version is None or wanted.url or not accepts(wanted, pin.version):
            return False
        known = self.asked.get(pin.name)
        extras = frozenset(wanted.extras) | (known or frozenset())
        if extras != known:
            self.asked[pin.name] = extras
            self.waiting.append(pin.name)
        return True

    def step(self) -> bool:
        """Follow the requirements of one reached pin."""
        name = self.waiting.popleft()
        lines = self.stated(self.pins[name])
        if lines is None or not all(map(is_standard, lines)):
            return False
        counting = list(active(lines, self.markers, self.asked[name]))
        self.edges |= {(name, target(wanted), frozenset(wanted.extras)) for wanted in counting}
        return all(map(self.ask, counting))


def closure(
    direct: Iterable[Requirement],
    constraints: Iterable[Requirement],
    pins: Pins,
    stated: Stated,
    markers: Mapping[str, str],
) -> Closure | None:
    """How `direct` leads to exactly `pins`, all requirements and `constraints` met; None is "not proven".

    Cost: `stated` once or a few times for each pin.
    """
    walk = _Walk(pins, stated, markers)
    if not all(_holds(wanted, pins) for wanted in constraints if counts(wanted, markers)):
        return None
    if not all(walk.ask(wanted) for wanted in direct if counts(wanted, markers)):
        return None
    while walk.waiting:
        if not walk.step():
            return None
    return Closure(walk.asked, frozenset(walk.edges)) if walk.asked.keys() == pins.keys() else None


def counts(wanted: Requirement, markers: Mapping[str, str]) -> bool:
    """Whether a line of a source counts here."""
    return wanted.marker is None or wanted.marker.evaluate({**markers, "extra": ""})


def _holds(constraint: Requirement, pins: Pins) -> bool:
    pin = pins.get(target(constraint))
    return not constraint.url and (pin is None or (pin.version is not None and accepts(constraint, pin.version)))
