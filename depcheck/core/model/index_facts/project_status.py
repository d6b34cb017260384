"""What an index says of a whole project (PEP 792, PEP 708)."""

from dataclasses import dataclass
from enum import StrEnum


class ProjectMarker(StrEnum):
    """The states of PEP 792."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """The state of a project, as its index tells it.

    `reason` is the index's text, or empty. `place` is the index's address that anybody may see. `alternate_locations`
    are other indexes that it says to be its own, `tracks` those that it says to extend.
    """

    marker: ProjectMarker = ProjectMarker.ACTIVE
    reason: str = ""
    place: str = ""
    alternate_locations: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()

    @property
    def is_quarantined(self) -> bool:
        """True if the index offers nothing of the project."""
        return self.marker is ProjectMarker.QUARANTINED

    @property
    def index_name(self) -> str:
        """How people call the index."""
        return "PyPI" if self.place.startswith("https://pypi.org/") else self.place or "The index"


ACTIVE_PROJECT = ProjectStatus()


def to_marker(text: str | None) -> ProjectMarker:
    """Return the state that an index's word means.

    A word that PEP 792 does not have means active.
    """
    return next((each for each in ProjectMarker if each == text), ProjectMarker.ACTIVE)
