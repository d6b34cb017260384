"""What is installed, by its own metadata."""

from dataclasses import dataclass

from packaging.utils import NormalizedName
from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution.

    `requires` are its Requires-Dist lines as written; `modules` its top-level import names;
    `requires_python` as written or empty.
    """

    name: NormalizedName
    version: Version
    requires: tuple[str, ...] = ()
    modules: frozenset[str] = frozenset()
    requires_python: str = ""
