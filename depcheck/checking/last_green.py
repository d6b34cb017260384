"""Store when each environment last passed.

An environment without a lockfile is compared with the state of that time.
"""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.advisories import ReleaseId
from depcheck.stored_files import write_atomically

_MOST_BYTES = 100
_MOST_LIST_BYTES, _MOST_RELEASES = 1 << 20, 2000
_RUN_LINE = re.compile(r"(?P<name>[a-z0-9-]{1,100})==(?P<version>[0-9a-z.!+]{1,100}) (?P<day>\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class LastGreenFiles:
    """Adapter of `ports.LastGreenStore`: one small file per environment.

    `folder` may or may not outlive the run. `repository` keeps repositories apart that share the folder.
    What cannot be read or written counts as unknown.
    """

    folder: Path
    repository: str

    def get_last_green(self, spec: EnvironmentSpec) -> datetime | None:
        """Return when a fresh installation of `spec` last passed, aware UTC.

        None if no such run is remembered.
        """
        try:
            with self._get_path(spec).open(encoding="ascii") as file:
                moment = datetime.fromisoformat(file.read(_MOST_BYTES).strip())
        except (OSError, ValueError):
            return None
        return moment if moment.tzinfo else None

    def save_last_green(self, spec: EnvironmentSpec, moment: datetime) -> None:
        """Save `moment` as the time when the environment last passed.

        Errors are ignored: the next run then compares with the date of the sources.
        """
        with suppress(OSError):
            write_atomically(self._get_path(spec), f"{moment.isoformat()}\n".encode())

    def get_run_releases(self, spec: EnvironmentSpec) -> dict[ReleaseId, str]:
        """Return the releases that earlier runs installed, each with its day."""
        try:
            with self._get_path(spec, "ran").open(encoding="ascii") as file:
                lines = file.read(_MOST_LIST_BYTES).splitlines()
        except (OSError, ValueError):
            return {}
        found = (match for line in lines if (match := _RUN_LINE.fullmatch(line)))
        try:
            return {(canonicalize_name(each["name"]), Version(each["version"])): each["day"] for each in found}
        except InvalidVersion:  # not what we wrote
            return {}

    def save_run_releases(self, spec: EnvironmentSpec, releases: Mapping[ReleaseId, str]) -> None:
        """Save the releases that runs have installed, each with its day.

        Errors are ignored: the next run then knows of none.
        """
        newest = sorted(releases.items(), key=lambda each: each[1])[-_MOST_RELEASES:]
        text = "".join(f"{name}=={version} {day}\n" for (name, version), day in newest)
        with suppress(OSError):
            write_atomically(self._get_path(spec, "ran"), text.encode())

    def _get_path(self, spec: EnvironmentSpec, kind: str = "") -> Path:
        key = "\0".join((self.repository, spec.name, spec.python, *([kind] if kind else [])))
        return self.folder / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]
