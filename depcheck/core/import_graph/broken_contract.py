"""Tell a broken contract between distributions from an optional module.

The latter cannot be imported and need not be.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from packaging.utils import NormalizedName

from depcheck.core.model.checks import Failure
from depcheck.core.model.installed import Distribution
from depcheck.core.model.requirements import collect_requirements, get_required_name

_GONE_MODULE = re.compile(r"No module named ['\"]?([A-Za-z_][\w.]*)")
_GONE_NAME = re.compile(
    r"cannot import name ['\"]?(\w+)['\"]? from (?:partially initialized module )?['\"]?([A-Za-z_][\w.]*)"
)
_GONE_BARE = re.compile(r"cannot import name ['\"]?(\w+)['\"]?\s*$")  # Python 3.6
_GONE_ATTRIBUTE = re.compile(r"module ['\"]([A-Za-z_][\w.]*)['\"] has no attribute ['\"](\w+)")
_FRAME = re.compile(r"(?:site|dist)-packages/([\w/-]+)\.py\", line \d+")

FindOwners = Callable[[str], frozenset[NormalizedName]]
"""Which distributions a module, or the nearest package above it, belongs to; empty where that is not known."""


def find_gone_module(failure: Failure) -> str:
    """Return the module that is gone or lost a name.

    Empty where the error says neither.
    """
    headline = failure.headline
    if match := _GONE_NAME.search(headline):
        return match[2].strip(".")
    if match := _GONE_ATTRIBUTE.search(headline):
        return match[1]
    if match := _GONE_MODULE.search(headline):
        return match[1].strip(".")
    if match := _GONE_BARE.search(headline):
        origins = re.findall(rf"from\s+([A-Za-z_][\w.]*)\s+import[^\n]*\b{match[1]}\b", failure.evidence)
        return str(origins[-1]) if origins else ""
    return ""


def is_broken_contract(
    failure: Failure,
    module: str,
    find_owners: FindOwners,
    installed: Sequence[Distribution],
    markers: Mapping[str, str],
) -> bool:
    """Return True if `module` misses something that its distribution requires.

    Extras do not count, nor does what a distribution misses of itself.
    """
    gone = find_gone_module(failure)
    losers = find_owners(gone) if gone else frozenset()
    owners = find_owners(module)
    importers = _find_importers(failure, find_owners) or owners
    side = {each.name: each for each in installed}
    losers = frozenset(losers & side.keys()) - owners - importers
    everything = frozenset(side)
    return bool(losers) and any(
        losers & {get_required_name(wanted) for wanted in collect_requirements(side, owner, markers, {}, everything)}
        for owner in owners & everything
    )


def _find_importers(failure: Failure, find_owners: FindOwners) -> frozenset[NormalizedName]:
    """Return who owns the file whose statement failed."""
    frames = _FRAME.findall(failure.evidence)
    return find_owners(frames[-1].replace("/", ".").removesuffix(".__init__")) if frames else frozenset()
