"""Pins: one package at one version, as written in a lockfile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import NormalizedName
from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Pin:
    """One package as a lockfile pins it.

    `version` is None for a package that is not taken from an index by version (URL, VCS, editable, path). Then
    `reference` holds the requirement as written. `requirers` lists the requirers of the annotation in the
    lockfile's order: package names, or sources such as `-r requirements.in`.
    """

    name: NormalizedName
    version: Version | None
    extras: frozenset[str] = frozenset()
    marker: str = ""
    hashes: frozenset[str] = frozenset()
    requirers: tuple[str, ...] = ()
    reference: str = ""

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return self.reference or f"{self.name}{extras}=={self.version}"


Pins: TypeAlias = Mapping[NormalizedName, Pin]
"""What is installed together: at most one pin a name."""
