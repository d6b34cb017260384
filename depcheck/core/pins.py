"""Pins: one package at one version, as a lockfile states it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import NormalizedName
from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Pin:
    """One package as a lockfile holds it.

    `version` is None for what is not taken from an index by version (URL, VCS, editable, path); then
    `reference` holds the requirement as written. `via` lists the annotation's requirers in the
    lockfile's order: package names, or sources such as `-r requirements.in`.
    """

    name: NormalizedName
    version: Version | None
    extras: frozenset[str] = frozenset()
    marker: str = ""
    hashes: frozenset[str] = frozenset()
    via: tuple[str, ...] = ()
    reference: str = ""

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return self.reference or f"{self.name}{extras}=={self.version}"


Pins: TypeAlias = Mapping[NormalizedName, Pin]
"""What is installed together: at most one pin a name."""
