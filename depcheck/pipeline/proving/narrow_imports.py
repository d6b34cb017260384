"""Import again only what can differ from a set just seen.

Where nothing of a module's package changed, and nothing below it, it imports as it did. The project's own modules are
always imported, and with them whatever they need.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.model.checks import DJANGO_SETUP, Check, CheckKind, Failure
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import Distribution, add_dependents
from depcheck.core.model.pins import Pin, Pins
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import Measurement


def narrow_imports(
    case: EnvironmentCase, checks: Sequence[Check], pins: Pins, world: IndexView, seen: Measurement | None
) -> tuple[Check, ...]:
    """Return `checks` for `pins`, without imports that `seen` has shown.

    What failed there is always imported again, and so is all where something was left over.
    """
    imports = next((each for each in seen.results if each.kind is CheckKind.IMPORT), None) if seen else None
    failed = (*imports.failures, *imports.optional) if imports else ()
    if seen is None or imports is None or imports.left_over or DJANGO_SETUP in {each.id for each in failed}:
        return tuple(checks)
    changed = {change.name for change in diff_pins(seen.pins, pins)} | _find_owners(failed, seen.distributions)
    if world != seen.world:
        changed |= {pin.name for pin in pins.values() if not _is_same_release(case, pin, (world, seen.world))}
    affected = _add_all_dependents(changed, seen.distributions)
    return tuple(
        replace(each, packages=add_dependents(each.packages, seen.distributions) & affected)
        if each.kind is CheckKind.IMPORT
        else each
        for each in checks
    )


def _find_owners(failed: Iterable[Failure], installed: Sequence[Distribution]) -> set[NormalizedName]:
    names = {failure.id for failure in failed}
    return {each.name for each in installed if not names.isdisjoint(each.all_modules)}


def _is_same_release(case: EnvironmentCase, pin: Pin, views: Iterable[IndexView]) -> bool:
    """Return True if both views show the same files, wheels among them.

    What has to be built may be built differently as of another day.
    """
    shown = [
        next((each for each in case.ports.index.list_releases(pin.name, view) if each.version == pin.version), None)
        for view in views
    ]
    return shown[0] is not None and shown[0].wheels != () and all(each == shown[0] for each in shown)


def _add_all_dependents(names: set[NormalizedName], installed: Sequence[Distribution]) -> frozenset[str]:
    found: frozenset[str] = frozenset(names)
    while (grown := add_dependents(found, installed)) != found:
        found = grown
    return found
