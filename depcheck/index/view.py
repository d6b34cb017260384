"""Which files of a project a world shows. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.world import World
from depcheck.index.page import File


@dataclass(frozen=True, slots=True)
class View:
    """One project as a world shows it (see `World` for the law)."""

    horizon: datetime | None
    allowed: SpecifierSet | None
    kept: frozenset[Version]
    _satisfied: dict[Version, bool] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, project: NormalizedName, world: World) -> "View":
        """The part of `world` that matters to `project`."""
        specifiers = [text for name, text in world.allowed if name == project]
        return cls(
            horizon=dict(world.until_for).get(project, world.until),
            allowed=SpecifierSet(",".join(filter(None, specifiers))) if specifiers else None,
            kept=frozenset(version for name, version in world.keep if name == project),
        )

    @property
    def shows_all(self) -> bool:
        """Whether nothing is hidden."""
        return self.horizon is None and self.allowed is None

    def shows(self, file: File, version: Version | None) -> bool:
        """Whether `file` of release `version` is visible; with `allowed`, a file of no version never is."""
        return self._is_allowed(version) and self._is_in_time(file, version)

    def _is_in_time(self, file: File, version: Version | None) -> bool:
        if self.horizon is None or file.upload_time is None or version in self.kept:
            return True
        return file.upload_time <= self.horizon

    def _is_allowed(self, version: Version | None) -> bool:
        if self.allowed is None:
            return True
        if version is None:
            return False
        if version not in self._satisfied:
            self._satisfied[version] = self.allowed.contains(version, prereleases=True)
        return self._satisfied[version]
