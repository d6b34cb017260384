"""Releases of a project, as an index shows them."""

from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an index has a release at all; `yanked` as for a release."""

    present: bool
    yanked: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a project and what its files say together.

    `uploaded_at` is the earliest upload time of its visible files (aware UTC), None where the index tells none.
    `yanked` is the reason ("" where none was given) when every file is yanked, else None.
    `requires_python` are the distinct specifiers of its files. `wheels` are its wheel file names,
    `sdists` its source file names.
    """

    version: Version
    uploaded_at: datetime | None
    yanked: str | None
    requires_python: tuple[str, ...]
    wheels: tuple[str, ...]
    sdists: tuple[str, ...]
