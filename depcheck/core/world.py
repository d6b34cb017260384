"""What a package index shows: the world as of a moment, less what is held."""

from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version


@dataclass(frozen=True, slots=True)
class World:
    """A view of all package indexes together.

    A file is visible when it was uploaded at or before the project's horizon (`until_for`, else `until`;
    None is now; aware UTC) and its version satisfies every specifier that `allowed` has for the project.
    `keep` names releases that stay visible whatever the horizon says: pins that are already committed must
    not go down because of a cooldown. Files without an upload time are visible: nothing says that they are young.
    """

    until: datetime | None = None
    until_for: tuple[tuple[NormalizedName, datetime], ...] = ()
    allowed: tuple[tuple[NormalizedName, str], ...] = ()
    keep: frozenset[tuple[NormalizedName, Version]] = frozenset()
