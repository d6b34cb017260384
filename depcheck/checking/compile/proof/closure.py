"""Proof that a pin set meets all requirements, without running a resolver.

A compile without upgrade gives the compiler each committed pin as a constraint, so each name has one
candidate. What is left to check is which names are reached, and whether every requirement on the way is
met.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from depcheck.core.model.installed import is_valid_requires_dist
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.model.requirements import get_required_name, is_satisfied_by, select_active_requirements

RequiresLookup = Callable[[Pin], tuple[str, ...] | None]
"""The Requires-Dist lines of the file that an installer would take for a pin; None where that is not certain."""
RequirementEdge = tuple[NormalizedName, NormalizedName, frozenset[str]]
"""Who asks, for whom, with which extras."""


@dataclass(frozen=True, slots=True)
class Closure:
    """The packages that a set of requirements reaches.

    `extras` are the requested extras by name, `edges` are (requirer, required name, extras).
    """

    extras: Mapping[NormalizedName, frozenset[str]]
    edges: frozenset[RequirementEdge]

    def find_parents(self, name: NormalizedName) -> frozenset[NormalizedName]:
        """Return the other packages that require `name`."""
        return frozenset(parent for parent, child, _ in self.edges if child == name != parent)


@dataclass(slots=True)
class _ClosureWalk:
    pins: Pins
    requires_lookup: RequiresLookup
    markers: Mapping[str, str]
    requested_extras: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)
    edges: set[RequirementEdge] = field(default_factory=set)
    queue: deque[NormalizedName] = field(default_factory=deque)

    def add_requirement(self, wanted: Requirement) -> bool:
        """Add a requirement and queue its pin, or return False if unmet.

        A requirement is unmet if its name is not pinned, not pinned by version, pinned to a version that it does
        not accept, or if it is a URL.
        """
        pin = self.pins.get(get_required_name(wanted))
        if pin is None or pin.version is None or wanted.url or not is_satisfied_by(wanted, pin.version):
            return False
        known = self.requested_extras.get(pin.name)
        extras = frozenset(wanted.extras) | (known or frozenset())
        if extras != known:
            self.requested_extras[pin.name] = extras
            self.queue.append(pin.name)
        return True

    def follow_next_pin(self) -> bool:
        """Follow the requirements of the next queued pin.

        Returns False if the pin's metadata is unknown or nonstandard, or a requirement is unmet.
        """
        name = self.queue.popleft()
        lines = self.requires_lookup(self.pins[name])
        if lines is None or not all(map(is_valid_requires_dist, lines)):
            return False
        counting = list(select_active_requirements(lines, self.markers, self.requested_extras[name]))
        self.edges |= {(name, get_required_name(wanted), frozenset(wanted.extras)) for wanted in counting}
        return all(map(self.add_requirement, counting))


def prove_closure(
    direct: Iterable[Requirement],
    constraints: Iterable[Requirement],
    pins: Pins,
    stated: RequiresLookup,
    markers: Mapping[str, str],
) -> Closure | None:
    """Prove that `direct` leads to exactly `pins`.

    All requirements and `constraints` must be met. Returns None if this cannot be proven. Cost: `stated` is
    called once or a few times for each pin.
    """
    walk = _ClosureWalk(pins, stated, markers)
    if not all(_meets_constraint(wanted, pins) for wanted in constraints if is_active_requirement(wanted, markers)):
        return None
    if not all(walk.add_requirement(wanted) for wanted in direct if is_active_requirement(wanted, markers)):
        return None
    while walk.queue:
        if not walk.follow_next_pin():
            return None
    return (
        Closure(walk.requested_extras, frozenset(walk.edges)) if walk.requested_extras.keys() == pins.keys() else None
    )


def is_active_requirement(wanted: Requirement, markers: Mapping[str, str]) -> bool:
    """Return True if a source line's marker holds in `markers`."""
    return wanted.marker is None or wanted.marker.evaluate({**markers, "extra": ""})


def _meets_constraint(constraint: Requirement, pins: Pins) -> bool:
    """Return True if the pin, if any, meets the constraint."""
    pin = pins.get(get_required_name(constraint))
    return not constraint.url and (
        pin is None or (pin.version is not None and is_satisfied_by(constraint, pin.version))
    )
